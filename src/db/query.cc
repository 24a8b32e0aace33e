// Query (blazedb/query.h): a walk over the rows of the collection. A row is decoded once it is known to be wanted.
//
// An order is a sort key (query/sort_key.h) for each record, with its id at the end, so that no two keys are equal.
// With a limit no more candidates are kept than can be in the result.
#include "blazedb/query.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/typed.h"
#include "blazedb/error.h"
#include "blazedb/records.h"
#include "codec/fields.h"
#include "db/engine.h"
#include "db/query_plan.h"
#include "query/sort_key.h"

namespace blazedb {

using db::Scan;

namespace {

constexpr std::size_t kPageRecords = 256;  // forEach and iterators read so many at once

// More than int64 holds, so that the order of the records does not matter.
__extension__ using Wide = __int128;

// The numbers of a sum.
class Sum {
 public:
  void add(const query::Operand& value) {
    if (!value.isNumber()) return;
    count_++;
    if (value.type() == query::Operand::Type::integer) {
      integers_ += value.integer();
    } else {
      reals_ += value.real();
      isReal_ = true;
    }
  }
  Value value() const {
    bool fits = integers_ >= INT64_MIN && integers_ <= INT64_MAX;
    return isReal_ || !fits ? Value(real()) : Value(static_cast<std::int64_t>(integers_));
  }
  std::optional<double> average() const {
    if (count_ == 0) return std::nullopt;
    return real() / static_cast<double>(count_);
  }

 private:
  double real() const { return reals_ + static_cast<double>(integers_); }

  std::uint64_t count_ = 0;
  Wide integers_ = 0;
  double reals_ = 0;
  bool isReal_ = false;
};

// Of values that are equal and yet not the same, 1 and 1.0 for example, the result has the same one whatever the order
// of the records: an integer before a real, 0.0 before -0.0, and of arrays and objects that whose encoding is less.
bool isPreferred(const query::Operand& value, const Value& before) {
  using Type = query::Operand::Type;
  if (value.type() == Type::integer) return before.as<double>() != nullptr;
  if (value.type() == Type::real) {
    const auto* real = before.as<double>();
    return real && std::signbit(*real) && !std::signbit(value.real());
  }
  if (value.type() != Type::array && value.type() != Type::object) return false;
  base::Bytes encoded;
  if (codec::encodeValue(encoded, before)) return false;
  return std::lexicographical_compare(value.bytes().begin(), value.bytes().end(), encoded.begin(), encoded.end());
}

// The value that sorts first, or last.
class Extreme {
 public:
  explicit Extreme(bool isGreatest) : isGreatest_(isGreatest) {}

  void add(const query::Operand& value) {
    if (value.isUnknown()) return;
    key_.clear();
    query::appendSortKey(key_, value, isGreatest_);
    if (best_ && !(key_ < bestKey_) && !(key_ == bestKey_ && isPreferred(value, *best_))) return;
    std::swap(key_, bestKey_);
    best_ = value.toValue();
  }
  const std::optional<Value>& value() const { return best_; }

 private:
  const bool isGreatest_;
  base::Bytes key_, bestKey_;
  std::optional<Value> best_;
};

// One of the aggregates of one group.
class Computed {
 public:
  explicit Computed(Aggregate::Kind kind) : kind_(kind), extreme_(kind == Aggregate::Kind::max) {}

  void add(const query::Operand& value) {
    count_++;
    if (kind_ == Aggregate::Kind::sum || kind_ == Aggregate::Kind::average) sum_.add(value);
    if (kind_ == Aggregate::Kind::min || kind_ == Aggregate::Kind::max) extreme_.add(value);
  }
  // Absent: it is of no values.
  std::optional<Value> value() const {
    switch (kind_) {
      case Aggregate::Kind::count:
        return Value(static_cast<std::int64_t>(count_));
      case Aggregate::Kind::sum:
        return sum_.value();
      case Aggregate::Kind::average:
        if (std::optional<double> mean = sum_.average()) return Value(*mean);
        return std::nullopt;
      default:
        return extreme_.value();
    }
  }

