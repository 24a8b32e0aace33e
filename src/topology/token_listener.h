// The hub's side of a topology: databases that are offered on a port to whoever has a token.
//
// A client is let in by a token of the database that it asks for; what the token grants becomes the options of the
// session that serves it. A token that is revoked, or whose time is over, ends the connections of its bearers within a
// second: a patrol asks the database about the tokens in use when its tokens have changed, or their time is over. It
// also looks at the certificate: one that the hub has made for itself is renewed in time, with the key that clients
// know.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "link/own_certificate.h"
#include "topology/connected_replicas.h"
#include "topology/listener.h"

namespace blazedb::topology {

class TokenListener final : public Listener {
 public:
  // Listens when it returns. `io` and `clock` must outlive it. Errors as Topology::listen says.
  TokenListener(link::Io& io, base::Clock& clock, std::vector<Offer> offers, const ListenOptions& options);
  ~TokenListener() override { close(); }

  void close() override;
  ListenerInfo info() const override;
  void reload() override;
  CertificateStatus certificate() const override;

 private:
  link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const override;
  const Offer* find(const std::string& name) const override;
  std::string nameOf(const link::Served& served) const override;
  void tell(const Guest& guest);
  void tellEnd(const link::LinkStatus& status, ListenerEvent event, std::uint64_t id);
  void patrol();
  void endRevoked();
  void ask(const Offer& offer, std::int64_t token);
  void careForCertificate();
  std::shared_ptr<const link::TlsContext> tlsContext();
  void note(const link::OwnCertificate::Cared& cared);

  using InUse = std::pair<const Offer*, std::int64_t>;  // a token

  base::Clock& clock_;
  const ListenOptions options_;
  std::map<std::string, std::shared_ptr<ConnectedReplicas>> connected_;  // by database; shared with the sessions
  std::optional<link::OwnCertificate> own_;                              // where none was given
  std::int64_t caredMs_ = 0;

  mutable std::mutex mutex_;
  link::CertificateFacts shown_;  // guarded by the mutex, as is what follows but for good_
  std::string news_;              // what was done to the hub's own certificate
  std::string lost_;              // what was lost with its key
  std::string failure_;           // of the last look at it
  std::condition_variable wake_;
  bool stopping_ = false;
  // Those of whom onEvent was told, each with the reason of the rejected records that it was told of.
  std::map<std::uint64_t, std::optional<ErrorCode>> told_;
  // Tokens in use that were found to be good after they had let somebody in, and the revision at which; the patrol's.
  std::map<InUse, std::uint64_t> good_;
  std::thread patrol_;
};

}  // namespace blazedb::topology
