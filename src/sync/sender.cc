#include "sync/sender.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace blazedb::sync {
namespace {

constexpr std::size_t kBatchesInFlight = 4;
// Beyond this many in flight, small batches wait and grow.
constexpr std::size_t kSmallBatchesInFlight = 2;
// A Rows gets no more records beyond this: the last one may take nearly a whole frame.
constexpr std::size_t kRowsBytes = 512u << 10;
// Of a batch, or a Rows, if the driver has no room for more.
constexpr std::size_t kCrowdedBytes = 32u << 10;

}  // namespace

// ----------------------------------------------------------------------------------------------------
// where it starts

// A peer that starts anew hears of every record that there is. One that sweeps also gives up what there is not.
Cursor Sender::whereToStart(const Subscribe& subscribe) {
  Cursor start = end_.store.resolve(subscribe.cursor);
  bool fellBack = start.position < subscribe.cursor.position;
  peerSweeps_ = subscribe.hasData && start.position < horizon_ && end_.agreement.peerSweeps;
  // A file that was restored may hold again what it had deleted and forgotten. Ends that compare digests find that out;
  // a link that carries a part begins anew.
  bool anew = fellBack && !end_.agreement.scope.full();
  if (end_.agreement.exports()) anew |= checkDeliveries(subscribe, start);
  return anew || peerSweeps_ ? Cursor{} : start;
}

// Does what the store knows of the importer make it start anew, or even sweep?
bool Sender::checkDeliveries(const Subscribe& subscribe, const Cursor& start) {
  const UUID& importer = end_.peer().replica;
  bool chooses = end_.agreement.reads.chooses();
  Deliveries& deliveries = end_.store.deliveries();
  const auto [known, floor] = deliveries.known(importer);
  // With another filter the importer is told of everything again. If it has been given records and the store does not
  // know which, it gives up those that it is not given now.
  filterNoted_ = known == filterId();
  bool anew = !filterNoted_;
  bool fellBack = start.position < subscribe.cursor.position;
  bool putBack = start.position < floor;
  peerSweeps_ |= chooses && (putBack || (subscribe.cursor.position > 0 && (!known || fellBack)));
  givenAnew_ = peerSweeps_ || (known && !filterNoted_);
  if (peerSweeps_ && chooses) {
    deliveries.forget(importer);
    filterNoted_ = false;
  } else if (known && !filterNoted_ && !known->empty()) {
    deliveries.mixFilters(importer);
  }
  return anew;
}

std::optional<std::string> Sender::filterId() const {
  const ReadRule& rule = end_.agreement.reads;
  return rule.chooses() ? std::optional(rule.filter->id) : std::nullopt;
}

// The importer's cursor has moved under this filter. If it had moved under another one before, or sweeps, the store
// learns of it once the catching-up is over; all cursors of before are then below the floor.
void Sender::noteFilter() {
  if (filterNoted_ || !end_.agreement.exports() || (givenAnew_ && (catchingUp_ || !inFlight_.empty()))) return;
  end_.store.deliveries().noteFilter(end_.peer().replica, filterId(), givenAnew_ ? acked_.position : 0);
  filterNoted_ = true;
}

void Sender::onSubscribe(const Subscribe& subscribe, std::uint64_t askedFrom) {
  if (subscribed_ || !end_.agreement.sends) return end_.broken("Subscribe out of place");
  Store& store = end_.store;
  const Scope& scope = end_.agreement.scope;
  const Peer& peer = end_.peer();
  subscribed_ = true;
  // A peer that subscribes has noted this end as its reader, and before that has put on its disk what this end had
  // sent.
  if (end_.options.leaveOtherScopes) store.leaveOtherScopes(peer, scope);
  horizon_ = store.purgeHorizon();
  if (!subscribe.rejects) store.noteRejected(peer.replica, scope, {true, {}});
  Cursor start = whereToStart(subscribe);
  // Deletes say nothing to a peer that holds nothing. If it gets such a record elsewhere, it is told of the delete when
  // it speaks of the record.
  if (start.position == 0 && !subscribe.hasData && end_.agreement.receives && !end_.agreement.exports())
    deadFrom_ = store.feedEnd();
  // At 0 everything comes that the peer has; that this end has forgotten a delete then does no harm.
  if (subscribe.hasData && start.position < horizon_ && !end_.agreement.peerSweeps && askedFrom > 0) return startOver();
  std::uint64_t from = start.position;
  bool fellBack = from < subscribe.cursor.position || from == 0;
  withholdEchoes_ = !fellBack && !peerSweeps_;
  acked_ = start;
  readTo_ = announcedTo_ = from;
  completeTo_ = start.complete;
  reach_ = std::max(start.reach, from);
  std::uint64_t end = store.feedEnd();
  catchingUp_ = from < end || peerSweeps_;
  if (!catchingUp_) withholdEchoes_ = true;  // all that is read from now on is newer than what fell back
  end_.status.toDeliver = end_.agreement.reads.chooses() ? 0 : store.ahead(from, scope);
  end_.say(
      encode(Welcome{from, end, end_.status.toDeliver, peerSweeps_, horizon_, store.cursorOn(peer.replica, scope)}));
}

// The peer may hold what this end has deleted and forgotten. In the next conversation one of them is told everything.
void Sender::startOver() {
  if (!end_.agreement.peerSweeps) end_.store.dropCursor(end_.peer(), end_.agreement.scope);
  end_.stop(ErrorCode::Offline, "deletes that the peer may have missed are forgotten here; starting over");
}

