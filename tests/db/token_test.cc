// Tokens: shown once, stored as a hash, refused if wrong, expired or revoked.
#include <set>

#include "base/random.h"
#include "crypto/hash.h"
#include "db/engine.h"
#include "db/open_database.h"
#include "storage/posix_file_system.h"

namespace blazedb {
namespace {

class TokenTest : public FolderTest {
 protected:
  Database db = open("db");
};

TEST_F(TokenTest, LetsItsBearerInWithWhatItWasMadeFor) {
  TokenOptions options{.name = "laptop",
                       .user = "ada",
                       .role = SyncRole::server,
                       .mayRead = true,
                       .mayWrite = false,
                       .collections = {"notes", "people"},
                       .teams = {"red team"},
                       .expires = Date{Date::now().microseconds + 60'000'000}};
  NewToken made = db.createToken(options);
  Token token = db.checkToken(made.secret);
  EXPECT_EQ(token.id, made.token.id);
  EXPECT_EQ(token.options.name, "laptop");
  EXPECT_EQ(token.options.user, "ada");
  EXPECT_EQ(token.options.role, SyncRole::server);
  EXPECT_TRUE(token.options.mayRead);
  EXPECT_FALSE(token.options.mayWrite);
  EXPECT_EQ(token.options.collections, options.collections);
  EXPECT_EQ(token.options.teams, options.teams);
  EXPECT_EQ(token.options.expires, options.expires);
  EXPECT_FALSE(token.revoked);
}

TEST_F(TokenTest, SecretsAre256BitsAndNeverTheSame) {
  std::set<std::string> secrets;
  for (int i = 0; i < 20; i++) {
    std::string secret = db.createToken({.name = "n"}).secret;
    EXPECT_TRUE(secret.starts_with("blz_"));
    EXPECT_EQ(secret.size(), 4u + 43u);
    EXPECT_EQ(secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(secrets.insert(secret).second);
  }
  EXPECT_EQ(db.tokens().size(), 20u);
}

TEST_F(TokenTest, WhatIsNotExactlyTheSecretIsWrong) {
  std::string secret = db.createToken({.name = "n"}).secret;
  for (std::size_t i = 0; i < secret.size(); i++) {
    std::string wrong = secret;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_ERROR(WrongToken, db.checkToken(wrong));
  }
  for (const std::string& wrong : {std::string(), secret + "A", secret.substr(1), std::string(1 << 20, 'x')})
    EXPECT_ERROR(WrongToken, db.checkToken(wrong));
  EXPECT_EQ(db.checkToken(secret).options.name, "n");
}

TEST_F(TokenTest, ARevokedTokenIsWrongAndStaysSo) {
  NewToken first = db.createToken({.name = "first"});
  NewToken second = db.createToken({.name = "second"});
  db.revokeToken(first.token.id);
  EXPECT_ERROR(WrongToken, db.checkToken(first.secret));
  EXPECT_EQ(db.checkToken(second.secret).options.name, "second");
  std::optional<Date> when = db.tokens()[0].revoked;
  ASSERT_TRUE(when);
  db.revokeToken(first.token.id);
  EXPECT_EQ(db.tokens()[0].revoked, when);
  EXPECT_ERROR(NotFound, db.revokeToken(7));
}

TEST_F(TokenTest, OutlivesTheProcessAndIsInABackup) {
  NewToken made = db.createToken({.name = "n", .collections = {"notes"}});
  NewToken revoked = db.createToken({.name = "r"});
  db.revokeToken(revoked.token.id);
  db.backup(path("copy"));
  db = open("other");
  for (const char* name : {"db", "copy"}) {
    Database again = open(name);
    EXPECT_EQ(again.checkToken(made.secret).options.collections, made.token.options.collections) << name;
    EXPECT_ERROR(WrongToken, again.checkToken(revoked.secret));
  }
  EXPECT_ERROR(WrongToken, db.checkToken(made.secret));
}

TEST_F(TokenTest, WhatCannotBeIsRefused) {
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = "two\nlines"}));
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = std::string(129, 'x')}));
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = "n", .user = "\xFF"}));
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = "n", .collections = {"no such/name"}}));
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = "n", .mayRead = false, .mayWrite = false}));
  EXPECT_ERROR(InvalidArgument, db.createToken({.name = "n", .expires = Date{Date::now().microseconds - 1'000'000}}));
  EXPECT_TRUE(db.tokens().empty());
}

