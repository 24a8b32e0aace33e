#include "db/query_plan.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "db/engine.h"
#include "query/sort_key.h"

namespace blazedb::db {

namespace {

constexpr std::uint64_t kBetweenLooks = 256;  // records between two calls of a Progress

// A walk by an index that gives nothing but the order ends after so many records, and this part of all.
constexpr std::uint64_t kOrderedLooksMin = 200;
constexpr std::uint64_t kOrderedPart = 20;

// Whether an index gives the records in the order of the plan, by keys in these ranges.
bool gives(const QueryPlan& plan, const Index& index, const query::KeyRanges& keys) {
  const std::vector<const query::Bound*>& expressions = index.expressions();
  if (!keys.isSingle) return false;
  std::size_t next = keys.equal;
  auto isHeld = [&](const query::Bound& by) {
    return std::any_of(expressions.begin(), expressions.begin() + static_cast<std::ptrdiff_t>(keys.equal),
                       [&](const query::Bound* held) { return query::isSame(*held, by); });
  };
  for (const QueryPlan::Sort& sort : plan.sorts) {
    if (isHeld(*sort.by)) continue;
    if (next == expressions.size() || !query::isSame(*expressions[next++], *sort.by)) return false;
    if (sort.descending != plan.idsDescend()) return false;
  }
  return next == expressions.size();
}

std::shared_ptr<const Indexes> without(const AccessPath& access, Indexes indexes) {
  std::erase(indexes.sorted, access.index);
  std::erase(indexes.texts, access.texts);
  return std::make_shared<const Indexes>(std::move(indexes));
}

}  // namespace

std::shared_ptr<const query::Bound> bound(const std::string& expression, const Object& parameters) {
  return std::make_shared<const query::Bound>(query::parse(expression), parameters);
}

const Snapshot& QueryPlan::snapshot() const {
  if (at) return *at->snapshot;
  if (!changes) return engine->snapshot();
  if (!*changes) throw Error(ErrorCode::Misuse, "the transaction to which this query belongs has ended");
  return **changes;
}

Date QueryPlan::now() const { return at ? at->now : engine->now(); }

Record QueryPlan::shown(const UUID& id, base::ByteView encoded) const {
  Record record = replica::decoded(id, encoded);
  if (!fields) return record;
  Record part;
  part.setId(id);
  for (const std::string& name : *fields)
    if (const Value* value = record.find(name)) part.set(name, *value);
  return part;
}

AccessPath accessPathOf(const QueryPlan& plan, const Indexes& indexes) {
  AccessPath best;
  std::int64_t collection = plan.snapshot().numberOf(plan.collection);
  if (plan.search) {
    for (const std::shared_ptr<const TextIndex>& index : indexes.texts)
      if (index->collection() == collection && index->info().name == plan.search->index) best.texts = index;
    if (!best.texts) throw noSuchIndex(plan.collection, plan.search->index);
    best.isOrdered = plan.sorts.empty();
    return best;
  }
  for (const std::shared_ptr<const Index>& index : indexes.sorted) {
    if (index->collection() != collection) continue;
    if (index->where() && !query::implies(plan.where.get(), *index->where())) continue;
    query::KeyRanges keys = query::keyRanges(plan.where.get(), index->expressions());
    bool isOrdered = gives(plan, *index, keys);
    bool helps = keys.equal > 0 || keys.isBounded || (isOrdered && plan.limit);
    auto rank = [](const query::KeyRanges& of, bool ordered) { return std::tuple(of.equal, of.isBounded, ordered); };
    if (helps && (!best.index || rank(keys, isOrdered) > rank(best.keys, best.isOrdered)))
      best = {nullptr, index, std::move(keys), isOrdered, plan.idsDescend()};
  }
  return best;
}

Scan::Scan(const QueryPlan& plan, const ExcerptOptions* excerpt) : plan_(plan), excerpt_(excerpt), now_(plan.now()) {
  if (plan.search && plan.after)
    throw Error(ErrorCode::InvalidArgument,
                "after() does not go with match(), because a score depends on all records; use offset()");
  if (plan.after && plan.fields)
    for (const QueryPlan::Sort& sort : plan.sorts)
      for (const auto& [name, place] : sort.by->fields())
        if (std::find(plan.fields->begin(), plan.fields->end(), name) == plan.fields->end())
          throw Error(ErrorCode::InvalidArgument,
                      "after() needs the fields that orderBy() looks at, and fields() leaves '" +
                          codec::printable(name) + "' out");
  if (plan.where) where_.emplace(*plan.where, now_);
  for (const QueryPlan::Sort& sort : plan.sorts) sorts_.emplace_back(*sort.by, now_);
  if (plan.after) afterKey_ = keyOf(plan.after->id, plan.after->fields);
}

const base::Bytes& Scan::keyOf(const UUID& id, base::ByteView fields) {
  key_.clear();
  for (std::size_t i = 0; i < sorts_.size(); i++)
    query::appendSortKey(key_, sorts_[i].value(id, fields), plan_.sorts[i].descending);
  for (std::uint8_t byte : id.bytes) key_.push_back(plan_.idsDescend() ? static_cast<std::uint8_t>(~byte) : byte);
  return key_;
}

bool Scan::takes(const UUID& id, base::ByteView fields) {
  return (!where_ || where_->matches(id, fields)) && isBehind(id, fields);
}

bool Scan::isBehind(const UUID& id, base::ByteView fields) {
  return afterKey_.empty() || keyOf(id, fields) > afterKey_;
}

void Scan::walk(bool inOrder, const Use& use) {
  std::uint64_t total = plan_.progress ? plan_.snapshot().count(plan_.collection) : 0;
  auto visit = [&](const UUID& id, base::ByteView fields) {
    if (plan_.progress && looked_ % kBetweenLooks == 0 && !plan_.progress(looked_, std::max(total, looked_ + 1)))
      throw Error(ErrorCode::Cancelled, "the query was stopped");
    if (looked_ == looksMax_) return false;
    looked_++;
    bool isTaken = access_.keys.isExact ? isBehind(id, fields) : takes(id, fields);
    return !isTaken || use(id, fields);
  };
  if (access_.texts) return walkTexts(visit);
  if (access_.index) return walkIndex(visit);
  std::optional<UUID> after;
  if (plan_.after && sorts_.empty()) after = plan_.after->id;
  if (inOrder || after)
    plan_.snapshot().scan(plan_.collection, after, visit);
  else
    plan_.snapshot().scanInAnyOrder(plan_.collection, visit);
}

void Scan::walkIndex(const Use& use) {
  std::vector<query::KeyRange> ranges = access_.keys.ranges;
  if (plan_.after && access_.isOrdered && !ranges.empty() && isAmongHeld(*plan_.after)) {
    base::Bytes last = access_.keys.prefix;
    const std::vector<const query::Bound*>& expressions = access_.index->expressions();
    for (std::size_t i = access_.keys.equal; i < expressions.size(); i++)
      query::appendSortKey(last, query::Evaluator(*expressions[i], now_).value(plan_.after->id, plan_.after->fields));
    last.insert(last.end(), plan_.after->id.bytes.begin(), plan_.after->id.bytes.end());
    query::KeyRange& range = ranges.front();
    if (access_.backwards) {
      range.to = std::min(range.to, last);
    } else {
      last.push_back(0);  // the next key, because none is the beginning of another
      range.from = std::max(range.from, last);
    }
  }
  plan_.snapshot().byIndex(*access_.index, ranges, access_.backwards, use);
}

// Whether a record has the values to which the index is held, as far as the plan sorts by them. Another record may be
// before or behind all that the index finds.
bool Scan::isAmongHeld(const Candidate& after) const {
  base::ByteView held = access_.keys.prefix;
  for (std::size_t i = 0; i < access_.keys.equal; i++) {
    base::ByteView value = held.first(query::sortKeyBytes(held));
    held = held.subspan(value.size());
    const query::Bound& expression = *access_.index->expressions()[i];
    auto isThis = [&](const QueryPlan::Sort& sort) { return query::isSame(*sort.by, expression); };
    if (std::none_of(plan_.sorts.begin(), plan_.sorts.end(), isThis)) continue;
    base::Bytes its;
    query::appendSortKey(its, query::Evaluator(expression, now_).value(after.id, after.fields));
    if (!base::equal(its, value)) return false;
  }
  return true;
}

void Scan::walkTexts(const Use& use) {
  auto visit = [&](const UUID& id, base::ByteView fields, double rank, std::string_view excerpt) {
    rank_ = rank;
    foundExcerpt_ = excerpt;
    return use(id, fields);
  };
  const std::string& text = plan_.search->text;
  if (text.find_first_not_of(" \t\n\r") == std::string::npos) return;  // nothing was typed
  if (text.size() > query::kExpressionBytesMax)
    throw Error(ErrorCode::TooLarge, "a search is of at most 64 KiB of text");
  plan_.snapshot().byText(*access_.texts, text, excerpt_, access_.isOrdered, visit);
}

Candidate Scan::kept(const Found& found, bool keepsFields) {
  Candidate candidate{found.id, {}};
  if (keepsFields) candidate.fields.assign(found.fields.begin(), found.fields.end());
  candidate.rank = found.rank;
  candidate.excerpt = found.excerpt;
  return candidate;
}

// An index may be dropped after it was chosen, or made after the snapshot that is read. A reader may also meet the one
// or the other between a commit and its announcement: then the walk goes on without this index.
template <class Body>
void Scan::withAccess(Body&& body) {
  std::shared_ptr<const Indexes> announced = plan_.snapshot().indexes(), now = announced;
  for (;;) {
    if (std::exchange(indexes_, now) != now) access_ = accessPathOf(plan_, *indexes_);
    looksMax_.reset();
    std::uint64_t before = looked_;
    try {
      return body();
    } catch (const Error& error) {
      bool byIndex = access_.index || access_.texts;
      if (error.code() != ErrorCode::NotFound || !byIndex || looked_ != before) throw;
    }
    std::shared_ptr<const Indexes> latest = plan_.snapshot().indexes();
    now = latest == announced ? without(access_, *indexes_) : latest;
    announced = latest;
  }
}

// How many records have to be found, those before the offset too.
std::uint64_t Scan::keptMax() const {
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  return plan_.limit ? *plan_.limit + std::min(plan_.offset, kAll - *plan_.limit) : kAll;
}

// Keeps the candidates in a heap with the last one at its top, which the next better one replaces.
std::vector<Candidate> Scan::sorted(bool keepsFields) {
  std::uint64_t most = keptMax();
  std::vector<Candidate> heap;
  auto isBefore = [](const Candidate& a, const Candidate& b) { return a.key < b.key; };
  if (most == 0) return heap;
  hasSorted_ = true;
  walk(false, [&](const UUID& id, base::ByteView fields) {
    const base::Bytes& key = keyOf(id, fields);
    bool isFull = heap.size() == most;
    if (isFull && heap.front().key <= key) return true;
    if (isFull) {
      std::pop_heap(heap.begin(), heap.end(), isBefore);
      heap.pop_back();
    }
    heap.push_back(kept(foundAt(id, fields), keepsFields));
    heap.back().key = key;
    if (plan_.limit) std::push_heap(heap.begin(), heap.end(), isBefore);
    return true;
  });
  std::sort(heap.begin(), heap.end(), isBefore);
  heap.erase(heap.begin(),
             heap.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(plan_.offset, heap.size())));
  return heap;
}

