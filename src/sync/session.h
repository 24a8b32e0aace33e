// The sync state machine at one end of a link.
//
// A Session is handed frames, ticks and "the feed has moved", and answers with frames to send; it merges what it
// receives through its Store. It never opens a socket, starts a thread or reads the time, so that one process can
// simulate a hundred replicas from a seed. The driver (src/link) owns the threads and calls in from one at a time.
//
// A conversation, for each direction by itself:
//
//   sender                          receiver
//   <- Hello ->                                       who are you
//   <- Subscribe(cursor)                              where I stand on your feed
//   Welcome(from, end, sweep?) ->                     where I start
//   Batch ... ->                                      under a credit window
//   <- Ack(position)                                  merged, cursor moved
//   <- Need(keys), Rows ->                            a part came of something that the receiver lacks
//   <- Rejected(keys, reasons)                        set aside: all else is merged, and the cursor moves past it
//
// A batch waits for nothing while nothing is in flight (latency) and grows while two are (throughput). There are no
// queues: a slow peer's changes stay in the feed.
//
// What was withheld because the peer sent it itself still moves the peer's cursor; nobody waits for that, so it is
// announced with the next batch or a moment later. A conversation that is about to end settles(): what was withheld is
// announced, cursors are saved, and the next one begins where this one ended.
//
// A batch waits for the whole records that it needs. What is kept meanwhile is bounded: where the answers are more
// than a few MiB, those that have come are merged before the rest has, without the cursor. Whoever reads then may see
// some records of a transaction before the others; where the link breaks, it comes again, and whole.
//
// A receiver whose cursor is older than the sender's purge horizon may have missed deletes. It *sweeps*: it is told
// everything that is live, and removes what was not mentioned. Until it has, it sends nothing of its own. If both would
// have to, the client (between equals: the lower replica id) goes first.
//
// What is set aside is asked for again, whole, by Need: at the beginning of each conversation, when time is what kept
// it out, and whenever a part of it comes. As long as there is such a record, the two ends are not the same, and do not
// compare.
//
// Nobody else decides that an end sweeps: it does where its own cursor and the horizon in Welcome say so, and where the
// peer may make it forget (WriteRule::mayErase). An end that keeps what it has says so in Hello. Who has
// forgotten deletes that such a peer never heard of reads that peer's feed again from 0: what was deleted comes back.
//
// At rest the two ends compare digests. "In sync" in a status is that comparison, not an assumption; a difference is
// located (comparison.h), repaired by sending whole records both ways, and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "sync/agreement.h"
#include "sync/comparison.h"
#include "sync/store.h"

namespace blazedb::sync {

struct SessionOptions {
  Terms terms;                    // what this end brings to the agreement
  bool leaveOtherScopes = false;  // remove what an earlier, wider scope brought from this peer
  bool acceptRemovals = false;    // a sweep may remove a large part of the records
  std::size_t batchBytes =
      512u << 10;  // large enough that a commit's fixed cost disappears, small enough that progress
                   // is smooth and memory stays flat
  // Called once the peer is known, before anything of it is merged; says why not with this one. Absent: with anyone.
  std::function<std::optional<Bye>(const Hello& peer)> meet;
  // Asked before records are sent: may there be so many bytes of frames in all that were not taken? False: not now; the
  // driver calls roomMade() when there may. Absent: always.
  std::function<bool(std::size_t bytes)> hasRoom;
  std::int64_t withheldDelayMs = 50;  // how long a cursor may lag behind what was withheld
  std::int64_t digestDelayMs = 500;   // how long both ends must be at rest before they compare
};

enum class SessionState : std::uint8_t { connecting, catchingUp, live, stopped };

struct SessionStatus {
  SessionState state = SessionState::connecting;
  std::optional<Identity> peer;
  bool sending = false;              // both ends agree that this one sends
  bool receiving = false;            // likewise
  std::uint64_t received = 0;        // records of this catching-up
  std::uint64_t expected = 0;        // about how many it will be; 0 before Welcome
  std::uint64_t delivered = 0;       // and those that the peer has acknowledged,
  std::uint64_t toDeliver = 0;       // of about so many; 0 before its Subscribe
  std::uint64_t acknowledgedTo = 0;  // the peer has everything of this feed up to here
  std::uint64_t appliedTo = 0;       // this replica has everything of the peer's feed up to here
  std::optional<Pong> pong;          // the latest
  std::int64_t heardMs = 0;          // when the latest frame came
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t repaired = 0;  // records that differed at rest and were sent again
  std::uint64_t setAside = 0;  // records of the peer's that this end has not taken
  std::uint64_t refused = 0;   // records of this end's that the peer has not taken
  std::optional<Bye> reason;   // with these: why, of the latest
  bool verified = false;       // the digests were equal, and nothing has changed since
  std::optional<Bye> ended;    // why it stopped, by whichever end
};

class Session {
 public:
  // `store` must outlive the session.
  explicit Session(Store& store, SessionOptions options = {});
  Session(const Session&) = delete;

