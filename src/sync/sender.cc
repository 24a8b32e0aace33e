// Three parts: where the sender starts (a cursor that fell back, a horizon, another filter), the batches, and what the
// peer answers to them.
#include "sync/sender.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace blazedb::sync {
namespace {

constexpr std::size_t kBatchesInFlight = 4;
// While this many batches are in flight, the next one waits and grows.
constexpr std::size_t kSmallBatchesInFlight = 2;
// A Rows takes no further record once it has this size. The last record may be nearly as large as a frame.
constexpr std::size_t kRowsBytes = 512u << 10;
// So old may the sealed place of a peer become that is silent.
constexpr std::int64_t kPlaceAgeMs = 10 * 60 * 1000;
// The size of a batch or a Rows if the driver is short of room.
constexpr std::size_t kCrowdedBytes = 32u << 10;

}  // namespace

// ----------------------------------------------------------------------------------------------------
// where it starts

// Of deletes that were forgotten an importer misses those of records that it was given, and the store knows which.
bool Sender::hasForgotten(const Subscribe& subscribe, std::uint64_t from) const {
  return subscribe.hasData && from < horizon_ && !end_.agreement.reads.chooses();
}

// Returns std::nullopt if the peer starts over, at 0, and gets every record. A peer that sweeps also removes the
// records that it does not get.
std::optional<Cursor> Sender::whereToStart(const Subscribe& subscribe) {
  Cursor start = end_.store.resolve(subscribe.cursor);
  bool fellBack = start.position < subscribe.cursor.position;
  peerSweeps_ = hasForgotten(subscribe, start.position) && end_.agreement.peerSweeps;
  // A restored file may hold records again that it had deleted, and a peer that began after the delete was never sent
  // them. Ends that compare digests find those; any other peer starts at 0.
  bool anew = fellBack && !end_.agreement.comparable();
  if (end_.agreement.exports()) anew |= checkDeliveries(subscribe, start);
  return anew || peerSweeps_ ? std::nullopt : std::optional(start);
}

// Decides, by what the store knows of the importer, whether it sweeps. Returns whether it starts at 0. If the store
// knows what the importer has, and only the filter is another one, it hears of what that changes. A new importer
// without data may get all that way: then `start` moves to the end of the feed. One that has lost its data may not,
// because what it was given before would count.
bool Sender::checkDeliveries(const Subscribe& subscribe, Cursor& start) {
  const UUID& importer = end_.peer().replica;
  bool chooses = end_.agreement.reads.chooses();
  Deliveries& deliveries = end_.store.deliveries();
  const auto [known, floor] = deliveries.known(importer);
  bool fellBack = start.position < subscribe.cursor.position;
  bool putBack = start.position < floor;
  // With another filter the importer gets everything again. If it may have records that it was given, or has sent, and
  // the store does not know which, it sweeps: it removes those that it does not get now.
  filterNoted_ = known == filterId() && !(putBack && !chooses);
  bool mayHoldMore = !known && (subscribe.cursor.position > 0 || subscribe.hasData);
  peerSweeps_ |= chooses && (putBack || mayHoldMore || fellBack);
  givenAnew_ = peerSweeps_ || (!filterNoted_ && (known || putBack));
  // Without a filter nobody counts what it gets, so the store forgets what it had before the first record is given.
  bool forgets = chooses ? peerSweeps_ : known.has_value();
  if (forgets) {
    deliveries.forget(importer);
    filterNoted_ = false;
  } else if (chooses && !filterNoted_) {
    deliveries.mixFilters(importer);  // before it gets the first record: its Ack may be lost
  }
  bool isNew = !known && start.position == 0 && !subscribe.hasData;
  if (!seals_ || !chooses || filterNoted_ || peerSweeps_ || !(known || isNew)) return !filterNoted_;
  movedAt_ = end_.store.feedEnd();
  moved_ = end_.store.moved(end_.agreement);
  if (isNew && !moved_->isIndexed) {
    moved_.reset();
    return true;
  }
  if (isNew) {
    start.position = start.reach = movedAt_;  // `complete` stays behind, until it has all
    givenAnew_ = true;
  }
  movedFrom_ = start;
  return false;
}

std::optional<std::string> Sender::filterId() const {
  const ReadRule& rule = end_.agreement.reads;
  return rule.chooses() ? std::optional(rule.choice()) : std::nullopt;
}

