// Fifty users of ten teams with a database each, while users change teams, and the hub and clients are killed. In the
// end each client holds exactly what its user may read, and no write is lost without a word.
//
// The test judges by itself: it keeps who is in which team, and every write with what its author saw there.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "codec/json.h"
#include "e2e/hub_process.h"
#include "support/errors.h"

namespace blazedb::e2e {
namespace {

using Held = std::map<UUID, Record>;

constexpr std::size_t kUsers = 50, kTeams = 10;
// The first users have their databases in processes of their own, the others in this one.
constexpr std::size_t kProcesses = 8;
constexpr int kMovesAtATime = 10, kRoundsMax = 15, kDeaths = 2;

// A write of one field. Its value is a number that nobody else writes.
struct Write {
  std::size_t author = 0;
  UUID record;
  std::string field;
  std::int64_t value = 0;
};

struct Insert {
  std::size_t author = 0;
  UUID record;
  std::size_t team = 0;
};

struct Delete {
  std::size_t author = 0;
  UUID record;
  std::int64_t number = 0;  // a value that no field has
  Record seen;
};

struct Client {
  std::string user, file, token;
  std::unique_ptr<Watch> process;
  std::optional<Database> database;
  std::optional<SyncEngine> sync;
};

class RightsFleet : public WithHubProcess {
 protected:
  RightsFleet() {
    Database hub = makeDatabase("hub.blazedb", SyncRole::server);
    for (std::size_t team = 0; team < kTeams; team++)
      teams_.push_back(hub.users().addTeam("team" + std::to_string(team)).id);
    for (std::size_t user = 0; user < kUsers; user++) {
      Client& client = clients_.emplace_back();
      client.user = "user" + std::to_string(user);
      client.file = client.user + ".blazedb";
      client.token = hub.createToken({.name = client.user, .user = client.user}).secret;
      hub.users().put(client.user);
      memberOf_.push_back({user % kTeams, user * 3 % kTeams});  // one or two
      for (std::size_t team : memberOf_.back()) hub.users().join(client.user, teams_[team]);
    }
    everIn_ = memberOf_;
    hub.policies().add({"default", Operation::read, "team_id IN $user.teams OR owner = $user.name"});
    hub.policies().add({"default", Operation::write, "team_id IN $user.teams"});
    hub.policies().add({"secrets", Operation::read, "false"});
    hub.collection("secrets").insert({{"of", "the hub"}});
  }

  // ---- The clients

  void startProcess(std::size_t user) {
    clients_[user].process = watch(path(clients_[user].file), clients_[user].token);
  }
  void killProcess(std::size_t user) {
    clients_[user].process->send(SIGKILL);
    EXPECT_EQ(clients_[user].process->wait().status, 128 + SIGKILL);
    clients_[user].process.reset();
  }
  void openHere(std::size_t user) {
    Client& client = clients_[user];
    client.database = open(client.file);
    client.sync = connect(*client.database, client.token);
  }

  // ---- Writing

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::size_t teamFor(std::size_t user) {
    const std::set<std::size_t>& own = believed_[user];
    return below(4) == 0 ? below(kTeams) : *std::next(own.begin(), static_cast<long>(below(own.size())));
  }
  // `store` takes a new record and returns its id.
  template <class Store>
  UUID insert(std::size_t user, Store&& store) {
    std::size_t team = teamFor(user);
    std::int64_t value = ++values_;
    UUID id = store(Record{{"owner", clients_[user].user}, {"team_id", teams_[team]}, {"n", value}});
    inserts_.push_back({user, id, team});
    note(user, id, "n", value, {});
    return id;
  }
  void note(std::size_t user, const UUID& id, const std::string& field, std::int64_t value, const Record& before) {
    writes_.push_back({user, id, field, value});
    seen_[value] = before.integer(field).value_or(0);
  }

  // One write of a client in this process: a new record, a new value, another team, or a delete.
  void write(std::size_t user) {
    Database& database = *clients_[user].database;
    std::size_t what = below(10);
    if (what < 4 || inserts_.empty()) {
      insert(user, [&](const Record& record) { return database.insert(record); });
      return;
    }
    for (int attempt = 0; attempt < 8; attempt++) {
      UUID id = inserts_[below(inserts_.size())].record;
      std::int64_t value = ++values_;
      bool isDone = false;
      database.transaction([&](Transaction& changes) {
        Fetched before = changes.fetch(id);
        if (!before) return;
        isDone = true;
        if (what < 8) {
          changes.updateFields(id, {{"n", value}});
          note(user, id, "n", value, *before);
        } else if (what < 9) {
          changes.updateFields(id, {{"team_id", teams_[teamFor(user)]}, {"moved", value}});
          note(user, id, "moved", value, *before);
        } else {
          changes.remove(id);
          deletes_.push_back({user, id, value, *before});
        }
      });
      if (isDone) return;
    }
  }