 private:
  const Aggregate::Kind kind_;
  std::uint64_t count_ = 0;
  Sum sum_;
  Extreme extreme_;
};

}  // namespace

Aggregate Aggregate::count() { return {Kind::count, ""}; }
Aggregate Aggregate::sum(const std::string& expression) { return {Kind::sum, expression}; }
Aggregate Aggregate::average(const std::string& expression) { return {Kind::average, expression}; }
Aggregate Aggregate::min(const std::string& expression) { return {Kind::min, expression}; }
Aggregate Aggregate::max(const std::string& expression) { return {Kind::max, expression}; }

// ----------------------------------------------------------------------------------------------------
// making one

Query::Query(std::shared_ptr<const db::QueryPlan> plan) : plan_(std::move(plan)) {}

template <class Change>
Query Query::changed(Change&& change) const {
  return base::typed([&] {
    auto plan = std::make_shared<db::QueryPlan>(*plan_);
    change(*plan);
    return Query(std::move(plan));
  });
}

Query Query::orderBy(const std::string& expression, Order order) const {
  return changed([&](db::QueryPlan& plan) {
    plan.sorts.push_back({db::bound(expression, {}), order == Order::descending});
  });
}

Query Query::limit(std::uint64_t records) const {
  return changed([&](db::QueryPlan& plan) { plan.limit = records; });
}

Query Query::offset(std::uint64_t records) const {
  return changed([&](db::QueryPlan& plan) { plan.offset = records; });
}

Query Query::after(const Record& record) const {
  return changed([&](db::QueryPlan& plan) {
    if (!record.id()) throw Error(ErrorCode::InvalidArgument, "after() takes a record that was read, with its id");
    plan.after = {*record.id(), {}};
    if (std::optional<Error> error = codec::encodeFields(plan.after->fields, record)) throw std::move(*error);
  });
}

Query Query::match(const std::string& index, const std::string& search) const {
  return changed([&](db::QueryPlan& plan) { plan.search = {index, search}; });
}

Query Query::fields(std::vector<std::string> names) const {
  return changed([&](db::QueryPlan& plan) { plan.fields = std::move(names); });
}

Query Query::withProgress(const Progress& progress) const {
  return changed([&](db::QueryPlan& plan) { plan.progress = progress; });
}

// ----------------------------------------------------------------------------------------------------
// records

std::vector<Record> Query::all() const {
  return base::typed([&] {
    std::vector<Record> all;
    Scan scan(*plan_);
    if (!scan.isWhole()) {
      scan.inOrder([&](const db::Found& found) { all.push_back(plan_->shown(found.id, found.fields)); });
      return all;
    }
    scan.inAnyOrder([&](const UUID& id, base::ByteView fields) { all.push_back(plan_->shown(id, fields)); });
    std::sort(all.begin(), all.end(), [](const Record& a, const Record& b) { return a.id() < b.id(); });
    return all;
  });
}

Fetched Query::first() const {
  std::vector<Record> found = limit(std::min<std::uint64_t>(plan_->limit.value_or(1), 1)).all();
  if (found.empty()) return Fetched(std::nullopt);
  return Fetched(std::move(found.front()));
}

struct Query::Iterator::Rest {
  explicit Rest(std::shared_ptr<const db::QueryPlan> of) : plan(std::move(of)), scan(*plan), ids(scan.ids()) {}

