// Policies on a hub: what its clients get, and what it takes from them.
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "topology/remote_fixture.h"

namespace blazedb {
namespace {

class RightsTest : public RemoteTest {
 protected:
  SyncEngine connect(const Database& client, const std::string& user) {
    return client.enableSync(remote(token({.name = user, .user = user}).secret), kReadable);
  }
  static std::set<std::string> names(const Database& database) {
    std::set<std::string> all;
    for (const Record& each : database.fetchAll()) all.insert(each.string("name").value_or(""));
    return all;
  }
  // What a hub has refused, and has left its records.
  static std::map<UUID, RejectedChange> refusedOf(const Database& database) {
    std::map<UUID, RejectedChange> refused;
    for (const RejectedChange& each : database.rejectedChanges()) {
      EXPECT_EQ(each.code, ErrorCode::PermissionDenied);
      EXPECT_TRUE(each.byPeer);
      if (each.id != 0) refused[each.record] = each;
    }
    return refused;
  }
  // Synchronizes until it is so: a change of rights ends the connection within a second.
  static void until(SyncEngine& sync, const std::function<bool()>& isSo) {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (!isSo()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      test::errorOf([&] { sync.synchronize(kPatience); });
      std::this_thread::yield();
    }
  }
  void policies(const std::string& read, const std::string& write = "") {
    hub_.policies().add({"default", Operation::read, read});
    if (!write.empty()) hub_.policies().add({"default", Operation::write, write});
  }
  using Names = std::set<std::string>;
};

TEST_F(RightsTest, EachUserGetsWhatThePoliciesAllow) {
  hub_.users().put("ann");
  Team north = hub_.users().addTeam("north");
  hub_.users().join("ann", north.id);
  policies("owner = $user.name");
  policies("team_id IN $user.teams");
  hub_.insert({{"name", "hers"}, {"owner", "ann"}});
  hub_.insert({{"name", "of her team"}, {"owner", "bob"}, {"team_id", north.id}});
  hub_.insert({{"name", "his"}, {"owner", "bob"}});
  hub_.insert({{"name", "of nobody"}});
  hub_.collection("news").insert({{"name", "for all"}});
  Database ann = open("ann"), bob = open("bob"), nobody = open("nobody");
  SyncEngine first = connect(ann, "ann"), second = connect(bob, "bob");
  SyncEngine third = nobody.enableSync(remote(token({.name = "no user"}).secret), kReadable);
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  third.synchronize(kPatience);
  EXPECT_EQ(names(ann), (Names{"hers", "of her team"}));
  EXPECT_EQ(names(bob), (Names{"his", "of her team"}));
  EXPECT_EQ(names(nobody), Names{});
  for (const Database& each : {ann, bob, nobody}) EXPECT_EQ(each.collection("news").count(), 1u);

  ann.insert({{"name", "new"}, {"owner", "ann"}});
  hub_.insert({{"name", "live"}, {"owner", "ann"}});
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_EQ(names(ann), (Names{"hers", "of her team", "new", "live"}));
  EXPECT_EQ(names(bob), (Names{"his", "of her team"}));
  EXPECT_EQ(hub_.count(), 6u);
}

TEST_F(RightsTest, ARecordLeavesWithItsOwnerAndArrivesWhole) {
  policies("owner = $user.name");
  UUID id = hub_.insert({{"name", "a"}, {"owner", "ann"}, {"n", 1}});
  Database ann = open("ann"), bob = open("bob");
  SyncEngine first = connect(ann, "ann"), second = connect(bob, "bob");
  first.synchronize(kPatience);
  ann.updateFields(id, {{"n", 2}});
  first.synchronize(kPatience);
  hub_.updateFields(id, {{"owner", "bob"}});
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_FALSE(ann.fetch(id));
  EXPECT_TRUE(ann.removedRecords().empty());  // the hub has all of it
  EXPECT_EQ(bob.fetch(id)->integer("n"), 2);
  EXPECT_EQ(bob.fetch(id)->string("name"), "a");
  hub_.remove(id);
  second.synchronize(kPatience);
  EXPECT_FALSE(bob.fetch(id));
}

TEST_F(RightsTest, AChangeOfRightsReachesOpenConnections) {
  Team north = hub_.users().addTeam("north"), south = hub_.users().addTeam("south");
  hub_.users().put("ann");
  hub_.users().join("ann", north.id);
  for (const Team& team : {north, south}) hub_.insert({{"name", team.name}, {"team_id", team.id}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  EXPECT_EQ(names(ann), (Names{"north", "south"}));

  policies("team_id IN $user.teams");
  until(sync, [&] { return names(ann) == Names{"north"}; });
  hub_.users().join("ann", south.id);
  until(sync, [&] { return names(ann) == Names{"north", "south"}; });
  hub_.users().leave("ann", north.id);
  until(sync, [&] { return names(ann) == Names{"south"}; });
  hub_.users().removeTeam(south.id);
  until(sync, [&] { return names(ann).empty(); });
  hub_.users().put("ann", {.roles = {"admin"}});
  until(sync, [&] { return names(ann) == Names{"north", "south"}; });
  hub_.users().remove("ann");
  until(sync, [&] { return names(ann).empty(); });
  for (const Policy& policy : hub_.policies().all()) hub_.policies().remove(policy.id);
  until(sync, [&] { return names(ann) == Names{"north", "south"} && sync.status().verified; });
  EXPECT_TRUE(diff(hub_, ann).empty());
}

TEST_F(RightsTest, AWriteIsJudgedOnTheRecordBeforeAndAfter) {
  policies("public OR owner = $user.name", "owner = $user.name");
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}, {"public", true}});
  UUID hidden = hub_.insert({{"name", "hidden"}, {"owner", "bob"}});
  UUID hers = hub_.insert({{"name", "hers"}, {"owner", "ann"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);

  ann.updateFields(his, {{"owner", "ann"}});                 // to take it over
  ann.insert(hidden, {{"name", "mine"}, {"owner", "ann"}});  // whose id she has guessed
  ann.updateFields(hers, {{"name", "still hers"}});
  UUID gift = ann.insert({{"name", "a gift"}, {"owner", "bob"}});
  sync.synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(his)->string("owner"), "bob");
  EXPECT_EQ(hub_.fetch(hidden)->string("name"), "hidden");
  EXPECT_EQ(hub_.fetch(hers)->string("name"), "still hers");
  EXPECT_FALSE(hub_.fetch(gift));
  // She has what the hub has, and beside it what was refused.
  until(sync, [&] { return refusedOf(ann).size() == 3; });
  EXPECT_EQ(names(ann), (Names{"his", "still hers"}));
  EXPECT_EQ(ann.fetch(his)->string("owner"), "bob");
  std::map<UUID, RejectedChange> refused = refusedOf(ann);
  EXPECT_EQ(refused.at(his).fields, (Object{{"owner", "ann"}}));
  EXPECT_FALSE(refused.at(his).inserts);
  EXPECT_EQ(refused.at(hidden).fields, (Object{{"name", "mine"}, {"owner", "ann"}}));
  EXPECT_TRUE(refused.at(hidden).inserts);
  EXPECT_EQ(refused.at(gift).fields, (Object{{"name", "a gift"}, {"owner", "bob"}}));
  EXPECT_TRUE(ann.removedRecords().empty());
  EXPECT_TRUE(ann.conflicts().empty());

  ann.remove(his);
  ann.remove(hers);
  sync.synchronize(kPatience);
  until(sync, [&] { return refusedOf(ann).at(his).deletes; });
  EXPECT_EQ(names(ann), Names{"his"});
  EXPECT_EQ(names(hub_), (Names{"his", "hidden"}));

  hub_.policies().add({"default", Operation::write, "name = 'a gift'"});
  until(sync, [&] { return hub_.fetch(gift).has_value() && !refusedOf(ann).contains(gift); });
  until(sync, [&] { return !ann.fetch(gift); });  // she may not read it
}

TEST_F(RightsTest, WhoMayReadMayWriteWhereNoPolicySaysMore) {
  policies("owner = $user.name");
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  UUID hers = ann.insert({{"name", "hers"}, {"owner", "ann"}});
  ann.insert(his, {{"name", "mine now"}, {"owner", "ann"}});
  sync.synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(hers));
  EXPECT_EQ(hub_.fetch(his)->string("name"), "his");
  ann.updateFields(hers, {{"owner", "bob"}});
  sync.synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(hers)->string("owner"), "ann");
}

