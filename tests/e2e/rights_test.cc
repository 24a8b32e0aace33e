// rls, user and team: the rights of a hub's users on the command line, also while the hub runs.
#include "e2e/cli_test.h"
#include "e2e/hub_process.h"
#include "support/errors.h"

namespace blazedb::e2e {
namespace {

class RightsCommands : public CliTest {
 protected:
  RightsCommands() { makeDatabase("hub.blazedb", SyncRole::server); }
  const std::string hub_ = path("hub.blazedb");
};

TEST_F(RightsCommands, PoliciesAreAddedListedTriedAndRemoved) {
  EXPECT_EQ(succeed({"rls", "list", hub_}), "no policies\n");
  EXPECT_EQ(succeed({"rls", "add", hub_, "-c", "notes", "--read", "owner = $user.name"}), "1\n");
  Object made = parsed(succeed({"rls", "add", hub_, "-c", "notes", "--write", "'editor' IN $user.roles", "--json"}));
  EXPECT_EQ(made.integer("id"), 2);
  EXPECT_EQ(made.string("operation"), "write");
  std::string hers = linesOf(succeed({"insert", hub_, R"({"owner": "ann"})", "-c", "notes"})).at(0);
  succeed({"insert", hub_, R"({"owner": "bob"})", "-c", "notes"});
  succeed({"user", "put", hub_, "ann", "--roles", "editor"});
  std::vector<std::string> tried = linesOf(succeed({"rls", "test", hub_, "ann", "-c", "notes"}));
  ASSERT_EQ(tried.size(), 2u);
  EXPECT_EQ(tried[0], hers + "  read-write  policy 1 allows reading; policy 2 allows writing");
  EXPECT_NE(tried[1].find("  nothing     no policy allows reading; policy 2 allows writing, but only of"),
            std::string::npos)
      << tried[1];
  Object one = parsed(succeed({"rls", "test", hub_, "bob", "-c", "notes", "--where", "owner = 'bob'", "--json"}));
  EXPECT_EQ(one.boolean("mayRead"), true);
  EXPECT_EQ(one.boolean("mayWrite"), false);
  EXPECT_NE(one.string("why")->find("users() does not have 'bob'"), std::string::npos) << *one.string("why");
  succeed({"rls", "remove", hub_, "1"});
  EXPECT_EQ(linesOf(succeed({"rls", "list", hub_})).size(), 1u);
  EXPECT_EQ(succeed({"rls", "list", hub_, "-c", "other"}), "no policies\n");

  fail({"rls", "add", hub_, "--read", "owner = $me"}, "InvalidPolicy");
  fail({"rls", "add", hub_, "--read", "owner ="}, "InvalidArgument");
  fail({"rls", "remove", hub_, "1"}, "there is no policy 1");
  fail({"rls", "test", hub_, "ann", "-c", "nots"}, "there is no collection nots");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"rls", "add", hub_},
                                                {"rls", "remove", hub_},
                                                {"rls", "test", hub_},
                                                {"rls", "list", hub_, "1"},
                                                {"rls", "list", hub_, "--read", "true"},
                                                {"rls", "list", hub_, "--where", "true"}})
    EXPECT_EQ(run(words).status, 2) << words[1];
}

TEST_F(RightsCommands, UsersAndTeams) {
  EXPECT_EQ(succeed({"user", "list", hub_}), "no users\n");
  EXPECT_EQ(succeed({"team", "list", hub_}), "no teams\n");
  Object ann = parsed(succeed({"user", "put", hub_, "ann", "--claims", R"({"region": "EU"})", "--json"}));
  EXPECT_EQ(ann.object("claims")->string("region"), "EU");
  Object team = parsed(succeed({"team", "add", hub_, "north", "--json"}));
  succeed({"team", "join", hub_, "north", "ann"});
  EXPECT_EQ(succeed({"team", "list", hub_}), team.string("id").value() + "  north: ann\n");
  EXPECT_NE(succeed({"user", "list", hub_}).find("1 team"), std::string::npos);
  succeed({"team", "leave", hub_, team.string("id").value(), "ann"});
  EXPECT_EQ(succeed({"team", "list", hub_}), team.string("id").value() + "  north\n");
  succeed({"team", "remove", hub_, "north"});
  succeed({"user", "remove", hub_, "ann"});
  fail({"user", "remove", hub_, "ann"}, "there is no user 'ann'");
  fail({"team", "remove", hub_, "north"}, "there is no team north");
  fail({"user", "put", hub_, "ann", "--claims", "{"}, "InvalidArgument");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"user", "put", hub_},
                                                {"user", "list", hub_, "ann"},
                                                {"user", "list", hub_, "--roles", "a"},
                                                {"team", "join", hub_, "north"},
                                                {"team", "add", hub_},
                                                {"team", "list", hub_, "north"},
                                                {"team", "add", hub_, "north", "ann"}})
    EXPECT_EQ(run(words).status, 2) << words[1];
}