  // Each of these may produce frames and may throw what the Store throws; the session is then of no further use.
  // `wallMs` is the wall clock, compared with the peer's; `nowMs` never goes back.
  void start(std::int64_t wallMs, std::int64_t nowMs);
  void receive(base::ByteView frame, std::int64_t nowMs);
  void feedMoved(std::int64_t nowMs);
  void tick(std::int64_t nowMs);
  // What did not have room may have it now; does nothing where nothing waits.
  void roomMade(std::int64_t nowMs);
  // Asks the peer for a sign of life, and for the end of its feed.
  void ping(std::uint64_t number, std::int64_t nowMs);
  // From here on nothing new is read from the feed; what the two ends know of each other is told and saved. The driver
  // carries the frames that are left, until there are none, and drops the session or stops it.
  void settle(std::int64_t nowMs);
  // Says Bye and stops.
  void stop(ErrorCode code, const std::string& text);

  // The frames produced since the last call, in order.
  std::vector<base::Bytes> takeFrames();
  // What it keeps of the peer's until something else comes.
  std::size_t heldBytes() const { return heldBytes_ + answersBytes_; }
  // When tick() next has something to do, std::nullopt for never. Where that is past, there is more to do than one tick
  // does: others may have their turn in between.
  std::optional<std::int64_t> nextTickMs() const;

  const SessionStatus& status() const { return status_; }
  bool stopped() const { return status_.state == SessionState::stopped; }
  // Both directions that this session has are past their catching-up.
  bool live() const { return status_.state == SessionState::live; }

 private:
  struct InFlight {
    std::uint64_t to = 0;
    std::uint64_t complete = 0;
    std::size_t bytes = 0;
    std::uint64_t changes = 0;
  };

  // Sending.
  void onSubscribe(const Subscribe& subscribe);
  Cursor whereToStart(const Subscribe& subscribe);
  std::optional<std::string> filterId() const;
  void noteFilter();
  void onAck(const Ack& ack);
  void onRejected(const Rejected& rejected);
  void onNeed(const Need& need);
  bool maySend() const;
  void send();
  void sendBatch(const BatchWriter& batch, bool atEnd);
  void announceWithheld();
  bool hasRoom(std::size_t bytes) const { return !options_.hasRoom || options_.hasRoom(outBytes_ + bytes); }

  // Receiving.
  void onWelcome(const Welcome& welcome);
  void onBatch(base::ByteView frame);
  void onRows(base::ByteView frame);
  bool applyAnswers();
  Incoming incomingFromPeer() const;
  void retry(Rows& rows);
  bool mayAskAgain() const;
  void askAgain();
  void askFor(const std::set<RecordKey>& keys);
  bool took(ApplyResult& result);
  void applyHeld();
  bool applyBatch(const base::Bytes& frame);
  void finishBatch(const Batch& batch);
  void finishSweep(std::uint64_t position);
  void saveCursor();
  void startOver();
  Cursor cursorAt(const Batch& batch) const;