// A condition that few records meet would make it look at most records in a scattered order, which takes several times
// as long as to look at all as they lie, and to sort.
std::optional<std::vector<Candidate>> Scan::ordered(bool keepsFields) {
  looksMax_ = looked_ + kOrderedLooksMin + plan_.snapshot().count(plan_.collection) / kOrderedPart;
  std::vector<Candidate> found;
  part(true, [&](const UUID& id, base::ByteView fields) { found.push_back(kept(foundAt(id, fields), keepsFields)); });
  bool isWhole = looked_ < *looksMax_;
  looksMax_.reset();
  return isWhole ? std::optional(std::move(found)) : std::nullopt;
}

void Scan::results(bool keepsFields, const UseFound& use) {
  if (access_.isOrderAlone() && where_) {
    if (std::optional<std::vector<Candidate>> found = ordered(keepsFields)) {
      for (const Candidate& candidate : *found) use(candidate.found());
      return;
    }
    access_ = {};
  }
  if (!streams()) {
    for (const Candidate& candidate : sorted(keepsFields)) use(candidate.found());
    return;
  }
  part(true, [&](const UUID& id, base::ByteView fields) { use(foundAt(id, fields)); });
}

bool Scan::isWhole() const {
  return sorts_.empty() && !plan_.limit && plan_.offset == 0 && !plan_.after && !plan_.search;
}

