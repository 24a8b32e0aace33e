// What a hub does by itself as time passes. The test controls the time.
#include "topology/token_listener.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "db/engine.h"
#include "db/open_database.h"
#include "link/io.h"
#include "storage/posix_file_system.h"
#include "topology/signing_key.h"
#include "topology/watched.h"

namespace blazedb::topology {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// A clock that moves only when the test moves it.
class StillClock final : public base::Clock {
 public:
  std::int64_t wallMs() override { return wallMs_; }
  std::int64_t monotonicUs() override { return monotonicUs_; }
  void pass(std::int64_t ms) {
    passByDate(ms);
    monotonicUs_ += ms * 1000;
  }
  // Not for timers: a connection stays alive.
  void passByDate(std::int64_t ms) { wallMs_ += ms; }

 private:
  std::atomic<std::int64_t> wallMs_{1'800'000'000'000};
  std::atomic<std::int64_t> monotonicUs_{0};
};

class TokenListenerTest : public FolderTest {
 protected:
  void listen(const ListenOptions& options) {
    listener_.reset();
    listener_ = std::make_unique<TokenListener>(
        io_, clock_, std::vector<Listener::Offer>{{.node = {1}, .name = "hub", .replica = engine_}}, options);
  }
  std::string certificateFile() const { return (folder_ / "hub.hub-cert.pem").string(); }
  std::string keyFile() const { return (folder_ / "hub.hub-key.pem").string(); }

  std::shared_ptr<db::Engine> open() {
    db::EngineOptions options;
    options.name = "hub";
    return db::Engine::open({files_, clock_, random_}, path("hub"), storage::KeySource::rawKey(base::Bytes(32, 7)),
                            options);
  }

