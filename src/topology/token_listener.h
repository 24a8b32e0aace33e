// The hub's side of a topology: databases that are offered on a port to whoever has a token.
//
// A client is let in by a token of the database that it asks for; what the token grants becomes the options of the
// session that serves it. Tokens are looked at again while their bearers are connected: one that is revoked, or whose
// time is over, ends the connection within a second.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

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

 private:
  link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const override;
  const Offer* find(const std::string& name) const override;
  std::string nameOf(const link::Served& served) const override;
  void patrol();
  void endRevoked();
  std::shared_ptr<const link::TlsContext> tlsContext();

  base::Clock& clock_;
  ListenOptions options_;
  std::string pin_;  // guarded by mutex_

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread patrol_;
};

}  // namespace blazedb::topology
