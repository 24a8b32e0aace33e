// A hub whose users live elsewhere: it lets in those for whom an issuer has signed a token (IssuerOptions).
#include <fstream>
#include <set>

#include "topology/remote_fixture.h"
#include "topology/signing_key.h"

namespace blazedb {
namespace {

using test::SigningKey;

class IssuerTest : public RemoteTest {
 protected:
  IssuerTest() {
    hubStops();
    writeKeys({key_.jwk("first")});
    listen(options());
  }
  ListenOptions options() const {
    return {.host = "127.0.0.1",
            .port = 0,
            .issuer = IssuerOptions{.keysFile = path("keys"), .issuer = "login", .audience = "notes"}};
  }
  void writeKeys(const std::vector<Object>& keys) const { std::ofstream(path("keys")) << SigningKey::set(keys); }

  // What the issuer signs `age` seconds ago, with these claims beside the ones that a token needs.
  Object payload(const std::string& user, const Object& claims = {}, long age = 0) const {
    long now = static_cast<long>(Date::now().microseconds / 1'000'000) - age;
    Object payload{{"iss", "login"}, {"aud", "notes"}, {"sub", user}, {"iat", now}, {"exp", now + 3600}};
    for (const Field& each : claims) payload.set(each.name, each.value);
    return payload;
  }
  std::string signedFor(const std::string& user, const Object& claims = {}, long age = 0) const {
    return key_.token(payload(user, claims, age), "first");
  }
  SyncEngine connect(const Database& client, const std::string& token) const {
    return client.enableSync(remote(token), kReadable);
  }
  static std::set<std::string> names(const Database& database) {
    std::set<std::string> all;
    for (const Record& each : database.fetchAll()) all.insert(each.string("name").value_or(""));
    return all;
  }
  using Names = std::set<std::string>;