// The importer's cursor has moved under this filter. If it had moved under another one before, or sweeps, the store
// learns of it only after the catching-up. All earlier cursors are then below the floor.
void Sender::noteFilter() {
  if (filterNoted_ || !end_.agreement.exports() || (givenAnew_ && (catchingUp_ || !inFlight_.empty()))) return;
  end_.store.deliveries().noteFilter(end_.peer().replica, filterId(),
                                     givenAnew_ ? std::optional(acked_.position) : std::nullopt);
  filterNoted_ = true;
}

// The peer's cursor, with positions of this feed. One of the other kind, sealed or not, is as good as one of an unknown
// incarnation.
Cursor Sender::unsealed(const Cursor& cursor) const {
  if (!seals_ && !cursor.place) return cursor;
  std::optional<Cursor> own;
  if (seals_ && cursor.position > 0) own = end_.store.opened(cursor, end_.peer().replica);
  return own.value_or(Cursor{0, cursor.position, 0, cursor.position});
}

void Sender::onSubscribe(Subscribe subscribe, std::uint64_t askedFrom) {
  if (subscribed_ || !end_.agreement.sends) return end_.broken("Subscribe out of place");
  Store& store = end_.store;
  const Scope& scope = end_.agreement.scope;
  const Peer& peer = end_.peer();
  subscribed_ = true;
  seals_ = end_.agreement.seals();
  horizon_ = store.purgeHorizon();
  std::uint64_t asked = subscribe.cursor.position;
  subscribe.cursor = unsealed(subscribe.cursor);
  std::optional<Cursor> goesOn = whereToStart(subscribe);
  Cursor start = goesOn.value_or(Cursor{});
  store.noteReader(peer, scope, start.position);
  if (!subscribe.rejects)
    end_.noteRefused(store.noteRejected(peer.replica, scope, {true, {}}, end_.agreement.replacesRefused()));
  // A peer without data needs no deletes. If it gets a deleted record from elsewhere, it sends that record here, and
  // then this end sends it the delete. Not so between an exporter and an importer: an exporter that lost its data may
  // never get the record back from where it has brought it, because a filter there leaves the record out.
  bool equals = end_.agreement.relation == Relation::equals;
  bool startsOver = !goesOn || (seals_ ? asked : start.position) == 0;
  bool fellBack = startsOver || start.position < subscribe.cursor.position;
  if (startsOver && !subscribe.hasData && end_.agreement.receives && equals) deadFrom_ = store.feedEnd();
  // If this end reads the peer's feed from 0, everything comes that the peer has, and a forgotten delete does no harm.
  if (hasForgotten(subscribe, start.position) && !end_.agreement.peerSweeps) {
    if (askedFrom > 0) return startOver();
    if (!end_.agreement.receives) readAnew();
  }
  std::uint64_t from = start.position;
  acked_ = start;
  readTo_ = announcedTo_ = from;
  said_ = !seals_ ? from : startsOver ? 0 : asked;
  completeTo_ = start.complete;
  reach_ = std::max(start.reach, from);
  std::uint64_t end = store.feedEnd();
  catchingUp_ = from < end || peerSweeps_ || seals_;
  // A peer that sweeps has to hear of each record, wherever it stands.
  echoesTo_ = peerSweeps_ ? std::numeric_limits<std::uint64_t>::max() : fellBack ? end : 0;
  bool counts = !end_.agreement.reads.chooses() && (!seals_ || said_ == 0);
  end_.status.toDeliver = counts ? store.ahead(from, scope) : 0;
  Welcome welcome{from, end, end_.status.toDeliver, peerSweeps_, horizon_, end_.agreement.teamsRefused, {}};
  if (seals_) {
    welcome.from = said_;
    welcome.feedEnd = said_ + 1;  // a batch comes in any case
    welcome.horizon = peerSweeps_ ? kPositionMax : 0;
  }
  welcome.applied = store.cursorOn(peer.replica, scope);
  end_.say(encode(welcome));
}

// The peer may hold records whose deletes this end has forgotten. In the next conversation one of the two gets
// everything.
void Sender::startOver() {
  if (!end_.agreement.peerSweeps) readAnew();
  end_.stop(ErrorCode::Offline, "deletes that the peer may have missed are forgotten here; starting over");
}

