// One database that is offered to other apps of this machine, at the path of a socket.
//
// Whoever connects is known by what the kernel says of it, and is let in or not before anything of the database is
// said. The policy becomes the options of the session that serves it.
#pragma once

#include "base/random.h"
#include "topology/listener.h"

namespace blazedb::topology {

// Why not with this process; nothing where it may. `what` begins the reason.
std::optional<sync::Bye> refusePeer(const LocalPeers& peers, const link::Credentials& peer, const std::string& what);

class LocalListener final : public Listener {
 public:
  // Listens when it returns. `io`, `clock` and `random` must outlive it. Errors as Topology::listenLocal says.
  LocalListener(link::Io& io, base::Clock& clock, base::Random& random, Offer offer, const std::string& path,
                const ListenLocalOptions& options, Changed changed);
  ~LocalListener() override { close(); }

  ListenerInfo info() const override;

 private:
  link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const override;
  const Offer* find(const std::string& name) const override;
  std::string nameOf(const link::Served& served) const override { return served.peer.address; }
  std::string path_;
  LocalPeers peers_;
  sync::SessionOptions session_;
};

}  // namespace blazedb::topology
