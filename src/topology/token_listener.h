// The hub's side of a topology: databases that are offered on a port to clients that have a token.
//
// A client is admitted by a token of the database that it asks for, or by one that an issuer has signed, for which the
// database keeps a token as well. What the token grants becomes the options of the
// session that serves the client. A token that is revoked or has expired loses its connections within a second: a
// patrol asks the database about the tokens in use when its tokens have changed, or one of them has expired. It asks
// each database on a thread of its own, so that one that does not answer does not delay the others. The patrol also
// looks at the certificate, and renews in time one that the hub has made for itself, with the key that clients know.
#pragma once

#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "link/own_certificate.h"
#include "topology/connected_replicas.h"
#include "topology/issuer_keys.h"
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
  IssuerStatus issuer() const override;

 private:
  link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const override;
  Token tokenFor(std::string_view shown, replica::TokenCheck& tokens) const;
  const Offer* find(const std::string& name) const override;
  std::string nameOf(const link::Served& served) const override;
  void tell(const Guest& guest);
  void tellEnd(const link::LinkStatus& status, ListenerEvent event, std::uint64_t id);
  // Tokens in use: the revision of the database's tokens at which each was found to be good, and its end then.
  struct Found {
    std::uint64_t revision = 0;
    std::int64_t expiresUs = 0;
  };
  using Good = std::map<std::pair<const Offer*, std::int64_t>, Found>;
  void endRevoked();
  Good ask(const Offer* offer, const std::set<std::int64_t>& ids);
  void careForCertificate();
  std::shared_ptr<const link::TlsContext> tlsContext();
  void readIssuerKeys();
  void note(const link::OwnCertificate::Cared& cared);

  base::Clock& clock_;
  const ListenOptions options_;
  std::map<std::string, std::shared_ptr<ConnectedReplicas>> connected_;  // by database; shared with the sessions
  std::optional<link::OwnCertificate> own_;                              // if none was given
  std::int64_t caredMs_ = 0;

  mutable base::Mutex mutex_;
  std::shared_ptr<const IssuerKeys> issuerKeys_ GUARDED_BY(mutex_);  // shared with admissions; none without an issuer
  link::CertificateFacts shown_ GUARDED_BY(mutex_);
  std::string news_ GUARDED_BY(mutex_);     // what was done to the hub's own certificate
  std::string lost_ GUARDED_BY(mutex_);     // what was lost with its key
  std::string failure_ GUARDED_BY(mutex_);  // of the last look at it
  // The guests that onEvent was told of, each with the reason of the rejected records that it was told of.
  std::map<std::uint64_t, std::optional<ErrorCode>> told_ GUARDED_BY(mutex_);
  // The patrol's.
  Good good_;
  struct Asking {
    std::future<Good> answer;
    std::jthread thread;  // wakes the patrol once the answer is there
  };
  std::map<const Offer*, Asking> asking_;  // databases that have not answered yet
};

}  // namespace blazedb::topology
