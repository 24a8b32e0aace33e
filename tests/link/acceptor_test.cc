// A hub with bad guests: they are not admitted, do not read, send nothing, or send nonsense.
#include "link/acceptor.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/limits.h"
#include "link/failed_knocks.h"
#include "link/framing.h"
#include "link/hub_fixture.h"
#include "link/raw_socket.h"
#include "support/files_max.h"

namespace blazedb::link {
namespace {

class AcceptorTest : public HubTest {
 protected:
  // A packet without TLS.
  static base::Bytes packed(const base::Bytes& frame) {
    Packer packer;
    base::Bytes out;
    packer.pack(frame, out);
    return out;
  }
  static base::Bytes knock(const std::string& token = "secret") {
    Knock knock;
    knock.database = "orders";
    knock.capabilities = 0;
    base::append(knock.token, base::viewOf(token));
    return packed(encode(knock));
  }
  // The first frame that a hub has sent.
  static std::optional<sync::Bye> byeIn(const base::Bytes& stream) {
    Splitter splitter(base::kFrameBytesMax);
    splitter.append(stream);
    while (auto packet = splitter.next())
      if (auto bye = sync::decodeBye(packet->payload)) return bye;
    return std::nullopt;
  }
  static std::optional<ErrorCode> codeIn(const base::Bytes& stream) {
    std::optional<sync::Bye> bye = byeIn(stream);
    return bye ? std::optional(bye->code) : std::nullopt;
  }
  std::optional<ErrorCode> answerTo(const base::Bytes& said) {
    RawSocket socket = RawSocket::connect(acceptor->port());
    socket.send(said);
    return codeIn(socket.receiveAll());
  }
  // Expects that the hub works as if nothing had happened.
  void expectWellAndAlive() {
    Client client(*this, 77);
    hub.insert({{"n", 1}});
    RemoteOptions remote = toHub();
    remote.tls = options.tls ? pinned() : nullptr;
    client.connect(*this, remote);
    EXPECT_TRUE(client.link->waitSynchronized(soonUs()));
    expectSame(client);
  }
};

TEST_F(AcceptorTest, RefusalsHaveTheirReasons) {
  listen();
  auto refusal = [&](const std::string& database, const std::string& token) {
    Client client(*this, 1);
    RemoteOptions remote = toHub();
    remote.database = database;
    remote.token.assign(token.begin(), token.end());
    client.connect(*this, remote);
    std::optional<ErrorCode> code = client.heard.waitForError();
    EXPECT_EQ(client.link->status().state, LinkState::stopped);
    return code;
  };
  EXPECT_EQ(refusal("orders", "wrong"), ErrorCode::WrongToken);
  EXPECT_EQ(refusal("nothing", "secret"), ErrorCode::UnknownDatabase);
  EXPECT_EQ(acceptor->served().size(), 0u);
}

TEST_F(AcceptorTest, GuessingIsSlowedAndKeepsNobodyElseOut) {
  listen(nullptr);
  for (int i = 0; i < 8; i++) EXPECT_EQ(answerTo(knock("revoked")), ErrorCode::WrongToken);
  RawSocket waiting = RawSocket::connect(acceptor->port());
  waiting.send(knock("revoked"));
  waiting.send(knock("revoked"));  // the hub does not read it
  Client client(*this, 1);
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  client.connect(*this, remote);
  EXPECT_TRUE(
      client.heard.wait([](const LinkStatus& status) { return status.error || status.state == LinkState::live; }));
  EXPECT_FALSE(client.link->status().error);
  EXPECT_TRUE(client.link->waitSynchronized(soonUs()));
  EXPECT_EQ(codeIn(waiting.receiveAll()), ErrorCode::WrongToken);
}

TEST_F(AcceptorTest, AHubThatStopsDoesNotWaitForAnswersThatAreKeptBack) {
  listen(nullptr);
  for (int i = 0; i < 8; i++) EXPECT_EQ(answerTo(knock("revoked")), ErrorCode::WrongToken);
  RawSocket waiting = RawSocket::connect(acceptor->port());
  waiting.send(knock("revoked"));
  expectWellAndAlive();  // a later client is served, so this one has been accepted
  stopListening();
  EXPECT_FALSE(waiting.receiveAll().empty());
}

TEST(FailedKnocks, AnswersComeLaterAndLater) {
  FailedKnocks failed;
  auto delayOf = [&](const std::string& address, const std::string& token, std::int64_t nowMs) {
    return failed.note(address, base::viewOf(token), nowMs);
  };
  for (int i = 0; i < 5; i++) EXPECT_EQ(delayOf("a", "t", 0), 0);
  EXPECT_EQ(delayOf("a", "t", 0), 100);
  EXPECT_EQ(delayOf("a", "t", 1000), 200);
  for (int i = 0; i < 5; i++) delayOf("a", "t", 1000);
  EXPECT_EQ(delayOf("a", "t", 1000), 2000);
  EXPECT_EQ(delayOf("b", "t", 1000), 0);
  EXPECT_EQ(delayOf("a", "u", 1000), 0) << "another token of that address";
  // A guest that tries many tokens is slowed too.
  std::int64_t delayMs = 0;
  for (int i = 0; i < 30; i++) delayMs = delayOf("a", std::to_string(i), 1000);
  EXPECT_EQ(delayMs, 2000);
  EXPECT_EQ(delayOf("a", "t", 1000 + 10 * 60'000), 0) << "after ten quiet minutes";
}

TEST(FailedKnocks, OnlyTheQuietestIsForgotten) {
  FailedKnocks failed;
  for (int i = 0; i < 6; i++) failed.note("a", base::viewOf("t"), 300'000);
  for (int i = 0; i < 3000; i++) failed.note("x" + std::to_string(i), base::viewOf("t"), 200'000 + i);
  EXPECT_GT(failed.note("a", base::viewOf("t"), 300'000), 0);
}

TEST_F(AcceptorTest, WhoSaysNothingIsNotWaitedForLong) {
  options.timing.admitMs = 50;
  for (auto tls : {hubTls(), std::shared_ptr<const TlsContext>()}) {
    listen(tls);
    RawSocket silent = RawSocket::connect(acceptor->port());
    base::Bytes said = silent.receiveAll();  // returns because the hub ends the connection
    if (!tls) {
      EXPECT_EQ(codeIn(said), ErrorCode::Timeout);
    }
    // Nor does it wait for a guest that sends half of a knock.
    RawSocket slow = RawSocket::connect(acceptor->port());
    base::Bytes half = knock();
    half.resize(half.size() / 2);
    slow.send(half);
    slow.receiveAll();
    stopListening();
  }
}

TEST_F(AcceptorTest, AFirstFrameIsSmallAndAKnock) {
  listen(nullptr);
  EXPECT_EQ(answerTo(packed(base::Bytes(100, 1))), ErrorCode::ProtocolError);
  EXPECT_EQ(answerTo(packed(sync::encode(sync::Hello{}))), ErrorCode::ProtocolError);
  base::Bytes newer = packed({kKnockType, 9, 1, 2, 3});
  EXPECT_EQ(answerTo(newer), ErrorCode::ProtocolTooNew);
  EXPECT_EQ(answerTo({1, 0, 1, 0}), ErrorCode::ProtocolError) << "65537 bytes would follow";
  EXPECT_EQ(answerTo({4, 0, 0, 0x80, 1, 2, 3, 4}), ErrorCode::ProtocolError)
      << "compressed, before that was agreed upon";
  EXPECT_EQ(acceptor->served().size(), 0u);
  expectWellAndAlive();
}

TEST_F(AcceptorTest, NoiseDoesNoHarm) {
  std::mt19937_64 noisy(11);
  for (auto tls : {hubTls(), std::shared_ptr<const TlsContext>()}) {
    listen(tls);
    for (int i = 0; i < 60; i++) {
      base::Bytes noise = i % 3 == 0 ? knock() : base::Bytes();
      std::size_t size = noisy() % 5000;
      for (std::size_t k = 0; k < size; k++) noise.push_back(static_cast<std::uint8_t>(noisy() % (i % 2 ? 256 : 4)));
      RawSocket socket = RawSocket::connect(acceptor->port());
      socket.send(noise);
      ::shutdown(socket.fd(), SHUT_WR);
      socket.receiveAll();
    }
    RawSocket browser = RawSocket::connect(acceptor->port());
    browser.send(base::viewOf("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    browser.receiveAll();
    expectWellAndAlive();
    stopListening();
  }
}

TEST_F(AcceptorTest, TheOldestThatIsNotAdmittedMakesRoom) {
  options.halfOpenMax = 8;
  options.timing.admitMs = 3'600'000;
  listen();
  std::vector<RawSocket> silent;
  for (int i = 0; i < 9; i++) silent.push_back(RawSocket::connect(acceptor->port()));
  silent.front().receiveAll();  // returns only if the hub ends the connection
  expectWellAndAlive();
}

TEST_F(AcceptorTest, WhoComesWhenItIsFullIsToldSoAndTriesAgain) {
  options.admittedMax = 2;
  listen();
  Client a(*this, 1), b(*this, 2), late(*this, 3);
  for (Client* client : {&a, &b}) {
    client->connect(*this, toHub());
    ASSERT_TRUE(client->link->waitSynchronized(soonUs()));
  }
  late.connect(*this, toHub());
  EXPECT_EQ(late.heard.waitForError(), ErrorCode::TooManyAttempts);
  EXPECT_EQ(acceptor->served().size(), 2u);
  a.disconnect();
  EXPECT_TRUE(late.link->waitSynchronized(soonUs()));
  EXPECT_TRUE(b.link->waitSynchronized(soonUs()));
}

TEST_F(AcceptorTest, WithTooFewFilesItDoesNotListen) {
  test::FilesMax few(128);
  options.filesKept = 120;
  EXPECT_ERROR(IoError, listen(nullptr));
}

// Neither guests with a token nor guests without one can take all files: some are kept for the databases.
TEST_F(AcceptorTest, NobodyTakesAllTheFiles) {
  constexpr int kFiles = 128, kLeft = 112;
  options.filesKept = kFiles - kLeft;
  options.timing = {.admitMs = 3'600'000, .pingMs = 3'600'000, .deadMs = 3'600'000};
  {
    test::FilesMax few(kFiles);
    listen(nullptr);
  }
  std::vector<RawSocket> guests;
  for (int i = 0; i < kLeft * 3 / 4; i++) {
    guests.push_back(RawSocket::connect(acceptor->port()));
    guests.back().send(knock());
    ASSERT_FALSE(guests.back().receive().empty());
  }
  EXPECT_EQ(acceptor->served().size(), guests.size());
  EXPECT_EQ(answerTo(knock()), ErrorCode::TooManyAttempts);

  std::vector<RawSocket> silent;
  std::vector<pollfd> waits;
  for (int i = 0; i < kFiles; i++) {
    silent.push_back(RawSocket::connect(acceptor->port()));
    waits.push_back({silent.back().fd(), POLLIN, 0});
  }
  std::int64_t deadline = soonUs();
  auto sentAway = [&] { return poll(waits.data(), waits.size(), 0); };
  while (sentAway() < kFiles - kLeft / 4 && clock.monotonicUs() < deadline) std::this_thread::yield();
  EXPECT_GE(sentAway(), kFiles - kLeft / 4);
  EXPECT_EQ(acceptor->served().size(), guests.size());
}

// The guest reads nothing: what the hub sends stays within the window, and after a while the hub gives up.
TEST_F(AcceptorTest, WhoDoesNotReadIsDropped) {
  options.timing.pingMs = 40;
  options.timing.deadMs = 120;
  std::string large(200'000, 'x');
  for (int i = 0; i < 120; i++) hub.insert({{"text", large}});
  listen(nullptr);
  RawSocket socket = RawSocket::connect(acceptor->port(), 4096);
  socket.send(knock());
  sync::Hello hello;
  hello.identity = {test::uuidOf(5), 1, sync::Role::client, "deaf"};
  hello.wallMs = clock.wallMs();
  socket.send(packed(sync::encode(hello)));
  socket.send(packed(sync::encode(sync::Welcome{})));
  socket.send(packed(sync::encode(sync::Subscribe{})));
  std::uint64_t mostBytes = 0;
  EXPECT_TRUE(hubHeard.wait([&](const LinkStatus& status) {
    mostBytes = std::max(mostBytes, status.ends[0].bytesSent);
    return status.error && status.error->code == ErrorCode::Offline;
  }));
  EXPECT_GT(mostBytes, 100'000u);
  EXPECT_LT(mostBytes, base::kInFlightBytesMax + base::kFrameBytesMax);
  expectWellAndAlive();
}

// The guest keeps asking and does not read the answers: they do not pile up.
TEST_F(AcceptorTest, WhoDoesNotReadTheAnswersIsNotAskedWhatElse) {
  options.timing.pingMs = 40;
  options.timing.deadMs = 120;
  UUID large = hub.insert({{"text", std::string(1'000'000, 'x')}});
  listen(nullptr);
  RawSocket socket = RawSocket::connect(acceptor->port(), 4096);
  socket.send(knock());
  sync::Hello hello;
  hello.identity = {test::uuidOf(5), 1, sync::Role::client, "greedy"};
  hello.wallMs = clock.wallMs();
  socket.send(packed(sync::encode(hello)));
  socket.send(packed(sync::encode(sync::Welcome{})));
  socket.send(packed(sync::encode(sync::Subscribe{{}, false})));
  // A question of 30 bytes with an answer of a megabyte, 400 times. All questions can be sent only once the hub is
  // gone.
  base::Bytes question = packed(sync::encode(sync::Need{{{"default", large}}}));
  for (int i = 0; i < 400; i++) socket.send(question);
  std::uint64_t mostBytes = 0;
  EXPECT_TRUE(hubHeard.wait([&](const LinkStatus& status) {
    mostBytes = std::max(mostBytes, status.ends[0].bytesSent);
    return status.error && status.error->code == ErrorCode::Offline;
  }));
  EXPECT_GT(mostBytes, 1'000'000u);
  EXPECT_LT(mostBytes, base::kInFlightBytesMax + base::kFrameBytesMax);
}

// The other end is connected but sends nothing more, as if its network had gone.
TEST_F(AcceptorTest, WhoHasGoneWithoutAWordIsDropped) {
  options.timing.pingMs = 40;
  options.timing.deadMs = 120;
  listen(nullptr);
  RawSocket socket = RawSocket::connect(acceptor->port());
  socket.send(knock());
  sync::Hello hello;
  hello.identity = {test::uuidOf(5), 1, sync::Role::client, "gone"};
  hello.wallMs = clock.wallMs();
  socket.send(packed(sync::encode(hello)));
  EXPECT_TRUE(hubHeard.wait(
      [&](const LinkStatus& status) { return status.error && status.error->code == ErrorCode::Offline; }));
  Splitter splitter(base::kFrameBytesMax);
  splitter.append(socket.receiveAll());
  bool asked = false;
  while (auto packet = splitter.next()) asked |= sync::typeOf(packet->payload) == sync::FrameType::ping;
  EXPECT_TRUE(asked);
}

TEST_F(AcceptorTest, TheQuietAreAskedAndStay) {
  options.timing.pingMs = 20;
  options.timing.deadMs = 60'000;
  listen();
  Client client(*this, 1);
  client.connect(*this, toHub());
  ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
  std::int64_t deadline = soonUs();
  auto answered = [&] { return acceptor->served().at(0).status.ends[0].pong.has_value(); };
  while (!answered() && clock.monotonicUs() < deadline) std::this_thread::yield();
  EXPECT_TRUE(answered());
  EXPECT_EQ(acceptor->served().at(0).status.state, LinkState::live);
}

TEST_F(AcceptorTest, ThoseWhoAreServedAreListedAndCanBeSentAway) {
  listen();
  Client a(*this, 1), b(*this, 2);
  a.connect(*this, toHub());
  b.connect(*this, toHub());
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  ASSERT_TRUE(b.link->waitSynchronized(soonUs()));
  // A client gets its answer a moment before served() lists it.
  auto known = [&] {
    std::vector<Served> served = acceptor->served();
    return std::all_of(served.begin(), served.end(), [](const Served& each) { return each.status.ends[0].peer; });
  };
  for (std::int64_t deadline = soonUs(); !known() && clock.monotonicUs() < deadline;) std::this_thread::yield();
  std::vector<Served> served = acceptor->served();
  ASSERT_EQ(served.size(), 2u);
  for (const Served& each : served) {
    EXPECT_EQ(each.label, "the token");
    EXPECT_EQ(each.database, "orders");
    EXPECT_EQ(each.peer.address, "127.0.0.1");
    EXPECT_GT(each.status.bytes, 0u);
  }
  auto isA = [](const Served& each) { return each.status.ends[0].peer->name == "c1"; };
  EXPECT_EQ(acceptor->stop(isA, {ErrorCode::WrongToken, "the token was revoked"}), 1u);
  EXPECT_EQ(a.heard.waitForError(), ErrorCode::WrongToken);
  EXPECT_EQ(a.link->status().error->text, "the token was revoked");
  hub.insert({{"n", 1}});
  EXPECT_TRUE(b.link->waitSynchronized(soonUs()));
  EXPECT_EQ(b.replica.count(), 1u);
  EXPECT_EQ(a.replica.count(), 0u);
}

TEST_F(AcceptorTest, AHubThatStopsSaysSoAndIsFoundAgain) {
  listen();
  std::uint16_t port = acceptor->port();
  Client client(*this, 1);
  client.connect(*this, toHub());
  ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
  stopListening();
  EXPECT_EQ(client.heard.waitForError(), ErrorCode::HubStopping);
  EXPECT_EQ(client.link->status().ends[0].peer->name, "hub") << "of the last session";
  client.replica.insert({{"while", "apart"}});
  hub.insert({{"while", "apart"}});
  listen(hubTls(), port);
  EXPECT_TRUE(client.link->waitSynchronized(soonUs()));
  EXPECT_EQ(hub.count(), 2u);
  expectSame(client);
}

TEST_F(AcceptorTest, APortThatIsTakenIsNamed) {
  listen();
  AcceptorOptions same = options;
  same.port = acceptor->port();
  EXPECT_ERROR(IoError, Acceptor(io, clock, same, nullptr, nullptr, nullptr));
  same.address = "no such host.invalid";
  EXPECT_ERROR(InvalidArgument, Acceptor(io, clock, same, nullptr, nullptr, nullptr));
}

}  // namespace
}  // namespace blazedb::link
