// Databases on other machines: where they are, what of them is wanted, and how this side listens for others.
//
// On the hub:
//   Topology topology;
//   NodeId node = topology.registerDatabase(db, "ServerDB", {.role = SyncRole::server});
//   ListenerInfo hub = topology.listen(node, {.port = 8080, .certificateFile = "hub.pem", .keyFile = "hub.key"});
//   std::string token = db.createToken({.name = "Ann's phone"}).secret;  // blazedb/token.h; shown once
//
// On a client:
//   RemoteNode hub{.host = "hub.example.com", .database = "ServerDB", .authToken = token};
//   SyncEngine sync = db.enableSync(hub, {.encryptionMode = EncryptionMode::smartProxy});
//   sync.synchronize();
//
// Everything between the two is inside TLS 1.3. The client verifies the hub always: by the system's authorities, by
// `caFile`, or by a pin of its key; the hub knows a client by its token, and gives nothing away before it has seen one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/subscription.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

class Database;
class SyncEngine;
struct AppGroup;
struct ConnectionStatus;
struct ConnectOptions;
enum class AccessMode : std::uint8_t;
[[nodiscard]] BLAZEDB_API SyncEngine connectToSharedDatabase(const Database& database, const AppGroup& group,
                                                             const std::string& name, AccessMode mode,
                                                             const ConnectOptions& options);  // cross_app.h
namespace topology {
class SyncHandle;
}

// Which keys a hub may have. A pin is checked in addition to the chain and the host name; only a certificate that
// vouches for itself is accepted by its pin alone. Several pins: for the time when a key is replaced.
class BLAZEDB_API CertificatePinningConfig {
 public:
  CertificatePinningConfig() = default;  // no pins
  // The key of the first certificate in a PEM file. IoError, InvalidArgument.
  static CertificatePinningConfig fromFile(const std::string& path);
  // "sha256/" and 44 characters of base64: the hash of the key's SubjectPublicKeyInfo, as `blazedb serve` prints it.
  // InvalidArgument.
  static CertificatePinningConfig fromSpki(const std::string& pin);
  static CertificatePinningConfig fromSpki(const std::vector<std::string>& pins);

  const std::vector<std::string>& pins() const { return pins_; }

 private:
  std::vector<std::string> pins_;
};

struct RemoteNode {
  std::string host;  // a name or an address
  std::uint16_t port = 8080;
  std::string database;  // as the hub has registered it
  bool useTLS = true;
  std::string authToken = {};
  CertificatePinningConfig pinning = {};
  std::string caFile = {};  // PEM; empty: the authorities that the system trusts
  // For hubs that ask for one: PEM files. Both or none.
  std::string clientCertificateFile = {};
  std::string clientKeyFile = {};
  // Without this, useTLS = false is refused (PlaintextForbidden) unless `host` is a loopback address.
  bool allowPlaintext = false;
};

enum class EncryptionMode : std::uint8_t {
  e2eOnly,     // the hub stores what it cannot read. Not in this version: asking for it gives NotSupported
  smartProxy,  // the hub reads what it stores
};

struct SyncPolicy {
  // Which collections; absent: all. What the token does not grant is left out; NotAllowed where nothing is left.
  std::optional<std::vector<std::string>> collections = {};
  std::optional<std::vector<UUID>> teams = {};  // not in this version
  // Fields that stay where they are: they are never sent, in either direction, and erase nothing. A write of nothing
  // but excluded fields keeps a record that was deleted elsewhere alive only where it was made.
  std::vector<std::string> excludeFields = {};
  bool respectRLS = true;  // nothing to respect yet: this version has no row-level rules
  EncryptionMode encryptionMode = EncryptionMode::e2eOnly;
  std::optional<std::string> passphrase = {};  // for e2eOnly
  // What an earlier, wider policy brought and this one leaves out: stays, or is removed here as far as the hub has it.
  bool removeOutOfScope = false;
  bool acceptRemovals = false;  // see ConnectOptions; here it is about what the hub holds no more
};

