// The half of a session that receives: it tells the peer where this replica stands on the peer's feed, merges what
// comes, moves the cursor, and tells the peer which records it set aside.
//
// Whole records. A batch can carry a part of a record that this replica lacks. The receiver then asks for the whole
// record (Need) and holds the batch, and those behind it, until the answer is there (Rows). What it holds is bounded:
// once the answers exceed 8 MiB, it merges them without moving the cursor, before the rest has come. A user who reads
// at that moment may see some records of a transaction before the others. If the link breaks then, the peer sends all
// of it again.
//
// Sweeping. If the peer has forgotten deletes that this replica may have missed, the peer tells it of everything that
// is live (Welcome says so), and the receiver removes what was not mentioned. It only does so where its own cursor and
// the horizon in Welcome say that this is due, and where the agreement lets the peer erase.
//
// Setting aside. A record that the store cannot take is set aside, and everything else goes on. The receiver asks for
// it again, whole: at the beginning of each conversation, once its time has come if it was dated ahead, when this
// replica's own copy of it has changed, whenever a part of it comes, and if rights have refused it, when another such
// record is taken or given up. While a record is set aside the two ends do
// not hold the same, and do not compare.
//
// Replacing. If the rights of the peer refuse a change of this replica, the change leaves the record here. The receiver
// asks for the peer's own record in the same way, and the store puts that in the place of the one here. The answers are
// merged once all have come, because records of one transaction are taken together; or once they exceed 8 MiB.
//
// All positions here are positions in the peer's feed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sync/rest.h"
#include "sync/sender.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Receiver {
 public:
  Receiver(ThisEnd& end, Sender& sender, Rest& rest) : end_(end), sender_(sender), rest_(rest) {}

  // Called once the agreement is made. Subscribes if this end receives.
  void begin();
  void onWelcome(const Welcome& welcome);
  void onBatch(base::ByteView frame);
  // Takes an answer to Need; `rows` was decoded from `frame`. Returns true once everything that was asked for has come:
  // the batches that were held can be merged.
  bool onAnswer(Rows& rows, base::ByteView frame);
  // Merges records that differed at rest. Returns false if the conversation has to end.
  bool repair(std::vector<Change> changes);

  // The peer has refused changes of these records. Asks for its own records, which then take their place.
  void replace(std::vector<Rejection> refused);

  // Merges the first held batch and acknowledges it. Returns false if there is none, or if it has to wait.
  bool mergeNext();
  // The peer has acknowledged more of this replica's feed: a batch that waited for that may be merged now.
  void peerAcknowledged() {
    unsent_ = false;
    replacesNow_ = true;
  }
  // Asks for those records that were set aside and may be taken now.
  void askAgain();
  bool askingAgain() const { return !retrying_.empty(); }
  // Whether it does, or will as soon as it may.
  bool asksAgain() const { return askingAgain() || (!setAside_.empty() && (!welcome_ || askAll_ || askDenied_)); }
  void saveCursor();
  void saveCursorIfDue();

  bool welcomed() const { return welcome_.has_value(); }
  bool sweeping() const { return sweep_.has_value(); }
  bool catchingUp() const { return catchingUp_; }
  // Whether everything that has come is merged, and nothing is set aside.
  bool idle() const {
    return !catchingUp_ && held_.empty() && retrying_.empty() && setAside_.empty() && refused_.empty();
  }
  std::uint64_t askedFrom() const { return askedFrom_; }
  std::uint64_t appliedTo() const { return appliedTo_; }
  // The position of the stored cursor.
  std::uint64_t savedTo() const { return savedTo_; }
  std::size_t heldBytes() const { return heldBytes_ + answersBytes_; }
  std::uint64_t setAside() const { return setAside_.size(); }
  std::uint64_t toReplace() const { return refused_.size(); }
  // Why one of the records is refused that the peer or this end does not take; none if all are taken.
  std::optional<Bye> why() const;
  // Why nothing comes of some teams that were asked for.
  const std::optional<Bye>& aboutTeams() const { return aboutTeams_; }
  // When saveCursorIfDue() or askAgain() next has something to do, std::nullopt for never.
  std::optional<std::int64_t> nextTickMs() const;

 private:
  bool waits() const { return !needed_.empty() || !retrying_.empty() || unsent_; }
  bool merge(const base::Bytes& frame);
  void fillIn(Incoming& incoming) const;
  Incoming incomingFromPeer() const;
  Cursor cursorAt(const Batch& batch) const;
  void finishBatch(const Batch& batch);
  void finishSweep(std::uint64_t position);
  bool mergeAnswers();
  void forgetAnswers();
  bool took(ApplyResult& result);
  void askFor(const std::set<RecordKey>& keys);
  bool mayAskAgain() const;
  bool retry();

  ThisEnd& end_;
  Sender& sender_;
  Rest& rest_;

  std::uint64_t askedFrom_ = 0;  // the position that Subscribe named
  std::optional<Welcome> welcome_;
  std::optional<Bye> aboutTeams_;
  bool catchingUp_ = true;
  std::uint64_t appliedTo_ = 0;
  Cursor applied_;             // the whole cursor for appliedTo_
  std::uint64_t savedTo_ = 0;  // the position of the stored cursor
  std::int64_t unsavedSinceMs_ = 0;
  std::optional<Sweep> sweep_;

  std::deque<base::Bytes> held_;  // batches; the first waits for whole records, or for Acks
  std::size_t heldBytes_ = 0;
  bool unsent_ = false;         // the first batch waits for Acks
  std::set<RecordKey> needed_;  // whole records that the first batch needs and that have not come yet
  RecordKey askedTo_;           // the last key that Need named
  std::vector<base::Bytes> answers_;
  std::size_t answersBytes_ = 0;
  std::set<RecordKey> gone_;  // needed records that the peer no longer holds

  std::map<RecordKey, ErrorCode> setAside_;
  std::optional<Bye> setAsideWhy_;    // of the latest of these
  std::map<RecordKey, Bye> refused_;  // by the peer, which is asked for its own records
  bool replacesNow_ = true;           // otherwise the peer has to acknowledge changes of them first
  std::set<RecordKey> retrying_;      // asked for again; batches are held meanwhile
  bool askAll_ = false;
  bool askDenied_ = false;                 // ask for all that rights have refused
  std::uint64_t changedAside_ = 0;         // Store::changedAside(), as it was last read
  std::optional<std::int64_t> retryAtMs_;  // when the first record that was dated ahead can be taken
};

}  // namespace blazedb::sync
