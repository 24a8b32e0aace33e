// One database that is offered to other apps of this machine, at the path of a socket.
//
// The kernel says which process connects. The listener admits or refuses it before it says anything of the database.
// The policy becomes the options of the session that serves the process.
#pragma once

#include "base/random.h"
#include "topology/listener.h"

namespace blazedb::topology {

// The reason why this process is refused; none if it is admitted. `what` begins the reason.
std::optional<sync::Bye> refusePeer(const LocalPeers& peers, const link::Credentials& peer, const std::string& what);

class LocalListener final : public Listener {
 public:
  // Listens when it returns. `io`, `clock` and `random` must outlive it. Errors as Topology::listenLocal says.
  LocalListener(link::Io& io, base::Clock& clock, base::Random& random, Offer offer, const std::string& path,
                const ListenLocalOptions& options, Changed changed);
  ~LocalListener() override { close(); }

  void close() override;
  ListenerInfo info() const override;

 private:
  link::Admission admit(const link::Knock& knock, const link::PeerInfo& peer) const override;
  const Offer* find(const std::string& name) const override;
  std::string nameOf(const link::Served& served) const override { return served.peer.address; }
  void endOthers();

  std::string path_;
  LocalPeers peers_;
  sync::SessionOptions session_;
  std::optional<ExportRights> rights_;
  // The patrol's: what the user may do, and the revision at which that was asked.
  std::string grant_;
  std::optional<std::uint64_t> revision_;
};

}  // namespace blazedb::topology
