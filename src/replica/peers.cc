#include "replica/peers.h"

#include <algorithm>

namespace blazedb::replica {

Peers::State::Known* Peers::State::find(const sync::Scope& scope) {
  auto found = std::find_if(readings.begin(), readings.end(), [&](const Known& each) { return each.scope == scope; });
  return found == readings.end() ? nullptr : &*found;
}

Peers::State::Known* Peers::find(const UUID& peer, const sync::Scope& scope) {
  auto known = peers_.find(peer);
  return known == peers_.end() ? nullptr : known->second.find(scope);
}

void Peers::load(Reader& rows, std::int64_t nowMs) {
  base::Lock lock(mutex_);
  for (const sync::Peer& reader : rows.readers()) {
    State& peer = peers_[reader.replica];
    peer.incarnation = reader.incarnation;
    peer.saved = true;
    for (Reading& reading : rows.readingsOf(reader.replica)) {
      if (!reading.seenMs) continue;
      acknowledgedByAny_ = std::max(acknowledgedByAny_.load(), reading.acknowledged.complete);
      static_cast<Reading&>(peer.readings.emplace_back()) = std::move(reading);
    }
  }
  any_ = leastPassed(nowMs).has_value();
}

Peers::Save Peers::note(const sync::Peer& peer, const sync::Scope& scope, std::uint64_t position, std::int64_t nowMs) {
  base::Lock lock(mutex_);
  State& state = peers_[peer.replica];
  State::Known* reading = state.find(scope);
  bool isNew = reading == nullptr;
  if (isNew) {
    reading = &state.readings.emplace_back();
    reading->scope = scope;
  }
  reading->seenMs = nowMs;
  reading->passed = std::min(reading->passed, position);
  reading->candidate = std::min(reading->candidate, position);
  state.saved = false;
  any_ = true;
  if (state.readings.size() > 1) return Save::synced;
  return isNew ? Save::now : Save::later;
}

void Peers::noteSeen(const sync::Peer& peer, const sync::Scope& scope, std::int64_t nowMs) {
  base::Lock lock(mutex_);
  State::Known* reading = find(peer.replica, scope);
  if (!reading || nowMs - *reading->seenMs < retentionMs_ / 8) return;
  reading->seenMs = nowMs;
  peers_[peer.replica].saved = false;
  any_ = true;
}

void Peers::noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                             const std::optional<sync::Store::PeerFeed>& its, std::int64_t nowMs) {
  base::Lock lock(mutex_);
  State& state = peers_[peer.replica];
  if (state.incarnation != peer.incarnation) {
    // What an earlier incarnation had passed may have been taken back since, in any scope.
    for (State::Known& each : state.readings) each.passed = each.candidate = 0;
    state.incarnation = peer.incarnation;
  }
  State::Known* reading = state.find(scope);
  if (!reading) return;  // the scope has been left meanwhile
  state.saved = false;
  reading->seenMs = nowMs;
  reading->acknowledged = cursor;
  if (reading->candidate == 0) {
    reading->candidate = cursor.position;
    reading->waitingFor = its ? its->end : 0;
  } else if (its && reading->waitingFor == sync::kPositionMax) {
    reading->waitingFor = its->end;  // the peer could not say then
  }
  if (!its || its->applied >= reading->waitingFor) {
    reading->passed = reading->candidate;
    reading->candidate = 0;
  }
  if (cursor.complete > acknowledgedByAny_) acknowledgedByAny_ = cursor.complete;
}

void Peers::noteClockSetBack(std::int64_t nowMs) {
  base::Lock lock(mutex_);
  for (auto& [id, peer] : peers_) {
    for (State::Known& reading : peer.readings) reading.seenMs = std::min(*reading.seenMs, nowMs);
    peer.saved = false;
  }
}

std::optional<std::uint64_t> Peers::leastPassed(std::int64_t nowMs) const {
  std::optional<std::uint64_t> least;
  for (const auto& [id, peer] : peers_) {
    for (const State::Known& reading : peer.readings) {
      if (*reading.seenMs + retentionMs_ < nowMs) continue;  // no longer known
      least = std::min(least.value_or(reading.passed), reading.passed);
    }
  }
  return least;
}

std::optional<std::uint64_t> Peers::passedByAll(std::int64_t nowMs) {
  base::Lock lock(mutex_);
  std::optional<std::uint64_t> least = leastPassed(nowMs);
  any_ = least.has_value();
  return least;
}

Forgettable Peers::forgettable(std::int64_t nowMs) {
  return {passedByAll(nowMs).value_or(sync::kPositionMax), sync::HybridClock::fromWall(nowMs - retentionMs_),
          removedFieldsKept_};
}

bool Peers::isSameIncarnation(const sync::Peer& peer) const {
  base::Lock lock(mutex_);
  auto known = peers_.find(peer.replica);
  return known != peers_.end() && known->second.incarnation == peer.incarnation;
}

std::uint64_t Peers::acknowledgedTo(const UUID& peer, const sync::Scope& scope) const {
  base::Lock lock(mutex_);
  auto known = peers_.find(peer);
  if (known == peers_.end()) return 0;
  std::uint64_t position = 0;
  for (const State::Known& reading : known->second.readings)
    if (sync::isWithin(scope, reading.scope)) position = std::max(position, reading.acknowledged.position);
  return position;
}

std::optional<sync::Scope> Peers::latestScope(const UUID& peer) const {
  base::Lock lock(mutex_);
  auto known = peers_.find(peer);
  if (known == peers_.end() || known->second.readings.empty()) return std::nullopt;
  const std::vector<State::Known>& readings = known->second.readings;
  return std::max_element(readings.begin(), readings.end(),
                          [](const State::Known& a, const State::Known& b) { return a.seenMs < b.seenMs; })
      ->scope;
}

void Peers::forget(const UUID& peer) {
  base::Lock lock(mutex_);
  peers_.erase(peer);
}

void Peers::forgetOtherScopes(const UUID& peer, const std::optional<sync::Scope>& except) {
  base::Lock lock(mutex_);
  auto known = peers_.find(peer);
  if (known != peers_.end())
    std::erase_if(known->second.readings, [&](const State::Known& each) { return each.scope != except; });
}

bool Peers::forgetUnseen(const Unseen& unseen) {
  base::Lock lock(mutex_);
  auto known = peers_.find(unseen.peer);
  State::Known* reading = known == peers_.end() ? nullptr : known->second.find(unseen.scope);
  if (!reading) return true;
  if (*reading->seenMs > unseen.seenMs) return false;
  std::erase_if(known->second.readings, [&](const State::Known& each) { return each.scope == unseen.scope; });
  if (known->second.readings.empty()) peers_.erase(known);
  return true;
}

void Peers::forgetAll() {
  base::Lock lock(mutex_);
  peers_.clear();
  any_ = false;
}

bool Peers::unsaved() const {
  base::Lock lock(mutex_);
  return std::any_of(peers_.begin(), peers_.end(), [](const auto& entry) { return !entry.second.saved; });
}

void Peers::save(Writer& rows) {
  base::Lock lock(mutex_);
  for (auto& [id, peer] : peers_) {
    if (peer.saved) continue;
    rows.setReader({id, peer.incarnation});
    for (const State::Known& reading : peer.readings) rows.setReading(id, reading);
    peer.saved = true;
  }
}

void Peers::saveAgain() {
  base::Lock lock(mutex_);
  for (auto& [id, peer] : peers_) peer.saved = false;
}

}  // namespace blazedb::replica
