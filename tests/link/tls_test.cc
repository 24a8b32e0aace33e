// Which certificates are trusted: every row of the matrix over a real connection.
#include "link/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "link/authority.h"
#include "link/hub_fixture.h"
#include "link/raw_socket.h"

namespace blazedb::link {
namespace {

class TlsTest : public HubTest {
 protected:
  TlsTest() {
    authority.write(file("ca.crt"));
    stranger.write(file("stranger.crt"));
    authority.issue(file("good.crt"), file("good.key"), "DNS:localhost,IP:127.0.0.1");
    authority.issue(file("other.crt"), file("other.key"), "DNS:other.example,IP:10.1.2.3");
    authority.issue(file("old.crt"), file("old.key"), "DNS:localhost,IP:127.0.0.1", -1);
    goodPin = pinOfFile(file("good.crt"));
    otherPin = pinOfFile(file("other.crt"));
  }

  std::shared_ptr<const TlsContext> hubWith(const std::string& name, const std::string& clientCa = "") {
    return TlsContext::forServer({file(name + ".crt"), file(name + ".key"), clientCa.empty() ? "" : file(clientCa)});
  }

  // The first error of a client of a hub with that certificate; none if it connects.
  std::optional<ErrorCode> outcome(const std::string& hubCertificate, const TlsClientOptions& trust,
                                   const std::string& host = "127.0.0.1", const std::string& clientCa = "") {
    listen(hubWith(hubCertificate, clientCa));
    std::optional<ErrorCode> code;
    {
      Client client(*this, 1);
      RemoteOptions remote = toHub();
      remote.host = host;
      remote.tls = TlsContext::forClient(trust);
      client.connect(*this, remote);
      EXPECT_TRUE(client.heard.wait([&](const LinkStatus& status) {
        if (status.error) code = status.error->code;
        if (status.error) text = status.error->text;
        return status.error || status.state == LinkState::live;
      }));
      if (code) {
        EXPECT_FALSE(client.link->status().ends[0].peer);
        EXPECT_EQ(acceptor->served().size(), 0u);
      }
    }
    stopListening();
    return code;
  }

  TlsClientOptions trusting(const std::string& ca, std::vector<std::string> pins = {}) {
    TlsClientOptions trust;
    trust.caFile = file(ca);
    trust.pins = std::move(pins);
    return trust;
  }
  TlsClientOptions pinning(std::vector<std::string> pins) {
    TlsClientOptions trust;
    trust.pins = std::move(pins);
    return trust;
  }

