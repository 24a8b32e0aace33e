// The half of a session that sends: it reads this replica's feed and tells the peer of it.
//
// The peer says where it stands (Subscribe), this end says where it starts (Welcome), and batches follow under a credit
// window. A batch waits for nothing while nothing is in flight (latency), and grows while two are (throughput). There
// is no queue: the changes for a slow peer stay in the feed.
//
// The sender withholds what the peer sent itself, but it still moves the peer's cursor over it. No user waits for that,
// so the sender announces it with the next batch or a moment later.
//
// All positions here are positions in this replica's feed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "sync/rest.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Sender {
 public:
  Sender(ThisEnd& end, Rest& rest) : end_(end), rest_(rest) {}

  // The agreement is there.
  void begin() { catchingUp_ = end_.agreement.sends; }
  // `askedFrom`: the position in the peer's feed that this end's own Subscribe named.
  void onSubscribe(const Subscribe& subscribe, std::uint64_t askedFrom);
  // `saved`: up to where this end's stored cursor has the peer's feed.
  void onAck(const Ack& ack, std::uint64_t saved);
  void onRejected(const Rejected& rejected);
  void onNeed(const Need& need);

  // Sends what the window and the driver have room for. Only for a session that may send now.
  void send();
  // Moves the peer's cursor over what was withheld, up to what was read.
  void announceWithheld();
  void announceIfDue();
  // Answers the question that had to wait, if the driver has room for the answer now.
  void answerIfRoom();
  // A batch was read for which the driver had no room.
  bool wantsRoom() const { return wantsRoom_ > 0; }
  // A sweep of this end has raised the purge horizon. What it removed the peer does not hold either.
  void horizonRaised(std::uint64_t before, std::uint64_t after);

  bool subscribed() const { return subscribed_; }
  bool peerSweeps() const { return peerSweeps_; }
  bool catchingUp() const { return catchingUp_; }
  // The peer has been told of everything, and has acknowledged it.
  bool idle() const { return !catchingUp_ && inFlight_.empty() && readTo_ == end_.store.feedEnd(); }
  const Cursor& acknowledged() const { return acked_; }
  // The same, together with what was withheld, which the peer has in any case.
  std::uint64_t acknowledgedTo() const;
  // The peer was told of no deletes up to here: it held nothing that they concern.
  std::uint64_t deadFrom() const { return deadFrom_; }
  // When announceIfDue() has something to announce, std::nullopt for never.
  std::optional<std::int64_t> nextTickMs() const;

 private:
  struct InFlight {
    std::uint64_t to = 0;
    std::uint64_t complete = 0;
    std::size_t bytes = 0;
    std::uint64_t changes = 0;
  };

  Cursor whereToStart(const Subscribe& subscribe);
  bool checkDeliveries(const Subscribe& subscribe, const Cursor& start);
  std::optional<std::string> filterId() const;
  void noteFilter();
  void startOver();
  void sendBatch(const BatchWriter& batch, bool atEnd);

  ThisEnd& end_;
  Rest& rest_;
  bool subscribed_ = false;  // the peer has said where it stands
  bool filterNoted_ = false;
  bool givenAnew_ = false;      // what the importer has may have been given under another filter
  bool peerSweeps_ = false;     // in this conversation
  bool catchingUp_ = true;      // the peer has not been told of everything yet
  bool withholdEchoes_ = true;  // leave out what the peer sent itself
  std::uint64_t horizon_ = 0;   // as it was when the peer subscribed
  std::uint64_t deadFrom_ = 0;
  std::uint64_t readTo_ = 0;       // read, and then sent or withheld
  std::uint64_t completeTo_ = 0;   // Cursor::complete of what was read
  std::uint64_t reach_ = 0;        // likewise
  std::uint64_t announcedTo_ = 0;  // covered by a batch
  Cursor acked_;
  std::int64_t withheldSinceMs_ = 0;
  std::deque<InFlight> inFlight_;
  std::size_t inFlightBytes_ = 0;
  std::size_t wantsRoom_ = 0;       // bytes of the batch that was read, and is read again when there is room
  std::optional<Need> unanswered_;  // waits for room
  std::size_t unansweredBytes_ = 0;
};

}  // namespace blazedb::sync
