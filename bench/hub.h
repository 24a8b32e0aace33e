// Shared by the benchmarks of a hub and its clients over TLS on loopback, all in one process.
#pragma once

#include <string>
#include <utility>

#include "blazedb/blazedb.h"

namespace blazedb::bench {

const SyncPolicy kReadable{.encryptionMode = EncryptionMode::smartProxy};

class Hub {
 public:
  explicit Hub(Database database) : database_(std::move(database)) {
    NodeId node = topology_.registerDatabase(database_, "hub", {.role = SyncRole::server});
    listening_ = topology_.listen(node, {.host = "127.0.0.1", .port = 0});
  }
  Database& database() { return database_; }
  // What a client connects with, under a token of its own.
  RemoteNode address(const TokenOptions& token = {.name = "bench"}) {
    RemoteNode node;
    node.host = "127.0.0.1";
    node.port = listening_.port;
    node.database = "hub";
    node.authToken = database_.createToken(token).secret;
    node.pinning = CertificatePinningConfig::fromSpki(listening_.pin);
    return node;
  }

 private:
  Database database_;
  Topology topology_;
  ListenerInfo listening_;
};

}  // namespace blazedb::bench