// In the next conversation in which this end receives, it gets everything that the peer has.
void Sender::readAnew() {
  const UUID& peer = end_.peer().replica;
  const Scope& scope = end_.agreement.scope;
  if (end_.store.cursorOn(peer, scope).position > 0) end_.store.dropCursor(end_.peer(), scope);
}

void Sender::horizonRaised(std::uint64_t before, std::uint64_t after) {
  if (before <= std::max(horizon_, acked_.position)) horizon_ = after;
}

// ----------------------------------------------------------------------------------------------------
// batches

void Sender::send() {
  Store& store = end_.store;
  // A sweep has removed records here that the peer may still hold.
  if (store.purgeHorizon() > std::max(horizon_, acked_.position)) {
    bool sweeps = end_.agreement.peerSweeps || end_.agreement.reads.chooses();
    if (sweeps || end_.agreement.receives) return startOver();
    readAnew();
    horizon_ = store.purgeHorizon();
  }
  if (!sendMoved()) return;
  while (!end_.stopped() && (readTo_ < store.feedEnd() || (seals_ ? !readAll_ : catchingUp_ && inFlight_.empty()))) {
    if (windowIsFull()) return;
    bool crowded = !end_.hasRoom(end_.options.batchBytes);
    if (crowded && wantsRoom_ > 0 && !end_.hasRoom(wantsRoom_)) return;
    FeedQuery query{end_.agreement};
    query.after = readTo_;
    query.complete = completeTo_;
    query.catchingUp = catchingUp_;
    query.echoesTo = echoesTo_;
    query.deadFrom = deadFrom_;
    query.bytesWanted = crowded ? kCrowdedBytes : end_.options.batchBytes;
    BatchWriter batch(said_, seals_);
    FeedRead read = store.readFeed(query, batch);
    wantsRoom_ = batch.changes() > 0 && !end_.hasRoom(batch.bytes()) ? batch.bytes() : 0;
    if (wantsRoom_ > 0) return;
    if (withheld() == 0) withheldSinceMs_ = end_.nowMs;
    withheld_ += read.withheld;
    readTo_ = read.to;
    completeTo_ = read.complete;
    readAll_ = read.atEnd;
    reach_ = completeTo_ == readTo_ ? readTo_ : std::max(reach_, read.reach);
    if (batch.changes() > 0 || (catchingUp_ && read.atEnd)) sendBatch(batch, read.atEnd);
    if (catchingUp_ && read.atEnd) {
      catchingUp_ = false;
      echoesTo_ = 0;
    }
    end_.activity();
    if (withheld() >= kFarBehind) announceWithheld();
  }
}

bool Sender::windowIsFull() const {
  return inFlight_.size() >= (catchingUp_ ? kBatchesInFlight : kSmallBatchesInFlight) ||
         inFlightBytes_ >= base::kInFlightBytesMax;
}

// Sends what the importer has to hear of because another rule chooses now: a batch, which leaves while the next one is
// read. Returns whether that is all sent.
bool Sender::sendMoved() {
  if (goesOn_ && end_.hasFrames()) return false;
  goesOn_ = false;
  while (moved_ && !moved_->isThrough()) {
    if (windowIsFull()) return false;
    bool crowded = !end_.hasRoom(end_.options.batchBytes);
    if (crowded && wantsRoom_ > 0 && !end_.hasRoom(wantsRoom_)) return false;
    MovedQuery query{end_.agreement, movedFrom_, movedAt_, crowded ? kCrowdedBytes : end_.options.batchBytes};
    BatchWriter batch(said_, true);
    Moved::Place before = moved_->place;
    end_.store.readMoved(query, *moved_, batch);
    wantsRoom_ = batch.changes() > 0 && !end_.hasRoom(batch.bytes()) ? batch.bytes() : 0;
    if (wantsRoom_ > 0) return moved_->place = std::move(before), false;
    end_.activity();
    if (batch.changes() == 0) continue;
    sendBatch(batch, false);
    goesOn_ = true;
    return false;
  }
  moved_.reset();
  return true;
}

