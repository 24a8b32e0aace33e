// Policies, users and teams, as a database keeps them (blazedb/rights.h).
#include "blazedb/rights.h"

#include <algorithm>

#include "db/open_database.h"
#include "db/user_rights.h"
#include "support/conversation.h"

namespace blazedb {
namespace {

class RightsTest : public FolderTest {
 protected:
  Database db = open("db");
};

TEST_F(RightsTest, UsersTeamsAndPoliciesAreKept) {
  User ann = db.users().put("ann", {.roles = {"editor"}, .claims = {{"region", "EU"}}});
  Team north = db.users().addTeam("north"), south = db.users().addTeam("south");
  db.users().join("ann", north.id);
  db.users().join("ann", north.id);
  db.users().put("bob");
  db.users().join("bob", north.id);
  Policy first = db.policies().add({"notes", Operation::read, "owner = $user.name"});
  Policy second = db.policies().add({"notes", Operation::write, "now() < until"});
  db.policies().remove(first.id);
  db = open("other");
  db = open("db");
  EXPECT_EQ(db.users().find("ann")->id, ann.id);
  EXPECT_EQ(db.users().find("ann")->options.roles, std::vector<std::string>{"editor"});
  EXPECT_EQ(db.users().find("ann")->options.claims.string("region"), "EU");
  EXPECT_EQ(db.users().find("ann")->teams, std::vector<UUID>{north.id});
  EXPECT_FALSE(db.users().find("eve"));
  ASSERT_EQ(db.users().teams().size(), 2u);
  EXPECT_EQ(db.users().teams()[0].members, (std::vector<std::string>{"ann", "bob"}));
  EXPECT_TRUE(db.users().teams()[1].members.empty());
  ASSERT_EQ(db.policies().all().size(), 1u);
  EXPECT_EQ(db.policies().all()[0].id, second.id);
  EXPECT_EQ(db.policies().all()[0].options.operation, Operation::write);
  EXPECT_GT(db.policies().add({"notes", Operation::read, "true"}).id, second.id);

  User changed = db.users().put("ann");
  EXPECT_EQ(changed.id, ann.id);
  EXPECT_TRUE(changed.options.roles.empty());
  EXPECT_EQ(changed.teams, std::vector<UUID>{north.id});
  db.users().leave("ann", north.id);
  EXPECT_TRUE(db.users().find("ann")->teams.empty());
  db.users().remove("bob");
  EXPECT_TRUE(db.users().teams()[0].members.empty());
  db.users().put("bob");
  EXPECT_TRUE(db.users().find("bob")->teams.empty());
  db.users().removeTeam(south.id);
  EXPECT_EQ(db.users().teams().size(), 1u);
}

TEST_F(RightsTest, WhatIsWrongIsRefused) {
  Team team = db.users().addTeam("north");
  UUID unknown = UUID::generate();
  EXPECT_ERROR(InvalidArgument, db.users().put(""));
  EXPECT_ERROR(InvalidArgument, db.users().put("two\nlines"));
  EXPECT_ERROR(InvalidArgument, db.users().put(std::string(129, 'a')));
  EXPECT_ERROR(InvalidArgument, db.users().put("ann", {.roles = {""}}));
  EXPECT_ERROR(TooLarge, db.users().put("ann", {.roles = std::vector<std::string>(1001, "role")}));
  EXPECT_ERROR(TooLarge, db.users().put("ann", {.claims = {{"long", std::string(70'000, 'a')}}}));
  EXPECT_ERROR(NotFound, db.users().remove("ann"));
  EXPECT_ERROR(NotFound, db.users().join("ann", team.id));
  db.users().put("ann");
  EXPECT_ERROR(NotFound, db.users().join("ann", unknown));
  EXPECT_ERROR(NotFound, db.users().leave("ann", unknown));
  EXPECT_ERROR(NotFound, db.users().removeTeam(unknown));
  EXPECT_ERROR(AlreadyExists, db.users().addTeam("north"));
  EXPECT_ERROR(InvalidArgument, db.users().addTeam(""));

  EXPECT_ERROR(InvalidArgument, db.policies().add({"", Operation::read, "true"}));
  EXPECT_ERROR(InvalidArgument, db.policies().add({"notes", Operation::read, ""}));
  EXPECT_ERROR(InvalidArgument, db.policies().add({"notes", Operation::read, "owner ="}));
  EXPECT_ERROR(InvalidPolicy, db.policies().add({"notes", Operation::read, "owner = $me"}));
  for (const char* each : {"$user", "$user.Name = 'ann'", "$user[0] = 1", "until > now()", "1", "'owner'", "n + 1",
                           "n = 1 AND NOT 'owner'", "1 OR NULL"})
    EXPECT_ERROR(InvalidPolicy, db.policies().add({"notes", Operation::read, each}));
  EXPECT_ERROR(InvalidArgument, db.users().put(" ann"));
  EXPECT_ERROR(InvalidArgument, db.users().put("ann", {.roles = {"admin "}}));
  EXPECT_ERROR(NotFound, db.policies().remove(1));
  EXPECT_TRUE(db.policies().all().empty());
  for (const char* each : {"false", "isOpen", "NOT isClosed", "$user.claims.staff", "n = 1 OR 1"})
    db.policies().remove(db.policies().add({"notes", Operation::read, each}).id);
  for (int i = 0; i < 1000; i++) db.policies().add({"notes", Operation::read, "n = " + std::to_string(i)});
  EXPECT_ERROR(TooLarge, db.policies().add({"notes", Operation::read, "true"}));
}

TEST_F(RightsTest, JudgesARecord) {
  Record record{{"owner", "ann"}, {"region", "EU"}, {"until", Date{1}}};
  auto judge = [&](const std::string& user) { return db.policies().judge(user, "notes", record); };
  EXPECT_TRUE(judge("ann").mayRead && judge("ann").mayWrite);
  db.policies().add({"notes", Operation::read, "owner = $user.name OR region = $user.claims.region"});
  EXPECT_TRUE(judge("ann").mayRead);
  EXPECT_TRUE(judge("ann").mayWrite);
  EXPECT_EQ(judge("ann").why, "policy 1 allows reading; writing goes with reading");
  EXPECT_FALSE(judge("bob").mayRead);
  EXPECT_FALSE(judge("bob").mayWrite);
  EXPECT_FALSE(judge("").mayRead);
  db.users().put("bob", {.roles = {"editor"}, .claims = {{"region", "EU"}}});
  EXPECT_TRUE(judge("bob").mayRead);
  db.policies().add({"notes", Operation::write, "'editor' IN $user.roles AND until < now()"});
  EXPECT_TRUE(judge("bob").mayWrite);
  EXPECT_FALSE(judge("ann").mayWrite);
  EXPECT_EQ(judge("ann").why,
            "policy 1 allows reading; no policy allows writing; users() does not have 'ann', who has a name and "
            "nothing else");
  db.users().put("eve", {.roles = {"editor"}});
  EXPECT_FALSE(judge("eve").mayWrite);  // of what she may not read
  db.users().put("root", {.roles = {"admin"}});
  EXPECT_TRUE(judge("root").mayRead && judge("root").mayWrite);
  EXPECT_TRUE(db.policies().judge("eve", "other", record).mayWrite);
}

// What a user may read is found by indexes, if they answer all policies.
TEST(UserRightsTest, IndexesFindWhatMayBeRead) {
  std::int64_t now = 0;
  test::Replica hub("hub", now, 1);
  UUID hers = hub.insert({{"owner", "ann"}}), ofTeam = hub.insert({{"team", test::uuidOf(9)}, {"owner", "bob"}});
  hub.insert({{"owner", "bob"}});
  std::vector<Policy> policies{{1, {"default", Operation::read, "owner = $user.name"}},
                               {2, {"default", Operation::read, "team IN $user.teams"}},
                               {3, {"default", Operation::write, "true"}}};
  User ann{"ann", {}, {}, {}};
  ann.teams = {test::uuidOf(9)};
  auto found = [&](const std::optional<db::UserRights::Teams>& teams,
                   const std::string& collection) -> std::optional<std::vector<UUID>> {
    db::UserRights rights(policies, ann, hub.clock, teams);
    std::optional<std::vector<db::AccessPath>> paths = rights.pathsTo(collection, hub->snapshot(), hub->now());
    if (!paths) return std::nullopt;
    std::vector<UUID> ids;
    for (const db::AccessPath& path : *paths)
      hub->snapshot().byIndex(*path.index, path.keys.ranges, false, [&](const UUID& id, base::ByteView) {
        ids.push_back(id);
        return true;
      });
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  EXPECT_FALSE(found({}, "default"));
  hub->indexes().create("default", {.name = "owners", .expressions = {"owner"}}, {});
  EXPECT_FALSE(found({}, "default")) << "no index for the teams";
  hub->indexes().create("default", {.name = "teams", .expressions = {"team"}}, {});
  std::vector<UUID> both{hers, ofTeam};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(found({}, "default"), both);
  EXPECT_FALSE(found({}, "others")) << "everybody may read what no policy governs";
  EXPECT_EQ(found(db::UserRights::Teams{{test::uuidOf(9)}, {{"default", "team"}}}, "default"),
            std::vector<UUID>{ofTeam});
}

// A client without data gets what indexes find, and no feed is read that hides most of it. It gets the rest of the feed
// after that. Whether it is so depends on nothing that the client may not read.
TEST(UserRightsTest, ANewImporterGetsWhatIndexesFind) {
  struct Watched : test::PassingStore {
    using PassingStore::PassingStore;
    sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override {
      from = std::min(from, query.after);
      return PassingStore::readFeed(query, out);
    }
    std::uint64_t from = UINT64_MAX;
  };
  std::int64_t now = 0;
  test::Replica hub("hub", now, 1);
  std::vector<UUID> hers;
  for (int i = 0; i < 20; i++) {
    hers.push_back(hub.insert({{"owner", "ann"}}));
    hub.insert({{"owner", "bob"}});
  }
  User ann{"ann", {}, {}, {}};
  std::vector<Policy> policies{{1, {"default", Operation::read, "owner = $user.name"}}};
  std::uint64_t clients = 1;
  // Whether a new client's feed began at its end.
  auto isFound = [&](bool loses = false) {
    sync::SessionOptions gives, asks;
    gives.terms.relation = sync::Relation::exporter;
    gives.terms.reads.rights = gives.terms.writes.rights =
        std::make_shared<const db::UserRights>(policies, ann, hub.clock);
    gives.terms.writes.mayErase = false;
    gives.batchBytes = 200;
    test::Replica client("client", now, ++clients);
    Watched store(*hub.engine);
    test::Replica::Files empty = client.copy();
    std::uint64_t end = hub->feedEnd();
    {
      test::Conversation cut(hub, store, client, *client.engine, now, gives, asks);
      cut.start();
      while (client.count() < 5 && cut.deliverBoth()) {
      }
      hub.updateFields(hers[0], {{"n", static_cast<int>(clients)}});
    }
    if (loses) client.putBack(empty);
    test::Conversation talk(hub, store, client, *client.engine, now, gives, asks);
    talk.start();
    talk.rest();
    for (const UUID& id : hers) EXPECT_EQ(client.fetch(id), hub.fetch(id));
    EXPECT_EQ(client.count(), hers.size());
    return store.from >= end;
  };
  EXPECT_FALSE(isFound());
  hub->indexes().create("default", {.name = "owners", .expressions = {"owner"}}, {});
  EXPECT_TRUE(isFound());
  EXPECT_FALSE(isFound(true)) << "what a client was given before it lost its data does not count";
  policies.push_back({2, {"others", Operation::read, "owner = $user.name"}});
  EXPECT_FALSE(isFound()) << "there may be records of others";
  hub->indexes().create("others", {.name = "owners", .expressions = {"owner"}}, {});
  EXPECT_TRUE(isFound());
  hub->write([](db::Changes& changes) { changes.insert("third", std::nullopt, {{"owner", "bob"}}); });
  EXPECT_FALSE(isFound()) << "she may read all of the third";
}

}  // namespace
}  // namespace blazedb
