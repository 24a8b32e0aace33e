// Those who observe queries and collections, and the thread that tells them.
//
// The thread sleeps until a commit touches an observed collection. Then it takes the list of what was touched and a
// snapshot (watch.h), finds what is new for each observer, lets the snapshot go, and calls one observer after the
// other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "blazedb/live.h"
#include "blazedb/subscription.h"
#include "db/group_commit.h"
#include "db/live_query.h"
#include "db/reader_pool.h"

namespace blazedb::db {

class Observers {
 public:
  // All of these must outlive it.
  Observers(GroupCommit& writer, ReaderPool& readers, Shared& shared, base::Clock& clock, bool hasThread);
  ~Observers();

  // As Query::observe and Records::observe say. The plan must not refer to the engine.
  Subscription observe(QueryPlan plan, std::function<void(const QueryUpdate&)> callback);
  Subscription observe(const std::string& collection, std::function<void(const std::vector<RecordChange>&)> callback);

  // Tells all observers what is new, on this thread: what the thread does each time.
  void tell();

 private:
  struct Observer;
  struct List;

  Subscription add(const std::shared_ptr<Observer>& observer);
  void run();

  GroupCommit& writer_;
  ReaderPool& readers_;
  Shared& shared_;
  base::Clock& clock_;
  const bool hasThread_;
  std::shared_ptr<List> list_;  // with the subscriptions, which may outlive the database
  std::thread thread_;          // begins with the first observer; under the writer's lock
};

}  // namespace blazedb::db