  std::shared_ptr<const db::QueryPlan> plan;
  Scan scan;
  std::vector<UUID> ids;
  std::size_t at = 0;
};

Query::Iterator::Iterator(std::shared_ptr<Rest> rest) : rest_(std::move(rest)) { turn(); }

Query::Iterator& Query::Iterator::operator++() {
  if (++at_ == page_.size()) turn();
  return *this;
}

void Query::Iterator::turn() {
  at_ = 0;
  page_.clear();
  base::typed([&] {
    while (page_.empty() && rest_->at < rest_->ids.size()) {
      std::size_t size = std::min(kPageRecords, rest_->ids.size() - rest_->at);
      rest_->scan.again(std::span(rest_->ids).subspan(rest_->at, size),
                        [&](const db::Found& found) { page_.push_back(rest_->plan->shown(found.id, found.fields)); });
      rest_->at += size;
    }
  });
}

Query::Iterator Query::begin() const {
  return base::typed([&] { return Iterator(std::make_shared<Iterator::Rest>(plan_)); });
}

void Query::forEach(const std::function<bool(const Record&)>& visit) const {
  for (const Record& record : *this)
    if (!visit(record)) return;
}

std::uint64_t Query::count() const {
  return base::typed([&] {
    bool isAll = !plan_->where && !plan_->search && !plan_->after && plan_->offset == 0 && !plan_->limit;
    return isAll ? plan_->snapshot().count(plan_->collection) : Scan(*plan_).count();
  });
}

bool Query::exists() const { return limit(std::min<std::uint64_t>(plan_->limit.value_or(1), 1)).count() > 0; }

std::vector<SearchHit> Query::hits(const ExcerptOptions& options) const {
  return base::typed([&] {
    if (!plan_->search) throw Error(ErrorCode::InvalidArgument, "hits() belongs to a query with match()");
    std::vector<SearchHit> hits;
    Scan(*plan_, &options).inOrder([&](const db::Found& found) {
      hits.push_back({plan_->shown(found.id, found.fields), -found.rank, std::string(found.excerpt)});
    });
    return hits;
  });
}

Subscription Query::observe(std::function<void(const QueryUpdate&)> callback) const {
  return base::typed([&] {
    if (plan_->changes)
      throw Error(ErrorCode::Misuse, "the query of a transaction ends with it; observe one of the database");
    if (plan_->search)
      throw Error(ErrorCode::InvalidArgument,
                  "a live query cannot search; observe the collection, and search again when something has changed");
    Scan check(*plan_);  // throws if the query cannot be run
    db::QueryPlan plan = *plan_;
    db::Observers& observers = plan.engine->observers();
    plan.engine.reset();  // a subscription does not keep the database open
    return observers.observe(std::move(plan), std::move(callback));
  });
}

Explanation Query::explain() const {
  return base::typed([&] {
    Scan scan(*plan_);
    std::uint64_t found = 0;
    scan.inOrder([&](const db::Found&) { found++; });
    Explanation explained = scan.explained();
    explained.found = found;
    std::string by = explained.index.empty() ? "every record" : "the index '" + explained.index + "'";
    explained.text = "looks at " + by + (explained.sorted ? ", and sorts: " : ": ") + std::to_string(explained.looked) +
                     " looked at, " + std::to_string(found) + " found";
    return explained;
  });
}

// ----------------------------------------------------------------------------------------------------
// values

namespace {

// Calls `use` with the value of the expression for each record.
template <class Use>
void eachValue(const db::QueryPlan& plan, const std::string& expression, Use&& use) {
  base::typed([&] {
    std::shared_ptr<const query::Bound> bound = db::bound(expression, {});
    Scan scan(plan);
    query::Evaluator evaluator(*bound, scan.now());
    scan.inAnyOrder([&](const UUID& id, base::ByteView fields) { use(evaluator.value(id, fields)); });
  });
}

}  // namespace

std::vector<Value> Query::distinct(const std::string& expression) const {
  std::map<base::Bytes, Value> found;
  base::Bytes key;
  eachValue(*plan_, expression, [&](const query::Operand& value) {
    if (value.type() == query::Operand::Type::missing) return;
    key.clear();
    query::appendSortKey(key, value);
    if (auto place = found.lower_bound(key); place == found.end() || place->first != key)
      found.emplace_hint(place, key, value.toValue());
    else if (isPreferred(value, place->second))
      place->second = value.toValue();
  });
  std::vector<Value> values;
  values.reserve(found.size());
  for (auto& [each, value] : found) values.push_back(std::move(value));
  return values;
}

Value Query::sum(const std::string& expression) const {
  Sum sum;
  eachValue(*plan_, expression, [&](const query::Operand& value) { sum.add(value); });
  return sum.value();
}

std::optional<double> Query::average(const std::string& expression) const {
  Sum sum;
  eachValue(*plan_, expression, [&](const query::Operand& value) { sum.add(value); });
  return sum.average();
}

std::optional<Value> Query::min(const std::string& expression) const {
  Extreme least(false);
  eachValue(*plan_, expression, [&](const query::Operand& value) { least.add(value); });
  return least.value();
}

std::optional<Value> Query::max(const std::string& expression) const {
  Extreme greatest(true);
  eachValue(*plan_, expression, [&](const query::Operand& value) { greatest.add(value); });
  return greatest.value();
}

Query::Groups::Groups(std::shared_ptr<const db::QueryPlan> plan, std::vector<std::string> by)
    : plan_(std::move(plan)), by_(std::move(by)) {}

Query::Groups Query::groupBy(std::vector<std::string> expressions) const {
  return base::typed([&] {
    if (expressions.empty()) throw Error(ErrorCode::InvalidArgument, "groupBy() takes at least one expression");
    for (const std::string& each : expressions) db::bound(each, {});
    return Groups(plan_, std::move(expressions));
  });
}

std::vector<Object> Query::Groups::aggregate(const std::vector<std::pair<std::string, Aggregate>>& aggregates) const {
  return base::typed([&] {
    Scan scan(*plan_);
    std::vector<std::shared_ptr<const query::Bound>> bounds;
    std::vector<query::Evaluator> evaluators;
    std::set<std::string> names;
    auto prepare = [&](const std::string& name, const std::string& expression) {
      if (!names.insert(name).second)
        throw Error(ErrorCode::InvalidArgument, "two results are named '" + name + "'; give each a name of its own");
      bounds.push_back(db::bound(expression, {}));
      evaluators.emplace_back(*bounds.back(), scan.now());
    };
    for (const std::string& each : by_) prepare(each, each);
    for (const auto& [name, aggregate] : aggregates)
      prepare(name, aggregate.kind() == Aggregate::Kind::count ? "null" : aggregate.expression());

    struct Group {
      Object names;
      std::vector<Computed> computed;
    };
    std::map<base::Bytes, Group> groups;
    base::Bytes key;
    std::vector<query::Operand> values(by_.size());
    scan.inAnyOrder([&](const UUID& id, base::ByteView fields) {
      key.clear();
      for (std::size_t i = 0; i < by_.size(); i++) {
        values[i] = evaluators[i].value(id, fields);
        query::appendSortKey(key, values[i]);
      }
      auto [found, isNew] = groups.try_emplace(key);
      Group& group = found->second;
      for (std::size_t i = 0; i < by_.size(); i++) {
        if (values[i].type() == query::Operand::Type::missing) continue;
        const Value* before = isNew ? nullptr : group.names.find(by_[i]);
        if (!before || isPreferred(values[i], *before)) group.names.set(by_[i], values[i].toValue());
      }
      for (std::size_t i = 0; i < aggregates.size(); i++) {
        if (isNew) group.computed.emplace_back(aggregates[i].second.kind());
        group.computed[i].add(evaluators[by_.size() + i].value(id, fields));
      }
    });

    std::vector<Object> all;
    for (auto& [each, group] : groups) {
      Object& object = all.emplace_back(std::move(group.names));
      for (std::size_t i = 0; i < aggregates.size(); i++)
        if (std::optional<Value> value = group.computed[i].value()) object.set(aggregates[i].first, std::move(*value));
    }
    return all;
  });
}

}  // namespace blazedb