void Sender::horizonRaised(std::uint64_t before, std::uint64_t after) {
  if (before <= std::max(horizon_, acked_.position)) horizon_ = after;
}

// ----------------------------------------------------------------------------------------------------
// batches

void Sender::send() {
  Store& store = end_.store;
  // A sweep has removed records here that the peer may still hold.
  if (store.purgeHorizon() > std::max(horizon_, acked_.position) &&
      (end_.agreement.peerSweeps || end_.agreement.receives))
    return startOver();
  while (!end_.stopped() && (readTo_ < store.feedEnd() || (catchingUp_ && inFlight_.empty()))) {
    if (inFlight_.size() >= kBatchesInFlight || inFlightBytes_ >= base::kInFlightBytesMax) return;
    if (inFlight_.size() >= kSmallBatchesInFlight && !catchingUp_) return;
    bool crowded = !end_.hasRoom(end_.options.batchBytes);
    if (crowded && wantsRoom_ > 0 && !end_.hasRoom(wantsRoom_)) return;
    FeedQuery query{end_.agreement};
    query.after = readTo_;
    query.complete = completeTo_;
    query.catchingUp = catchingUp_;
    query.withholdEchoes = withholdEchoes_;
    query.deadFrom = deadFrom_;
    query.bytesWanted = crowded ? kCrowdedBytes : end_.options.batchBytes;
    BatchWriter batch(announcedTo_);
    FeedRead read = store.readFeed(query, batch);
    wantsRoom_ = batch.changes() > 0 && !end_.hasRoom(batch.bytes()) ? batch.bytes() : 0;
    if (wantsRoom_ > 0) return;
    if (readTo_ == announcedTo_) withheldSinceMs_ = end_.nowMs;
    readTo_ = read.to;
    completeTo_ = read.complete;
    reach_ = completeTo_ == readTo_ ? readTo_ : std::max(reach_, read.reach);
    if (batch.changes() > 0 || (catchingUp_ && read.atEnd)) sendBatch(batch, read.atEnd);
    if (catchingUp_ && read.atEnd) {
      catchingUp_ = false;
      withholdEchoes_ = true;
    }
    end_.activity();
    if (readTo_ - announcedTo_ >= kFarBehind) announceWithheld();
  }
}

// Covers the feed up to what was read.
void Sender::sendBatch(const BatchWriter& batch, bool atEnd) {
  base::Bytes frame = batch.finishBatch(readTo_, atEnd, std::max(reach_, readTo_));
  inFlight_.push_back({readTo_, completeTo_, frame.size(), batch.changes()});
  inFlightBytes_ += frame.size();
  announcedTo_ = readTo_;
  if (batch.changes() > 0) rest_.disturb();
  end_.say(std::move(frame));
}

void Sender::announceWithheld() {
  if (readTo_ > announcedTo_) sendBatch(BatchWriter(announcedTo_), false);
}

void Sender::announceIfDue() {
  if (end_.nowMs >= withheldSinceMs_ + end_.options.withheldDelayMs) announceWithheld();
}

std::optional<std::int64_t> Sender::nextTickMs() const {
  if (readTo_ <= announcedTo_) return std::nullopt;
  return withheldSinceMs_ + end_.options.withheldDelayMs;
}

std::uint64_t Sender::acknowledgedTo() const {
  return inFlight_.empty() && subscribed_ && !catchingUp_ ? readTo_ : acked_.position;
}

// ----------------------------------------------------------------------------------------------------
// what the peer says of it

void Sender::onAck(const Ack& ack, std::uint64_t saved) {
  if (inFlight_.empty() || ack.position != inFlight_.front().to) return end_.broken("Ack for what was not sent");
  inFlightBytes_ -= inFlight_.front().bytes;
  end_.status.delivered += inFlight_.front().changes;
  acked_.position = inFlight_.front().to;
  acked_.complete = inFlight_.front().complete;
  inFlight_.pop_front();
  std::optional<Store::PeerFeed> its;
  if (end_.agreement.receives) its = {ack.feedEnd, saved};
  end_.store.noteAcknowledged(end_.peer(), end_.agreement.scope, acked_, its);
  noteFilter();
}

void Sender::onRejected(const Rejected& rejected) {
  if (!subscribed_) return end_.broken("Rejected out of place");
  const Scope& scope = end_.agreement.scope;
  for (const Rejection& each : rejected.records) {
    if (!scope.has(each.key.collection)) return end_.broken("Rejected for what this link does not carry");
    if (each.why) end_.status.reason = each.why;
  }
  end_.status.refused = end_.store.noteRejected(end_.peer().replica, scope, rejected);
  rest_.unverify();
  end_.activity();
}

void Sender::onNeed(const Need& need) {
  if (!subscribed_ || unanswered_) return end_.broken("Need out of place");
  std::size_t bytesWanted = end_.hasRoom(kRowsBytes) ? kRowsBytes : kCrowdedBytes;
  std::vector<RecordKey> gone;
  BatchWriter rows;
  for (const RecordKey& key : need.keys) {
    if (!end_.store.readRecord(key, end_.agreement, rows)) gone.push_back(key);
    if (rows.bytes() >= bytesWanted) break;  // the peer asks for the rest again
  }
  if (!end_.hasRoom(rows.bytes())) {
    unanswered_ = need;
    unansweredBytes_ = rows.bytes();
    return;
  }
  end_.say(rows.finishRows(true, gone));
  end_.activity();
}

void Sender::answerIfRoom() {
  if (unanswered_ && end_.hasRoom(unansweredBytes_)) onNeed(*std::exchange(unanswered_, std::nullopt));
}

}  // namespace blazedb::sync