  SigningKey key_ = SigningKey::p256();
};

TEST_F(IssuerTest, AUserGetsAndWritesWhatTheTokenSays) {
  UUID north = UUID::generate(), ann = UUID::generate();
  for (const char* policy : {"team IN $user.teams", "owner = $user.name", "owner_id = $user.id",
                             "region = $user.claims.region", "audited AND 'auditor' IN $user.roles"})
    hub_.policies().add({"default", Operation::read, policy});
  hub_.users().put("ann", {.roles = {"admin"}, .claims = {{"region", "US"}}});
  hub_.insert({{"name", "of the team"}, {"team", north}});
  hub_.insert({{"name", "hers"}, {"owner", "ann"}});
  hub_.insert({{"name", "by id"}, {"owner_id", ann}});
  hub_.insert({{"name", "of the EU"}, {"region", "EU"}});
  hub_.insert({{"name", "of the US"}, {"region", "US"}});
  hub_.insert({{"name", "audited"}, {"audited", true}});
  Database a = open("a"), b = open("b"), c = open("c"), d = open("d");
  SyncEngine first = connect(a, signedFor("ann"));
  SyncEngine second = connect(b, signedFor("bob", {{"teams", Array{north.toString()}}, {"region", "EU"}}));
  SyncEngine third = connect(c, signedFor(ann.toString(), {{"roles", Array{"auditor"}}}));
  SyncEngine fourth = connect(d, signedFor("eve", {{"roles", Array{"admin"}}}));
  for (SyncEngine* each : {&first, &second, &third, &fourth}) each->synchronize(kPatience);
  EXPECT_EQ(names(a), Names{"hers"}) << "and nothing of the ann whom the hub knows itself";
  EXPECT_EQ(names(b), (Names{"of the team", "of the EU"}));
  EXPECT_EQ(names(c), (Names{"by id", "audited"}));
  EXPECT_EQ(names(d).size(), 6u);
  UUID id = b.insert({{"name", "new"}, {"region", "EU"}});
  UUID refused = b.insert({{"name", "not his"}, {"region", "US"}});
  second.synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(id));
  EXPECT_FALSE(hub_.fetch(refused));
}

TEST_F(IssuerTest, BothKindsOfTokenLetInSideBySide) {
  hub_.insert({{"name", "a"}});
  Database a = open("a"), b = open("b"), c = open("c");
  SyncEngine first = connect(a, signedFor("ann")), second = connect(b, token().secret);
  for (SyncEngine* each : {&first, &second}) each->synchronize(kPatience);
  EXPECT_EQ(names(a), Names{"a"});
  EXPECT_EQ(names(b), Names{"a"});
  EXPECT_EQ(refusal(c, remote("blz_unknown")), ErrorCode::WrongToken);
  EXPECT_EQ(refusal(c, remote(SigningKey::p256().token(payload("ann"), "first"))), ErrorCode::WrongToken);
  // A hub without an issuer takes none.
  hubStops();
  listen({.host = "127.0.0.1", .port = 0});
  EXPECT_EQ(refusal(c, remote(signedFor("ann"))), ErrorCode::WrongToken);
}

TEST_F(IssuerTest, ALongTokenArrives) {
  Database client = open("client");
  std::string token = signedFor("ann", {{"long", std::string(5000, 'a')}});
  EXPECT_GT(token.size(), 4096u);
  connect(client, token).synchronize(kPatience);
  EXPECT_ERROR(InvalidArgument, connect(client, signedFor("ann", {{"long", std::string(7000, 'a')}})));
}

TEST_F(IssuerTest, AFaultOfTheTokenIsSaid) {
  Database client = open("client");
  auto said = [&](const Object& claims) {
    SyncEngine sync = connect(client, signedFor("ann", claims));
    return test::messageOf([&] { sync.synchronize(kPatience); });
  };
  EXPECT_NE(said({{"aud", "mail"}}).find("not for this hub (aud)"), std::string::npos);
  EXPECT_NE(said({{"teams", Array{"north"}}}).find("no UUID"), std::string::npos);
  SyncEngine sync = connect(client, signedFor("ann", {{"exp", 1}}));
  EXPECT_EQ(Watched(sync).waitFor(ConnectionState::offline).error, ErrorCode::ExpiredToken);
  EXPECT_TRUE(hub_.tokens().empty());
}

TEST_F(IssuerTest, ARevokedUserIsKeptOutAlsoWithAFreshToken) {
  Database client = open("client"), other = open("other");
  SyncEngine sync = connect(client, signedFor("ann")), second = connect(other, signedFor("bob"));
  sync.synchronize(kPatience);
  second.synchronize(kPatience);
  std::vector<Token> tokens = hub_.tokens();
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].issuer, "login");
  Watched watched(sync);
  hub_.revokeToken(tokens[0].options.user == "ann" ? tokens[0].id : tokens[1].id);
  EXPECT_EQ(watched.waitFor(ConnectionState::stopped).error, ErrorCode::WrongToken);
  EXPECT_EQ(refusal(open("third"), remote(signedFor("ann"))), ErrorCode::WrongToken);
  second.synchronize(kPatience);
}

TEST_F(IssuerTest, TheKeysAreReadAgain) {
  SigningKey next = SigningKey::ed25519();
  Database a = open("a"), b = open("b");
  std::string old = signedFor("ann"), fresh = next.token(payload("ann"), "second");
  EXPECT_EQ(refusal(a, remote(fresh)), ErrorCode::WrongToken);
  writeKeys({next.jwk("second"), SigningKey::rsa(1024).jwk("weak")});
  topology_.reloadCertificate(listening_.id);
  EXPECT_EQ(topology_.issuer(listening_.id).keys, 1u);
  EXPECT_NE(topology_.issuer(listening_.id).unused.find("(weak)"), std::string::npos);
  connect(a, fresh).synchronize(kPatience);
  EXPECT_EQ(refusal(b, remote(old)), ErrorCode::WrongToken);

  std::ofstream(path("keys")) << "no keys";
  std::string said = test::messageOf([&] { topology_.reloadCertificate(listening_.id); });
  EXPECT_NE(said.find(path("keys") + " is not used"), std::string::npos) << said;
  connect(a, fresh).synchronize(kPatience);
  std::filesystem::remove(path("keys"));
  EXPECT_ERROR(InvalidArgument, topology_.reloadCertificate(listening_.id));
  writeKeys({key_.jwk("first")});
  std::filesystem::permissions(path("keys"), std::filesystem::perms::all);
  EXPECT_ERROR(InvalidArgument, topology_.reloadCertificate(listening_.id));
  connect(a, fresh).synchronize(kPatience);
}