  Authority authority{"test authority"}, stranger{"stranger"};
  std::string goodPin, otherPin, text;
};

constexpr std::nullopt_t kThrough = std::nullopt;
const std::string kNoPin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

TEST_F(TlsTest, AnAuthorityAndTheRightHostWillDo) {
  EXPECT_EQ(outcome("good", trusting("ca.crt")), kThrough);
  EXPECT_EQ(outcome("good", trusting("ca.crt"), "localhost"), kThrough);
}

TEST_F(TlsTest, OneHostIsWrittenInSeveralWays) {
  EXPECT_EQ(outcome("good", trusting("ca.crt"), "LocalHost"), kThrough);
  EXPECT_EQ(outcome("good", trusting("ca.crt"), "::ffff:127.0.0.1"), kThrough);
}

TEST_F(TlsTest, AnotherHostIsRefused) {
  EXPECT_EQ(outcome("other", trusting("ca.crt")), ErrorCode::WrongHostName);
  EXPECT_EQ(outcome("other", trusting("ca.crt"), "localhost"), ErrorCode::WrongHostName);
}

TEST_F(TlsTest, ARightPinDoesNotReplaceTheHost) {
  EXPECT_EQ(outcome("other", trusting("ca.crt", {otherPin})), ErrorCode::WrongHostName);
}

TEST_F(TlsTest, ARightPinDoesNotReplaceTheAuthority) {
  EXPECT_EQ(outcome("good", trusting("stranger.crt", {goodPin})), ErrorCode::UntrustedCertificate);
  EXPECT_EQ(outcome("good", pinning({goodPin})), ErrorCode::UntrustedCertificate);
}

TEST_F(TlsTest, APinIsCheckedBesideAuthorityAndHost) {
  EXPECT_EQ(outcome("good", trusting("ca.crt", {goodPin})), kThrough);
  EXPECT_EQ(outcome("good", trusting("ca.crt", {kNoPin})), ErrorCode::WrongPin);
  EXPECT_NE(text.find(goodPin), std::string::npos) << text;
}

TEST_F(TlsTest, OneOfSeveralPinsWillDo) {
  EXPECT_EQ(outcome("good", trusting("ca.crt", {kNoPin, goodPin})), kThrough);
  EXPECT_EQ(outcome("hub", pinning({kNoPin, pin})), kThrough);
  EXPECT_EQ(outcome("hub", pinning({kNoPin, goodPin})), ErrorCode::WrongPin);
}

TEST_F(TlsTest, ASelfSignedCertificateNeedsItsPinAndNoHost) {
  EXPECT_EQ(outcome("hub", pinning({})), ErrorCode::UntrustedCertificate);
  EXPECT_NE(text.find(pin), std::string::npos) << text;
  EXPECT_EQ(outcome("hub", trusting("ca.crt")), ErrorCode::UntrustedCertificate);
  EXPECT_EQ(outcome("hub", pinning({pin})), kThrough);
  Authority::selfSign(file("self.crt"), file("self.key"), "DNS:other.example", 30);
  EXPECT_EQ(outcome("self", pinning({pinOfFile(file("self.crt"))})), kThrough);
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  EXPECT_EQ(outcome("old", trusting("ca.crt")), ErrorCode::ExpiredCertificate);
  EXPECT_EQ(outcome("old", trusting("ca.crt", {pinOfFile(file("old.crt"))})), ErrorCode::ExpiredCertificate);
  Authority::selfSign(file("self.crt"), file("self.key"), "DNS:localhost", -1);
  EXPECT_EQ(outcome("self", pinning({pinOfFile(file("self.crt"))})), ErrorCode::ExpiredCertificate);
}

// A certificate that a pinned self-signed certificate has signed is not the pinned one.
TEST_F(TlsTest, APinnedAuthorityVouchesForNobodyElse) {
  EXPECT_EQ(outcome("good", pinning({pinOfFile(file("ca.crt"))})), ErrorCode::WrongPin);
}

TEST_F(TlsTest, AHubThatAsksForCertificatesTakesNobodyWithout) {
  authority.issue(file("client.crt"), file("client.key"), "DNS:client");
  stranger.issue(file("mallory.crt"), file("mallory.key"), "DNS:client");
  TlsClientOptions with = trusting("ca.crt");
  with.certificateFile = file("client.crt");
  with.keyFile = file("client.key");
  EXPECT_EQ(outcome("good", with, "127.0.0.1", "ca.crt"), kThrough);
  EXPECT_EQ(outcome("good", trusting("ca.crt"), "127.0.0.1", "ca.crt"), ErrorCode::UntrustedCertificate);
  with.certificateFile = file("mallory.crt");
  with.keyFile = file("mallory.key");
  EXPECT_EQ(outcome("good", with, "127.0.0.1", "ca.crt"), ErrorCode::UntrustedCertificate);
}

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

SslContext newest(int version) {
  SslContext context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  SSL_CTX_set_max_proto_version(context.get(), version);
  return context;
}

TEST_F(TlsTest, AHubSpeaksNothingBefore13) {
  listen(hubWith("good"));
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawSocket socket = RawSocket::connect(acceptor->port());
    SslContext context = newest(version);
    Ssl ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket.fd());
    EXPECT_EQ(SSL_connect(ssl.get()) == 1, version == TLS1_3_VERSION);
  }
}

TEST_F(TlsTest, AClientSpeaksNothingBefore13) {
  listen(hubWith("good"));
  RawSocket listening = RawSocket::listen();
  bool shaken = true;
  std::thread hubOfOld([&] {
    RawSocket socket = listening.accept();
    SslContext context = newest(TLS1_2_VERSION);
    SSL_CTX_use_certificate_chain_file(context.get(), file("good.crt").c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), file("good.key").c_str(), SSL_FILETYPE_PEM);
    Ssl ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket.fd());
    shaken = SSL_accept(ssl.get()) == 1;
  });
  Client client(*this, 1);
  RemoteOptions remote = toHub();
  remote.port = listening.port();
  remote.tls = TlsContext::forClient(trusting("ca.crt"));
  client.connect(*this, remote);
  EXPECT_EQ(client.heard.waitForError(), ErrorCode::TlsTooOld);
  EXPECT_EQ(client.link->status().state, LinkState::stopped);
  hubOfOld.join();
  EXPECT_FALSE(shaken);
}

TEST_F(TlsTest, InTheClearNothingLeavesTheMachine) {
  EXPECT_ERROR(PlaintextForbidden, {
    AcceptorOptions open;
    open.address = "0.0.0.0";
    Acceptor(io, clock, open, nullptr, nullptr, nullptr);
  });
  listen(nullptr);
  Client client(*this, 1);
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  remote.host = "192.0.2.1";  // unused (RFC 5737): an attempt to connect would take long
  client.connect(*this, remote);
  EXPECT_EQ(client.heard.waitForError(), ErrorCode::PlaintextForbidden);
  EXPECT_EQ(client.link->status().state, LinkState::stopped);

  Client here(*this, 2);
  remote.host = "127.0.0.1";
  here.connect(*this, remote);
  EXPECT_TRUE(here.link->waitSynchronized(soonUs()));
}