  StillClock clock_;
  base::SystemRandom random_;
  storage::PosixFileSystem files_;
  std::shared_ptr<db::Engine> engine_ = open();
  link::Io io_;
  std::unique_ptr<TokenListener> listener_;
};

TEST_F(TokenListenerTest, ItsOwnCertificateIsRenewedWhileItServes) {
  listen({.host = "127.0.0.1", .port = 0});
  CertificateStatus before = listener_->certificate();
  EXPECT_EQ(before.file, certificateFile());
  EXPECT_TRUE(before.valid);
  EXPECT_EQ(before.warning, "");
  EXPECT_NE(before.news, "");
  clock_.pass(3630 * kDayMs);
  EXPECT_TRUE(comes([&] { return listener_->certificate().until > before.until; }));
  CertificateStatus after = listener_->certificate();
  EXPECT_EQ(after.pin, before.pin);
  EXPECT_TRUE(after.valid);
  EXPECT_EQ(after.warning, "");
  EXPECT_NE(after.news, before.news);
}

TEST_F(TokenListenerTest, AKeyThatIsGoneIsSaidWhileItServesAndReplacedAtTheNextStart) {
  listen({.host = "127.0.0.1", .port = 0});
  std::string pin = listener_->certificate().pin;
  std::filesystem::rename(keyFile(), path("kept"));
  clock_.pass(60'000);
  EXPECT_TRUE(comes([&] { return listener_->certificate().warning.find(keyFile()) != std::string::npos; }));
  EXPECT_EQ(listener_->certificate().pin, pin) << "of the key in memory";
  std::filesystem::rename(path("kept"), keyFile());
  clock_.pass(60'000);
  EXPECT_TRUE(comes([&] { return listener_->certificate().warning.empty(); }));
  std::filesystem::remove(keyFile());
  listen({.host = "127.0.0.1", .port = 0});
  EXPECT_NE(listener_->certificate().pin, pin);
  EXPECT_NE(listener_->certificate().warning.find("new pin"), std::string::npos);
}

// The clock of the hub begins where that of the client is: two ends whose clocks differ do not talk.
TEST_F(TokenListenerTest, AConnectionEndsWithItsSignedTokenAndANewOneBeginsIt) {
  test::SigningKey key = test::SigningKey::ed25519();
  std::ofstream(path("keys")) << test::SigningKey::set({key.jwk()});
  clock_.passByDate(Date::now().microseconds / 1000 - clock_.wallMs());
  auto token = [&](std::int64_t seconds) {
    long now = static_cast<long>(clock_.wallMs() / 1000);
    return key.token(Object{{"iss", "login"}, {"aud", "hub"}, {"sub", "ann"}, {"iat", now}, {"exp", now + seconds}});
  };
  std::atomic<int> gone{0};
  listen({.host = "127.0.0.1",
          .port = 0,
          .issuer = IssuerOptions{path("keys"), "login", "hub", std::chrono::seconds(10)},
          .onEvent = [&](const ListenerEvent& event) { gone += event.kind == ListenerEvent::Kind::gone ? 1 : 0; }});
  RemoteNode hub{.host = "127.0.0.1", .port = listener_->info().port, .database = "hub", .authToken = token(60)};
  hub.pinning = CertificatePinningConfig::fromSpki(listener_->info().pin);
  const SyncPolicy readable{.encryptionMode = EncryptionMode::smartProxy};
  Database client = Database::open("client", path("client"), kPassword, cheap());
  {
    SyncEngine sync = client.enableSync(hub, readable);
    sync.synchronize(kPatience);
    Watched watched(sync);
    clock_.passByDate(69'000);
    sync.synchronize(kPatience);
    EXPECT_EQ(gone, 0) << "within the leeway";
    clock_.passByDate(1'000);
    EXPECT_EQ(watched.waitFor(ConnectionState::offline).error, ErrorCode::ExpiredToken);
  }
  hub.authToken = token(60);
  SyncEngine sync = client.enableSync(hub, readable);
  sync.synchronize(kPatience);
  // Another device brings a newer token: the connection of the first goes on.
  clock_.passByDate(50'000);
  RemoteNode newer = hub;
  newer.authToken = token(60);
  Database phone = Database::open("phone", path("phone"), kPassword, cheap());
  SyncEngine second = phone.enableSync(newer, readable);
  second.synchronize(kPatience);
  clock_.passByDate(30'000);
  UUID id = client.insert({{"n", 1}});
  for (SyncEngine* each : {&sync, &second}) each->synchronize(kPatience);
  EXPECT_TRUE(comes([&] { return phone.fetch(id).has_value(); }));
  EXPECT_EQ(gone, 1);
  // The hub has asked about the tokens in use once it has ended the connection of one that is revoked.
  NewToken marker = engine_->tokens().create({.name = "marker"});
  RemoteNode third = hub;
  third.authToken = marker.secret;
  Database tablet = Database::open("tablet", path("tablet"), kPassword, cheap());
  SyncEngine revoked = tablet.enableSync(third, readable);
  revoked.synchronize(kPatience);
  Watched end(revoked);
  engine_->tokens().revoke(marker.token.id);
  end.waitFor(ConnectionState::stopped);
  Watched watched(sync);
  clock_.passByDate(40'000);
  EXPECT_EQ(watched.waitFor(ConnectionState::offline).error, ErrorCode::ExpiredToken);
}

TEST_F(TokenListenerTest, OneThatWasGivenIsNeverTouchedAndItsEndIsAnnounced) {
  listen({.host = "127.0.0.1", .port = 0});
  std::filesystem::rename(certificateFile(), path("given.pem"));
  std::filesystem::rename(keyFile(), path("given.key"));
  listen({.host = "127.0.0.1", .port = 0, .certificateFile = path("given.pem"), .keyFile = path("given.key")});
  Date until = listener_->certificate().until;
  EXPECT_EQ(listener_->certificate().warning, "");
  EXPECT_EQ(listener_->certificate().news, "");
  clock_.pass(until.microseconds / 1000 - clock_.wallMs() - 29 * kDayMs);
  EXPECT_TRUE(listener_->certificate().valid);
  EXPECT_NE(listener_->certificate().warning.find("ends in 29 days"), std::string::npos);
  clock_.pass(29 * kDayMs);
  EXPECT_FALSE(listener_->certificate().valid);
  EXPECT_NE(listener_->certificate().warning.find("no client can connect"), std::string::npos);
  clock_.pass(-20 * 365 * kDayMs);
  EXPECT_FALSE(listener_->certificate().valid);
  listener_->reload();
  EXPECT_EQ(listener_->certificate().until, until);
  EXPECT_FALSE(std::filesystem::exists(certificateFile()));
}

}  // namespace
}  // namespace blazedb::topology