TEST_F(TokenTest, MakingOneIsNoChangeOfTheData) {
  db.insert({{"n", 1}});
  std::uint64_t before = db.info().feedEnd;
  db.createToken({.name = "n"});
  EXPECT_EQ(db.info().feedEnd, before);
}

// With a clock that the test sets.
class TokenEngineTest : public FolderTest {
 protected:
  class Clock final : public base::Clock {
   public:
    std::int64_t wallMs() override { return now; }
    std::int64_t monotonicUs() override { return now * 1000; }
    std::int64_t now = 1'700'000'000'000;
  };

  std::unique_ptr<db::Engine> openEngine() {
    db::EngineOptions options;
    options.name = "db";
    const base::Bytes key(32, 7);
    return db::Engine::open({files_, clock_, random_}, path("db"), storage::KeySource::rawKey(key), options);
  }

  storage::PosixFileSystem files_;
  Clock clock_;
  base::SystemRandom random_;
};

TEST_F(TokenEngineTest, ATokenEndsAtTheMillisecondOfItsExpiry) {
  std::unique_ptr<db::Engine> engine = openEngine();
  NewToken made = engine->tokens().create({.name = "n", .expires = Date{(clock_.now + 1000) * 1000}});
  clock_.now += 999;
  EXPECT_EQ(engine->tokens().checkToken(made.secret).id, made.token.id);
  EXPECT_FALSE(engine->tokens().refusalOf(made.token.id));
  clock_.now += 1;
  EXPECT_ERROR(ExpiredToken, engine->tokens().checkToken(made.secret));
  EXPECT_EQ(engine->tokens().refusalOf(made.token.id)->code(), ErrorCode::ExpiredToken);
}

TEST_F(TokenEngineTest, WhoHasLetItInLearnsOfARevocation) {
  std::unique_ptr<db::Engine> engine = openEngine();
  NewToken made = engine->tokens().create({.name = "n"});
  std::uint64_t revision = engine->tokens().tokenRevision();
  EXPECT_FALSE(engine->tokens().refusalOf(made.token.id));
  engine->tokens().revoke(made.token.id);
  EXPECT_NE(engine->tokens().tokenRevision(), revision);
  EXPECT_EQ(engine->tokens().refusalOf(made.token.id)->code(), ErrorCode::WrongToken);
  EXPECT_EQ(engine->tokens().refusalOf(99)->code(), ErrorCode::WrongToken);
}

TEST_F(TokenEngineTest, TheFileHasTheHashAndNotTheSecret) {
  std::string secret = openEngine()->tokens().create({.name = "n"}).secret;
  const base::Bytes key(32, 7);
  auto file = storage::DatabaseFile::open(files_, random_, path("db"), storage::KeySource::rawKey(key));
  storage::Statement row = file->writer().prepare("SELECT hash, * FROM tokens");
  ASSERT_TRUE(row.step());
  auto hash = crypto::hash256(base::viewOf(secret));
  EXPECT_TRUE(base::equal(row.blob(0), hash));
  for (int column = 0; column < 12; column++)
    EXPECT_EQ(base::textOf(row.blob(column)).find(secret.substr(4, 10)), std::string_view::npos) << column;
}

TEST_F(TokenEngineTest, EachByteOfTheHashCounts) {
  std::string secret = openEngine()->tokens().create({.name = "n"}).secret;
  const base::Bytes key(32, 7);
  storage::DatabaseFile::open(files_, random_, path("db"), storage::KeySource::rawKey(key))
      ->writer()
      .execute("UPDATE tokens SET hash = CAST(substr(hash, 1, 31) || x'0102' AS BLOB)");
  EXPECT_ERROR(WrongToken, openEngine()->tokens().checkToken(secret));
}

}  // namespace
}  // namespace blazedb
