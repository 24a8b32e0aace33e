// Query: the records of a collection for which an expression is true, in an order.
//
//   for (const Record& user : db.collection("users")
//                                 .query("age > $min AND city IN $cities", {{"min", 30}, {"cities", cities}})
//                                 .orderBy("age", Order::descending)
//                                 .limit(10))
//     std::cout << user.string("name").value_or("") << "\n";
//
// docs/query.md has the language. A Query is a value: each function that changes it returns another one, and nothing is
// read before all(), first(), count() and so on. Each of these reads one snapshot, and reads again when it is called
// again. Values of users belong into parameters, not into the text of an expression.
//
// Errors   An expression that is not understood, or a parameter without a value, is InvalidArgument at once, and the
//          message shows the place. Reading throws DamagedPage and IoError; records.h has what any call may throw.
// Threads  Any thread may use a Query. That of a Transaction belongs to it and to its thread, and throws Misuse after
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/indexes.h"
#include "blazedb/live.h"
#include "blazedb/progress.h"
#include "blazedb/record.h"
#include "blazedb/subscription.h"
#include "blazedb/value.h"

namespace blazedb {

namespace db {
struct QueryPlan;
}
class Fetched;
class Records;

enum class Order : std::uint8_t { ascending, descending };

// What to compute of a group of records; see Query::groupBy.
class BLAZEDB_API Aggregate {
 public:
  // The number of records.
  static Aggregate count();
  // Of the value of an expression, as Query::sum and so on say.
  static Aggregate sum(const std::string& expression);
  static Aggregate average(const std::string& expression);
  static Aggregate min(const std::string& expression);
  static Aggregate max(const std::string& expression);

  enum class Kind : std::uint8_t { count, sum, average, min, max };
  Kind kind() const { return kind_; }
  const std::string& expression() const { return expression_; }

 private:
  Aggregate(Kind kind, std::string expression) : kind_(kind), expression_(std::move(expression)) {}
  Kind kind_;
  std::string expression_;
};

class BLAZEDB_API Query {
 public:
  // Sorts by the value of an expression, mostly a field; records with equal values by the next orderBy, and last by
  // their ids, which descend if the last orderBy does. Without it records come in the order of their ids. The
  // expression has no parameters.
  Query orderBy(const std::string& expression, Order order = Order::ascending) const;
  // At most so many records, and behind so many others.
  Query limit(std::uint64_t records) const;
  Query offset(std::uint64_t records) const;
  // The records behind this one in the order of the query: the next page, also if records were added or removed
  // meanwhile. The record, as it was read, has its id and the fields that orderBy looks at.
  Query after(const Record& record) const;
  // Those of the records that a search in a full-text index finds, the best ones first if there is no orderBy(). The
  // text is words, which all have to be there, and what FTS5 of SQLite adds: "a phrase", begin*, OR, NOT, NEAR, ( ).
  // What a user types goes through searchFor(). An empty text finds nothing. Reading throws NotFound if there is no
  // such index, and InvalidArgument if the text is not understood. after() and observe() do not go with it.
  Query match(const std::string& index, const std::string& search) const;
  // Records come with these fields of the record alone (names, no paths), and their ids. after() needs those that
  // orderBy() looks at.
  Query fields(std::vector<std::string> names) const;
  // Calls `progress` while records are looked at; their number is the unit. It must not use the database.
  Query withProgress(const Progress& progress) const;

  std::vector<Record> all() const;
  Fetched first() const;
  // Calls `visit` on this thread for each record until it returns false. `visit` may read and write. It reads the ids
  // of all records first, and then the records in portions; one that was deleted meanwhile, or no longer matches, is
  // left out.
  void forEach(const std::function<bool(const Record&)>& visit) const;
  // The number of records, and whether there is one. Limit and offset count too.
  std::uint64_t count() const;
  bool exists() const;

  // The different values of an expression, in their order; records without a value are left out.
  std::vector<Value> distinct(const std::string& expression) const;
  // The sum of the numbers among the values of an expression; 0 if there is none. An integer, or a real if one of them
  // is real or the sum is beyond int64.
  Value sum(const std::string& expression) const;
  // Their mean; absent if there is none.
  std::optional<double> average(const std::string& expression) const;
  // The least and the greatest value, in the order of all values; absent if there is none. Null does not count.
  std::optional<Value> min(const std::string& expression) const;
  std::optional<Value> max(const std::string& expression) const;

  // Groups records by the values of expressions. aggregate() returns an object for each group, in the order of these
  // values: each under the text of its expression (absent if the records have none), and the aggregates under the names
  // given here.
  //
  //   query.groupBy({"city"}).aggregate({{"people", Aggregate::count()}, {"age", Aggregate::average("age")}})
  class BLAZEDB_API Groups {
   public:
    std::vector<Object> aggregate(const std::vector<std::pair<std::string, Aggregate>>& aggregates) const;

   private:
    friend class Query;
    Groups(std::shared_ptr<const db::QueryPlan> plan, std::vector<std::string> by);
    std::shared_ptr<const db::QueryPlan> plan_;
    std::vector<std::string> by_;
  };
  Groups groupBy(std::vector<std::string> expressions) const;

  // Of a query with match(): the records as all() has them, each with its score and an excerpt. Throws InvalidArgument.
  std::vector<SearchHit> hits(const ExcerptOptions& options = {}) const;

  // Runs the query, and says how it was answered.
  Explanation explain() const;

  // Calls `callback` with the result, and then with what changes in it, until the Subscription ends (live.h). Without
  // limit and offset it looks at the changed records alone; with them it runs again when one of these may be in the
  // result. It keeps the ids of the result and what they are sorted by. Waits for a transaction that runs; throws
  // Misuse in one.
  [[nodiscard]] Subscription observe(std::function<void(const QueryUpdate&)> callback) const;

  // Walks over the records as forEach does. An iterator belongs to one thread.
  class BLAZEDB_API Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    using pointer = const Record*;
    using reference = const Record&;

    Iterator() = default;
    const Record& operator*() const { return page_[at_]; }
    const Record* operator->() const { return &page_[at_]; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.isEnd() == b.isEnd(); }

   private:
    friend class Query;
    struct Rest;
    explicit Iterator(std::shared_ptr<Rest> rest);
    bool isEnd() const { return at_ == page_.size(); }
    void turn();
    std::shared_ptr<Rest> rest_;  // what is still to be read
    std::vector<Record> page_;
    std::size_t at_ = 0;
  };
  Iterator begin() const;
  Iterator end() const { return {}; }

 private:
  friend class Records;
  explicit Query(std::shared_ptr<const db::QueryPlan> plan);
  template <class Change>
  Query changed(Change&& change) const;
  std::shared_ptr<const db::QueryPlan> plan_;
};

}  // namespace blazedb
