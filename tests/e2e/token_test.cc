// token create, list and revoke.
#include <filesystem>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class TokenCommands : public CliTest {
 protected:
  TokenCommands() { makeDatabase("hub.blazedb", SyncRole::server); }
  const std::string hub_ = path("hub.blazedb");
};

TEST_F(TokenCommands, CreatePrintsTheTokenAndNothingShowsItAgain) {
  std::string secret = linesOf(succeed({"token", "create", hub_, "--name", "laptop"})).at(0);
  EXPECT_EQ(open("hub.blazedb").checkToken(secret).options.name, "laptop");
  EXPECT_EQ(succeed({"token", "list", hub_}).find(secret.substr(4)), std::string::npos);
  EXPECT_EQ(succeed({"token", "list", hub_, "--json"}).find(secret.substr(4)), std::string::npos);
}

TEST_F(TokenCommands, EveryOptionReachesTheToken) {
  const std::string kTeam = "01890a5d-ac96-774b-bcce-b302099a8057";
  Object made =
      parsed(succeed({"token", "create", hub_, "--name", "till", "--user", "ada", "--role", "server", "--read-only",
                      "--collections", "notes,people", "--teams", kTeam, "--expires", "90d", "--json"}));
  Token token = open("hub.blazedb").checkToken(made.string("token").value());
  EXPECT_EQ(token.options.name, "till");
  EXPECT_EQ(token.options.user, "ada");
  EXPECT_EQ(token.options.role, SyncRole::server);
  EXPECT_TRUE(token.options.mayRead);
  EXPECT_FALSE(token.options.mayWrite);
  EXPECT_EQ(token.options.collections, (std::vector<std::string>{"notes", "people"}));
  EXPECT_EQ(token.options.teams, std::vector<std::string>{kTeam});
  std::int64_t days = (token.options.expires.value().microseconds - token.created.microseconds) / 86'400'000'000;
  EXPECT_TRUE(days == 89 || days == 90) << days;
  Object listed = parsed(succeed({"token", "list", hub_, "--json"}));
  EXPECT_EQ(listed.string("user"), "ada");
  EXPECT_EQ(listed.boolean("mayWrite"), false);
  EXPECT_FALSE(listed.contains("token"));
}

TEST_F(TokenCommands, RevokeEndsOneToken) {
  EXPECT_EQ(succeed({"token", "list", hub_}), "no tokens\n");
  std::string first = linesOf(succeed({"token", "create", hub_})).at(0);
  std::string second = linesOf(succeed({"token", "create", hub_, "--write-only"})).at(0);
  EXPECT_EQ(succeed({"token", "revoke", hub_, "1"}), "");
  std::vector<std::string> lines = linesOf(succeed({"token", "list", hub_}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("read-write, everything"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("write-only, everything"), std::string::npos) << lines[1];
  EXPECT_NE(lines[0].find("REVOKED"), std::string::npos);
  EXPECT_EQ(lines[1].find("REVOKED"), std::string::npos);
  Database hub = open("hub.blazedb");
  EXPECT_THROW(hub.checkToken(first), Error);
  EXPECT_FALSE(hub.checkToken(second).options.mayRead);
}

TEST_F(TokenCommands, RevokeTakesAName) {
  succeed({"token", "create", hub_, "--name", "laptop"});
  for (int i = 0; i < 2; i++) succeed({"token", "create", hub_, "--name", "till"});
  fail({"token", "revoke", hub_, "till"}, "revoke them by number: 2,3");
  fail({"token", "revoke", hub_, "phone"}, "there is no token phone; blazedb token list FILE shows the tokens");
  succeed({"token", "revoke", hub_, "2"});
  succeed({"token", "revoke", hub_, "till"});
  succeed({"token", "revoke", hub_, "laptop"});
  for (const Token& token : open("hub.blazedb").tokens()) EXPECT_TRUE(token.revoked) << token.id;
  fail({"token", "revoke", hub_, "laptop"}, "NotFound");
}

TEST_F(TokenCommands, CreateWritesAFileThatIsItsOwnersAlone) {
  std::string file = path("laptop.token");
  EXPECT_EQ(succeed({"token", "create", hub_, "--name", "laptop", "-o", file}), "wrote token 1 to " + file + "\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  std::string secret = linesOf(readFile(file)).at(0);
  EXPECT_EQ(open("hub.blazedb").checkToken(secret).options.name, "laptop");
  fail({"token", "create", hub_, "-o", file}, "exists; write to another file");
  fail({"token", "create", hub_, "-o", path("nowhere/a.token")}, "IoError");
  EXPECT_EQ(linesOf(readFile(file)).at(0), secret);
  EXPECT_EQ(open("hub.blazedb").tokens().size(), 1u) << "none that nobody has";
  Object made = parsed(succeed({"token", "create", hub_, "-o", path("b.token"), "--json"}));
  EXPECT_EQ(made.integer("id"), 2);
  EXPECT_FALSE(made.contains("token"));
}

TEST_F(TokenCommands, WhatMakesNoSenseIsSaid) {
  failAsWrongUsage({"token", "make", hub_}, "not one of create|list|revoke");
  failAsWrongUsage({"token", "create", hub_, "--expires", "soon"}, "90d, 12h or 30m");
  failAsWrongUsage({"token", "create", hub_, "--expires", "0d"}, "90d, 12h or 30m");
  failAsWrongUsage({"token", "revoke", hub_}, "the token to revoke is missing");
  failAsWrongUsage({"token", "list", hub_, "-o", path("a.token")}, "for create");
  failAsWrongUsage({"token", "list", hub_, "3"}, "for revoke");
  fail({"token", "revoke", hub_, "3"}, "NotFound");
  fail({"token", "create", hub_, "--collections", "a/b"}, "InvalidArgument");
  failAsWrongUsage({"token", "create", hub_, "--teams", "red"}, "not the id of a team");
}

// An unset variable in a script must not make a token that covers everything or never expires.
TEST_F(TokenCommands, WhatIsGivenAndEmptyIsNoToken) {
  for (const char* option : {"--collections", "--teams", "--expires", "--name", "--user"})
    failAsWrongUsage({"token", "create", hub_, option, ""}, option);
  for (const char* list : {",", "notes,", ",notes", "notes,,people"})
    failAsWrongUsage({"token", "create", hub_, "--collections", list}, "is empty");
  EXPECT_EQ(succeed({"token", "list", hub_}), "no tokens\n");
}

}  // namespace
}  // namespace blazedb::e2e