  // At rest.
  bool comparable() const { return agreement_.comparable() && subscribed_ && welcome_; }
  bool atRest() const;
  void sendDigest();
  void onDigest(const DigestFrame& digest);
  std::int64_t digestDueMs() const;
  void onBuckets(const Buckets& theirs);
  void onInventory(const Inventory& theirs);
  void onRepair(std::vector<Change> changes);

  void onHello(const Hello& hello);
  void onPing(const Ping& ping);
  void onPong(const Pong& pong) { status_.pong = pong; }
  void onBye(const Bye& bye);
  void dispatch(FrameType type, base::ByteView frame);
  void emit(base::Bytes frame);
  void broken(const char* what);
  void updateState();
  void activity() { lastActivityMs_ = nowMs_; }
  bool sweepsFirst() const;
  const Peer& peer() const { return agreement_.peer; }

  Store& store_;
  SessionOptions options_;
  SessionStatus status_;
  std::vector<base::Bytes> out_;
  std::size_t outBytes_ = 0;
  std::int64_t wallMs_ = 0;
  std::int64_t nowMs_ = 0;
  std::int64_t lastActivityMs_ = 0;
  std::optional<Hello> peer_;
  Agreement agreement_;  // since peer_ is there
  bool settling_ = false;

  // Sending. Positions are in this replica's feed.
  bool subscribed_ = false;  // the peer has said where it stands
  bool filterNoted_ = false;
  bool givenAnew_ = false;  // what the importer has may be of another filter
  bool peerSweeps_ = false;
  bool sendCatchingUp_ = true;  // the peer has not yet been told of everything
  bool withholdEchoes_ = true;
  std::uint64_t horizon_ = 0;      // as it was when the peer subscribed
  std::uint64_t deadFrom_ = 0;     // deletes up to here are of no use to the peer, which held nothing
  std::uint64_t readTo_ = 0;       // read, sent or withheld
  std::uint64_t completeTo_ = 0;   // Cursor::complete of what was read
  std::uint64_t reach_ = 0;        // likewise
  std::uint64_t announcedTo_ = 0;  // covered by a batch
  Cursor acked_;
  std::int64_t withheldSinceMs_ = 0;
  std::deque<InFlight> inFlight_;
  std::size_t inFlightBytes_ = 0;
  std::size_t wantsRoom_ = 0;       // a batch that was read, and is read again when there is room
  std::optional<Need> unanswered_;  // waits for room
  std::size_t unansweredBytes_ = 0;

  // Receiving. Positions are in the peer's feed.
  std::uint64_t askedFrom_ = 0;  // in Subscribe
  std::optional<Welcome> welcome_;
  bool receiveCatchingUp_ = true;
  std::uint64_t appliedTo_ = 0;
  Cursor applied_;             // the same, with the rest of it
  std::uint64_t savedTo_ = 0;  // as the stored cursor says
  std::int64_t unsavedSinceMs_ = 0;
  std::optional<Sweep> sweep_;
  std::deque<base::Bytes> held_;  // batches behind one that waits for whole records
  std::size_t heldBytes_ = 0;
  std::set<RecordKey> needed_;  // by the first of these, and not yet answered
  RecordKey askedTo_;           // the last of them that Need has named
  std::vector<base::Bytes> answers_;
  std::size_t answersBytes_ = 0;
  std::set<RecordKey> gone_;
  bool unsent_ = false;  // the first that is held waits for Acks
  std::map<RecordKey, ErrorCode> setAside_;
  std::set<RecordKey> retrying_;  // asked for again; batches are held meanwhile
  bool askAll_ = false;
  std::uint64_t changedAside_ = 0;         // as the store says
  std::optional<std::int64_t> retryAtMs_;  // when time is over that kept something out

  // Where both feeds stood: the end of this one, and how far the peer's has been applied.
  using Place = std::pair<std::uint64_t, std::uint64_t>;
  Place here() const { return {store_.feedEnd(), appliedTo_}; }
  std::optional<Place> digestSentAt_;
  std::optional<Place> digestReadAt_;  // the peer's
  std::optional<Place> verifiedAt_;
  Comparison comparison_;
};

}  // namespace blazedb::sync
