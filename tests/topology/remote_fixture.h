// A hub on loopback, over TLS, and what its clients need.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "topology/watched.h"

namespace blazedb {

const SyncPolicy kReadable{.encryptionMode = EncryptionMode::smartProxy};
const SyncPolicy kReceives{.mode = ConnectionMode::readOnly, .encryptionMode = EncryptionMode::smartProxy};
const SyncPolicy kSends{.mode = ConnectionMode::writeOnly, .encryptionMode = EncryptionMode::smartProxy};

class RemoteTest : public FolderTest {
 protected:
  RemoteTest() {
    node_ = topology_.registerDatabase(hub_, "ServerDB", {.role = SyncRole::server});
    listen({.host = "127.0.0.1", .port = 0});
  }
  void listen(const ListenOptions& options) { listening_ = topology_.listen(node_, options); }
  void hubStops() { topology_.stopListening(listening_.id); }
  void hubReturns() { listen({.host = "127.0.0.1", .port = listening_.port}); }

  NewToken token(TokenOptions options = {.name = "test", .user = "ann"}) { return hub_.createToken(options); }
  RemoteNode remote(const std::string& secret) const {
    RemoteNode node;
    node.host = "127.0.0.1";
    node.port = listening_.port;
    node.database = "ServerDB";
    node.authToken = secret;
    node.pinning = CertificatePinningConfig::fromSpki(listening_.pin);
    return node;
  }
  // The error that stops a client which asks for this.
  static ErrorCode refusal(const Database& database, const RemoteNode& node, const SyncPolicy& policy = kReadable) {
    SyncEngine sync = database.enableSync(node, policy);
    auto thrown = test::errorOf([&] { sync.synchronize(kPatience); });
    EXPECT_EQ(sync.status().state, ConnectionState::stopped);
    EXPECT_EQ(sync.status().error, thrown);
    return thrown.value_or(ErrorCode::Timeout);
  }

  Database hub_ = open("hub");
  Topology topology_;
  NodeId node_;
  ListenerInfo listening_;
};

}  // namespace blazedb