TEST_F(IssuerTest, OfACertificateAndKeysEachIsReadWhateverIsWrongWithTheOther) {
  hubStops();
  for (const char* file : {"cert", "key"})
    std::filesystem::rename(folder_ / ("ServerDB.hub-" + std::string(file) + ".pem"), path(file));
  ListenOptions given = options();
  given.certificateFile = path("cert");
  given.keyFile = path("key");
  listen(given);
  std::ofstream(path("cert")) << "none";
  SigningKey next = SigningKey::ed25519();
  writeKeys({next.jwk()});
  EXPECT_ERROR(InvalidArgument, topology_.reloadCertificate(listening_.id));
  connect(open("client"), next.token(payload("ann"))).synchronize(kPatience);
}

TEST_F(IssuerTest, AnotherTokenOfTheUserChangesTheRightsOfOpenConnections) {
  hub_.policies().add({"default", Operation::read, "region = $user.claims.region"});
  for (const char* region : {"EU", "US"}) hub_.insert({{"name", region}, {"region", region}});
  Database laptop = open("laptop"), phone = open("phone");
  std::string old = signedFor("ann", {{"region", "EU"}}, 60);
  SyncEngine first = connect(laptop, old);
  first.synchronize(kPatience);
  EXPECT_EQ(names(laptop), Names{"EU"});
  SyncEngine second = connect(phone, signedFor("ann", {{"region", "US"}}));
  second.synchronize(kPatience);
  EXPECT_EQ(names(phone), Names{"US"});
  // The laptop comes back with the token that it has, and gets what the issuer has said last.
  EXPECT_TRUE(comes([&] { return names(laptop) == Names{"US"}; }));
  second.synchronize(kPatience);
  EXPECT_EQ(names(phone), Names{"US"});
}

TEST_F(IssuerTest, TheSameNameInATokenOfTheOperatorIsAnotherUser) {
  Database client = open("client");
  connect(client, token({.name = "laptop", .user = "ann"}).secret).synchronize(kPatience);
  SyncEngine sync = connect(client, signedFor("ann"));
  EXPECT_EQ(Watched(sync).waitFor(ConnectionState::offline).error, ErrorCode::DuplicateReplica);
  hub_.revokeToken(1);
  sync.resume();
  sync.synchronize(kPatience);
}

TEST_F(IssuerTest, WhatIsIncompleteIsRefusedAtTheStart) {
  for (auto spoil :
       {+[](IssuerOptions& issuer) { issuer.audience.clear(); }, +[](IssuerOptions& issuer) { issuer.issuer.clear(); },
        +[](IssuerOptions& issuer) { issuer.keysFile.clear(); },
        +[](IssuerOptions& issuer) { issuer.keysFile += ".gone"; },
        +[](IssuerOptions& issuer) { issuer.leeway = std::chrono::seconds(601); },
        +[](IssuerOptions& issuer) { issuer.leeway = std::chrono::seconds(-1); }}) {
    ListenOptions wrong = options();
    spoil(*wrong.issuer);
    EXPECT_ERROR(InvalidArgument, topology_.listen(node_, wrong));
  }
}

}  // namespace
}  // namespace blazedb
