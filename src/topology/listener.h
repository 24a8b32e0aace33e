// The hub's side of a topology: databases that are offered on a port, and who is let in to them.
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

#include "base/clock.h"
#include "blazedb/topology.h"
#include "db/engine.h"
#include "link/acceptor.h"

namespace blazedb::topology {

class Listener {
 public:
  struct Offer {
    NodeId node;
    std::string name;
    std::shared_ptr<db::Engine> engine;  // with the database's handles
    int feedListener = 0;
  };
  struct Guest {
    NodeId node;
    std::string name;  // of its token, and where it is
    link::Served served;
  };

  // Listens when it returns. `io` and `clock` must outlive it. Errors as Topology::listen says.
  Listener(link::Io& io, base::Clock& clock, std::vector<Offer> offers, const ListenOptions& options);
  ~Listener();
  Listener(const Listener&) = delete;

  ListenerInfo info() const;
  std::vector<Guest> guests() const;
  // Reads the certificate's files again, for new connections.
  void reload();
  // Ends one guest, with a word of why. False where there is none of this number.
  bool dismiss(std::uint64_t served);

 private:
  link::Admission admit(const link::Knock& knock) const;
  void patrol();
  void endRevoked();
  const Offer* find(const std::string& name) const;
  std::shared_ptr<const link::TlsContext> tlsContext();

  base::Clock& clock_;
  std::vector<Offer> offers_;
  ListenOptions options_;
  std::string pin_;  // guarded by mutex_
  std::unique_ptr<link::Acceptor> acceptor_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread patrol_;
};

}  // namespace blazedb::topology
