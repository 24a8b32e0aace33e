// In the order of a conversation: Subscribe and Welcome, batches, whole records (Need and its answers), and records
// that were set aside.
#include "sync/receiver.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"

namespace blazedb::sync {
namespace {

constexpr std::int64_t kSaveCursorDelayMs = 200;
// The receiver asks again for a record that is dated ahead: after kRetryMsMin at the earliest, and in the next
// conversation if that takes longer than kRetryMsMax.
constexpr std::int64_t kRetryMsMin = 1000;
constexpr std::int64_t kRetryMsMax = std::int64_t{24} * 60 * 60 * 1000;
// Beyond this the receiver merges answers to Need before the batch that waits for them is complete.
constexpr std::size_t kAnswersBytes = 8u << 20;
// The memory that a held frame takes beside its bytes.
constexpr std::size_t kHeldOverheadBytes = 64;

RecordKey keyOf(const Change& change) { return {std::string(change.collection), change.id}; }

}  // namespace

void Receiver::begin() {
  if (!end_.agreement.receives) {
    catchingUp_ = false;
    return;
  }
  const UUID& peer = end_.peer().replica;
  const Scope& scope = end_.agreement.scope;
  Cursor cursor = end_.store.cursorOn(peer, scope);
  askedFrom_ = cursor.position;
  Rejected known{true, end_.store.setAside(peer, scope, false)};
  for (const Rejection& each : known.records) setAside_[each.key] = each.why->code;
  if (!known.records.empty()) setAsideWhy_ = known.records.back().why;
  bool hasData = end_.agreement.seals() || !end_.store.empty();  // the peer may not see everything here
  end_.say(encode(Subscribe{cursor, hasData, !setAside_.empty()}));
  if (!setAside_.empty()) end_.say(encode(known));
}

void Receiver::onWelcome(const Welcome& welcome) {
  const Agreement& agreement = end_.agreement;
  if (welcome_ || !agreement.receives) return end_.broken("Welcome out of place");
  if (welcome.from > askedFrom_) return end_.broken("a start beyond the one that was asked for");
  Cursor held = end_.store.cursorOn(end_.peer().replica, agreement.scope);
  if (welcome.sweep) {
    if (!agreement.writes.mayErase)
      return end_.stop(ErrorCode::NotAllowed, "'" + end_.status.peer->name + "' may not make '" +
                                                  end_.store.identity().name +
                                                  "' sweep: that takes a token of role server");
    // Only the sender can tell where a cursor on an earlier incarnation really stands.
    bool behind = held.position < welcome.horizon || held.incarnation != end_.peer().incarnation;
    if (!behind && !agreement.imports()) return end_.broken("a sweep that is not due");
  }
  // Before a peer says Welcome it notes this end as a reader, and that puts on its disk whatever this end sent earlier.
  if (end_.options.leaveOtherScopes) end_.store.leaveOtherScopes(end_.peer(), agreement.scope);
  welcome_ = welcome;
  appliedTo_ = end_.status.appliedTo = savedTo_ = welcome.from;
  // The sender may start before what this end holds: it has lost commits, or everything comes again.
  std::uint64_t complete = std::min(held.complete, welcome.from);
  std::uint64_t reach = complete == welcome.from ? welcome.from : std::max(held.reach, welcome.from);
  applied_ = {end_.peer().incarnation, welcome.from, complete, reach, std::nullopt};
  if (held.place && welcome.from == held.position) applied_ = held;  // a place belongs to its incarnation
  end_.status.expected = welcome.ahead;
  if (welcome.teamsRefused > 0)
    aboutTeams_ = Bye{ErrorCode::PermissionDenied,
                      "nothing comes of " + std::to_string(welcome.teamsRefused) +
                          " of the teams that this database asks for: its user is not in them, and what came of them "
                          "has left; ask for others (SyncPolicy::teams, blazedb sync --teams), or ask the operator of "
                          "the hub"};
  catchingUp_ = welcome.from < welcome.feedEnd || welcome.sweep;
  if (welcome.sweep)
    sweep_.emplace(Sweep{end_.options.acceptRemovals || agreement.imports(), agreement.journalsRemovals(),
                         end_.store.resolve(welcome.applied), agreement.sends || !agreement.imports()});
  askAll_ = !setAside_.empty();
  end_.activity();
}

// ----------------------------------------------------------------------------------------------------
// batches

void Receiver::onBatch(base::ByteView frame) {
  if (!welcome_) return end_.broken("Batch before Welcome");
  // The sender may fill the window and go beyond it by one frame.
  if (heldBytes_ >= base::kInFlightBytesMax) return end_.broken("more than may be under way");
  held_.emplace_back(frame.begin(), frame.end());
  heldBytes_ += frame.size() + kHeldOverheadBytes;
}

bool Receiver::mergeNext() {
  if (end_.stopped() || held_.empty() || waits() || !merge(held_.front())) return false;
  heldBytes_ -= held_.front().size() + kHeldOverheadBytes;
  held_.pop_front();
  forgetAnswers();
  gone_.clear();
  return true;
}

bool Receiver::merge(const base::Bytes& frame) {
  std::optional<Batch> batch = decodeBatch(frame);
  if (!batch) {
    end_.broken("a batch that cannot be read");
    return false;
  }
  if (batch->from != appliedTo_) {
    end_.broken("a batch that does not follow the one before");
    return false;
  }
  if (batch->changes.empty() && !sweep_) {
    // The batch only moves the cursor: it is saved with the next batch, or a moment later.
    if (appliedTo_ == savedTo_) unsavedSinceMs_ = end_.nowMs;
    finishBatch(*batch);
    return true;
  }
  Incoming incoming = incomingFromPeer();
  incoming.changes = std::move(batch->changes);
  if (!sweep_) incoming.cursor = cursorAt(*batch);
  incoming.sweep = sweep_ ? &*sweep_ : nullptr;
  fillIn(incoming);

  ApplyResult result = end_.store.apply(incoming);
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
  rest_.disturb();
  end_.status.received += incoming.changes.size();
  if (!sweep_) savedTo_ = batch->to;
  finishBatch(*batch);
  return true;
}

// Replaces the parts in the batch by the whole records that have come, and drops those that the peer no longer holds.
void Receiver::fillIn(Incoming& incoming) const {
  std::map<RecordKey, Change> whole;
  for (const base::Bytes& answer : answers_) {
    std::optional<Rows> rows = decodeRows(answer);
    for (const Change& change : rows->changes) whole[keyOf(change)] = change;
  }
  incoming.gone = {gone_.begin(), gone_.end()};
  if (whole.empty() && gone_.empty()) return;
  std::erase_if(incoming.changes, [&](Change& change) {
    RecordKey key = keyOf(change);
    auto found = whole.find(key);
    if (found != whole.end()) {
      change.complete = true;
      change.stamps = found->second.stamps;
      change.fields = found->second.fields;
    }
    return gone_.contains(key);
  });
}

Incoming Receiver::incomingFromPeer() const {
  Incoming incoming{end_.agreement};
  incoming.acknowledged = sender_.acknowledged();
  incoming.deadFrom = sender_.deadFrom();
  incoming.refused = refused_;
  return incoming;
}

Cursor Receiver::cursorAt(const Batch& batch) const {
  bool complete = batch.reach == batch.to;
  return {end_.peer().incarnation, batch.to, complete ? batch.to : applied_.complete,
          complete ? batch.to : std::max(batch.reach, applied_.reach), batch.place};
}

void Receiver::finishBatch(const Batch& batch) {
  applied_ = cursorAt(batch);
  appliedTo_ = end_.status.appliedTo = batch.to;
  bool caughtUp = batch.atEnd && catchingUp_;
  if (caughtUp) {
    if (sweep_) finishSweep(batch.to);
    if (end_.stopped()) return;
    catchingUp_ = false;
  }
  std::uint64_t end = sender_.endForPeer(true).value_or(kPositionMax);
  if (end_.stopped()) return;
  end_.say(encode(Ack{batch.to, end}));
  if (end_.settling || caughtUp || appliedTo_ - savedTo_ >= kFarBehind) saveCursor();
  end_.activity();
}

void Receiver::finishSweep(std::uint64_t position) {
  for (const auto& [key, why] : refused_) sweep_->refused.insert(key);
  Store::Swept swept = end_.store.finishSweep(end_.peer(), end_.agreement.scope, *sweep_, applied_);
  if (swept.refused) return end_.stop(ErrorCode::TooManyRemovals, *swept.refused);
  sender_.horizonRaised(swept.horizonBefore, swept.horizonAfter);
  sweep_.reset();
  savedTo_ = position;
  askAll_ = !setAside_.empty();
}

void Receiver::saveCursor() {
  if (appliedTo_ <= savedTo_ || sweep_) return;
  Incoming cursorOnly{end_.agreement};
  cursorOnly.cursor = applied_;
  end_.store.apply(cursorOnly);
  savedTo_ = appliedTo_;
}

void Receiver::saveCursorIfDue() {
  if (end_.nowMs >= unsavedSinceMs_ + kSaveCursorDelayMs) saveCursor();
}

std::optional<std::int64_t> Receiver::nextTickMs() const {
  std::optional<std::int64_t> next;
  if (appliedTo_ > savedTo_ && !sweep_) next = unsavedSinceMs_ + kSaveCursorDelayMs;
  if (retryAtMs_ && !setAside_.empty() && mayAskAgain()) next = std::min(next.value_or(*retryAtMs_), *retryAtMs_);
  return next;
}

// ----------------------------------------------------------------------------------------------------
// whole records

// Asks for the first kNeedKeysMax of `keys`. The receiver asks for the others when these have come.
void Receiver::askFor(const std::set<RecordKey>& keys) {
  Need need;
  for (auto key = keys.begin(); key != keys.end() && need.keys.size() < base::kNeedKeysMax; ++key)
    need.keys.push_back(*key);
  askedTo_ = need.keys.back();
  end_.say(encode(need));
}

bool Receiver::onAnswer(Rows& rows, base::ByteView frame) {
  bool again = askingAgain();
  std::set<RecordKey>& waiting = again ? retrying_ : needed_;
  auto answers = [&](const RecordKey& key) { return !(askedTo_ < key) && waiting.erase(key) > 0; };
  bool asked = !rows.changes.empty() || !rows.gone.empty();
  for (const Change& change : rows.changes) asked = asked && answers(keyOf(change));
  for (const RecordKey& key : rows.gone) asked = asked && answers(key);
  if (!asked) {
    end_.broken("Rows that nobody asked for");
    return false;
  }
  gone_.insert(rows.gone.begin(), rows.gone.end());
  answers_.emplace_back(frame.begin(), frame.end());
  answersBytes_ += frame.size();
  if (again && (waiting.empty() || answersBytes_ > kAnswersBytes)) {
    if (!retry()) return false;
  } else if (!waiting.empty() && answersBytes_ > kAnswersBytes) {
    if (!mergeAnswers()) return false;
  }
  if (waiting.empty()) return true;
  askFor(waiting);
  return false;
}

// Merges the answers that have come, before the batch that waits for them.
bool Receiver::mergeAnswers() {
  for (const base::Bytes& answer : answers_) {
    std::optional<Rows> rows = decodeRows(answer);
    Incoming incoming = incomingFromPeer();
    incoming.changes = std::move(rows->changes);
    for (Change& change : incoming.changes) change.complete = change.endsTransaction = true;
    ApplyResult result = end_.store.apply(incoming);
    if (!took(result)) return false;
  }
  forgetAnswers();
  return true;
}

void Receiver::forgetAnswers() {
  answers_.clear();
  answersBytes_ = 0;
}

bool Receiver::repair(std::vector<Change> changes) {
  Incoming repair{end_.agreement};
  repair.repair = true;
  repair.changes = std::move(changes);
  repair.acknowledged = sender_.acknowledged();
  ApplyResult result = end_.store.apply(repair);
  return took(result);
}

// ----------------------------------------------------------------------------------------------------
// what was set aside

// Tells the peer which of its records were set aside or taken after all. Returns false if the conversation has to end.
bool Receiver::took(ApplyResult& result) {
  if (result.refused) {
    end_.stop(result.refused->why.code, result.refused->why.text);
    return false;
  }
  for (const RecordKey& key : result.replaced) refused_.erase(key);
  askDenied_ = askDenied_ || result.askDenied;
  if (!result.replaced.empty() || result.gaveBack)
    end_.noteRefused(end_.store.noteRejected(end_.peer().replica, end_.agreement.scope, {}, true));
  if (result.gaveBack) end_.status.gaveBackTo = end_.store.feedEnd();
  if (result.rejected.empty()) return true;
  for (const Rejection& each : result.rejected) {
    auto known = setAside_.find(each.key);
    // The others of its transaction may be taken now.
    if (!each.why && known != setAside_.end() && known->second == ErrorCode::PermissionDenied) askDenied_ = true;
    if (each.why) setAside_[each.key] = each.why->code;
    if (!each.why) setAside_.erase(each.key);
    if (each.why) setAsideWhy_ = each.why;
  }
  if (result.retryInMs) {
    std::int64_t at = end_.nowMs + std::max(*result.retryInMs, kRetryMsMin);
    if (*result.retryInMs <= kRetryMsMax) retryAtMs_ = std::min(retryAtMs_.value_or(at), at);
  }
  rest_.unverify();
  end_.say(encode(Rejected{false, std::move(result.rejected)}));
  return true;
}

std::optional<Bye> Receiver::why() const {
  if (!refused_.empty()) return refused_.rbegin()->second;
  if (end_.refusedWhy) return end_.refusedWhy;
  return setAside_.empty() ? std::nullopt : setAsideWhy_;
}

// One question at a time. A sweep brings everything, so the receiver asks for nothing meanwhile.
bool Receiver::mayAskAgain() const {
  return welcome_ && !end_.settling && !sweep_ && needed_.empty() && retrying_.empty() && held_.empty();
}

void Receiver::replace(std::vector<Rejection> refused) {
  for (Rejection& each : refused)
    if (refused_.size() < base::kRejectedMax) refused_[std::move(each.key)] = std::move(*each.why);
  replacesNow_ = true;
}

// Asks for everything that is set aside at the beginning, and later for records whose time has come or whose copy here
// has changed; and for what takes the place of refused changes.
void Receiver::askAgain() {
  if ((setAside_.empty() && refused_.empty()) || end_.stopped() || !mayAskAgain()) return;
  if (std::exchange(replacesNow_, false))
    for (const auto& [key, why] : refused_) retrying_.insert(key);
  bool all = std::exchange(askAll_, false), due = retryAtMs_ && end_.nowMs >= *retryAtMs_;
  bool denied = std::exchange(askDenied_, false);
  std::uint64_t changes = std::exchange(changedAside_, end_.store.changedAside());
  if (all || due) retryAtMs_.reset();
  for (const auto& [key, code] : setAside_)
    if (all || (due && code == ErrorCode::ClockSkew) || (denied && code == ErrorCode::PermissionDenied))
      retrying_.insert(key);
  if (!all && changes != changedAside_)
    for (Rejection& each : end_.store.setAside(end_.peer().replica, end_.agreement.scope, true))
      retrying_.insert(std::move(each.key));
  if (!retrying_.empty()) askFor(retrying_);
}

// Merges what has come of the records that were asked for again. Returns false if the conversation has to end.
bool Receiver::retry() {
  Incoming again = incomingFromPeer();
  for (const base::Bytes& answer : answers_) {
    std::optional<Rows> rows = decodeRows(answer);
    again.changes.insert(again.changes.end(), rows->changes.begin(), rows->changes.end());
  }
  for (Change& change : again.changes) change.complete = true;
  again.gone = {gone_.begin(), gone_.end()};
  again.cursor = applied_;
  again.again = true;
  ApplyResult result = end_.store.apply(again);
  if (!took(result)) return false;
  forgetAnswers();
  gone_.clear();
  savedTo_ = appliedTo_;
  return true;
}

}  // namespace blazedb::sync
