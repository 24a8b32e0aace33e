// Somebody who observes a replica, and checks that what is told adds up to what is there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/live.h"
#include "blazedb/subscription.h"
#include "db/engine.h"

namespace blazedb::sim {

class Onlooker {
 public:
  // `engine` must outlive it, and tell nobody by itself.
  explicit Onlooker(db::Engine& engine);

  // Is told what is new. Returns what is wrong with it; empty if all is well.
  std::string look();

 private:
  struct Seen {
    std::map<UUID, Record> records;
    std::string wrong;
    void take(const std::vector<RecordChange>& changes);
  };
  struct Followed {
    db::QueryPlan plan;
    std::vector<Record> result;
  };

  db::Engine& engine_;
  std::map<std::string, Seen> collections_;
  std::vector<Followed> queries_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace blazedb::sim
