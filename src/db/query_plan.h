// What a Query asks for, and the walk that answers it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/progress.h"
#include "blazedb/record.h"
#include "db/snapshot.h"
#include "query/evaluate.h"

namespace blazedb::db {

class Changes;
class Engine;

// Parses an expression and gives its parameters their values. Throws InvalidArgument, TooLarge.
std::shared_ptr<const query::Bound> bound(const std::string& expression, const Object& parameters);

// A record that may be in a result, with its encoded fields.
struct Candidate {
  UUID id;
  base::Bytes fields;
  base::Bytes key = {};  // by which it is sorted; empty without an order
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
  Progress progress = {};

  // Throws Misuse if its transaction has ended.
  const Snapshot& snapshot() const;
  Record shown(const Candidate& candidate) const;
};

// One walk over the rows of a plan's collection. Not thread-safe.
class Scan {
 public:
  // `plan` must outlive it.
  explicit Scan(const QueryPlan& plan);

  // What now() is during this walk.
  Date now() const { return now_; }

  // The records of the result in their order; in any order; their ids alone. All are read from one snapshot.
  void inOrder(const std::function<void(const Candidate&)>& use);
  using UseFields = std::function<void(const UUID&, base::ByteView fields)>;
  void inAnyOrder(const UseFields& use);
  std::vector<UUID> ids();
  std::uint64_t count();
  // Those of these records that are still there and still match, in the order of `ids`.
  void again(std::span<const UUID> ids, const std::function<void(const Candidate&)>& use);

 private:
  using Use = std::function<bool(const UUID&, base::ByteView fields)>;  // returning false ends the walk

  // The matching records behind `after`, ordered by id or in any order. Limit and offset do not count.
  void walk(bool ordersById, const Use& use);
  void part(bool ordersById, const UseFields& use);
  // Those of them that are in the result of a plan with an order.
  std::vector<Candidate> sorted(bool keepsFields);
  bool streams() const;
  std::uint64_t keptMax() const;
  const base::Bytes& keyOf(const UUID& id, base::ByteView fields);

  const QueryPlan& plan_;
  const Date now_;
  std::optional<query::Evaluator> where_;
  std::vector<query::Evaluator> sorts_;
  base::Bytes key_;  // reused
};

}  // namespace blazedb::db