TEST_F(RightsTest, WhatWasRefusedIsKeptWhenItsRecordLeaves) {
  policies("team = 'north' OR team = $user.name", "false");
  UUID id = hub_.insert({{"name", "a"}, {"team", "north"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  ann.updateFields(id, {{"name", "hers"}});
  sync.synchronize(kPatience);
  until(sync, [&] { return ann.fetch(id)->string("name") == "a"; });
  hub_.updateFields(id, {{"team", "south"}});
  until(sync, [&] { return !ann.fetch(id); });
  sync.pause();  // the list is gone through when they connect
  sync.resume();
  sync.synchronize(kPatience);
  EXPECT_TRUE(ann.removedRecords().empty());
  EXPECT_EQ(refusedOf(ann).at(id).fields, (Object{{"name", "hers"}}));
  EXPECT_THROW(ann.retry(refusedOf(ann).at(id).id), Error);  // there is no record to change
  ann.discard(refusedOf(ann).at(id).id);
  EXPECT_TRUE(ann.rejectedChanges().empty());
  sync.pause();
  sync.resume();
  until(sync, [&] { return hub_.rejectedChanges().empty(); });
}

TEST_F(RightsTest, WhatWasRefusedGoesBackOnceTheRightsAllowIt) {
  hub_.policies().add({"default", Operation::write, "note = 'old'"});
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}, {"n", 1}, {"note", "old"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  std::vector<RejectedChange> told;
  std::mutex mutex;
  Subscription told_ = ann.onRejected([&](const RejectedChange& change) {
    std::lock_guard lock(mutex);
    told.push_back(change);
  });
  sync.pause();
  ann.updateFields(his, {{"name", "hers"}, {"text", "x"}});
  ann.increment(his, "n", 5);
  ann.unset(his, {"note"});
  UUID gift = ann.insert({{"name", "gift"}, {"owner", "bob"}});
  sync.resume();
  until(sync, [&] { return refusedOf(ann).size() == 2; });
  EXPECT_TRUE(diff(hub_, ann).empty());
  RejectedChange change = refusedOf(ann).at(his);
  EXPECT_EQ(change.fields, (Object{{"name", "hers"}, {"text", "x"}}));
  EXPECT_EQ(change.increments, (std::map<std::string, Value>{{"n", 5}}));
  EXPECT_EQ(change.unset, std::vector<std::string>{"note"});
  until(sync, [&] {
    std::lock_guard lock(mutex);
    return told.size() >= 2;
  });
  EXPECT_EQ(ann.info().rejected, 2u);
  EXPECT_EQ(sync.status().rejected, 2u);

  // Meanwhile both go on, and the next conversations change nothing.
  hub_.updateFields(his, {{"name", "newer"}});
  sync.synchronize(kPatience);
  ann.increment(his, "n", 1);  // that she may
  sync.synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(his)->integer("n"), 2);
  for (int i = 0; i < 3; i++) {
    sync.pause();
    sync.resume();
    sync.synchronize(kPatience);
  }
  EXPECT_EQ(refusedOf(ann).size(), 2u);
  EXPECT_TRUE(diff(hub_, ann).empty());

  hub_.policies().add({"default", Operation::write, "true"});
  until(sync, [&] { return ann.rejectedChanges().empty() && hub_.rejectedChanges().empty(); });
  sync.synchronize(kPatience);
  EXPECT_TRUE(diff(hub_, ann).empty());
  EXPECT_EQ(hub_.fetch(his)->integer("n"), 7);
  EXPECT_EQ(hub_.fetch(his)->string("name"), "newer");
  EXPECT_EQ(hub_.fetch(his)->string("text"), "x");
  EXPECT_FALSE(hub_.fetch(his)->contains("note"));
  EXPECT_TRUE(hub_.fetch(gift));
  ASSERT_EQ(ann.conflicts().size(), 1u);
  EXPECT_EQ(ann.conflicts()[0].lost, Value("hers"));
}

TEST_F(RightsTest, ARefusedChangeOutlivesAnotherOneOfARecordThatLeaves) {
  policies("open", "open AND n < 2");
  UUID id = hub_.insert({{"open", true}, {"n", 0}, {"owner", "bob"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  ann.updateFields(id, {{"n", 1}});  // she may
  sync.synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(id)->integer("n"), 1);
  ann.updateFields(id, {{"n", 2}});  // she may not
  sync.synchronize(kPatience);
  until(sync, [&] { return ann.fetch(id)->integer("n") == 1 && refusedOf(ann).contains(id); });
  EXPECT_EQ(refusedOf(ann).at(id).fields, (Object{{"n", 2}}));
  sync.pause();
  ann.updateFields(id, {{"text", "x"}});
  hub_.updateFields(id, {{"open", false}});
  sync.resume();
  until(sync, [&] { return !ann.fetch(id); });
  sync.synchronize(kPatience);
  EXPECT_EQ(refusedOf(ann).at(id).fields.integer("n"), 2);
  EXPECT_EQ(refusedOf(ann).at(id).fields.string("text"), "x");
}

TEST_F(RightsTest, IncrementsThatWereRefusedOneAfterTheOtherAllCount) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}, {"n", 100}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  for (int by : {5, 7, 9}) {
    ann.increment(his, "n", by);
    sync.synchronize(kPatience);
    EXPECT_EQ(ann.fetch(his)->integer("n"), 100);
  }
  EXPECT_EQ(refusedOf(ann).at(his).increments, (std::map<std::string, Value>{{"n", 21}}));
  hub_.policies().add({"default", Operation::write, "true"});
  until(sync, [&] { return ann.rejectedChanges().empty(); });
  EXPECT_EQ(hub_.fetch(his)->integer("n"), 121);
  EXPECT_EQ(ann.fetch(his)->integer("n"), 121);
}

// A barrier waits until the hub has asked again.
TEST_F(RightsTest, AConnectionThatOnlyLastsUntilItIsInSyncSendsWhatWasRefusedAgain) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  Database ann = open("ann");
  UUID gift = ann.insert({{"name", "gift"}, {"owner", "bob"}});
  {
    SyncEngine sync = connect(ann, "ann");
    sync.synchronize(kPatience);
    EXPECT_FALSE(ann.fetch(gift));
  }
  hub_.policies().add({"default", Operation::write, "true"});
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(gift));
  EXPECT_TRUE(ann.fetch(gift));
  EXPECT_TRUE(ann.rejectedChanges().empty());
  EXPECT_TRUE(hub_.rejectedChanges().empty());
}

