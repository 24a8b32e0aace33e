// Databases on other machines: how a client names a hub and what it wants from it, and how a hub listens for clients.
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
// Everything between the two goes through TLS 1.3. The client always verifies the hub: by the system's certificate
// authorities, by `caFile`, or by a pin of the hub's key. The hub identifies a client by its token, and reveals nothing
// before it has seen a valid one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/collection_names.h"
#include "blazedb/connection_mode.h"
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

// The public keys that a hub may have. The client checks the pin in addition to the certificate chain and the host
// name. Only a self-signed certificate is accepted by its pin alone. While a hub's key is being replaced, give both
// pins.
class BLAZEDB_API CertificatePinningConfig {
 public:
  CertificatePinningConfig() = default;  // no pins
  // Pins the key of the first certificate in a PEM file. Errors: IoError (there is no such file), InvalidArgument.
  static CertificatePinningConfig fromFile(const std::string& path);
  // Pins a key by its SHA-256: "sha256/" and 44 characters of base64, of the key's SubjectPublicKeyInfo (RFC 7469), as
  // `blazedb serve` prints it. Throws InvalidArgument.
  static CertificatePinningConfig fromSpki(const std::string& pin);
  // Accepts a hub that has one of several keys, so that a hub may change its key. Throws InvalidArgument if one of them
  // is no pin, or if there is none.
  static CertificatePinningConfig fromSpki(const std::vector<std::string>& pins);

  const std::vector<std::string>& pins() const { return pins_; }

 private:
  std::vector<std::string> pins_;
};

struct RemoteNode {
  std::string host;  // a host name or an IP address
  std::uint16_t port = 8080;
  std::string database;  // the name under which the hub has registered it
  bool useTLS = true;
  std::string authToken = {};  // NewToken::secret, from the hub; or what an issuer has signed (IssuerOptions)
  CertificatePinningConfig pinning = {};
  std::string caFile = {};  // PEM; empty: the certificate authorities of the system
  // PEM files, for a hub that asks for a client certificate. Give both or none.
  std::string clientCertificateFile = {};
  std::string clientKeyFile = {};
  // Allows useTLS = false beyond a loopback address; without it that is PlaintextForbidden.
  bool allowPlaintext = false;
};

enum class EncryptionMode : std::uint8_t {
  e2eOnly,     // the hub cannot read what it stores. Not in this version: NotSupported
  smartProxy,  // the hub can read what it stores
};

struct SyncPolicy {
  // readOnly: this database only receives; what is written here stays here, as with a token that may only read, and the
  // status says so with NotAllowed. It does not become a read-only replica. writeOnly: this database only sends. The
  // mode narrows what the token grants. If nothing is left of that, the status says NotAllowed.
  ConnectionMode mode = ConnectionMode::bidirectional;
  // The collections to sync; absent: all. The hub leaves out those that the token does not grant; if none is left, or
  // this database has writes of its own in one that is left out, the status says NotAllowed.
  CollectionNames collections = {};
  // The teams whose records to sync; absent: all records that the user may read. A record belongs to the team that its
  // field "team_id" names (Collection::setTeamField at the hub). Records of other teams, and of none, leave this
  // database; what is written here of such a record goes to the hub first. Of a team that the hub's user is not in
  // nothing comes: ConnectionStatus::rejection says so.
  std::optional<std::vector<UUID>> teams = {};
  // Names of fields that neither end sends. Leaving a field out erases nothing. When one end deletes a record while the
  // other writes only excluded fields of it, the record survives at the end that wrote, and only there.
  std::vector<std::string> excludeFields = {};
  bool respectRLS = true;  // has no effect: the policies of the hub hold in any case (rights.h)
  EncryptionMode encryptionMode = EncryptionMode::e2eOnly;
  std::optional<std::string> passphrase = {};  // for e2eOnly
  // Removes here what an earlier, wider policy brought and this one leaves out, as far as the hub has it. Without it,
  // that stays, and so it does with writeOnly.
  bool removeOutOfScope = false;
  bool acceptRemovals = false;  // see ConnectOptions: here for records that the hub no longer holds
};

// What a listener reports about one client.
struct ListenerEvent {
  enum class Kind : std::uint8_t {
    connected,
    gone,
    refused,   // turned away; or the connection broke before the client was let in (Offline)
    rejected,  // one end refused records of the other: sent for the first, and when the latest has another reason
  };
  Kind kind = Kind::connected;
  std::string database;            // the database that the client asked for; empty if it did not get that far
  std::string client;              // the name of its token, and its address
  std::optional<ErrorCode> error;  // why; none with gone: the client said goodbye
  std::string message;             // the reason in words
  std::uint64_t records = 0;       // with rejected: the number of refused records
};