TEST_F(TlsTest, EndsThatDoNotAgreeOnTlsSaySo) {
  auto pointsAtTls = [](const LinkStatus& status) {
    return status.error && status.error->text.find("useTLS") != std::string::npos;
  };
  listen(nullptr);
  Client tls(*this, 1);
  tls.connect(*this, toHub());
  EXPECT_TRUE(tls.heard.wait(pointsAtTls));
  tls.disconnect();
  stopListening();

  listen(hubWith("good"));
  Client clear(*this, 2);
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  clear.connect(*this, remote);
  EXPECT_TRUE(clear.heard.wait(pointsAtTls));
  clear.disconnect();
  EXPECT_EQ(acceptor->served().size(), 0u);
}

TEST_F(TlsTest, NewConnectionsGetTheCertificateThatWasReloaded) {
  listen(hubWith("old"));
  Client client(*this, 1);
  RemoteOptions remote = toHub();
  remote.tls = TlsContext::forClient(trusting("ca.crt"));
  client.connect(*this, remote);
  EXPECT_EQ(client.heard.waitForError(), ErrorCode::ExpiredCertificate);
  acceptor->setTls(hubWith("good"));
  EXPECT_TRUE(client.link->waitSynchronized(soonUs()));  // it tries again by itself
}

TEST_F(TlsTest, WhatCannotBeUsedIsNamed) {
  EXPECT_ERROR(InvalidArgument, TlsContext::forServer({file("nothing.crt"), file("nothing.key"), ""}));
  EXPECT_ERROR(InvalidArgument, TlsContext::forServer({file("good.crt"), file("other.key"), ""}));
  EXPECT_ERROR(InvalidArgument, TlsContext::forServer({file("good.crt"), file("good.key"), file("nothing.crt")}));
  EXPECT_ERROR(InvalidArgument, TlsContext::forClient(trusting("nothing.crt")));
  EXPECT_ERROR(InvalidArgument, TlsContext::forClient(pinning({"sha256/short="})));
  EXPECT_ERROR(InvalidArgument, TlsContext::forClient(pinning({"md5/" + kNoPin.substr(7)})));
  EXPECT_ERROR(InvalidArgument, pinOfFile(file("good.key")));
  std::string message = test::messageOf([&] { pinOfFile(file("nothing.crt")); });
  EXPECT_NE(message.find(file("nothing.crt")), std::string::npos) << message;
}

TEST_F(TlsTest, WhatSomebodyElseMayHavePutThereIsNotUsed) {
  auto mode = [&](const std::string& name, unsigned bits) {
    std::filesystem::permissions(file(name), std::filesystem::perms(bits));
  };
  auto expectUnused = [&](const std::string& name) {
    std::string message = test::messageOf([&] { hubWith("good"); });
    EXPECT_NE(message.find(file(name) + " is not used"), std::string::npos) << message;
  };
  EXPECT_NO_THROW(hubWith("good"));
  mode("good.key", 0604);
  expectUnused("good.key");
  mode("good.key", 0600);
  mode("good.crt", 0646);
  expectUnused("good.crt");
  mode("good.crt", 0644);
  EXPECT_NO_THROW(hubWith("good"));
  if (geteuid() == 0) {  // only root can give a file to another user
    ASSERT_EQ(chown(file("good.crt").c_str(), 12'345, 0), 0);
    expectUnused("good.crt");
    EXPECT_ERROR(InvalidArgument, pinOfFile(file("good.crt")));
    ASSERT_EQ(chown(file("good.crt").c_str(), 0, 0), 0);
    ASSERT_EQ(chown(file("good.key").c_str(), 12'345, 0), 0);
    expectUnused("good.key");
    ASSERT_EQ(chown(file("ca.crt").c_str(), 12'345, 0), 0);
    EXPECT_ERROR(InvalidArgument, TlsContext::forClient(trusting("ca.crt")));
  }
}

TEST_F(TlsTest, NoFileKeepsWhoeverReadsItWaiting) {
  for (const char* name : {"good.crt", "good.key", "ca.crt"}) {
    std::filesystem::remove(file(name));
    ASSERT_EQ(mkfifo(file(name).c_str(), 0600), 0);
  }
  EXPECT_ERROR(InvalidArgument, hubWith("good"));
  EXPECT_ERROR(InvalidArgument, hubWith("other", "good.crt"));
  EXPECT_ERROR(InvalidArgument, TlsContext::forServer({file("other.crt"), file("good.key"), ""}));
  EXPECT_ERROR(InvalidArgument, TlsContext::forClient(trusting("ca.crt")));
  EXPECT_ERROR(InvalidArgument, pinOfFile(file("good.crt")));
}

TEST_F(TlsTest, NobodyIsAskedForAPassphrase) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
                                                          EVP_PKEY_free);
  std::filesystem::remove(file("good.key"));
  BIO* out = BIO_new_file(file("good.key").c_str(), "w");
  PEM_write_bio_PKCS8PrivateKey(out, key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
  BIO_free(out);
  std::filesystem::permissions(file("good.key"), std::filesystem::perms(0600));
  EXPECT_ERROR(InvalidArgument, hubWith("good"));
}

}  // namespace
}  // namespace blazedb::link