TEST_F(RightsTest, WhatIsDiscardedLeavesBothListsAndTheStatus) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  for (int i = 0; i < 2; i++) {
    ann.updateFields(his, {{"n", i}});
    ann.upsert(ann.key("gift"), {{"owner", "bob"}});
    sync.synchronize(kPatience);
  }
  EXPECT_EQ(sync.status().rejected, 2u);
  for (const auto& [id, change] : refusedOf(ann)) ann.discard(change.id);
  until(sync, [&] { return hub_.rejectedChanges().empty() && sync.status().rejected == 0; });
  EXPECT_TRUE(diff(hub_, ann).empty());
}

TEST_F(RightsTest, WhatOnlyPassesThroughStays) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  Database ann = open("ann"), behind = open("behind");
  SyncEngine sync = connect(ann, "ann");
  Topology near;
  NodeId first = near.registerDatabase(ann, "ann"), second = near.registerDatabase(behind, "behind");
  ConnectionId local = near.connectLocal(first, second, ConnectionMode::bidirectional);
  UUID gift = behind.insert({{"name", "gift"}, {"owner", "bob"}});
  near.synchronize(kPatience);
  until(sync, [&] { return ann.rejectedChanges().size() == 1; });
  EXPECT_TRUE(ann.fetch(gift) && behind.fetch(gift));
  EXPECT_EQ(ann.rejectedChanges()[0].id, 0);
  UUID own = ann.insert({{"name", "own"}, {"owner", "bob"}});
  near.synchronize(kPatience);
  until(sync, [&] { return !ann.fetch(own); });
  for (int i = 0; i < 2; i++) {
    near.pause(local);
    near.resume(local);
    near.synchronize(kPatience);
  }
  EXPECT_FALSE(ann.fetch(own));
  hub_.policies().add({"default", Operation::write, "true"});
  until(sync, [&] { return hub_.fetch(gift) && hub_.fetch(own) && ann.rejectedChanges().empty(); });
  EXPECT_TRUE(ann.fetch(own));
}

