// What a Query asks for, and the walk that answers it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "blazedb/indexes.h"
#include "blazedb/progress.h"
#include "blazedb/record.h"
#include "db/snapshot.h"
#include "query/evaluate.h"
#include "query/key_ranges.h"

namespace blazedb::db {

class Changes;
class Engine;

// Parses an expression and gives its parameters their values. Throws InvalidArgument, TooLarge.
std::shared_ptr<const query::Bound> bound(const std::string& expression, const Object& parameters);

// A record of a result, with its encoded fields. Views: valid while it is looked at.
struct Found {
  const UUID& id;
  base::ByteView fields;
  // Of a search.
  double rank = 0;
  std::string_view excerpt = {};
};

// The same, kept until all are known.
struct Candidate {
  UUID id;
  base::Bytes fields;
  base::Bytes key = {};  // by which it is sorted; empty without an order
  double rank = 0;
  std::string excerpt = {};

  Found found() const { return {id, fields, rank, excerpt}; }
};

// Immutable once it is shared.
struct QueryPlan {
  struct Sort {
    std::shared_ptr<const query::Bound> by;
    bool descending = false;
  };
  std::shared_ptr<Engine> engine;
  std::string collection;
  std::shared_ptr<Changes*> changes = {};          // the open transaction; points to nullptr once that has ended
  std::shared_ptr<const query::Bound> where = {};  // null: every record
  std::vector<Sort> sorts = {};
  std::optional<std::uint64_t> limit = {};
  std::uint64_t offset = 0;
  std::optional<Candidate> after = {};
  std::optional<std::vector<std::string>> fields = {};  // absent: all
  struct Search {
    std::string index, text;
  };
  std::optional<Search> search = {};
  Progress progress = {};
  // Of a live query, in place of engine and changes.
  struct Moment {
    const Snapshot* snapshot = nullptr;
    Date now = {};
  };
  std::optional<Moment> at = {};

  // Throws Misuse if its transaction has ended.
  const Snapshot& snapshot() const;
  Date now() const;
  Record shown(const UUID& id, base::ByteView fields) const;
  // Whether ids are descending where all else is equal.
  bool idsDescend() const { return !sorts.empty() && sorts.back().descending; }
};

// How a plan finds its records.
struct AccessPath {
  std::shared_ptr<const TextIndex> texts = {};  // of a search
  std::shared_ptr<const Index> index = {};      // null: every record is looked at
  query::KeyRanges keys = {};                   // in the index
  bool isOrdered = false;                       // the index gives the records in the order of the plan
  bool backwards = false;

  // Nothing but the order is from the index: every record has to be looked at, until there are enough.
  bool isOrderAlone() const { return index && keys.equal == 0 && !keys.isBounded; }
};

// The best one. Without statistics: the index that holds most expressions to values, then one that holds another to a
// range, then one that gives the order.
AccessPath accessPathOf(const QueryPlan& plan, const Indexes& indexes);

// One walk over the records that a plan's access finds. Not thread-safe.
class Scan {
 public:
  // `plan` must outlive it, and so must `excerpt`, if a search is to make excerpts.
  explicit Scan(const QueryPlan& plan, const ExcerptOptions* excerpt = nullptr);

  // What now() is during this walk.
  Date now() const { return now_; }

  // Whether the result is every record that matches, by id: the order is then best made at the end.
  bool isWhole() const;
  // The records of the result in their order; in any order; their ids alone. All are read from one snapshot.
  using UseFound = std::function<void(const Found&)>;
  void inOrder(const UseFound& use);
  using UseFields = std::function<void(const UUID&, base::ByteView fields)>;
  void inAnyOrder(const UseFields& use);
  std::vector<UUID> ids();
  std::uint64_t count();
  // Whether a record meets the condition and is behind `after`; and what it is sorted by. The key lives until the next
  // call.
  bool takes(const UUID& id, base::ByteView fields);
  const base::Bytes& keyOf(const UUID& id, base::ByteView fields);
  // What the walk has done so far; the caller knows how many it has found.
  Explanation explained() const;
  // Those of these records that are still there and still match, in the order of `ids`.
  void again(std::span<const UUID> ids, const UseFound& use);

 private:
  using Use = std::function<bool(const UUID&, base::ByteView fields)>;  // returning false ends the walk

  // The matching records behind `after`, in the order of the plan if it streams(), or in any order. Limit and offset do
  // not count.
  void walk(bool inOrder, const Use& use);
  void walkIndex(const Use& use);
  bool isAmongHeld(const Candidate& after) const;
  void walkTexts(const Use& use);
  // Those between offset and limit, as walk() gives them.
  void part(bool inOrder, const UseFields& use);
  // The whole result, where it has to be sorted.
  std::vector<Candidate> sorted(bool keepsFields);
  // The whole result by an index that gives nothing but the order; absent if that takes too long.
  std::optional<std::vector<Candidate>> ordered(bool keepsFields);
  void results(bool keepsFields, const UseFound& use);
  template <class Body>
  void withAccess(Body&& body);
  bool isBehind(const UUID& id, base::ByteView fields);
  bool streams() const;
  std::uint64_t keptMax() const;

  Found foundAt(const UUID& id, base::ByteView fields) const { return {id, fields, rank_, foundExcerpt_}; }
  static Candidate kept(const Found& found, bool keepsFields);

  const QueryPlan& plan_;
  const ExcerptOptions* excerpt_;
  const Date now_;
  std::shared_ptr<const Indexes> indexes_;  // null before the first walk
  AccessPath access_;
  std::optional<query::Evaluator> where_;
  std::vector<query::Evaluator> sorts_;
  base::Bytes key_;  // reused
  base::Bytes afterKey_;
  double rank_ = 0;  // of the record that a search is at
  std::string_view foundExcerpt_;
  std::uint64_t looked_ = 0;
  std::optional<std::uint64_t> looksMax_;  // the walk ends there
  bool hasSorted_ = false;
};

}  // namespace blazedb::db
