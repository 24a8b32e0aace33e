// The thread of an open database: upkeep every second, and the callbacks of its user.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>

#include "blazedb/conflict.h"
#include "blazedb/rejected.h"
#include "blazedb/subscription.h"
#include "db/engine.h"

namespace blazedb::db {

class Housekeeper {
 public:
  // `engine` must outlive it.
  explicit Housekeeper(Engine& engine);
  ~Housekeeper();

  // Calls `callback` on this thread for each conflict that is found from now on. What it throws is ignored.
  Subscription onConflict(std::function<void(const Conflict&)> callback);
  // The same for each change that leaves its record because a peer has refused it.
  Subscription onRejected(std::function<void(const RejectedChange&)> callback);

 private:
  void run();

  struct Shared;
  Engine& engine_;
  std::shared_ptr<Shared> shared_;  // with the subscriptions, which may outlive the database
  std::thread thread_;
};

// An open database with all that belongs to it. The members are destroyed from the last to the first.
struct OpenDatabase {
  std::unique_ptr<storage::FileSystem> files;
  base::SystemClock clock;
  base::SystemRandom random;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Housekeeper> housekeeper;
};

}  // namespace blazedb::db