TEST_F(RightsTest, AUserRetriesOrDiscards) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}, {"n", 1}});
  UUID other = hub_.insert({{"name", "other"}, {"owner", "bob"}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  ann.updateFields(his, {{"name", "hers"}});
  ann.increment(his, "n", 5);
  ann.remove(other);
  UUID gift = ann.insert({{"name", "gift"}, {"owner", "bob"}});
  until(sync, [&] { return refusedOf(ann).size() == 3 && refusedOf(ann).at(his).increments.contains("n"); });
  ann.discard(refusedOf(ann).at(gift).id);
  EXPECT_THROW(ann.discard(refusedOf(ann).at(his).id + 100), Error);
  sync.pause();
  hub_.policies().add({"default", Operation::write, "name = 'his' OR name = 'hers'"});
  ann.retry(refusedOf(ann).at(his).id);
  ann.retry(refusedOf(ann).at(other).id);
  EXPECT_EQ(ann.fetch(his)->string("name"), "hers");
  EXPECT_EQ(ann.fetch(his)->integer("n"), 6);
  EXPECT_TRUE(ann.rejectedChanges().empty() && !ann.fetch(other));
  sync.resume();
  until(sync, [&] { return hub_.fetch(his)->string("name") == "hers"; });
  EXPECT_EQ(hub_.fetch(his)->integer("n"), 6);
  until(sync, [&] { return refusedOf(ann).size() == 1 && refusedOf(ann).contains(other); });  // refused again
  EXPECT_TRUE(hub_.fetch(other) && ann.fetch(other));
  sync.pause();
  sync.resume();
  until(sync, [&] { return hub_.rejectedChanges().size() == 1; });
  EXPECT_TRUE(diff(hub_, ann).empty());
  EXPECT_FALSE(ann.fetch(gift));
}

TEST_F(RightsTest, WhatATokenDoesNotLetOutIsKeptWhenItsRecordLeaves) {
  policies("owner = $user.name");
  UUID id = hub_.insert({{"name", "a"}, {"owner", "ann"}}), other = hub_.insert({{"name", "b"}, {"owner", "ann"}});
  Database ann = open("ann");
  SyncEngine sync =
      ann.enableSync(remote(token({.name = "reader", .user = "ann", .mayWrite = false}).secret), kReadable);
  test::errorOf([&] { sync.synchronize(kPatience); });
  ann.updateFields(id, {{"note", "hers"}});
  for (const UUID& each : {id, other}) hub_.updateFields(each, {{"owner", "bob"}});
  until(sync, [&] { return ann.count() == 0; });
  ASSERT_EQ(ann.removedRecords().size(), 1u);
  EXPECT_EQ(ann.removedRecords()[0].record.string("note"), "hers");
}

// The hub does not know what it gave before there were policies, so the client sweeps.
TEST_F(RightsTest, TheFirstPolicyLosesNothingThatWasRefused) {
  hub_.policies().add({"default", Operation::write, "owner = $user.name"});
  UUID his = hub_.insert({{"name", "his"}, {"owner", "bob"}});
  UUID shared = hub_.insert({{"name", "shared"}, {"owner", "bob"}, {"public", true}});
  Database ann = open("ann");
  SyncEngine sync = connect(ann, "ann");
  sync.synchronize(kPatience);
  UUID gift = ann.insert({{"name", "a gift"}, {"owner", "bob"}});
  for (const UUID& each : {his, shared}) ann.updateFields(each, {{"note", "hers"}});
  sync.synchronize(kPatience);
  until(sync, [&] { return refusedOf(ann).size() == 3; });
  EXPECT_FALSE(ann.fetch(gift));

  hub_.policies().add({"default", Operation::read, "public OR owner = $user.name"});
  until(sync, [&] { return !ann.fetch(his); });
  EXPECT_EQ(names(ann), Names{"shared"});
  EXPECT_EQ(refusedOf(ann).size(), 3u);
  hub_.policies().add({"default", Operation::write, "true"});
  until(sync, [&] { return hub_.fetch(gift) && hub_.fetch(shared)->contains("note") && !ann.fetch(gift); });
  EXPECT_FALSE(hub_.fetch(his)->contains("note"));  // she may not read it
  EXPECT_TRUE(refusedOf(ann).contains(his));
}

TEST_F(RightsTest, TheFirstPolicyTakesAlsoWhatHasChangedHere) {
  std::vector<UUID> ids;
  for (int i = 0; i < 10; i++) ids.push_back(hub_.insert({{"name", "his"}, {"owner", "bob"}}));
  hub_.updateFields(ids[0], {{"n", 1}});
  Database ann = open("ann"), reader = open("reader");
  SyncEngine sync = connect(ann, "ann");
  SyncEngine reads =
      reader.enableSync(remote(token({.name = "reader", .user = "ann", .mayWrite = false}).secret), kReadable);
  sync.synchronize(kPatience);
  reads.synchronize(kPatience);
  sync.pause();
  for (Database& each : std::vector<Database>{ann, reader})
    for (const UUID& id : ids) each.updateFields(id, {{"note", "hers"}});
  UUID own = reader.insert({{"name", "never sent"}});
  policies("owner = $user.name");
  sync.resume();
  until(sync, [&] { return ann.count() == 0; });
  until(reads, [&] { return reader.count() == 1; });
  EXPECT_TRUE(reader.fetch(own));
  EXPECT_EQ(reader.removedRecords().size(), 10u);
  for (const RemovedRecord& removed : reader.removedRecords()) EXPECT_EQ(removed.record.string("note"), "hers");
  EXPECT_TRUE(ann.removedRecords().empty());
  EXPECT_EQ(refusedOf(ann).size(), 10u);
  for (const auto& [id, change] : refusedOf(ann)) EXPECT_EQ(change.fields, (Object{{"note", "hers"}}));
  for (const UUID& id : ids) EXPECT_FALSE(hub_.fetch(id)->contains("note"));
}

TEST_F(RightsTest, TheFirstPolicyTakesWhatTheHubHasEvenIfItsAuthorMayNoLongerWrite) {
  hub_.insert({{"name", "given"}});
  Database ann = open("ann");
  UUID sent;
  {
    SyncEngine sync = connect(ann, "ann");
    sync.synchronize(kPatience);
    sent = ann.insert({{"name", "sent"}});
    sync.synchronize(kPatience);
  }
  UUID unsent = ann.insert({{"name", "never sent"}});
  policies("false");
  SyncEngine sync =
      ann.enableSync(remote(token({.name = "reader", .user = "ann", .mayWrite = false}).secret), kReadable);
  until(sync, [&] { return !ann.fetch(sent); });
  EXPECT_TRUE(ann.fetch(unsent));
  EXPECT_TRUE(hub_.fetch(sent));
}

TEST_F(RightsTest, AServerAndAnAdminSeeEverything) {
  policies("false", "false");
  UUID id = hub_.insert({{"name", "a"}});
  hub_.users().put("root", {.roles = {"admin"}});
  Database admin = open("admin"), server = open("server", {.role = SyncRole::server});
  SyncEngine first = connect(admin, "root");
  SyncEngine second =
      server.enableSync(remote(token({.name = "other hub", .role = SyncRole::server}).secret), kReadable);
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_EQ(names(server), Names{"a"});
  admin.updateFields(id, {{"name", "b"}});
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_EQ(names(server), Names{"b"});
}

// Ann is in the teams north and south; there are a record of each, one of a third team and one of none.
class TeamsTest : public RightsTest {
 protected:
  TeamsTest() {
    hub_.users().put("ann");
    for (Team* team : {&north_, &south_}) hub_.users().join("ann", team->id);
    for (const Team& team : {north_, south_, other_}) hub_.insert({{"name", team.name}, {"team_id", team.id}});
    hub_.insert({{"name", "none"}});
  }
  static SyncPolicy ofTeams(std::vector<UUID> teams) {
    SyncPolicy policy = kReadable;
    policy.teams = std::move(teams);
    return policy;
  }
  SyncEngine connectTo(const Database& client, const SyncPolicy& policy, const std::string& user = "ann") {
    return client.enableSync(remote(token({.name = user, .user = user}).secret), policy);
  }
  UUID called(const std::string& name) { return *hub_.query("name = $name", {{"name", name}}).first()->id(); }

  Team north_ = hub_.users().addTeam("north"), south_ = hub_.users().addTeam("south"),
       other_ = hub_.users().addTeam("other");
};

TEST_F(TeamsTest, OnlyTheRecordsOfTheTeamsAskedForCome) {
  Database ann = open("ann");
  {
    SyncEngine sync = connectTo(ann, ofTeams({north_.id}));
    sync.synchronize(kPatience);
    EXPECT_EQ(names(ann), (Names{"north"}));
    hub_.updateFields(called("none"), {{"team_id", north_.id}});
    hub_.updateFields(called("north"), {{"team_id", south_.id}});
    sync.synchronize(kPatience);
    EXPECT_EQ(names(ann), (Names{"none"}));
    // A text is no id, and of no team.
    hub_.updateFields(called("none"), {{"team_id", north_.id.toString()}});
    sync.synchronize(kPatience);
    EXPECT_EQ(names(ann), (Names{}));
    EXPECT_TRUE(sync.status().rejection.empty());
  }
  {
    SyncEngine sync = connectTo(ann, ofTeams({north_.id, south_.id, south_.id}));
    sync.synchronize(kPatience);
    EXPECT_EQ(names(ann), (Names{"north", "south"}));
  }
  {
    SyncEngine sync = connectTo(ann, ofTeams({north_.id}));
    sync.synchronize(kPatience);
    EXPECT_EQ(names(ann), (Names{}));
  }
  SyncEngine sync = connectTo(ann, kReadable);
  sync.synchronize(kPatience);
  EXPECT_EQ(names(ann), names(hub_));
  EXPECT_TRUE(diff(hub_, ann).empty());
}

TEST_F(TeamsTest, NothingComesOfATeamThatTheUserIsNotIn) {
  Database ann = open("ann");
  SyncEngine sync = connectTo(ann, ofTeams({north_.id, other_.id, hub_.key("nobody")}));
  sync.synchronize(kPatience);
  EXPECT_EQ(names(ann), (Names{"north"}));
  EXPECT_NE(sync.status().rejection.find("PermissionDenied: nothing comes of 2 of the teams"), std::string::npos)
      << sync.status().rejection;
  // That shows also beside a refused change.
  hub_.policies().add({"default", Operation::write, "name = 'north'"});
  hub_.policies().add({"default", Operation::read, "true"});
  UUID refused = ann.insert({{"name", "mine"}, {"team_id", north_.id}});
  until(sync, [&] { return sync.status().rejected == 1; });
  EXPECT_NE(sync.status().rejection.find("write this record"), std::string::npos) << sync.status().rejection;
  EXPECT_NE(sync.status().rejection.find("nothing comes of 2 of the teams"), std::string::npos);
  EXPECT_FALSE(ann.fetch(refused));
  ann.discard(ann.rejectedChanges().at(0).id);
  for (const Policy& each : hub_.policies().all()) hub_.policies().remove(each.id);

  hub_.users().join("ann", other_.id);
  until(sync, [&] { return names(ann) == Names{"north", "other"}; });
  hub_.users().leave("ann", north_.id);
  until(sync, [&] { return names(ann) == Names{"other"}; });

  // A server and an admin are in every team.
  hub_.users().put("root", {.roles = {"admin"}});
  Database root = open("root"), server = open("server");
  SyncEngine roots = connectTo(root, ofTeams({other_.id}), "root");
  SyncEngine servers =
      server.enableSync(remote(token({.name = "server", .role = SyncRole::server}).secret), ofTeams({other_.id}));
  for (SyncEngine* each : {&roots, &servers}) each->synchronize(kPatience);
  EXPECT_EQ(names(root), (Names{"other"}));
  EXPECT_EQ(names(server), (Names{"other"}));
}

TEST_F(TeamsTest, PoliciesHoldBesideThem) {
  policies("name != 'south'", "true");
  Database ann = open("ann");
  SyncEngine sync = connectTo(ann, ofTeams({north_.id, south_.id}));
  sync.synchronize(kPatience);
  EXPECT_EQ(names(ann), (Names{"north"}));
  // What is written of another team goes to the hub, and leaves.
  UUID id = ann.insert({{"name", "new"}, {"team_id", other_.id}});
  sync.synchronize(kPatience);
  until(sync, [&] { return !ann.fetch(id); });
  EXPECT_TRUE(hub_.fetch(id));
  EXPECT_TRUE(ann.removedRecords().empty());
  EXPECT_TRUE(ann.rejectedChanges().empty());
  UUID hers = called("north");
  ann.updateFields(hers, {{"n", 1}, {"team_id", other_.id}});
  until(sync, [&] { return !ann.fetch(hers); });
  EXPECT_EQ(hub_.fetch(hers)->integer("n"), 1);
}

TEST_F(TeamsTest, ACollectionMayNameItsTeamsInAnotherField) {
  Collection notes = hub_.collection("notes");
  EXPECT_EQ(notes.teamField(), "team_id");
  UUID note = notes.insert({{"name", "note"}, {"owned`by.", north_.id}});
  Database ann = open("ann");
  SyncEngine sync = connectTo(ann, ofTeams({north_.id}));
  sync.synchronize(kPatience);
  EXPECT_FALSE(ann.collection("notes").fetch(note));
  notes.setTeamField("owned`by.");
  until(sync, [&] { return ann.collection("notes").fetch(note).has_value(); });
  EXPECT_EQ(names(ann), (Names{"north"}));
  EXPECT_EQ(hub_.collection("notes").teamField(), "owned`by.");
  EXPECT_EQ(test::errorOf([&] { notes.setTeamField(""); }), ErrorCode::InvalidArgument);
  EXPECT_EQ(test::errorOf([&] { hub_.transaction([](Transaction& all) { all.setTeamField("x"); }); }),
            ErrorCode::Misuse);
}

TEST_F(TeamsTest, APolicyNamesOneToAThousandTeams) {
  Database ann = open("ann");
  EXPECT_EQ(test::errorOf([&] { (void)connectTo(ann, ofTeams({})); }), ErrorCode::InvalidPolicy);
  EXPECT_EQ(test::errorOf([&] { (void)connectTo(ann, ofTeams(std::vector<UUID>(1001))); }), ErrorCode::TooLarge);
}

}  // namespace
}  // namespace blazedb
