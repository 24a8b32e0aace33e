// token create, list and revoke.
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
  Object made =
      parsed(succeed({"token", "create", hub_, "--name", "till", "--user", "ada", "--role", "server", "--access",
                      "read", "--collections", "notes,people", "--teams", "red", "--expires", "90d", "--json"}));
  Token token = open("hub.blazedb").checkToken(made.string("token").value());
  EXPECT_EQ(token.options.name, "till");
  EXPECT_EQ(token.options.user, "ada");
  EXPECT_EQ(token.options.role, SyncRole::server);
  EXPECT_TRUE(token.options.mayRead);
  EXPECT_FALSE(token.options.mayWrite);
  EXPECT_EQ(token.options.collections, (std::vector<std::string>{"notes", "people"}));
  EXPECT_EQ(token.options.teams, std::vector<std::string>{"red"});
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
  std::string second = linesOf(succeed({"token", "create", hub_, "--access", "write"})).at(0);
  EXPECT_EQ(succeed({"token", "revoke", hub_, "1"}), "");
  std::vector<std::string> lines = linesOf(succeed({"token", "list", hub_}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("REVOKED"), std::string::npos);
  EXPECT_EQ(lines[1].find("REVOKED"), std::string::npos);
  Database hub = open("hub.blazedb");
  EXPECT_THROW(hub.checkToken(first), Error);
  EXPECT_FALSE(hub.checkToken(second).options.mayRead);
}

TEST_F(TokenCommands, WhatMakesNoSenseIsSaid) {
  failAsWrongUsage({"token", "make", hub_}, "none of create|list|revoke");
  failAsWrongUsage({"token", "create", hub_, "--expires", "soon"}, "90d, 12h or 30m");
  failAsWrongUsage({"token", "create", hub_, "--expires", "0d"}, "90d, 12h or 30m");
  failAsWrongUsage({"token", "revoke", hub_}, "no token's number");
  failAsWrongUsage({"token", "list", hub_, "3"}, "for revoke");
  fail({"token", "revoke", hub_, "3"}, "NotFound");
  fail({"token", "create", hub_, "--collections", "a/b"}, "InvalidArgument");
}

// An unset variable in a script must not make a token for everything, or for ever.
TEST_F(TokenCommands, WhatIsGivenAndEmptyIsNoToken) {
  for (const char* option : {"--collections", "--teams", "--expires", "--name", "--user"})
    failAsWrongUsage({"token", "create", hub_, option, ""}, option);
  for (const char* list : {",", "notes,", ",notes", "notes,,people"})
    failAsWrongUsage({"token", "create", hub_, "--collections", list}, "is empty");
  EXPECT_EQ(succeed({"token", "list", hub_}), "no tokens\n");
}

}  // namespace
}  // namespace blazedb::e2e
