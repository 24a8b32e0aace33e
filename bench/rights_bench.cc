// What rights cost: a hub and clients whose users have policies, over TLS on loopback in one process, beside the same
// without policies. The first sync, the merge of a client's writes, a user who changes teams, and many clients of which
// each may read something else; and what the hub's file keeps of each record that it has given to a client.
#include <functional>
#include <optional>

#include "between.h"
#include "hub.h"

namespace blazedb::bench {
namespace {

constexpr const char* kUser = "ann";
constexpr const char* kOwnerIsUser = "owner = $user.name";
constexpr const char* kTeamOfUser = "team_id IN $user.teams";
constexpr std::uint64_t kTeamRecords = 10'000;
constexpr std::uint64_t kPerCall = 1'000;
constexpr int kPieces = 3;

void require(bool condition, const char* what) {
  if (!condition) throw Error(ErrorCode::Misuse, what);
}

std::string perSecond(double measured, double without) { return text("%.0f /s against %.0f /s", measured, without); }

std::vector<UUID> makeTeams(std::uint64_t count) {
  std::vector<UUID> teams(count);
  for (UUID& each : teams) each = UUID::generate();
  return teams;
}

TokenOptions tokenOf(const std::string& user, const std::vector<UUID>& teams = {}) {
  TokenOptions token{.name = "bench", .user = user};
  for (const UUID& each : teams) token.teams.push_back(each.toString());
  return token;
}

// As readings(), of kUser, and of the teams by turns.
std::vector<Record> documents(std::uint64_t first, std::uint64_t count, const std::vector<UUID>& teams) {
  std::vector<Record> records = readings(first, count);
  for (std::uint64_t i = 0; i < count; i++) {
    records[i].set("owner", kUser);
    if (!teams.empty()) records[i].set("team_id", teams[(first + i) % teams.size()]);
  }
  return records;
}

void fillTeams(Database& database, std::uint64_t count, const std::vector<UUID>& teams) {
  for (std::uint64_t i = 0; i < count; i += kPerCall) database.insertMany(documents(i, kPerCall, teams));
}

// How many records a second an empty client gets, which then holds `records`.
double firstSync(const TemporaryFolder& folder, Hub& hub, const TokenOptions& user, std::uint64_t records) {
  RemoteNode address = hub.address(user);
  std::string path = folder.file("client.blazedb");
  double seconds = 0;
  {
    Database client = openDatabase(path);
    Stopwatch time;
    SyncEngine sync = client.enableSync(address, kReadable);
    sync.synchronize();
    seconds = time.seconds();
    require(client.count() == records, "the client does not hold what its user may read");
  }
  std::filesystem::remove(path);
  return static_cast<double>(records) / seconds;
}

// A user moves from one team to the next, and so on: until the client holds the records of the new one.
void move(const TemporaryFolder& folder, Hub& hub, const std::vector<UUID>& teams) {
  std::uint64_t records = hub.database().count(), ofTeam = records / teams.size();
  Hub small(openDatabase(folder.file("small.blazedb")));
  fillTeams(small.database(), ofTeam, {});
  Users users = hub.database().users();
  users.put("mover");
  users.join("mover", teams[0]);
  Policy policy = hub.database().policies().add({"default", Operation::read, kTeamOfUser});
  hub.database().createIndex("teams", {"team_id"});
  Database client = openDatabase(folder.file("mover.blazedb"));
  SyncEngine sync = client.enableSync(hub.address(tokenOf("mover")), kReadable);
  sync.synchronize();
  auto holds = [&](const UUID& team) {
    return client.count() == ofTeam && client.query("team_id = $team", {{"team", team}}).count() == ofTeam;
  };
  // Cheap, as it is asked often while the client works.
  auto mayHold = [&](const UUID& ofTheTeam) { return client.count() == ofTeam && client.fetch(ofTheTeam); };
  require(holds(teams[0]), "the client does not hold the records of its user's team");

  std::vector<double> ratios, ofSame, moves, syncs, same;
  for (std::size_t i = 1; i <= kPieces; i++) {
    syncs.push_back(static_cast<double>(ofTeam) / firstSync(folder, small, tokenOf(kUser), ofTeam));
    const UUID &before = teams[(i - 1) % teams.size()], &after = teams[i % teams.size()];
    UUID one = *hub.database().query("team_id = $team", {{"team", after}}).first()->id();
    Stopwatch time;
    users.join("mover", after);
    users.leave("mover", before);
    while (!mayHold(one) || !holds(after)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    moves.push_back(time.seconds());
    ratios.push_back(moves.back() / syncs.back());
    same.push_back(static_cast<double>(ofTeam) / firstSync(folder, hub, tokenOf("mover"), ofTeam));
    ofSame.push_back(moves.back() / same.back());
  }
  using Number = unsigned long long;
  report("a user changes teams, of a first sync", median(ratios), Bound::atMost, 2, "x",
         text("%.0f ms against %.0f ms, %llu records of %llu", median(moves) * 1e3, median(syncs) * 1e3, Number{ofTeam},
              Number{records}));
  report("the same, of a first sync of these records", median(ofSame), Bound::atMost, 2, "x",
         text("%.0f ms against %.0f ms", median(moves) * 1e3, median(same) * 1e3));
  hub.database().policies().remove(policy.id);
  hub.database().dropIndex("teams");
}

// The first sync of all records with a policy that lets all of them through, in turn with one without a policy.
void feed(const TemporaryFolder& folder, Hub& hub, std::uint64_t records, const std::vector<UUID>& teams) {
  Database& database = hub.database();
  TokenOptions user = tokenOf(kUser, teams);
  struct {
    const char *what, *expression;
    std::vector<double> ratios, rates, without;
  } kinds[] = {{"first sync, owner = $user.name, of without", kOwnerIsUser, {}, {}, {}},
               {"first sync, team_id IN $user.teams, of without", kTeamOfUser, {}, {}, {}}};
  std::uint64_t clients = 0, before = database.info().fileBytes;
  for (int i = 0; i < kPieces; i++) {
    double without = firstSync(folder, hub, user, records);
    for (auto& kind : kinds) {
      Policy policy = database.policies().add({"default", Operation::read, kind.expression});
      kind.without.push_back(without);
      kind.rates.push_back(firstSync(folder, hub, user, records));
      kind.ratios.push_back(kind.rates.back() / without);
      database.policies().remove(policy.id);
      clients++;
    }
  }
  for (const auto& kind : kinds)
    report(kind.what, median(kind.ratios), Bound::atLeast, 0.7, "x",
           perSecond(median(kind.rates), median(kind.without)));
  auto grown = static_cast<double>(database.info().fileBytes - before);
  report("the hub's file, a record given to a client", grown / static_cast<double>(records * clients), Bound::atMost,
         24, "B", text("%.1f MiB for %llu clients", grown / (1 << 20), static_cast<unsigned long long>(clients)));
}

// A hub and a client of it that are in sync. The client writes while it is away.
class Writer {
 public:
  Writer(const TemporaryFolder& folder, const std::string& name, const std::vector<Operation>& governed)
      : hub_(openDatabase(folder.file(name + "Hub.blazedb"))), client_(openDatabase(folder.file(name + ".blazedb"))) {
    for (Operation each : governed) hub_.database().policies().add({"default", each, kOwnerIsUser});
    sync_.emplace(client_.enableSync(hub_.address(tokenOf(kUser)), kReadable));
    sync_->synchronize();
  }
  // Both return how many records a second the hub merges.
  double insert(std::uint64_t records) {
    return bring(records, [&] {
      std::uint64_t first = client_.count();
      written_.clear();
      for (std::uint64_t i = first; i < first + records; i += kPerCall) {
        std::vector<UUID> some = client_.insertMany(documents(i, kPerCall, {}));
        written_.insert(written_.end(), some.begin(), some.end());
      }
    });
  }
  // Changes a field of what insert() has written last.
  double update() {
    return bring(written_.size(), [&] {
      for (std::size_t i = 0; i < written_.size(); i += kPerCall)
        client_.transaction([&](Transaction& transaction) {
          for (std::size_t j = i; j < i + kPerCall; j++) transaction.updateFields(written_[j], {{"city", "Bergen"}});
        });
    });
  }

 private:
  double bring(std::size_t records, const std::function<void()>& write) {
    sync_->pause();
    write();
    Stopwatch time;
    sync_->resume();
    sync_->synchronize();
    double rate = static_cast<double>(records) / time.seconds();
    bool same = hub_.database().count() == client_.count();
    for (const UUID& id : {written_.front(), written_.back()})
      same = same && *hub_.database().fetch(id) == *client_.fetch(id);
    require(same && client_.rejectedChanges().empty(), "the hub does not hold what the client has written");
    return rate;
  }

  Hub hub_;
  Database client_;
  std::optional<SyncEngine> sync_;
  std::vector<UUID> written_;
};

// The hub merges what a client has written while it was away: with policies, in turn with none.
void merge(const TemporaryFolder& folder, std::uint64_t records) {
  Writer without(folder, "free", {}), governed(folder, "governed", {Operation::write}),
      chosen(folder, "chosen", {Operation::write, Operation::read});
  std::vector<double> free[2], rates[2], ratios[2], chosenRatios[2];
  for (int i = 0; i < kPieces; i++)
    for (int updates : {0, 1}) {
      auto rateOf = [&](Writer& writer) { return updates ? writer.update() : writer.insert(records); };
      free[updates].push_back(rateOf(without));
      rates[updates].push_back(rateOf(governed));
      ratios[updates].push_back(rates[updates].back() / free[updates].back());
      chosenRatios[updates].push_back(rateOf(chosen) / free[updates].back());
    }
  for (int updates : {0, 1})
    report(updates ? "the same, of changed records" : "merge with a policy for writing, of without",
           median(ratios[updates]), Bound::atLeast, 0.7, "x",
           perSecond(median(rates[updates]), median(free[updates])) +
               text(", with one for reading too %.2f x", median(chosenRatios[updates])));
}

// A hub and many clients, each with a user of its own.
class Crowd {
 public:
  static constexpr std::size_t kClients = 500, kTeams = 50;

  // `rights`: a user is in about four teams of five, in others than the next user; and is one of ten who may read a
  // record of the collection "few".
  Crowd(const TemporaryFolder& folder, const std::string& name, bool rights)
      : hub_(openDatabase(folder.file(name + "Hub.blazedb"), Durability::normal)),
        teams_(makeTeams(kTeams)),
        expected_(kClients),
        readers_(kTeams) {
    if (rights) {
      hub_.database().policies().add({"default", Operation::read, kTeamOfUser});
      hub_.database().policies().add({"few", Operation::read, "group = $user.claims.group"});
    }
    for (std::size_t i = 0; i < kClients; i++) {
      std::string user = name + std::to_string(i);
      std::vector<UUID> own;
      for (std::size_t team = 0; team < kTeams; team++) {
        if (rights && splitmix64(i * kTeams + team) % 5 == 0) continue;
        own.push_back(teams_[team]);
        readers_[team].push_back(i);
      }
      hub_.database().users().put(user, {.claims = {{"group", static_cast<std::int64_t>(i % kTeams)}}});
      clients_.push_back(openDatabase(folder.file(user + ".blazedb"), Durability::normal));
      NodeId node = topology_.registerDatabase(clients_.back(), user);
      topology_.connectRemote(node, hub_.address(tokenOf(user, own)), kReadable);
    }
    topology_.synchronize();
  }

  // One thread writes, a record a commit, until each client has what it may read. Returns deliveries per second.
  double deliver(std::uint64_t writes) {
    std::uint64_t deliveries = 0;
    double seconds = timed([&] {
      for (std::uint64_t i = 0; i < writes; i++, written_++) {
        hub_.database().insert(documents(written_, 1, teams_)[0]);
        for (std::size_t client : readers_[written_ % kTeams]) expected_[client]++;
        deliveries += readers_[written_ % kTeams].size();
      }
    });
    for (std::size_t i = 0; i < kClients; i++)
      require(clients_[i].count() == expected_[i], "a client does not hold what its user may read");
    return static_cast<double>(deliveries) / seconds;
  }
  // The same with records that concern one client of fifty. Returns writes per second.
  double deliverToFew(std::uint64_t writes) {
    Collection few = hub_.database().collection("few");
    double seconds = timed([&] {
      for (std::uint64_t i = 0; i < writes; i++) {
        Record record = reading(i);
        record.set("group", static_cast<std::int64_t>(i % kTeams));
        few.insert(record);
      }
    });
    return static_cast<double>(writes) / seconds;
  }

 private:
  double timed(const std::function<void()>& write) {
    Stopwatch time;
    write();
    topology_.synchronize();
    return time.seconds();
  }

  Hub hub_;
  std::vector<UUID> teams_;
  std::vector<std::uint64_t> expected_;            // by client
  std::vector<std::vector<std::size_t>> readers_;  // by team
  std::vector<Database> clients_;
  Topology topology_;
  std::uint64_t written_ = 0;
};

void deliver(const TemporaryFolder& folder) {
  constexpr std::uint64_t kWrites = 500;
  Crowd without(folder, "all", false), with(folder, "some", true);
  std::vector<double> ratios, free, rates, freeWrites, fewWrites;
  for (int i = 0; i < kPieces; i++) {
    free.push_back(without.deliver(kWrites));
    rates.push_back(with.deliver(kWrites));
    ratios.push_back(rates.back() / free.back());
    freeWrites.push_back(without.deliverToFew(kWrites / 2));
    fewWrites.push_back(with.deliverToFew(kWrites / 2));
  }
  report("deliveries to 500 clients with rights, of without", median(ratios), Bound::atLeast, 0.6, "x",
         perSecond(median(rates), median(free)) +
             text("; of records for 10 clients each, %.0f writes/s against %.0f for all", median(fewWrites),
                  median(freeWrites)));
}

void run(const Arguments& arguments) {
  printHeading("rights_bench");
  TemporaryFolder folder(arguments.folder);
  {
    Hub hub(openDatabase(folder.file("hub.blazedb")));
    std::vector<UUID> teams;
    for (std::uint64_t i = 0; i < std::max<std::uint64_t>(arguments.records / kTeamRecords, 2); i++)
      teams.push_back(hub.database().users().addTeam("team" + std::to_string(i)).id);
    fillTeams(hub.database(), arguments.records, teams);
    move(folder, hub, teams);
    feed(folder, hub, arguments.records, teams);
  }
  merge(folder, std::max<std::uint64_t>(arguments.records / 10, 10'000));
  deliver(folder);
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  try {
    blazedb::bench::run(blazedb::bench::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rights_bench: %s\n", error.what());
    return 1;
  }
}
