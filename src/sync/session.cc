#include "sync/session.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/limits.h"

namespace blazedb::sync {
namespace {

constexpr std::size_t kBatchesInFlight = 4;
// Beyond this many in flight, small batches wait and grow.
constexpr std::size_t kSmallBatchesInFlight = 2;
constexpr std::int64_t kSaveCursorDelayMs = 200;
// What was withheld is announced, and a cursor that nothing came with is saved, without a delay once it is this far
// behind: a bulk copy that is killed must not send back what it had brought.
constexpr std::uint64_t kFarBehind = 1000;
// When what only time keeps out is asked for again: not at once, and what takes longer is left to the next
// conversation.
constexpr std::int64_t kRetryMsMin = 1000;
constexpr std::int64_t kRetryMsMax = 24 * 60 * 60 * 1000;
// A Rows gets no more records beyond this: the last one may take nearly a whole frame.
constexpr std::size_t kRowsBytes = 512u << 10;
// Answers to Need beyond this are merged before the batch that waits for them is complete.
constexpr std::size_t kAnswersBytes = 8u << 20;
// What a frame costs that is kept, beside its bytes.
constexpr std::size_t kHeldOverheadBytes = 64;
// Of a batch, or a Rows, where the driver has no room for more.
constexpr std::size_t kCrowdedBytes = 32u << 10;

}  // namespace

Session::Session(Store& store, SessionOptions options)
    : store_(store),
      options_(std::move(options)),
      comparison_(store, agreement_, options_.digestDelayMs, [this](base::Bytes frame) { emit(std::move(frame)); }) {}

void Session::start(std::int64_t wallMs, std::int64_t nowMs) {
  wallMs_ = wallMs;
  nowMs_ = nowMs;
  Hello hello;
  hello.identity = store_.identity();
  hello.wallMs = wallMs;
  const Terms& terms = options_.terms;
  hello.sends = terms.sends;
  hello.receives = terms.receives;
  hello.chooses = terms.reads.chooses();
  hello.sweeps = terms.writes.mayErase;
  hello.scope = terms.scope;
  emit(encode(hello));
}

void Session::receive(base::ByteView frame, std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (stopped()) return;
  status_.bytesReceived += frame.size();
  status_.heardMs = nowMs;
  if (frame.size() > (peer_ ? base::kFrameBytesMax : base::kFrameBytesMaxBeforeHello))
    return broken("a frame beyond the limit");
  std::optional<FrameType> type = typeOf(frame);
  if (!type) return broken("a frame of no known type");
  if (!peer_ && *type != FrameType::hello && *type != FrameType::bye) return broken("a frame before Hello");
  dispatch(*type, frame);
  askAgain();
  updateState();
}

void Session::dispatch(FrameType type, base::ByteView frame) {
  auto handle = [&](auto decoded, auto handler) {
    if (!decoded) return broken("a frame that cannot be read");
    (this->*handler)(*decoded);
  };
  switch (type) {
    case FrameType::hello:
      return handle(decodeHello(frame), &Session::onHello);
    case FrameType::subscribe:
      return handle(decodeSubscribe(frame), &Session::onSubscribe);
    case FrameType::welcome:
      return handle(decodeWelcome(frame), &Session::onWelcome);
    case FrameType::batch:
      return onBatch(frame);
    case FrameType::ack:
      return handle(decodeAck(frame), &Session::onAck);
    case FrameType::rejected:
      return handle(decodeRejected(frame), &Session::onRejected);
    case FrameType::need:
      return handle(decodeNeed(frame), &Session::onNeed);
    case FrameType::rows:
      return onRows(frame);
    case FrameType::digest:
      return handle(decodeDigest(frame), &Session::onDigest);
    case FrameType::buckets:
      return handle(decodeBuckets(frame), &Session::onBuckets);
    case FrameType::inventory:
      return handle(decodeInventory(frame), &Session::onInventory);
    case FrameType::ping:
      return handle(decodePing(frame), &Session::onPing);
    case FrameType::pong:
      return handle(decodePong(frame), &Session::onPong);
    case FrameType::bye:
      return onBye(decodeBye(frame).value_or(Bye{ErrorCode::ProtocolError, "the peer ended the connection"}));
  }
}

void Session::feedMoved(std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (stopped()) return;
  send();
  updateState();
}

void Session::tick(std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (stopped()) return;
  send();
  if (nowMs_ >= withheldSinceMs_ + options_.withheldDelayMs) announceWithheld();
  if (nowMs_ >= unsavedSinceMs_ + kSaveCursorDelayMs) saveCursor();
  if (std::optional<std::int64_t> due = comparison_.nextStepMs(); due && nowMs_ >= *due && !settling_) {
    comparison_.step(nowMs_);
    status_.repaired = comparison_.repaired();
    activity();
  }
  if (atRest() && !comparison_.asking() && nowMs_ >= digestDueMs()) sendDigest();
  updateState();
}

void Session::ping(std::uint64_t number, std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (peer_ && !stopped()) emit(encode(Ping{number}));
}

void Session::settle(std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (stopped()) return;
  settling_ = true;
  comparison_.drop(nowMs_);
  announceWithheld();
  saveCursor();
}

void Session::stop(ErrorCode code, const std::string& text) {
  if (stopped()) return;
  emit(encode(Bye{code, text}));
  status_.ended = Bye{code, text};
  status_.state = SessionState::stopped;
}

void Session::roomMade(std::int64_t nowMs) {
  nowMs_ = nowMs;
  if (stopped()) return;
  if (unanswered_ && hasRoom(unansweredBytes_)) onNeed(*std::exchange(unanswered_, std::nullopt));
  if (wantsRoom_ > 0) send();
  updateState();
}

std::vector<base::Bytes> Session::takeFrames() {
  outBytes_ = 0;
  return std::exchange(out_, {});
}

std::optional<std::int64_t> Session::nextTickMs() const {
  if (stopped()) return std::nullopt;
  std::optional<std::int64_t> next;
  auto at = [&](std::int64_t ms) { next = next ? std::min(*next, ms) : ms; };
  if (readTo_ > announcedTo_) at(withheldSinceMs_ + options_.withheldDelayMs);
  if (appliedTo_ > savedTo_ && !sweep_) at(unsavedSinceMs_ + kSaveCursorDelayMs);
  if (auto step = comparison_.nextStepMs(); step && !settling_) at(*step);
  if (retryAtMs_ && !setAside_.empty() && mayAskAgain()) at(*retryAtMs_);
  if (atRest() && !comparison_.asking() && digestSentAt_ != here()) at(digestDueMs());
  return next;
}

void Session::emit(base::Bytes frame) {
  status_.bytesSent += frame.size();
  outBytes_ += frame.size();
  out_.push_back(std::move(frame));
}

void Session::broken(const char* what) { stop(ErrorCode::ProtocolError, std::string("the peer sent ") + what); }

void Session::onHello(const Hello& hello) {
  if (peer_) return broken("Hello twice");
  if (hello.version > kProtocolVersion)
    return stop(ErrorCode::ProtocolTooNew, "the peer speaks a newer protocol; update BlazeDB here");
  Identity self = store_.identity();
  if (hello.identity.replica == self.replica)
    return stop(
        ErrorCode::DuplicateReplica,
        "both files carry the replica id " + self.replica.toString() +
            ": one is a copy of the other. Give the copy an id of its own with renewReplicaId() (blazedb renew FILE)");
  // Not std::abs of the difference, which a peer could make overflow.
  if (hello.wallMs < wallMs_ - base::kClockSkewMsMax || hello.wallMs > wallMs_ + base::kClockSkewMsMax)
    return stop(ErrorCode::ClockSkew, "the clocks of '" + self.name + "' and '" + hello.identity.name +
                                          "' are more than five minutes apart; set them right and connect again");
  if (hello.identity.role == Role::server && !options_.terms.writes.mayBeServer)
    return stop(ErrorCode::NotAllowed, "'" + hello.identity.name +
                                           "' has the role server, and its token grants client; give it a token of "
                                           "role server, or the database the role client");
  Agreement agreement = agree(options_.terms, hello);
  if (agreement.scope.collections && agreement.scope.collections->empty())
    return stop(ErrorCode::NotAllowed, "none of the collections asked for is granted");
  if (options_.meet)
    if (std::optional<Bye> refusal = options_.meet(hello)) return stop(refusal->code, refusal->text);
  peer_ = hello;
  agreement_ = std::move(agreement);
  const Scope& scope = agreement_.scope;
  status_.peer = hello.identity;
  status_.sending = agreement_.sends;
  status_.receiving = agreement_.receives;
  if (agreement_.sends) store_.noteReader(peer(), scope);
  if (options_.leaveOtherScopes && !agreement_.sends) store_.leaveOtherScopes(peer(), scope);
  if (!agreement_.receives) {
    receiveCatchingUp_ = false;
  } else {
    Cursor cursor = store_.cursorOn(peer().replica, scope);
    askedFrom_ = cursor.position;
    Rejected known{true, store_.setAside(peer().replica, scope, false)};
    for (const Rejection& each : known.records) setAside_[each.key] = each.why->code;
    if (!known.records.empty()) status_.reason = known.records.back().why;
    emit(encode(Subscribe{cursor, !store_.empty(), !setAside_.empty()}));
    if (!setAside_.empty()) emit(encode(known));
  }
  if (!agreement_.sends) sendCatchingUp_ = false;
  activity();
}

// Whoever waits for a barrier waits for this: nothing is left to a later moment.
void Session::onPing(const Ping& ping) {
  send();
  announceWithheld();
  emit(encode(Pong{ping.number, store_.feedEnd()}));
}

void Session::onBye(const Bye& bye) {
  status_.ended = bye;
  status_.state = SessionState::stopped;
  saveCursor();
}

// ----------------------------------------------------------------------------------------------------
// sending

// A peer that starts anew hears of everything that there is; one that sweeps also gives up what there is not.
Cursor Session::whereToStart(const Subscribe& subscribe) {
  Cursor start = store_.resolve(subscribe.cursor);
  bool fellBack = start.position < subscribe.cursor.position;
  peerSweeps_ = subscribe.hasData && start.position < horizon_ && agreement_.peerSweeps;
  // A file that was restored may hold again what it had deleted and forgotten. Where digests are compared that is found
  // out; a part begins anew.
  bool anew = fellBack && !agreement_.scope.full();
  if (agreement_.exports()) {
    const UUID& replica = peer().replica;
    const auto& [known, floor] = store_.deliveries().known(replica);
    filterNoted_ = known == filterId();
    // With another filter what it was given is gone through again. Where it was given things and it is not known which,
    // it gives up what it is not given now.
    anew |= !filterNoted_;
    bool putBack = start.position < floor;
    peerSweeps_ |= agreement_.reads.chooses() && (putBack || (subscribe.cursor.position > 0 && (!known || fellBack)));
    givenAnew_ = peerSweeps_ || (known && !filterNoted_);
    if (peerSweeps_ && agreement_.reads.chooses()) {
      store_.deliveries().forget(replica);
      filterNoted_ = false;
    } else if (known && !filterNoted_ && !known->empty()) {
      store_.deliveries().mixFilters(replica);
    }
  }
  return anew || peerSweeps_ ? Cursor{} : start;
}

std::optional<std::string> Session::filterId() const {
  return agreement_.reads.chooses() ? std::optional(agreement_.reads.filter->id) : std::nullopt;
}

// The importer's cursor has moved under this filter. Where it had moved under another one, or it sweeps, that counts at
// the end; and all cursors of before are below.
void Session::noteFilter() {
  if (filterNoted_ || !agreement_.exports() || (givenAnew_ && (sendCatchingUp_ || !inFlight_.empty()))) return;
  store_.deliveries().noteFilter(peer().replica, filterId(), givenAnew_ ? acked_.position : 0);
  filterNoted_ = true;
}

void Session::onSubscribe(const Subscribe& subscribe) {
  if (subscribed_ || !agreement_.sends) return broken("Subscribe out of place");
  subscribed_ = true;
  // Whoever has noted a reader has first put on its disk what that one had sent it.
  if (options_.leaveOtherScopes) store_.leaveOtherScopes(peer(), agreement_.scope);
  horizon_ = store_.purgeHorizon();
  if (!subscribe.rejects) store_.noteRejected(peer().replica, agreement_.scope, {true, {}});
  Cursor start = whereToStart(subscribe);
  // Deletes say nothing to whoever holds nothing. One that gets such a record elsewhere is told when it speaks of it.
  if (start.position == 0 && !subscribe.hasData && agreement_.receives && !agreement_.exports())
    deadFrom_ = store_.feedEnd();
  // At 0 everything comes that the peer has; that this end has forgotten a delete then does no harm.
  if (subscribe.hasData && start.position < horizon_ && !agreement_.peerSweeps && askedFrom_ > 0) return startOver();
  std::uint64_t from = start.position;
  bool fellBack = from < subscribe.cursor.position || from == 0;
  withholdEchoes_ = !fellBack && !peerSweeps_;
  acked_ = start;
  readTo_ = announcedTo_ = from;
  completeTo_ = start.complete;
  reach_ = std::max(start.reach, from);
  std::uint64_t end = store_.feedEnd();
  sendCatchingUp_ = from < end || peerSweeps_;
  if (!sendCatchingUp_) withholdEchoes_ = true;  // all that is read from now on is newer than what fell back
  status_.toDeliver = agreement_.reads.chooses() ? 0 : store_.ahead(from, agreement_.scope);
  emit(encode(
      Welcome{from, end, status_.toDeliver, peerSweeps_, horizon_, store_.cursorOn(peer().replica, agreement_.scope)}));
  send();
}

bool Session::sweepsFirst() const {
  Identity self = store_.identity();
  if (self.role != peer_->identity.role) return self.role == Role::client;
  return self.replica < peer_->identity.replica;
}

bool Session::maySend() const {
  if (!subscribed_) return false;
  if (!agreement_.receives) return true;
  if (!welcome_) return false;
  if (!sweep_) return true;
  return peerSweeps_ && !sweepsFirst();
}

void Session::send() {
  askAgain();
  if (settling_ || !maySend()) return;
  // A sweep has taken records away here that the peer may still hold.
  if (store_.purgeHorizon() > std::max(horizon_, acked_.position) && (agreement_.peerSweeps || agreement_.receives))
    return startOver();
  while (!stopped() && (readTo_ < store_.feedEnd() || (sendCatchingUp_ && inFlight_.empty()))) {
    if (inFlight_.size() >= kBatchesInFlight || inFlightBytes_ >= base::kInFlightBytesMax) return;
    if (inFlight_.size() >= kSmallBatchesInFlight && !sendCatchingUp_) return;
    bool crowded = !hasRoom(options_.batchBytes);
    if (crowded && wantsRoom_ > 0 && !hasRoom(wantsRoom_)) return;
    FeedQuery query{agreement_};
    query.after = readTo_;
    query.complete = completeTo_;
    query.catchingUp = sendCatchingUp_;
    query.withholdEchoes = withholdEchoes_;
    query.deadFrom = deadFrom_;
    query.bytesWanted = crowded ? kCrowdedBytes : options_.batchBytes;
    BatchWriter batch(announcedTo_);
    FeedRead read = store_.readFeed(query, batch);
    wantsRoom_ = batch.changes() > 0 && !hasRoom(batch.bytes()) ? batch.bytes() : 0;
    if (wantsRoom_ > 0) return;
    if (readTo_ == announcedTo_) withheldSinceMs_ = nowMs_;
    readTo_ = read.to;
    completeTo_ = read.complete;
    reach_ = completeTo_ == readTo_ ? readTo_ : std::max(reach_, read.reach);
    if (batch.changes() > 0 || (sendCatchingUp_ && read.atEnd)) sendBatch(batch, read.atEnd);
    if (sendCatchingUp_ && read.atEnd) {
      sendCatchingUp_ = false;
      withholdEchoes_ = true;
    }
    activity();
    if (readTo_ - announcedTo_ >= kFarBehind) announceWithheld();
  }
}

// Up to what was read.
void Session::sendBatch(const BatchWriter& batch, bool atEnd) {
  base::Bytes frame = batch.finishBatch(readTo_, atEnd, std::max(reach_, readTo_));
  inFlight_.push_back({readTo_, completeTo_, frame.size(), batch.changes()});
  inFlightBytes_ += frame.size();
  announcedTo_ = readTo_;
  if (batch.changes() > 0) comparison_.drop(nowMs_);
  emit(std::move(frame));
}

void Session::announceWithheld() {
  if (readTo_ > announcedTo_) sendBatch(BatchWriter(announcedTo_), false);
}

void Session::onAck(const Ack& ack) {
  if (inFlight_.empty() || ack.position != inFlight_.front().to) return broken("Ack for what was not sent");
  inFlightBytes_ -= inFlight_.front().bytes;
  status_.delivered += inFlight_.front().changes;
  acked_.position = inFlight_.front().to;
  acked_.complete = inFlight_.front().complete;
  inFlight_.pop_front();
  std::optional<Store::PeerFeed> its;
  if (agreement_.receives) its = {ack.feedEnd, savedTo_};
  store_.noteAcknowledged(peer(), agreement_.scope, acked_, its);
  noteFilter();
  if (std::exchange(unsent_, false)) applyHeld();
  activity();
  send();
}

void Session::onRejected(const Rejected& rejected) {
  if (!subscribed_) return broken("Rejected out of place");
  for (const Rejection& each : rejected.records) {
    if (!agreement_.scope.has(each.key.collection)) return broken("Rejected for what this link does not carry");
    if (each.why) status_.reason = each.why;
  }
  status_.refused = store_.noteRejected(peer().replica, agreement_.scope, rejected);
  verifiedAt_.reset();
  activity();
}

void Session::onNeed(const Need& need) {
  if (!subscribed_ || unanswered_) return broken("Need out of place");
  std::size_t bytesWanted = hasRoom(kRowsBytes) ? kRowsBytes : kCrowdedBytes;
  std::vector<RecordKey> gone;
  BatchWriter rows;
  for (const RecordKey& key : need.keys) {
    if (!store_.readRecord(key, agreement_, rows)) gone.push_back(key);
    if (rows.bytes() >= bytesWanted) break;  // the rest is asked for again
  }
  if (!hasRoom(rows.bytes())) {
    unanswered_ = need;
    unansweredBytes_ = rows.bytes();
    return;
  }
  emit(rows.finishRows(true, gone));
  activity();
}

// ----------------------------------------------------------------------------------------------------
// receiving

void Session::onWelcome(const Welcome& welcome) {
  if (welcome_ || !agreement_.receives) return broken("Welcome out of place");
  Cursor held = store_.cursorOn(peer().replica, agreement_.scope);
  if (welcome.sweep) {
    if (!agreement_.writes.mayErase)
      return stop(ErrorCode::NotAllowed, "'" + peer_->identity.name + "' may not make '" + store_.identity().name +
                                             "' sweep: that takes a token of role server");
    // Where a cursor on an earlier incarnation really stands only the sender can tell.
    bool behind = held.position < welcome.horizon || held.incarnation != peer().incarnation;
    if (!behind && !agreement_.imports()) return broken("a sweep that is not due");
  }
  welcome_ = welcome;
  appliedTo_ = status_.appliedTo = savedTo_ = welcome.from;
  applied_ = held;
  applied_.complete = std::min(applied_.complete, welcome.from);
  if (applied_.complete == welcome.from) applied_.reach = welcome.from;
  status_.expected = welcome.ahead;
  receiveCatchingUp_ = welcome.from < welcome.feedEnd || welcome.sweep;
  if (welcome.sweep)
    sweep_.emplace(Sweep{options_.acceptRemovals || agreement_.imports(), agreement_.journalsRemovals(), {}});
  askAll_ = !setAside_.empty();
  activity();
  send();
}

void Session::onBatch(base::ByteView frame) {
  if (!welcome_) return broken("Batch before Welcome");
  // What the window allows to be under way, and the frame that goes beyond it.
  if (heldBytes_ >= base::kInFlightBytesMax) return broken("more than may be under way");
  held_.emplace_back(frame.begin(), frame.end());
  heldBytes_ += frame.size() + kHeldOverheadBytes;
  if (needed_.empty() && retrying_.empty() && !unsent_) applyHeld();
}

void Session::applyHeld() {
  while (!held_.empty() && !stopped()) {
    if (!applyBatch(held_.front())) return;
    heldBytes_ -= held_.front().size() + kHeldOverheadBytes;
    held_.pop_front();
    answers_.clear();
    answersBytes_ = 0;
    gone_.clear();
  }
}

bool Session::applyBatch(const base::Bytes& frame) {
  std::optional<Batch> batch = decodeBatch(frame);
  if (!batch) {
    broken("a batch that cannot be read");
    return false;
  }
  if (batch->from != appliedTo_) {
    broken("a batch that does not follow the one before");
    return false;
  }
  if (batch->changes.empty() && !sweep_) {
    // Only withheld changes: the cursor is saved with the next batch, or a moment later.
    if (appliedTo_ == savedTo_) unsavedSinceMs_ = nowMs_;
    finishBatch(*batch);
    return true;
  }
  Incoming incoming = incomingFromPeer();
  incoming.changes = std::move(batch->changes);
  if (!sweep_) incoming.cursor = cursorAt(*batch);
  incoming.sweep = sweep_ ? &*sweep_ : nullptr;

  std::map<RecordKey, Change> whole;
  for (const base::Bytes& answer : answers_) {
    std::optional<Rows> rows = decodeRows(answer);
    for (const Change& change : rows->changes) whole[{std::string(change.collection), change.id}] = change;
  }
  incoming.gone = {gone_.begin(), gone_.end()};
  if (!whole.empty() || !gone_.empty()) {
    std::erase_if(incoming.changes, [&](Change& change) {
      RecordKey key{std::string(change.collection), change.id};
      auto found = whole.find(key);
      if (found != whole.end()) {
        change.complete = true;
        change.stamps = found->second.stamps;
        change.fields = found->second.fields;
      }
      return gone_.contains(key);
    });
  }

  ApplyResult result = store_.apply(incoming);
  if (!took(result)) return false;
  if (result.unsent) {
    unsent_ = true;
    return false;
  }
  if (!result.missing.empty()) {
    needed_ = {result.missing.begin(), result.missing.end()};
    askFor(needed_);
    return false;
  }
  comparison_.drop(nowMs_);
  status_.received += incoming.changes.size();
  if (!sweep_) savedTo_ = batch->to;
  finishBatch(*batch);
  return true;
}

Incoming Session::incomingFromPeer() const {
  Incoming incoming{agreement_};
  incoming.acknowledged = acked_;
  incoming.deadFrom = deadFrom_;
  return incoming;
}

Cursor Session::cursorAt(const Batch& batch) const {
  bool complete = batch.reach == batch.to;
  return {peer().incarnation, batch.to, complete ? batch.to : applied_.complete,
          complete ? batch.to : std::max(batch.reach, applied_.reach)};
}

void Session::finishBatch(const Batch& batch) {
  applied_ = cursorAt(batch);
  appliedTo_ = status_.appliedTo = batch.to;
  bool caughtUp = batch.atEnd && receiveCatchingUp_;
  if (caughtUp) {
    if (sweep_) finishSweep(batch.to);
    if (stopped()) return;
    receiveCatchingUp_ = false;
  }
  emit(encode(Ack{batch.to, store_.feedEnd()}));
  if (settling_ || caughtUp || appliedTo_ - savedTo_ >= kFarBehind) saveCursor();
  activity();
  send();
}

void Session::saveCursor() {
  if (appliedTo_ <= savedTo_ || sweep_) return;
  Incoming cursorOnly{agreement_};
  cursorOnly.cursor = applied_;
  store_.apply(cursorOnly);
  savedTo_ = appliedTo_;
}

// The peer may hold what this end has deleted and forgotten. In the next conversation one of them is told everything.
void Session::startOver() {
  if (!agreement_.peerSweeps) store_.dropCursor(peer(), agreement_.scope);
  stop(ErrorCode::Offline, "deletes that the peer may have missed are forgotten here; starting over");
}

void Session::finishSweep(std::uint64_t position) {
  Store::Swept swept =
      store_.finishSweep(peer(), agreement_.scope, *sweep_, store_.resolve(welcome_->applied), applied_);
  if (swept.refused) return stop(ErrorCode::TooManyRemovals, *swept.refused);
  // What it removed the peer does not hold either.
  if (swept.horizonBefore <= std::max(horizon_, acked_.position)) horizon_ = swept.horizonAfter;
  sweep_.reset();
  savedTo_ = position;
  askAll_ = !setAside_.empty();
}

// The first of them; the rest when these have come.
void Session::askFor(const std::set<RecordKey>& keys) {
  Need need;
  for (auto key = keys.begin(); key != keys.end() && need.keys.size() < base::kNeedKeysMax; ++key)
    need.keys.push_back(*key);
  askedTo_ = need.keys.back();
  emit(encode(need));
}

void Session::onRows(base::ByteView frame) {
  std::optional<Rows> rows = decodeRows(frame);
  if (!rows) return broken("rows that cannot be read");
  if (rows->answer ? !welcome_ : !comparable()) return broken("Rows out of place");
  activity();
  if (!rows->answer) return onRepair(std::move(rows->changes));
  bool again = !retrying_.empty();
  std::set<RecordKey>& waiting = again ? retrying_ : needed_;
  auto answers = [&](const RecordKey& key) { return !(askedTo_ < key) && waiting.erase(key) > 0; };
  bool asked = !rows->changes.empty() || !rows->gone.empty();
  for (const Change& change : rows->changes) asked = asked && answers({std::string(change.collection), change.id});
  for (const RecordKey& key : rows->gone) asked = asked && answers(key);
  if (!asked) return broken("Rows that nobody asked for");
  if (again) return retry(*rows);
  gone_.insert(rows->gone.begin(), rows->gone.end());
  answers_.emplace_back(frame.begin(), frame.end());
  answersBytes_ += frame.size();
  if (needed_.empty()) return applyHeld();
  if (answersBytes_ > kAnswersBytes && !applyAnswers()) return;
  askFor(needed_);
}

// Merges the answers that have come, ahead of the batch that they belong to.
bool Session::applyAnswers() {
  for (const base::Bytes& answer : answers_) {
    std::optional<Rows> rows = decodeRows(answer);
    Incoming incoming = incomingFromPeer();
    incoming.changes = std::move(rows->changes);
    for (Change& change : incoming.changes) change.complete = true;
    ApplyResult result = store_.apply(incoming);
    if (!took(result)) return false;
  }
  answers_.clear();
  answersBytes_ = 0;
  return true;
}

// Tells the peer what became of its records; false where the conversation has to end.
bool Session::took(ApplyResult& result) {
  if (result.refused) {
    stop(result.refused->why.code, result.refused->why.text);
    return false;
  }
  if (result.rejected.empty()) return true;
  for (const Rejection& each : result.rejected) {
    if (each.why) setAside_[each.key] = each.why->code;
    if (!each.why) setAside_.erase(each.key);
    if (each.why) status_.reason = each.why;
  }
  if (result.retryInMs) {
    std::int64_t at = nowMs_ + std::max(*result.retryInMs, kRetryMsMin);
    if (*result.retryInMs <= kRetryMsMax) retryAtMs_ = std::min(retryAtMs_.value_or(at), at);
  }
  verifiedAt_.reset();
  emit(encode(Rejected{false, std::move(result.rejected)}));
  return true;
}

// One question at a time, and none in a sweep: it brings everything in any case.
bool Session::mayAskAgain() const {
  return welcome_ && !settling_ && !sweep_ && needed_.empty() && retrying_.empty() && held_.empty();
}

// For everything at the beginning; then for what may be taken now.
void Session::askAgain() {
  if (setAside_.empty() || stopped() || !mayAskAgain()) return;
  bool all = std::exchange(askAll_, false), due = retryAtMs_ && nowMs_ >= *retryAtMs_;
  std::uint64_t changes = std::exchange(changedAside_, store_.changedAside());
  if (all || due) retryAtMs_.reset();
  for (const auto& [key, code] : setAside_)
    if (all || (due && code == ErrorCode::ClockSkew)) retrying_.insert(key);
  if (!all && changes != changedAside_)
    for (Rejection& each : store_.setAside(peer().replica, agreement_.scope, true))
      retrying_.insert(std::move(each.key));
  if (!retrying_.empty()) askFor(retrying_);
}

void Session::retry(Rows& rows) {
  Incoming again = incomingFromPeer();
  again.changes = std::move(rows.changes);
  for (Change& change : again.changes) change.complete = true;
  again.gone = std::move(rows.gone);
  again.cursor = applied_;
  ApplyResult result = store_.apply(again);
  if (!took(result)) return;
  savedTo_ = appliedTo_;
  if (!retrying_.empty()) return askFor(retrying_);
  applyHeld();
  send();
}

// ----------------------------------------------------------------------------------------------------
// rest

bool Session::atRest() const {
  return comparable() && setAside_.empty() && status_.refused == 0 && retrying_.empty() && !sendCatchingUp_ &&
         !receiveCatchingUp_ && inFlight_.empty() && held_.empty() && readTo_ == store_.feedEnd();
}

void Session::sendDigest() {
  if (digestSentAt_ == here()) return;
  digestSentAt_ = here();
  emit(encode(DigestFrame{store_.feedEnd(), appliedTo_, store_.digests()}));
}

std::int64_t Session::digestDueMs() const {
  return std::max(lastActivityMs_ + options_.digestDelayMs, comparison_.pausedUntilMs());
}

void Session::onDigest(const DigestFrame& theirs) {
  // The two ends speak of the same state only if nothing has moved on either since. Of one state once is enough.
  if (!atRest() || theirs.feedEnd != appliedTo_ || theirs.applied != store_.feedEnd() || digestReadAt_ == here())
    return;
  digestReadAt_ = here();
  std::vector<DigestLine> mine = store_.digests();
  if (mine == theirs.collections) {
    verifiedAt_ = here();
    return comparison_.foundEqual(nowMs_);
  }
  sendDigest();  // the peer has to hear of it before anything moves
  comparison_.begin(mine, theirs.collections, nowMs_);
}

void Session::onBuckets(const Buckets& theirs) {
  if (!comparable() || !comparison_.onBuckets(theirs, nowMs_)) return broken("Buckets out of place");
  activity();
}

void Session::onInventory(const Inventory& theirs) {
  if (!comparable() || !comparison_.onInventory(theirs, nowMs_)) return broken("Inventory out of place");
  activity();
}

void Session::onRepair(std::vector<Change> changes) {
  for (const Change& change : changes)
    if (!comparison_.expects({std::string(change.collection), change.id})) return broken("Rows that nobody asked for");
  Incoming repair{agreement_};
  repair.repair = true;
  repair.changes = std::move(changes);
  repair.acknowledged = acked_;
  ApplyResult result = store_.apply(repair);
  if (took(result)) send();
}

void Session::updateState() {
  if (stopped()) return;
  // What was withheld is with the peer already.
  status_.acknowledgedTo = inFlight_.empty() && subscribed_ && !sendCatchingUp_ ? readTo_ : acked_.position;
  bool known =
      peer_.has_value() && (receiveCatchingUp_ ? welcome_.has_value() : true) && (!agreement_.sends || subscribed_);
  status_.state = !known                                  ? SessionState::connecting
                  : receiveCatchingUp_ || sendCatchingUp_ ? SessionState::catchingUp
                                                          : SessionState::live;
  status_.verified = verifiedAt_ == here();
  status_.setAside = setAside_.size();
  if (status_.setAside + status_.refused == 0) status_.reason.reset();
}

}  // namespace blazedb::sync