// The batch covers the feed up to readTo_.
void Sender::sendBatch(const BatchWriter& batch, bool atEnd) {
  std::uint64_t reach = std::max(reach_, readTo_);
  std::optional<SealedPlace> place;
  said_ = seals_ ? said_ + batch.changes() + 1 : readTo_;
  if (seals_) {
    place = end_.store.sealed({0, readTo_, completeTo_, reach}, end_.peer().replica);
    reach = said_;
  }
  base::Bytes frame = batch.finishBatch(said_, atEnd, reach, place);
  inFlight_.push_back({said_, readTo_, completeTo_, frame.size(), batch.changes()});
  inFlightBytes_ += frame.size();
  announcedTo_ = readTo_;
  withheld_ = 0;
  saidAtMs_ = end_.nowMs;
  if (batch.changes() > 0) rest_.disturb();
  end_.say(std::move(frame));
}

void Sender::announceWithheld() {
  if (withheld() > 0) sendBatch(BatchWriter(said_, seals_), false);
}

void Sender::onPing() {
  announceWithheld();
  if (seals_ && !catchingUp_ && !end_.settling && end_.nowMs >= saidAtMs_ + kPlaceAgeMs)
    sendBatch(BatchWriter(said_, true), false);
}

std::optional<std::uint64_t> Sender::endForPeer(bool maySend) {
  std::uint64_t end = end_.store.feedEnd();
  if (!end_.agreement.seals()) return end;
  if (!subscribed_) return 0;
  if (!maySend || end_.settling) return std::nullopt;
  send();
  return catchingUp_ || windowIsFull() || readTo_ < end ? std::nullopt : std::optional(said_);
}

void Sender::announceIfDue() {
  if (end_.nowMs >= withheldSinceMs_ + end_.options.withheldDelayMs) announceWithheld();
}

std::optional<std::int64_t> Sender::nextTickMs() const {
  if (goesOn_) return end_.nowMs;
  if (withheld() == 0) return std::nullopt;
  return withheldSinceMs_ + end_.options.withheldDelayMs;
}

std::uint64_t Sender::acknowledgedTo() const {
  return inFlight_.empty() && subscribed_ && !catchingUp_ ? readTo_ : acked_.position;
}

// ----------------------------------------------------------------------------------------------------
// what the peer answers

void Sender::onAck(const Ack& ack, std::uint64_t saved) {
  if (inFlight_.empty() || ack.position != inFlight_.front().said) return end_.broken("Ack for what was not sent");
  inFlightBytes_ -= inFlight_.front().bytes;
  end_.status.delivered += inFlight_.front().changes;
  acked_.position = inFlight_.front().to;
  acked_.complete = inFlight_.front().complete;
  inFlight_.pop_front();
  peerFeedEnd_ = ack.feedEnd;
  noteAcknowledged(saved);
  noteFilter();
}

void Sender::noteAcknowledged(std::uint64_t saved) {
  std::optional<Store::PeerFeed> its;
  if (end_.agreement.receives) its = {*peerFeedEnd_, saved};
  notedSaved_ = saved;
  end_.store.noteAcknowledged(end_.peer(), end_.agreement.scope, acked_, its);
}

void Sender::noteSaved(std::uint64_t saved) {
  if (peerFeedEnd_ && saved != notedSaved_) noteAcknowledged(saved);
}

std::vector<Rejection> Sender::onRejected(const Rejected& rejected) {
  const Scope& scope = end_.agreement.scope;
  bool isCarried = std::all_of(rejected.records.begin(), rejected.records.end(),
                               [&](const Rejection& each) { return scope.has(each.key.collection); });
  if (!subscribed_ || !isCarried) {
    end_.broken(isCarried ? "Rejected out of place" : "Rejected for what this link does not carry");
    return {};
  }
  Store::Noted noted = end_.store.noteRejected(end_.peer().replica, scope, rejected, end_.agreement.replacesRefused());
  end_.noteRefused(noted);
  rest_.unverify();
  end_.activity();
  return std::move(noted.toReplace);
}

void Sender::onNeed(const Need& need) {
  if (!subscribed_ || unanswered_) return end_.broken("Need out of place");
  std::size_t bytesWanted = end_.hasRoom(kRowsBytes) ? kRowsBytes : kCrowdedBytes;
  std::vector<RecordKey> gone;
  BatchWriter rows;
  end_.store.readRecords(need.keys, end_.agreement, bytesWanted, rows, gone);  // the peer asks for the rest again
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