  // The same through the program, which passes it to the process that has the file open, if one has. Here a record
  // that the client has made itself gets a new value.
  void writeByProgram(std::size_t user) {
    std::string file = path(clients_[user].file);
    if (madeBy_[user].empty() || below(2) == 0) {
      madeBy_[user].push_back(insert(user, [&](const Record& record) {
        std::string out = succeed({"insert", file, codec::recordToJson(record, {})});
        return UUID::parse(linesOf(out).at(0)).value();
      }));
      return;
    }
    const UUID& id = madeBy_[user][below(madeBy_[user].size())];
    std::int64_t value = ++values_;
    Result result = run({"update", file, id.toString(), "{\"n\": " + std::to_string(value) + "}"});
    if (result.status != 0) {
      EXPECT_NE(result.err.find("NotFound"), std::string::npos) << result.err;  // it has gone
      return;
    }
    Record before;
    for (const Write& each : writes_)
      if (each.author == user && each.record == id && each.field == "n") before.set("n", each.value);
    note(user, id, "n", value, before);
  }

  // ---- Moving

  // Moves users between teams on the running hub, while everybody writes.
  void moveUsersWhileAllWrite() {
    believed_ = memberOf_;
    std::atomic<bool> isMoving = true;
    std::thread mover([&] {
      for (int move = 0; move < kMovesAtATime; move++) moveSomebody();
      isMoving = false;
    });
    int round = 0;
    do {
      for (std::size_t user = kProcesses; user < kUsers; user++) write(user);
      writeByProgram(below(kProcesses));
    } while (isMoving && ++round < kRoundsMax);
    mover.join();
  }
  void moveSomebody() {
    std::size_t user = moves_() % kUsers, to = moves_() % kTeams;
    std::set<std::size_t>& own = memberOf_[user];
    if (own.contains(to)) return;
    std::size_t from = *own.begin();
    succeed({"team", "leave", file_, teams_[from].toString(), clients_[user].user});
    succeed({"team", "join", file_, teams_[to].toString(), clients_[user].user});
    own.erase(from);
    own.insert(to);
    everIn_[user].insert(to);
  }

  // ---- Judging

  bool mayRead(std::size_t user, const Record& record) const {
    if (record.string("owner") == clients_[user].user) return true;
    return std::any_of(memberOf_[user].begin(), memberOf_[user].end(),
                       [&](std::size_t team) { return record.uuid("team_id") == teams_[team]; });
  }
  Held allowed(std::size_t user, const Held& hub) const {
    Held held;
    std::copy_if(hub.begin(), hub.end(), std::inserter(held, held.end()),
                 [&](const auto& each) { return mayRead(user, each.second); });
    return held;
  }
  static Held heldBy(const Database& database) {
    Held held;
    for (const Record& each : database.fetchAll()) held.emplace(*each.id(), each);
    return held;
  }
  Held heldByTheHub() const {
    Held held;
    for (const std::string& line : linesOf(succeed({"export", file_, "-c", "default"}))) {
      Record record = codec::recordFromJson(line);
      held.emplace(*record.id(), record);
    }
    return held;
  }
  // Lets the clients sync until each holds what it may. Says nothing if that never comes.
  void settle() {
    auto end = std::chrono::steady_clock::now() + kBarrier;
    bool isSettled = false;
    while (!isSettled && std::chrono::steady_clock::now() < end) {
      for (Client& client : clients_) test::errorOf([&] { client.sync->synchronize(kBarrier); });
      Held hub = heldByTheHub();
      isSettled = true;
      for (std::size_t user = 0; user < kUsers && isSettled; user++)
        isSettled = heldBy(*clients_[user].database) == allowed(user, hub);
    }
  }

  // Whether `value` of a field is what `later` has replaced, or was there before that. 0: the field was absent.
  bool isBefore(std::int64_t value, std::int64_t later) const {
    while (later != 0 && later != value) later = seen_.at(later);
    return later == value;
  }
  // What the client lists of its writes to a record.
  struct Listed {
    std::vector<Object> fields;  // of changes that were refused, and of records that were removed
    bool deletes = false;
  };
  Listed listed(std::size_t user, const UUID& id) const {
    Listed listed;
    for (const RejectedChange& change : rejected_[user]) {
      if (change.record != id || change.id == 0) continue;
      listed.fields.push_back(change.fields);
      listed.deletes = listed.deletes || change.deletes;
    }
    for (const RemovedRecord& each : removed_[user])
      if (each.record.id() == id) listed.fields.push_back(each.record);
    return listed;
  }
  // Whether the client lists the write, or what its author wrote there later.
  bool isListed(std::size_t author, const UUID& id, const std::vector<std::string>& fields, std::int64_t value) const {
    Listed told = listed(author, id);
    return told.deletes || std::any_of(told.fields.begin(), told.fields.end(), [&](const Object& each) {
             return std::any_of(fields.begin(), fields.end(),
                                [&](const std::string& field) { return each.integer(field).value_or(0) >= value; });
           });
  }
  // The hub has it, or what somebody wrote who had not seen less; or the author is told.
  bool isAccountedFor(const Write& write, const Held& hub) const {
    auto original = hub.find(write.record);
    if (original != hub.end()) {
      std::int64_t there = original->second.integer(write.field).value_or(0);
      if (there == write.value || !isBefore(there, write.value)) return true;
    } else if (std::any_of(deletes_.begin(), deletes_.end(), [&](const Delete& each) {
                 // An author that has not heard that its delete was taken lists it, and the hub does not.
                 return each.record == write.record &&
                        !(listed(each.author, each.record).deletes && refusedByHub_.contains(each.record));
               })) {
      return true;
    }
    return isListed(write.author, write.record, {write.field}, write.value);
  }
  bool isAccountedFor(const Delete& each, const Held& hub) const {
    auto original = hub.find(each.record);
    if (original == hub.end() || isListed(each.author, each.record, {"n", "moved"}, each.number)) return true;
    auto isLater = [&](const char* field) {
      return !isBefore(original->second.integer(field).value_or(0), each.seen.integer(field).value_or(0));
    };
    return isLater("n") || isLater("moved");
  }

