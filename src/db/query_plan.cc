#include "db/query_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "db/engine.h"
#include "query/sort_key.h"

namespace blazedb::db {

namespace {

constexpr std::uint64_t kBetweenLooks = 256;  // records between two calls of a Progress

}  // namespace

std::shared_ptr<const query::Bound> bound(const std::string& expression, const Object& parameters) {
  return std::make_shared<const query::Bound>(query::parse(expression), parameters);
}

const Snapshot& QueryPlan::snapshot() const {
  if (!changes) return engine->snapshot();
  if (!*changes) throw Error(ErrorCode::Misuse, "the transaction to which this query belongs has ended");
  return **changes;
}

Record QueryPlan::shown(const Candidate& candidate) const {
  Record record = replica::decoded(candidate.id, candidate.fields);
  if (!fields) return record;
  Record part;
  part.setId(candidate.id);
  for (const std::string& name : *fields)
    if (const Value* value = record.find(name)) part.set(name, *value);
  return part;
}

Scan::Scan(const QueryPlan& plan) : plan_(plan), now_(plan.engine->now()) {
  if (plan.after && plan.fields)
    for (const QueryPlan::Sort& sort : plan.sorts)
      for (const auto& [name, place] : sort.by->fields())
        if (std::find(plan.fields->begin(), plan.fields->end(), name) == plan.fields->end())
          throw Error(ErrorCode::InvalidArgument,
                      "after() needs the fields that orderBy() looks at, and fields() leaves '" +
                          codec::printable(name) + "' out");
  if (plan.where) where_.emplace(*plan.where, now_);
  for (const QueryPlan::Sort& sort : plan.sorts) sorts_.emplace_back(*sort.by, now_);
}

const base::Bytes& Scan::keyOf(const UUID& id, base::ByteView fields) {
  key_.clear();
  for (std::size_t i = 0; i < sorts_.size(); i++)
    query::appendSortKey(key_, sorts_[i].value(id, fields), plan_.sorts[i].descending);
  key_.insert(key_.end(), id.bytes.begin(), id.bytes.end());
  return key_;
}

void Scan::walk(bool ordersById, const Use& use) {
  base::Bytes afterKey;
  if (plan_.after && !sorts_.empty()) afterKey = keyOf(plan_.after->id, plan_.after->fields);
  std::uint64_t looked = 0, total = plan_.progress ? plan_.snapshot().count(plan_.collection) : 0;
  auto visit = [&](const UUID& id, base::ByteView fields) {
    if (plan_.progress && looked++ % kBetweenLooks == 0 && !plan_.progress(looked - 1, std::max(total, looked)))
      throw Error(ErrorCode::Cancelled, "the query was stopped");
    if (where_ && !where_->matches(id, fields)) return true;
    if (!afterKey.empty() && keyOf(id, fields) <= afterKey) return true;
    return use(id, fields);
  };
  std::optional<UUID> after;
  if (plan_.after && sorts_.empty()) after = plan_.after->id;
  if (ordersById || after)
    plan_.snapshot().scan(plan_.collection, after, visit);
  else
    plan_.snapshot().scanInAnyOrder(plan_.collection, visit);
}

// How many records have to be found, those before the offset too.
std::uint64_t Scan::keptMax() const {
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  return plan_.limit ? *plan_.limit + std::min(plan_.offset, kAll - *plan_.limit) : kAll;
}

// Keeps the candidates in a heap with the last one at its top, which the next better one replaces.
std::vector<Candidate> Scan::sorted(bool keepsFields) {
  std::uint64_t kept = keptMax();
  std::vector<Candidate> heap;
  auto isBefore = [](const Candidate& a, const Candidate& b) { return a.key < b.key; };
  if (kept == 0) return heap;
  walk(false, [&](const UUID& id, base::ByteView fields) {
    const base::Bytes& key = keyOf(id, fields);
    bool isFull = heap.size() == kept;
    if (isFull && heap.front().key <= key) return true;
    if (isFull) {
      std::pop_heap(heap.begin(), heap.end(), isBefore);
      heap.pop_back();
    }
    Candidate& candidate = heap.emplace_back(Candidate{id, {}, key});
    if (keepsFields) candidate.fields.assign(fields.begin(), fields.end());
    if (plan_.limit) std::push_heap(heap.begin(), heap.end(), isBefore);
    return true;
  });
  std::sort(heap.begin(), heap.end(), isBefore);
  heap.erase(heap.begin(),
             heap.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(plan_.offset, heap.size())));
  return heap;
}

void Scan::inOrder(const std::function<void(const Candidate&)>& use) {
  if (streams())
    part(true, [&](const UUID& id, base::ByteView fields) { use({id, {fields.begin(), fields.end()}}); });
  else
    for (const Candidate& candidate : sorted(true)) use(candidate);
}

void Scan::inAnyOrder(const UseFields& use) {
  bool isPart = plan_.limit || plan_.offset > 0;
  if (isPart && !sorts_.empty())
    for (const Candidate& candidate : sorted(true)) use(candidate.id, candidate.fields);
  else
    part(isPart, use);
}

// Whether to read in the order of the ids, and to end at the limit. To read everything and sort is faster otherwise.
bool Scan::streams() const { return sorts_.empty() && (plan_.limit || plan_.after); }

// Those between offset and limit, where the ids alone give an order.
void Scan::part(bool ordersById, const UseFields& use) {
  std::uint64_t skipped = 0, used = 0;
  if (plan_.limit == 0u) return;
  walk(ordersById, [&](const UUID& id, base::ByteView fields) {
    if (skipped < plan_.offset) return skipped++, true;
    use(id, fields);
    return !plan_.limit || ++used < *plan_.limit;
  });
}

std::vector<UUID> Scan::ids() {
  std::vector<UUID> ids;
  if (streams())
    part(true, [&](const UUID& id, base::ByteView) { ids.push_back(id); });
  else
    for (const Candidate& candidate : sorted(false)) ids.push_back(candidate.id);
  return ids;
}

std::uint64_t Scan::count() {
  if (plan_.limit == 0u) return 0;
  std::uint64_t seen = 0;
  walk(false, [&](const UUID&, base::ByteView) { return ++seen < keptMax(); });
  return seen - std::min(seen, plan_.offset);
}

void Scan::again(std::span<const UUID> ids, const std::function<void(const Candidate&)>& use) {
  plan_.snapshot().findRows(plan_.collection, ids, [&](const replica::Row& row) {
    if (!where_ || where_->matches(row.id, row.fields)) use({row.id, {row.fields.begin(), row.fields.end()}});
  });
}

}  // namespace blazedb::db
