// The hub's end of links between processes: listens on a port, or at a path for processes of this machine, lets in whom
// its owner admits, and serves them.
//
// Whoever knocks is nobody until `admit` has said otherwise. Until then a connection gets 64 KiB and five seconds;
// there are at most so many of them, and when there are more the one that has taken longest goes, which is hardly ever
// one that knows what it wants. Those who are admitted are bounded too, and the next one is told so. Whoever comes, the
// files that the databases need are left to them.
//
// One commit may concern hundreds of clients. The committing thread only leaves a note; a worker passes it on.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "link/conversation.h"
#include "link/handshake.h"
#include "link/io.h"
#include "link/link.h"
#include "link/tls.h"
#include "link/unix_socket.h"

namespace blazedb::link {

struct AcceptorOptions {
  std::string path;                       // of a unix socket, instead of the address and all about TLS
  std::uint32_t mode = 0600;              // of that
  std::string address;                    // of this machine, to listen on; empty: all
  std::uint16_t port = 0;                 // 0: one that is free
  std::shared_ptr<const TlsContext> tls;  // none: in the clear; shared with the connections that were made with it
  bool allowPlaintext = false;            // in the clear, also beyond this machine
  bool compression = true;                // where there is no path
  // Of the files that this process may have, those that are for no connection.
  std::size_t filesKept = 64;
  // Connections that are not yet admitted, and those that are; also no more than a quarter, and three quarters, of the
  // files that are left then.
  std::size_t halfOpenMax = 1024;
  std::size_t admittedMax = std::numeric_limits<std::size_t>::max();
  Timing timing;
};

struct PeerInfo {
  std::string address;  // of a process of this machine what its credentials say
  std::uint16_t port = 0;
  std::optional<Credentials> credentials = {};  // over a unix socket
};

struct Guest {
  std::shared_ptr<sync::Store> store;  // shared with the owner: it lasts for as long as somebody is served from it
  sync::SessionOptions session;
  std::string label;  // for the owner: what the guest was let in with
};

// Why not, or what is served.
using Admission = std::variant<sync::Bye, Guest>;

struct Served {
  std::uint64_t id = 0;
  PeerInfo peer;
  std::string database;
  std::string label;
  LinkStatus status;  // of its first end; never offline: a client that has gone is no longer listed
};

class Acceptor {
 public:
  // Called on a worker; may read from storage. Codes WrongToken and UnknownDatabase count as failed attempts, whose
  // answers come late (failed_knocks.h), but not those of processes of this machine, which have no token to guess.
  using Admitter = std::function<Admission(const Knock&, const PeerInfo&)>;
  // As the listener of a link, for those who were admitted; the last time with `stopped` and the reason.
  using Changed = std::function<void(const Served&)>;

  // Listens when it returns. `refused` is called for those who were sent away before they were served, or have gone by
  // themselves after they had said something, with the name that they had asked for. It is quick. Throws Error:
  // PlaintextForbidden, InvalidArgument for an address that is not of this machine, IoError where the port is taken, or
  // too few files are left; for a path as SocketFile does. `io` and `clock` must outlive it.
  Acceptor(Io& io, base::Clock& clock, AcceptorOptions options, Admitter admit, Changed changed, Changed refused = {});
  // As stop().
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;

  // All from any thread.
  std::uint16_t port() const;
  // The feed of a store has moved. Quick: for a commit's listener.
  void feedMoved(const sync::Store& store);
  std::vector<Served> served() const;
  // Returns when everyone who was served at the call has gone, or has everything that the store had and has told what
  // he had. False at the deadline (of the clock's monotonicUs).
  bool waitSynchronized(std::int64_t deadlineUs);
  // For new connections; as AcceptorOptions::tls, and not none.
  void setTls(std::shared_ptr<const TlsContext> tls);
  // Says `why` to those that `which` picks, and ends them; returns at once, and how many they are.
  std::size_t stop(const std::function<bool(const Served&)>& which, const sync::Bye& why);
  // Says HubStopping to all, and waits until they have gone: a second at most. Not from a callback.
  void stop();

 private:
  class Core;
  class Arrival;
  std::shared_ptr<Core> core_;  // shared with the connections and what is on its way on the threads of `io`
};

}  // namespace blazedb::link
