// Tokens: shown once, stored as a hash, refused if wrong, expired or revoked.
#include <set>

#include "base/random.h"
#include "codec/fields.h"
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
  EXPECT_EQ(engine->tokens().tokenOf(made.token.id).id, made.token.id);
  clock_.now += 1;
  EXPECT_ERROR(ExpiredToken, engine->tokens().checkToken(made.secret));
  EXPECT_ERROR(ExpiredToken, engine->tokens().tokenOf(made.token.id));
}

TEST_F(TokenEngineTest, WhoHasLetItInLearnsOfARevocation) {
  std::unique_ptr<db::Engine> engine = openEngine();
  NewToken made = engine->tokens().create({.name = "n"});
  std::uint64_t revision = engine->tokens().tokenRevision();
  EXPECT_EQ(engine->tokens().tokenOf(made.token.id).id, made.token.id);
  engine->tokens().revoke(made.token.id);
  EXPECT_NE(engine->tokens().tokenRevision(), revision);
  EXPECT_ERROR(WrongToken, engine->tokens().tokenOf(made.token.id));
  EXPECT_ERROR(WrongToken, engine->tokens().tokenOf(99));
}

// Users of an issuer.
class SubjectTest : public TokenEngineTest {
 protected:
  replica::SignedToken signedFor(const std::string& user, std::int64_t issuedMs, const std::string& region = "EU") {
    return {.issuer = "login",
            .user = user,
            .teams = {team_},
            .options = {.roles = {"editor"}, .claims = {{"region", region}, {"session", issuedMs}}},
            .expires = {(clock_.now + 60'000) * 1000},
            .issued = Date{issuedMs * 1000}};
  }
  std::string nameOf(std::int64_t token) const { return engine_->tokens().grantOf(token).name; }

  const UUID team_ = UUID::generate();
  std::unique_ptr<db::Engine> engine_ = openEngine();
  db::Tokens& tokens_ = engine_->tokens();
};

TEST_F(SubjectTest, EachUserOfAnIssuerHasOneTokenWhichIsKept) {
  Token first = tokens_.admitSigned(signedFor("ann", 1));
  clock_.now += 1000;
  Token again = tokens_.admitSigned(signedFor("ann", 2));
  Token other = tokens_.admitSigned(signedFor("bob", 1));
  replica::SignedToken elsewhere = signedFor("ann", 1);
  elsewhere.issuer = "another";
  EXPECT_NE(tokens_.admitSigned(elsewhere).id, first.id);
  EXPECT_EQ(again.id, first.id);
  EXPECT_NE(other.id, first.id);
  EXPECT_EQ(again.issuer, "login");
  EXPECT_EQ(again.options.name, "ann");
  EXPECT_EQ(again.options.user, "ann");
  EXPECT_EQ(again.options.role, SyncRole::client);
  EXPECT_FALSE(again.options.mayRelay);
  EXPECT_EQ(again.options.teams, std::vector<std::string>{team_.toString()});
  EXPECT_EQ(again.options.expires, (Date{(clock_.now + 60'000) * 1000}));
  EXPECT_GT(again.options.expires, first.options.expires);
  engine_.reset();
  std::vector<Token> kept = openEngine()->tokens().all();
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0].issuer, "login");
  EXPECT_EQ(kept[0].options.expires, again.options.expires);
}

TEST_F(SubjectTest, TheLastWordOfTheIssuerHolds) {
  engine_->rights().addPolicy({"notes", Operation::read, "region = $user.claims.region"});
  std::int64_t id = tokens_.admitSigned(signedFor("ann", 1000, "EU")).id;
  std::string before = nameOf(id);
  std::uint64_t revision = tokens_.tokenRevision();
  Date end = *tokens_.admitSigned(signedFor("ann", 3000, "US")).options.expires;
  EXPECT_NE(nameOf(id), before);
  EXPECT_NE(tokens_.tokenRevision(), revision) << "clients that are connected are asked about";
  clock_.now += 1;
  EXPECT_EQ(tokens_.admitSigned(signedFor("ann", 2000, "EU")).options.expires, end);
  EXPECT_NE(nameOf(id), before) << "an older one";
  replica::SignedToken undated = signedFor("ann", 0, "EU");
  undated.issued.reset();
  EXPECT_GT(tokens_.admitSigned(undated).options.expires, end);
  EXPECT_EQ(nameOf(id), before);
}

TEST_F(SubjectTest, WhatNoPolicyLooksAtChangesNoRights) {
  engine_->rights().addPolicy({"notes", Operation::read, "region = $user.claims.region AND 'editor' IN $user.roles"});
  std::int64_t id = tokens_.admitSigned(signedFor("ann", 1)).id;
  std::string name = nameOf(id), choice = tokens_.grantOf(id).rights->choice();
  std::uint64_t revision = tokens_.tokenRevision();
  clock_.now += 1000;
  tokens_.admitSigned(signedFor("ann", 2));  // another session, and a later end
  EXPECT_EQ(tokens_.tokenRevision(), revision);
  EXPECT_EQ(nameOf(id), name);
  EXPECT_EQ(tokens_.grantOf(id).rights->choice(), choice);
  EXPECT_NE(choice, "");
  clock_.now -= 5000;
  tokens_.admitSigned(signedFor("ann", 3));
  EXPECT_NE(tokens_.tokenRevision(), revision) << "an earlier end";
  replica::SignedToken less = signedFor("ann", 4);
  less.options.claims.set("region", Value());
  tokens_.admitSigned(less);
  std::string ofNull = nameOf(id);
  less.options.claims.erase("region");
  less.issued = Date{5000};
  tokens_.admitSigned(less);
  EXPECT_NE(nameOf(id), ofNull) << "null is not missing";
}

TEST_F(SubjectTest, HasItsRightsFromTheIssuerAlone) {
  engine_->rights().addPolicy({"notes", Operation::read, "owner = $user.id"});
  engine_->rights().putUser("ann", {.roles = {"admin"}});
  UUID id = UUID::generate();
  Token ann = tokens_.admitSigned(signedFor("ann", 1)), known = tokens_.admitSigned(signedFor(id.toString(), 1));
  auto mayRead = [&](const Token& token, const Value& owner) {
    base::Bytes fields;
    EXPECT_FALSE(codec::encodeFields(fields, {{"owner", owner}}));
    return tokens_.grantOf(token.id).rights->mayRead("notes", UUID::generate(), fields);
  };
  EXPECT_FALSE(mayRead(ann, engine_->rights().user("ann")->id));
  EXPECT_TRUE(mayRead(known, id));
  replica::SignedToken admin = signedFor("ann", 2);
  admin.options.roles = {"admin"};
  EXPECT_TRUE(mayRead(tokens_.admitSigned(admin), 1));
}

TEST_F(SubjectTest, ARevokedUserStaysOut) {
  std::int64_t id = tokens_.admitSigned(signedFor("ann", 1)).id;
  Date end = *tokens_.tokenOf(id).options.expires;
  tokens_.revoke(id);
  clock_.now += 1000;
  EXPECT_ERROR(WrongToken, tokens_.admitSigned(signedFor("ann", 2)));
  EXPECT_ERROR(WrongToken, tokens_.tokenOf(id));
  ASSERT_EQ(tokens_.all().size(), 1u);
  EXPECT_EQ(tokens_.all()[0].options.expires, end) << "whoever is kept out writes nothing";
  EXPECT_EQ(tokens_.admitSigned(signedFor("bob", 2)).options.user, "bob");
}

TEST_F(SubjectTest, EndsWithItsTime) {
  std::int64_t id = tokens_.admitSigned(signedFor("ann", 1)).id;
  clock_.now += 60'000;
  EXPECT_ERROR(ExpiredToken, tokens_.tokenOf(id));
  EXPECT_EQ(tokens_.admitSigned(signedFor("ann", 2)).id, id);
  EXPECT_EQ(tokens_.tokenOf(id).id, id);
}

TEST_F(SubjectTest, ItsReplicasAreItsOwnAlsoAfterItsEnd) {
  UUID replica = UUID::generate(), second = UUID::generate();
  std::int64_t ann = tokens_.admitSigned(signedFor("ann", 1)).id;
  std::int64_t sameName = tokens_.create({.name = "laptop", .user = "ann"}).token.id;
  EXPECT_FALSE(tokens_.admitReplica(ann, replica, 0));
  EXPECT_FALSE(tokens_.admitReplica(sameName, second, 0));
  EXPECT_TRUE(tokens_.admitReplica(sameName, replica, 0)) << "a token of the operator for the same name";
  EXPECT_TRUE(tokens_.admitReplica(ann, second, 0));
  clock_.now += 61'000;
  EXPECT_TRUE(tokens_.admitReplica(tokens_.admitSigned(signedFor("bob", 1)).id, replica, 0));
  EXPECT_FALSE(tokens_.admitReplica(tokens_.admitSigned(signedFor("ann", 2)).id, replica, 0));
  tokens_.revoke(ann);
  EXPECT_FALSE(tokens_.admitReplica(sameName, replica, 0));
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