class RightsOnAHub : public WithHubProcess {
 protected:
  RightsOnAHub() {
    makeDatabase("hub.blazedb", SyncRole::server);
    makeDatabase("ann.blazedb");
  }
};

TEST_F(RightsOnAHub, ChangeWhileItRunsAndStayWhenItIsKilled) {
  std::string north = linesOf(succeed({"team", "add", file_, "north"})).at(0).substr(0, 36);
  std::string ours = R"({"name": "ours", "team_id": {"$uuid": ")" + north + R"("}})";
  succeed({"insert", file_, ours});
  succeed({"insert", file_, R"({"name": "theirs"})"});
  start({file_});
  Database ann = open("ann.blazedb");
  std::string secret = token(file_, {"--user", "ann"});
  SyncEngine sync = connect(ann, secret);
  auto until = [&](std::uint64_t count) {
    auto end = std::chrono::steady_clock::now() + kBarrier;
    while (ann.count() != count && std::chrono::steady_clock::now() < end)
      test::errorOf([&] { sync.synchronize(kBarrier); });
    EXPECT_EQ(ann.count(), count);
  };
  until(2);
  succeed({"rls", "add", file_, "--read", "team_id IN $user.teams"});
  until(0);
  succeed({"user", "put", file_, "ann"});
  succeed({"team", "join", file_, "north", "ann"});
  until(1);
  EXPECT_EQ(ann.fetchAll().at(0).string("name"), "ours");
  killHub();
  start({file_});
  succeed({"insert", file_, R"({"name": "theirs too"})"});
  UUID id = ann.insert({{"name", "new"}});
  sync.synchronize(kBarrier);
  EXPECT_EQ(ann.count(), 1u);
  EXPECT_EQ(ann.rejectedChanges().size(), 1u);
  succeed({"rls", "remove", file_, "1"});
  until(4);
  sync.synchronize(kBarrier);
  EXPECT_TRUE(ann.rejectedChanges().empty());
  stopHub();
  EXPECT_TRUE(open("hub.blazedb").fetch(id));
}

TEST_F(RightsOnAHub, OnlyTheTeamsAskedForComeAndOthersAreNamed) {
  auto add = [&](const char* name) { return linesOf(succeed({"team", "add", file_, name})).at(0).substr(0, 36); };
  std::string north = add("north"), south = add("south");
  for (const std::string& team : {north, south})
    succeed({"insert", file_, R"({"owned_by": {"$uuid": ")" + team + R"("}})"});
  EXPECT_EQ(succeed({"team", "field", file_}), "team_id\n");
  EXPECT_EQ(succeed({"team", "field", file_, "owned_by"}), "owned_by\n");
  EXPECT_EQ(succeed({"team", "field", file_}), "owned_by\n");
  EXPECT_EQ(run({"team", "field", file_, "owned_by", "ann"}).status, 2);
  succeed({"user", "put", file_, "ann"});
  succeed({"team", "join", file_, "north", "ann"});
  start({file_});
  ProcessOptions with = withToken(token(file_, {"--user", "ann"}));
  std::string client = path("ann.blazedb");
  Result both = run(syncWords(client, {"--teams", north + "," + south}), with);
  EXPECT_EQ(both.status, 1);
  EXPECT_NE(both.err.find("nothing comes of 1 of the teams"), std::string::npos) << both.err;
  EXPECT_NE(both.out.find("not everything is in sync"), std::string::npos) << both.out;
  EXPECT_EQ(succeed({"count", client}), "1\n");
  EXPECT_EQ(run(syncWords(client, {"--teams", north}), with).status, 0);
  EXPECT_EQ(run(syncWords(client, {"--teams", "north"}), with).status, 2);
  EXPECT_EQ(run(syncWords(client), with).status, 0);
  EXPECT_EQ(succeed({"count", client}), "2\n");
}

}  // namespace
}  // namespace blazedb::e2e
