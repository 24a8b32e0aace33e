// One simulated world: replicas, links, chaos, healing, and the checks at the end.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "db/engine.h"
#include "sim/onlooker.h"
#include "sim/oracle.h"
#include "sim/random.h"
#include "support/sim_file_system.h"
#include "sync/session.h"

namespace blazedb::sim {

struct Report {
  std::vector<std::string> failures;  // empty: all is well
  std::uint64_t hash = 0;             // of the whole trace
  std::uint64_t steps = 0;            // events handled
  std::uint64_t writes = 0;
  std::uint64_t repaired = 0;
};

class World {
 public:
  // `trace`: where to print what happens, or nullptr.
  World(std::uint64_t seed, std::ostream* trace);
  ~World();
  Report run();

 private:
  struct Image {
    std::map<std::string, std::vector<std::uint8_t>> files;
    std::size_t asOf;  // the oracle's count of writes
  };
  struct Replica {
    int number = 0;
    std::string name;
    sync::Role role = sync::Role::client;
    Durability durability = Durability::full;
    sync::Scope scope;  // of a client's link with its hub
    test::SimFileSystem files;
    SkewedClock clock;
    Dice random;
    std::unique_ptr<db::Engine> engine;  // none while it is down
    std::unique_ptr<Onlooker> onlooker;  // of some
    std::optional<Image> backup;
    bool hasForgotten = false;    // it has forgotten deletes for good
    bool sparesNewcomer = false;  // a peer without data started here and did not get earlier deletes
    bool relays = false;          // its token lets it relay, as a server's token does
    Replica(int n, const std::int64_t& now, std::uint64_t seed)
        : number(n), name("R" + std::to_string(n)), clock(now), random(seed) {}
  };
  struct Frame {
    std::int64_t at = 0;
    base::Bytes bytes;
  };
  struct Link {
    int ends[2] = {0, 0};
    bool cut = false;
    bool keeps = false;  // end 0 forgets nothing because end 1 tells it not to
    std::int64_t nextTry = 0;
    std::int64_t resetAt = -1;
    bool revoked = false;       // the hub refuses the client
    bool oneWay = false;        // in this conversation
    bool leavesOthers = false;  // the next conversation removes records that earlier scopes brought
    std::unique_ptr<sync::Session> sessions[2];
    std::deque<Frame> towards[2];     // frames on their way to an end
    bool behind[2] = {false, false};  // this end has begun to catch up here and has not finished
  };
  // Records that one transaction inserted and no one changes again, and one record that other transactions write to as
  // well.
  struct Group {
    std::vector<Key> keys;
    std::optional<Key> shared;
    sync::Stamp wrote;  // the transaction's write to `shared`
  };

  void build();
  void chaos();
  void heal();
  void judge();
  void judgeCounters();

  // Replicas.
  void open(Replica& replica);
  void down(Replica& replica, bool powerCut);
  void maintain(Replica& replica);
  // Lets the one who observes the replica check what was told.
  void look(Replica& replica);
  void restore(Replica& replica);
  void longAway(Replica& replica);
  sync::Scope anyScope();
  void revoke(Link& link);
  void cloneInto(Replica& from);
  db::EngineOptions options(const Replica& replica) const;

  // The work of the users.
  void write(Replica& replica);
  void writeTransaction(Replica& replica);
  // Increments a counter that nobody assigns or deletes.
  void count(Replica& replica);
  // Returns false if the power went off before the write was acknowledged.
  bool operate(Replica& replica, const Key& key, const std::function<void(db::Changes&)>& body);
  Key anyKey();
  Record anyRecord();

  // Links.
  bool connected(const Link& link) const { return link.sessions[0] != nullptr; }
  void connect(Link& link);
  void disconnect(Link& link, const char* why);
  void collect(Link& link);
  void deliver(Link& link, int end);
  void guarded(Link& link, const std::function<void()>& body);
  void feedsMoved();
  void checkGroups(Replica& replica);
  std::int64_t advance(std::int64_t untilMs);
  bool step(std::int64_t untilMs);

  void fail(const std::string& what);
  template <class... Parts>
  void note(const Parts&... parts);

  Dice dice_;
  Dice modes_;  // which way data goes over a link
  Dice looks_;  // when observers are told
  std::ostream* trace_;
  Report report_;
  std::int64_t nowMs_ = 0;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<Link> links_;
  Oracle oracle_;
  std::vector<UUID> ids_;
  std::vector<UUID> shared_;  // records that only transactions write to
  std::vector<UUID> counts_;  // records that are only counted
  std::vector<Group> groups_;
  // The increments of counters: `certain` as in the oracle.
  struct Increment {
    int replica = 0;
    std::size_t number = 0;
    std::int64_t by = 0;
    bool certain = false;
    bool durable = false;
  };
  std::map<Key, std::vector<Increment>> counters_;
  std::int64_t counter_ = 0;
  std::chrono::milliseconds retention_{std::chrono::hours(24 * 30)};
  std::size_t removedFieldsKept_ = replica::kRemovedFieldsKept;
  bool lossy_ = false;
  bool brutal_ = false;    // power cuts, restores, clones
  bool fleet_ = false;     // a hub whose clients may each sync a part, and whose tokens may be revoked
  bool restless_ = false;  // a fleet whose tokens keep changing
  bool checked_ = false;   // the hub of a fleet checks the stamps of its clients, and has lost nothing
  bool small_ = false;     // small batches: to catch up takes several
  bool oneWay_ = false;    // end 1 of a link may only send or only receive for one conversation
  bool healing_ = false;
  // A replica has lost a delete and holds the record again, and a peer does not know of that delete.
  bool mayRepair_ = false;
};

}  // namespace blazedb::sim