void Scan::inOrder(const UseFound& use) {
  withAccess([&] { results(true, use); });
}

void Scan::inAnyOrder(const UseFields& use) {
  withAccess([&] {
    if (plan_.limit || plan_.offset > 0)
      results(true, [&](const Found& found) { use(found.id, found.fields); });
    else
      part(false, use);
  });
}

// Whether the walk gives the records in their order and can end at the limit. Without an index they would come in the
// order of their ids; to read all of them as they lie and to sort is faster, unless a part is enough.
bool Scan::streams() const {
  if (access_.index || access_.texts) return access_.isOrdered;
  return sorts_.empty() && (plan_.limit || plan_.after);
}

void Scan::part(bool inOrder, const UseFields& use) {
  std::uint64_t skipped = 0, used = 0;
  if (plan_.limit == 0u) return;
  walk(inOrder, [&](const UUID& id, base::ByteView fields) {
    if (skipped < plan_.offset) return skipped++, true;
    use(id, fields);
    return !plan_.limit || ++used < *plan_.limit;
  });
}

std::vector<UUID> Scan::ids() {
  std::vector<UUID> ids;
  withAccess([&] { results(false, [&](const Found& found) { ids.push_back(found.id); }); });
  return ids;
}

std::uint64_t Scan::count() {
  std::uint64_t seen = 0;
  if (plan_.limit == 0u) return 0;
  withAccess([&] {
    if (access_.isOrderAlone()) access_ = {};  // the order does not matter
    walk(false, [&](const UUID&, base::ByteView) { return ++seen < keptMax(); });
  });
  return seen - std::min(seen, plan_.offset);
}

Explanation Scan::explained() const {
  std::string index = access_.texts ? access_.texts->info().name : access_.index ? access_.index->info().name : "";
  return {std::move(index), hasSorted_, looked_, 0, ""};
}

void Scan::again(std::span<const UUID> ids, const UseFound& use) {
  plan_.snapshot().findRows(plan_.collection, ids, [&](const replica::Row& row) {
    if (!where_ || where_->matches(row.id, row.fields)) use({row.id, row.fields});
  });
}

}  // namespace blazedb::db