// Users who live elsewhere: an issuer knows them, and signs a token for each (a JSON Web Token, RFC 7519), which a
// client presents as it presents one of createToken. The hub lets in whoever has a token that one of the issuer's keys
// has signed, for this audience, with the rights that the token names. docs/rights.md says what stands in it.
struct IssuerOptions {
  // The issuer's public keys, as a JSON Web Key Set (RFC 7517): RSA for RS256, of 2,048 bits and more, P-256 for ES256
  // and Ed25519 for EdDSA. Other keys of the file are not used (IssuerStatus). It is refused like a certificate.
  std::string keysFile;
  std::string issuer;               // the issuer's name: what `iss` says
  std::string audience;             // the hub's name at the issuer: what `aud` says, or has in a list
  std::chrono::seconds leeway{60};  // how far the clocks of hub and issuer may be apart, up to 10 minutes
};

struct ListenOptions {
  std::string host = "0.0.0.0";  // the address to listen on
  std::uint16_t port = 8080;     // 0: any free port; ListenerInfo says which
  // PEM files; give both or none. Without them the hub makes a self-signed certificate and keeps it beside the first
  // database, as NAME.hub-cert.pem and NAME.hub-key.pem. It renews that certificate in time, with the same key, so the
  // pin stays valid. It never changes files that were given. It refuses files that belong to neither this user nor root
  // or that others may write to, and keys that others may read.
  std::string certificateFile = {};
  std::string keyFile = {};
  std::string clientCaFile = {};  // PEM; set: clients need a certificate of this authority, beside their token
  std::optional<IssuerOptions> issuer = {};  // lets in the users of an issuer too, beside the bearers of tokens
  bool useTLS = true;
  bool allowPlaintext = false;  // allows useTLS = false beyond a loopback address; else PlaintextForbidden
  bool acceptRemovals = false;  // see ConnectOptions: here for clients whose token has the role server
  // Called on the topology's callback thread for each client that connects, leaves or is refused. Must be quick. What
  // it throws is discarded.
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
  std::string pin;        // of the certificate's key; empty without TLS
  std::string path = {};  // from listenLocal: the path of the socket; host, port and pin are then empty
};

// The certificate that a listener presents now.
struct CertificateStatus {
  std::string file;  // empty: no TLS
  std::string pin;
  Date from, until;     // when it is valid
  bool valid = true;    // whether it is valid now
  std::string warning;  // a fault of today or of the next 30 days, and what to do; empty: none
  std::string news;     // what this listener last did to the certificate that it made itself; empty: nothing
};

// The keys by which a listener checks what an issuer signs.
struct IssuerStatus {
  std::string file;        // empty: no issuer
  std::uint64_t keys = 0;  // that are in use
  std::string unused;      // the other keys of the file, each with the reason; empty: none
};

// Keeps one database in sync with one other, of a hub or of another app. A topology of its own, with one connection. A
// cheap handle: the sync ends with its last copy. Any thread may call any function.
class BLAZEDB_API SyncEngine {
 public:
  // Waits until each end has applied everything that the other had committed before the call. Errors: Timeout; the
  // error of a connection that has stopped for good; Offline (it is paused); and, after everything else has arrived,
  // NotAllowed if this database has writes that the token, or SyncPolicy::mode, does not let leave.
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));
  // Ends the connection until resume(). Writes made meanwhile are sent then. Returns without waiting for the end; does
  // nothing if it is paused already.
  void pause();
  // Connects at once: after pause(), or without waiting for the next try. Does not wait until it is connected, and does
  // nothing if it is.
  void resume();
  // The status of the connection now.
  ConnectionStatus status() const;

  // A write here that the other end does not have yet.
  struct PendingChange {
    std::string collection;
    UUID record;
  };
  struct Pending {
    std::uint64_t count = 0;             // of records
    std::vector<PendingChange> changes;  // the first `limit` of them, oldest first
  };
  // The records with writes that the other end does not have yet. Reads the feed of this database.
  Pending pendingChanges(std::size_t limit = 100) const;
  // As Topology::onStatus.
  [[nodiscard]] Subscription onStatus(std::function<void(const ConnectionStatus&)> listener);

 private:
  friend class Database;
  friend SyncEngine connectToSharedDatabase(const Database&, const AppGroup&, const std::string&, AccessMode,
                                            const ConnectOptions&);
  explicit SyncEngine(std::shared_ptr<topology::SyncHandle> handle);
  std::shared_ptr<topology::SyncHandle> handle_;  // shared by the copies of this handle
};

}  // namespace blazedb
