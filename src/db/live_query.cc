#include "db/live_query.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace blazedb {

void QueryUpdate::applyTo(std::vector<Record>& result) const {
  if (isFirst) result.clear();
  std::vector<bool> leaves(result.size());
  for (const Removed& each : removed) leaves.at(each.index) = true;
  for (const Moved& each : moved) leaves.at(each.from) = true;
  std::vector<Record> now;
  now.reserve(count);
  std::size_t nextOld = 0, nextInserted = 0, nextMoved = 0;
  while (now.size() < count) {
    if (nextInserted < inserted.size() && inserted[nextInserted].index == now.size()) {
      now.push_back(inserted[nextInserted++].record);
    } else if (nextMoved < moved.size() && moved[nextMoved].to == now.size()) {
      now.push_back(moved[nextMoved++].record);
    } else {
      while (leaves.at(nextOld)) nextOld++;
      now.push_back(std::move(result[nextOld++]));
    }
  }
  for (const Placed& each : changed) now.at(each.index) = each.record;
  result = std::move(now);
}

namespace db {

namespace {

std::uint64_t contentOf(base::ByteView fields) { return std::hash<std::string_view>()(base::textOf(fields)); }

}  // namespace

std::vector<Seen> since(std::uint64_t era, const std::vector<Seen>& all) {
  std::vector<Seen> some;
  std::map<UUID, std::size_t> places;
  for (const Seen& each : all) {
    if (each.era < era) continue;
    auto [place, isNew] = places.try_emplace(each.id, some.size());
    if (isNew)
      some.push_back(each);
    else
      some[place->second].peer = each.peer;
  }
  return some;
}

std::size_t LiveQuery::Hash::operator()(const UUID& id) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

std::optional<QueryUpdate> LiveQuery::follow(const Snapshot& snapshot, Date now, std::span<const Seen> touched) {
  plan_.at = {&snapshot, now};
  Scan scan(plan_);
  std::vector<Candidate> candidates;
  if (plan_.limit || plan_.offset > 0) {
    if (std::none_of(touched.begin(), touched.end(), [&](const Seen& each) { return mayAffect(scan, each); }))
      return std::nullopt;
    QueryUpdate update = run(snapshot, now, touched);
    bool isSame = update.removed.empty() && update.inserted.empty() && update.changed.empty() && update.moved.empty();
    return isSame ? std::nullopt : std::optional(std::move(update));
  }
  for (const Seen& each : touched) {
    Candidate candidate{each.id, std::nullopt, {}, each.peer};
    auto member = members_.find(each.id);
    if (each.fields && scan.takes(each.id, *each.fields))
      candidate.now = {scan.keyOf(each.id, *each.fields), contentOf(*each.fields)};
    if (!candidate.now && member == members_.end()) continue;
    if (candidate.now && member != members_.end() && candidate.now->content == member->second.content) continue;
    if (candidate.now) candidate.fields = *each.fields;
    candidates.push_back(std::move(candidate));
  }
  if (candidates.empty()) return std::nullopt;
  return take(std::move(candidates));
}

// What was before the offset is not known, so any change of the collection may shift the result.
bool LiveQuery::mayAffect(Scan& scan, const Seen& record) const {
  if (plan_.offset > 0 || members_.contains(record.id)) return true;
  if (!record.fields || !scan.takes(record.id, *record.fields)) return false;
  return order_.size() < plan_.limit.value_or(0) ||
         (!order_.empty() && scan.keyOf(record.id, *record.fields) < order_.back()->second.key);
}

QueryUpdate LiveQuery::run(const Snapshot& snapshot, Date now, std::span<const Seen> touched) {
  plan_.at = {&snapshot, now};
  Scan scan(plan_);
  std::unordered_map<UUID, std::optional<UUID>, Hash> peers;
  for (const Seen& each : touched) peers[each.id] = each.peer;
  auto peerOf = [&](const UUID& id) {
    auto found = peers.find(id);
    return found == peers.end() ? std::nullopt : found->second;
  };
  std::vector<Candidate> candidates;
  std::unordered_map<UUID, bool, Hash> stays;
  scan.inOrder([&](const Found& each) {
    stays[each.id] = true;
    std::uint64_t content = contentOf(each.fields);
    auto member = members_.find(each.id);
    if (member != members_.end() && member->second.content == content) return;
    candidates.push_back({each.id,
                          Member{scan.keyOf(each.id, each.fields), content},
                          {each.fields.begin(), each.fields.end()},
                          peerOf(each.id)});
  });
  for (const auto& [id, member] : members_)
    if (!stays.contains(id)) candidates.push_back({id, std::nullopt, {}, peerOf(id)});
  return take(std::move(candidates));
}

std::size_t LiveQuery::placeOf(const base::Bytes& key) const {
  auto place = std::lower_bound(order_.begin(), order_.end(), key,
                                [](const auto* member, const base::Bytes& k) { return member->second.key < k; });
  return static_cast<std::size_t>(place - order_.begin());
}

// Makes `order_` what it is now, and says how it differs.
QueryUpdate LiveQuery::take(std::vector<Candidate> candidates) {
  QueryUpdate update;
  std::vector<std::size_t> leaving;
  std::vector<const Members::value_type*> entering;
  std::vector<Members::iterator> gone;
  struct Resorted {
    std::size_t from = 0;
    const Members::value_type* member = nullptr;
    const Candidate* candidate = nullptr;
  };
  std::vector<Resorted> resorted;
  std::vector<std::pair<const Members::value_type*, const Candidate*>> inserted, changed;
  for (Candidate& candidate : candidates) {
    auto member = members_.find(candidate.id);
    bool was = member != members_.end();
    std::size_t from = was ? placeOf(member->second.key) : 0;
    if (!candidate.now) {
      update.removed.push_back({from, candidate.id, candidate.peer});
      leaving.push_back(from);
      gone.push_back(member);
    } else if (!was) {
      member = members_.emplace(candidate.id, std::move(*candidate.now)).first;
      entering.push_back(&*member);
      inserted.emplace_back(&*member, &candidate);
    } else if (member->second.key == candidate.now->key) {
      member->second.content = candidate.now->content;
      changed.emplace_back(&*member, &candidate);
    } else {
      leaving.push_back(from);
      entering.push_back(&*member);
      resorted.push_back({from, &*member, &candidate});
    }
  }
  removeAt(std::move(leaving));
  for (Resorted& each : resorted) members_.find(each.candidate->id)->second = std::move(*each.candidate->now);
  for (Members::iterator each : gone) members_.erase(each);
  insert(std::move(entering));

  auto record = [&](const Candidate& candidate) { return plan_.shown(candidate.id, candidate.fields); };
  for (const auto& [member, candidate] : inserted)
    update.inserted.push_back({placeOf(member->second.key), record(*candidate), candidate->peer});
  for (const auto& [member, candidate] : changed)
    update.changed.push_back({placeOf(member->second.key), record(*candidate), candidate->peer});
  auto byIndex = [](const auto& a, const auto& b) { return a.index < b.index; };
  std::sort(update.removed.begin(), update.removed.end(), byIndex);
  std::sort(update.inserted.begin(), update.inserted.end(), byIndex);

  // Records that are sorted by other values now, but stay in their places among those that were there before, have not
  // moved. If one of them has, it may have passed the others: all are told as moved.
  auto rank = [&](std::size_t index, const auto& others) {
    auto before = std::lower_bound(others.begin(), others.end(), index,
                                   [](const auto& other, std::size_t i) { return other.index < i; });
    return index - static_cast<std::size_t>(before - others.begin());
  };
  bool anyMoved = std::any_of(resorted.begin(), resorted.end(), [&](const Resorted& each) {
    return rank(each.from, update.removed) != rank(placeOf(each.member->second.key), update.inserted);
  });
  for (const Resorted& each : resorted) {
    std::size_t to = placeOf(each.member->second.key);
    if (anyMoved)
      update.moved.push_back({each.from, to, record(*each.candidate), each.candidate->peer});
    else
      update.changed.push_back({to, record(*each.candidate), each.candidate->peer});
  }
  std::sort(update.changed.begin(), update.changed.end(), byIndex);
  std::sort(update.moved.begin(), update.moved.end(), [](const auto& a, const auto& b) { return a.to < b.to; });
  update.count = order_.size();
  return update;
}

void LiveQuery::removeAt(std::vector<std::size_t> places) {
  if (places.empty()) return;
  std::sort(places.begin(), places.end());
  auto at = [&](std::size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
  auto to = at(places.front());
  for (std::size_t i = 0; i < places.size(); i++)
    to = std::move(at(places[i] + 1), i + 1 < places.size() ? at(places[i + 1]) : order_.end(), to);
  order_.erase(to, order_.end());
}

void LiveQuery::insert(std::vector<const Members::value_type*> members) {
  auto isBefore = [](const auto* a, const auto* b) { return a->second.key < b->second.key; };
  std::sort(members.begin(), members.end(), isBefore);
  auto middle = static_cast<std::ptrdiff_t>(order_.size());
  if (members.size() == 1) {  // the usual case, without the memory that a merge takes
    auto place = static_cast<std::ptrdiff_t>(placeOf(members.front()->second.key));
    order_.insert(order_.begin() + place, members.front());
    return;
  }
  order_.insert(order_.end(), members.begin(), members.end());
  std::inplace_merge(order_.begin(), order_.begin() + middle, order_.end(), isBefore);
}

}  // namespace db
}  // namespace blazedb
