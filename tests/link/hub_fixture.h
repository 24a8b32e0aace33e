// A hub and its clients in one process: real engines over real sockets on loopback.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "link/acceptor.h"
#include "link/certificate.h"
#include "link/own_certificate.h"
#include "link/remote_link.h"
#include "support/errors.h"
#include "support/replica.h"

namespace blazedb::link {

// Collects the statuses of a link for a test that waits for one of them.
class Heard {
 public:
  // Long enough for a busy machine; a test that fails takes this long.
  static constexpr std::chrono::seconds kLong{60};

  void note(const LinkStatus& status) {
    std::lock_guard lock(mutex_);
    all_.push_back(status);
    changed_.notify_all();
  }
  bool wait(const std::function<bool(const LinkStatus&)>& expected) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] {
      for (; seen_ < all_.size(); seen_++)
        if (expected(all_[seen_])) return seen_++, true;
      return false;
    });
  }
  bool waitFor(LinkState state) {
    return wait([&](const LinkStatus& status) { return status.state == state; });
  }
  // Waits for the first error that the link reports.
  std::optional<ErrorCode> waitForError() {
    std::optional<ErrorCode> code;
    wait([&](const LinkStatus& status) {
      if (status.error) code = status.error->code;
      return status.error.has_value();
    });
    return code;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LinkStatus> all_;
  std::size_t seen_ = 0;
};

// Real time, plus the time that a test adds.
class MovableClock final : public base::Clock {
 public:
  std::int64_t wallMs() override { return system_.wallMs(); }
  std::int64_t monotonicUs() override { return system_.monotonicUs() + 1000 * movedMs_; }
  void moveOn(std::int64_t ms) { movedMs_ += ms; }

 private:
  base::SystemClock system_;
  std::atomic<std::int64_t> movedMs_{0};
};

class HubTest : public testing::Test {
 protected:
  explicit HubTest(std::size_t linkBytesMax = kLinkBytesMax) : io(2, linkBytesMax) {
    std::string made = (std::filesystem::temp_directory_path() / "blazedb-link-XXXXXX").string();
    if (!mkdtemp(made.data())) throw std::runtime_error("no temporary folder");
    folder = made;
    OwnCertificate{file("hub.crt"), file("hub.key"), {"localhost", "127.0.0.1"}}.care(clock.wallMs());
    pin = pinOfFile(file("hub.crt"));
  }
  ~HubTest() override {
    stopListening();
    std::filesystem::remove_all(folder);
  }

  std::string file(const std::string& name) const { return (folder / name).string(); }
  std::int64_t soonUs() { return clock.monotonicUs() + std::chrono::microseconds(Heard::kLong).count(); }

  // A client's database and its link.
  struct Client {
    Client(HubTest& test, std::uint64_t seed) : replica("c" + std::to_string(seed), test.worldMs, seed) {}
    ~Client() { disconnect(); }
    void connect(HubTest& test, RemoteOptions remote) {
      link = std::make_unique<RemoteLink>(test.io, *replica.engine, test.clock, test.random, std::move(remote),
                                          [this](const LinkStatus& status) { heard.note(status); });
      listener = replica.engine->addFeedListener([this] { link->feedMoved(); });
    }
    void disconnect() {
      if (!link) return;
      replica.engine->removeFeedListener(listener);
      link.reset();
    }

    test::Replica replica;
    Heard heard;
    std::unique_ptr<RemoteLink> link;
    int listener = 0;
  };

  std::shared_ptr<const TlsContext> hubTls() {
    return TlsContext::forServer({file("hub.crt"), file("hub.key"), clientCaFile});
  }
  std::shared_ptr<const TlsContext> pinned() {
    TlsClientOptions trust;
    trust.pins = {pin};
    return TlsContext::forClient(trust);
  }

  void listen() { listen(hubTls()); }
  void listen(std::shared_ptr<const TlsContext> tls, std::uint16_t port = 0) {
    options.address = "127.0.0.1";
    options.port = port;
    options.tls = std::move(tls);
    acceptor = std::make_unique<Acceptor>(
        io, clock, options, [this](const Knock&) { return served(); },
        [this](const Knock& knock, const PeerInfo&) { return admit(knock); },
        [this](const Served& served) { hubHeard.note(served.status); },
        [this](const Served& served) {
          refusals++;
          hubRefused.note(served.status);
        });
    hubListener = hub->addFeedListener([this] { acceptor->feedMoved(*hub.engine); });
  }
  void stopListening() {
    if (!acceptor) return;
    hub->removeFeedListener(hubListener);
    acceptor.reset();
  }

  Admission admit(const Knock& knock) const {
    if (knock.database != "orders") return sync::Bye{ErrorCode::UnknownDatabase, "there is no such database here"};
    if (base::textOf(knock.token) != "secret") return sync::Bye{ErrorCode::WrongToken, "nobody has this token"};
    if (tokenIsOver) return sync::Bye{ErrorCode::ExpiredToken, "the token has expired"};
    // The store outlives the acceptor.
    return Guest{std::shared_ptr<sync::Store>(std::shared_ptr<void>(), served()), {}, "the token"};
  }
  sync::Store* served() const { return servedStore ? servedStore : hub.engine.get(); }

  RemoteOptions toHub() {
    RemoteOptions remote;
    remote.host = "127.0.0.1";
    remote.port = acceptor->port();
    remote.database = "orders";
    base::append(remote.token, base::viewOf("secret"));
    remote.tls = pinned();
    return remote;
  }

  // Expects that records from before the connection and from after it arrive, in both directions.
  void expectBothWays(Client& client, const RemoteOptions& remote) {
    UUID hubs = hub.insert({{"from", "hub"}});
    UUID clients = client.replica.insert({{"from", "client"}});
    client.connect(*this, remote);
    ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
    EXPECT_EQ(hub.fetch(clients)->string("from"), "client");
    EXPECT_EQ(client.replica.fetch(hubs)->string("from"), "hub");
    UUID there = hub.insert({{"later", true}});
    UUID here = client.replica.insert({{"later", true}});
    ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
    EXPECT_TRUE(client.replica.fetch(there));
    EXPECT_TRUE(hub.fetch(here));
    expectSame(client);
  }
  void expectSame(Client& client) { EXPECT_EQ(client.replica->digests(), hub->digests()); }

  std::filesystem::path folder;
  MovableClock clock;
  base::SystemRandom random;
  std::int64_t worldMs = 0;
  std::string pin, clientCaFile;
  test::Replica hub{"hub", worldMs, 1000};
  sync::Store* servedStore = nullptr;  // served instead of the hub
  Heard hubHeard;
  Heard hubRefused;
  std::atomic<int> refusals{0};
  std::atomic<bool> tokenIsOver{false};
  Io io;
  AcceptorOptions options;
  std::unique_ptr<Acceptor> acceptor;
  int hubListener = 0;
};

}  // namespace blazedb::link
