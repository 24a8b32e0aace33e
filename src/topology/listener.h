// Offered databases and the guests that are served from them: what listening on a port (token_listener.h) and listening
// for apps of this machine (local_listener.h) have in common.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blazedb/topology.h"
#include "link/acceptor.h"
#include "replica/replica.h"
#include "topology/patrol.h"

namespace blazedb::topology {

class Listener {
 public:
  struct Offer {
    NodeId node;
    std::string name;
    std::shared_ptr<replica::Replica> replica;  // with the database's handles
    int feedListener = 0;
    int revisionListener = 0;  // the patrol's

    // A guest of this database.
    link::Guest guest(sync::SessionOptions session, std::string label) const;
  };
  struct Guest {
    NodeId node;
    std::string name;  // what it was let in with, and where it is
    link::Served served;
  };

  // Called on a worker, as Acceptor::Changed.
  using Changed = std::function<void(const Guest&)>;

  virtual ~Listener() = default;
  Listener(const Listener&) = delete;

  // Tells the guests, and waits until they have gone; calls that wait on them return. A second call does nothing. Must
  // not be called in a callback. Destructors of derived classes call it, because it may call admit().
  virtual void close();
  virtual ListenerInfo info() const = 0;
  // Reads the certificate's files and the issuer's keys again, for new connections.
  virtual void reload() {}
  virtual CertificateStatus certificate() const { return {}; }
  virtual IssuerStatus issuer() const { return {}; }
  std::vector<Guest> guests() const;
  // As Acceptor's.
  bool waitSynchronized(std::int64_t deadlineUs) { return acceptor_->waitSynchronized(deadlineUs); }
  // Ends one guest, and tells it so. Returns false if there is none of this number.
  bool dismiss(std::uint64_t served);

 protected:
  explicit Listener(std::vector<Offer> offers) : offers_(std::move(offers)) {}

  // Listens when it returns: admit() is called from here on, and until close().
  void open(link::Io& io, base::Clock& clock, const link::AcceptorOptions& options, Changed changed = {},
            link::Acceptor::Changed refused = {});
  virtual link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const = 0;
  std::optional<Guest> guest(const link::Served& served) const;
  virtual const Offer* find(const std::string& name) const = 0;
  virtual std::string nameOf(const link::Served& served) const = 0;
  // `round` runs every quarter of a second, and when the rights of guests have changed. If that cannot begin, closes
  // the listener and throws.
  void beginPatrol(std::function<void()> round);
  // Waits for the present round; there is no other.
  void endPatrol();

  std::vector<Offer> offers_;
  std::unique_ptr<link::Acceptor> acceptor_;
  Patrol patrol_{std::chrono::milliseconds(250)};
};

}  // namespace blazedb::topology