  std::mt19937_64 random_{7}, moves_{11};
  std::vector<UUID> teams_;
  std::deque<Client> clients_;
  std::vector<std::set<std::size_t>> memberOf_;  // the teams of each user
  std::vector<std::set<std::size_t>> believed_;  // the same, before the moves that are under way
  std::vector<std::set<std::size_t>> everIn_;    // with those that the user has left
  std::vector<Insert> inserts_;
  std::vector<UUID> madeBy_[kProcesses];
  std::vector<Write> writes_;
  std::vector<Delete> deletes_;
  std::int64_t values_ = 0;
  std::map<std::int64_t, std::int64_t> seen_;  // by value: the value that its author saw there
  std::vector<RejectedChange> rejected_[kUsers];
  std::set<UUID> refusedByHub_;
  std::vector<RemovedRecord> removed_[kUsers];
};

TEST_F(RightsFleet, EachHoldsWhatItMayAndNoWriteIsLost) {
  for (const Client& client : clients_) makeDatabase(client.file);
  start({file_});
  for (std::size_t user = 0; user < kUsers; user++) user < kProcesses ? startProcess(user) : openHere(user);
  moveUsersWhileAllWrite();
  for (int death = 0; death < kDeaths; death++) {
    killHub();
    for (std::size_t user = 0; user < kUsers; user++) {
      if (user < kProcesses) killProcess(user);
      user < kProcesses ? writeByProgram(user) : write(user);
    }
    start({file_});
    for (std::size_t user = 0; user < kUsers; user++)
      user < kProcesses ? startProcess(user) : clients_[user].sync->resume();
    moveUsersWhileAllWrite();
  }
  for (std::size_t user = 0; user < kProcesses; user++) {
    killProcess(user);
    openHere(user);
  }
  settle();
  stopHub();

  Database database = open("hub.blazedb");
  Held hub = heldBy(database);
  for (const RejectedChange& each : database.rejectedChanges()) refusedByHub_.insert(each.record);
  std::size_t refused = 0, moved = 0;
  for (std::size_t user = 0; user < kUsers; user++) {
    const Client& client = clients_[user];
    SCOPED_TRACE(client.user);
    std::vector<UUID> teams;
    for (std::size_t team : memberOf_[user]) teams.push_back(teams_[team]);
    std::sort(teams.begin(), teams.end());
    EXPECT_EQ(database.users().find(client.user)->teams, teams);
    Held expected = allowed(user, hub), held = heldBy(*client.database);
    EXPECT_LT(expected.size(), hub.size());
    EXPECT_GT(expected.size(), 0u);
    for (const auto& [id, record] : held)
      EXPECT_TRUE(expected.contains(id)) << "it holds what it may not read: " << codec::recordToJson(record, id);
    for (const auto& [id, record] : expected)
      EXPECT_TRUE(held.contains(id) && held.at(id) == record)
          << "it lacks, or has otherwise: " << codec::recordToJson(record, id);
    EXPECT_EQ(client.database->collection("secrets").count(), 0u);
    rejected_[user] = client.database->rejectedChanges();
    removed_[user] = client.database->removedRecords();
    refused += rejected_[user].size();
    for (const RejectedChange& change : rejected_[user]) {
      EXPECT_TRUE(change.byPeer && change.id != 0) << change.reason;
      EXPECT_EQ(change.code, ErrorCode::PermissionDenied) << change.reason;
    }
  }
  std::size_t foreign = 0;
  for (const Insert& each : inserts_) {
    if (everIn_[each.author].contains(each.team)) continue;
    EXPECT_FALSE(hub.contains(each.record)) << clients_[each.author].user << " was never in team " << each.team;
    foreign++;
  }
  for (const Write& write : writes_) {
    EXPECT_TRUE(isAccountedFor(write, hub)) << clients_[write.author].user << " wrote '" << write.field
                                            << "' = " << write.value << " of " << write.record.toString();
    moved += write.field == "moved";
  }
  for (const Delete& each : deletes_)
    EXPECT_TRUE(isAccountedFor(each, hub)) << clients_[each.author].user << " deleted " << each.record.toString();
  EXPECT_GT(refused, 0u);
  EXPECT_GT(foreign, 0u);
  EXPECT_GT(moved, 0u);
  EXPECT_FALSE(deletes_.empty());
}

}  // namespace
}  // namespace blazedb::e2e
