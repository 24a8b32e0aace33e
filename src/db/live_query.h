// The result of a live query as its observer knows it, and what changes in it. Belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "blazedb/live.h"
#include "db/query_plan.h"

namespace blazedb::db {

// A record that was touched, as it is now.
struct Seen {
  UUID id;
  std::optional<base::Bytes> fields;  // absent: it is not live
  std::optional<UUID> peer;
  bool was = false;  // it was live before
  std::uint64_t era = 0;
};

// Those of this era and later ones, each record once.
std::vector<Seen> since(std::uint64_t era, const std::vector<Seen>& all);

class LiveQuery {
 public:
  explicit LiveQuery(QueryPlan plan) : plan_(std::move(plan)) {}

  const std::string& collection() const { return plan_.collection; }

  // Runs the query. Returns what is new; the whole result the first time.
  QueryUpdate run(const Snapshot& snapshot, Date now) { return run(snapshot, now, {}); }
  // The next run() is as the first one.
  void forget() {
    order_.clear();
    members_.clear();
  }
  // The same, given all records that were touched since. Returns nothing if the result is the same.
  std::optional<QueryUpdate> follow(const Snapshot& snapshot, Date now, std::span<const Seen> touched);

 private:
  // A record of the result: what it is sorted by, which ends with its id, and a hash of its fields.
  struct Member {
    base::Bytes key;
    std::uint64_t content = 0;
  };
  struct Hash {
    std::size_t operator()(const UUID& id) const;
  };
  using Members = std::unordered_map<UUID, Member, Hash>;

  // A record that may have come, changed or left.
  struct Candidate {
    UUID id;
    std::optional<Member> now;  // absent: it is not in the result
    base::Bytes fields;
    std::optional<UUID> peer;
  };

  QueryUpdate run(const Snapshot& snapshot, Date now, std::span<const Seen> touched);
  // Whether the result may be another one, if the query has a limit or an offset.
  bool mayAffect(Scan& scan, const Seen& record) const;
  QueryUpdate take(std::vector<Candidate> candidates);
  std::size_t placeOf(const base::Bytes& key) const;
  void removeAt(std::vector<std::size_t> places);
  void insert(std::vector<const Members::value_type*> members);

  QueryPlan plan_;
  Members members_;
  std::vector<const Members::value_type*> order_;
};

}  // namespace blazedb::db