// What a listener has to tell of somebody who came to it.
struct ListenerEvent {
  enum class Kind : std::uint8_t {
    connected,
    gone,
    refused,   // or gone before it was let in, which is Offline
    rejected,  // records that one end has not taken from the other: the first, and when the latest has another reason
  };
  Kind kind = Kind::connected;
  std::string database;            // as it was asked for; empty where it was not
  std::string client;              // what the token is called, and the address
  std::optional<ErrorCode> error;  // why; none with gone: it has left in order
  std::string message;             // more of why
  std::uint64_t records = 0;       // with rejected: how many there are
};

struct ListenOptions {
  std::string host = "0.0.0.0";  // the address to listen on
  std::uint16_t port = 8080;     // 0: one that is free, see ListenerInfo
  // PEM files. Both or none; without, a certificate that vouches for itself is made and kept beside the database, as
  // NAME.hub-cert.pem and NAME.hub-key.pem. That one is renewed in time, at the start, at reloadCertificate() and while
  // this listens, with the same key, so that its pin stays good; given ones are never touched. Files that belong to
  // neither this user nor root, or that others may write to, and keys that others may read, are refused.
  std::string certificateFile = {};
  std::string keyFile = {};
  std::string clientCaFile = {};  // set: clients must have a certificate of this authority, beside their token
  bool useTLS = true;
  bool allowPlaintext = false;  // without this, useTLS = false is refused unless `host` is a loopback address
  bool acceptRemovals = false;  // see ConnectOptions; here it is about clients whose token has the role server
  // Called on the topology's own thread for each client that connects, goes, or is sent away; quick. What it throws is
  // thrown away.
  std::function<void(const ListenerEvent&)> onEvent = {};
};

struct ListenerId {
  std::uint64_t value = 0;
  friend auto operator<=>(const ListenerId&, const ListenerId&) = default;
};

struct ListenerInfo {
  ListenerId id;
  std::string host;
  std::uint16_t port = 0;
  std::string pin;        // of the certificate; empty without TLS
  std::string path = {};  // of the socket of listenLocal, instead of all these
};

// The certificate that a listener shows, at this moment.
struct CertificateStatus {
  std::string file;  // empty: no TLS
  std::string pin;
  Date from, until;
  bool valid = true;    // at this time
  std::string warning;  // what is wrong, or will be within 30 days, and what to do; empty: nothing
  std::string news;     // what was last done to the hub's own since it listens; empty: nothing
};

// One database kept in sync with one other, of a hub or of another app: a topology of its own, with one connection. A
// cheap handle; the sync ends with the last one. Safe to use from any thread.
class BLAZEDB_API SyncEngine {
 public:
  // Returns when each side has applied all that the other had committed before the call. Timeout; or the error that
  // has stopped the connection for good; NotAllowed, when all the rest is done, where something was written here and
  // the other end takes nothing (a token that may only read).
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));
  // Ends the connection, and makes it again, at once.
  void pause();
  void resume();
  ConnectionStatus status() const;
  // Writes here that the other end does not have yet.
  struct PendingChange {
    std::string collection;
    UUID record;
  };
  struct Pending {
    std::uint64_t count = 0;
    std::vector<PendingChange> changes;  // the first `limit` of them, oldest first
  };
  Pending pendingChanges(std::size_t limit = 100) const;
  // As Topology::onStatus.
  [[nodiscard]] Subscription onStatus(std::function<void(const ConnectionStatus&)> listener);

 private:
  friend class Database;
  friend SyncEngine connectToSharedDatabase(const Database&, const AppGroup&, const std::string&, AccessMode,
                                            const ConnectOptions&);
  explicit SyncEngine(std::shared_ptr<topology::SyncHandle> handle);
  std::shared_ptr<topology::SyncHandle> handle_;  // with every copy of this handle
};

}  // namespace blazedb
