// The hub's end of links between processes. It listens on a port, or at a path for processes of this machine, asks its
// owner which clients to admit, and serves them.
//
// A client is a stranger until `admit` has accepted it. Until then its connection gets 64 KiB and five seconds. The
// number of such connections is bounded; one more ends the oldest, which is hardly ever an honest client. The number of
// admitted clients is bounded too, and one more is told so. The acceptor never takes the files that the databases need.
//
// One commit may concern hundreds of clients. The committing thread only sets a note; a worker tells the clients.
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
  std::string path;                       // of a unix socket; then the address and everything about TLS is unused
  std::uint32_t mode = 0600;              // the file mode of that socket
  std::string address;                    // of this machine, to listen on; empty: all addresses
  std::uint16_t port = 0;                 // 0: any free port
  std::shared_ptr<const TlsContext> tls;  // none: without TLS; shared with the connections that were made with it
  bool allowPlaintext = false;            // without TLS, also beyond this machine
  bool compression = true;                // not used with a path
  // How many of the files that this process may have open are not for connections.
  std::size_t filesKept = 64;
  // The most connections that are not yet admitted, and that are. Further bounds: a quarter and three quarters of the
  // remaining files.
  std::size_t halfOpenMax = 1024;
  std::size_t admittedMax = std::numeric_limits<std::size_t>::max();
  Timing timing;
};

struct PeerInfo {
  std::string address;  // for a process of this machine: its credentials as text
  std::uint16_t port = 0;
  std::optional<Credentials> credentials = {};  // over a unix socket
};

// A client that the owner admits.
struct Guest {
  std::shared_ptr<sync::Store> store;  // shared with the owner: lives as long as a client is served from it
  sync::SessionOptions session;
  std::string label;  // for the owner: with which token, for example, the client was admitted
};

// The reason of a refusal, or the admitted client.
using Admission = std::variant<sync::Bye, Guest>;

struct Served {
  std::uint64_t id = 0;
  PeerInfo peer;
  std::string database;
  std::string label;
  LinkStatus status;  // its first end is the hub's; never offline: a client that has gone is not listed
};

class Acceptor {
 public:
  // Called on a worker; must not read from storage. Returns the store that a client knocks for; none if there is none.
  using Finder = std::function<const sync::Store*(const Knock&)>;
  // Called on a worker, with a turn of the store that was found; may read from storage. A refusal with WrongToken or
  // UnknownDatabase counts as a failed attempt, whose answer is delayed (failed_knocks.h). That does not concern
  // processes of this machine: they have no token.
  using Admitter = std::function<Admission(const Knock&, const PeerInfo&)>;
  // As Link::Listener, for admitted clients. The last call has the state `stopped` and the reason.
  using Changed = std::function<void(const Served&)>;

  // Starts listening: clients can connect when it returns. `refused` is called for clients that were refused, and for
  // clients that sent something and left before they were admitted; with the database that they asked for. It must be
  // quick. `io` and `clock` must outlive the acceptor. Throws Error: PlaintextForbidden, InvalidArgument (the address
  // is not one of this machine), IoError (the port is taken, or too few files are left); for a path as SocketFile.
  Acceptor(Io& io, base::Clock& clock, AcceptorOptions options, Finder find, Admitter admit, Changed changed,
           Changed refused = {});
  // Calls stop().
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;

  // Any thread may call these.
  std::uint16_t port() const;
  // The feed of a store has moved. Quick: a commit calls it.
  void feedMoved(const sync::Store& store);
  std::vector<Served> served() const;
  // Waits until every client that was served at the call has gone, or has applied everything that the store had and has
  // sent everything that it had. Returns false at the deadline (of the clock's monotonicUs).
  bool waitSynchronized(std::int64_t deadlineUs);
  // Replaces AcceptorOptions::tls for new connections. Must not be none.
  void setTls(std::shared_ptr<const TlsContext> tls);
  // Says `why` to the clients for which `which` returns true, and ends them. Returns their number, at once.
  std::size_t stop(const std::function<bool(const Served&)>& which, const sync::Bye& why);
  // Says HubStopping to all clients, and waits until they have gone: a second at most, and as long as their stores take
  // to answer. Must not be called in a callback.
  void stop();

 private:
  class Core;
  class Arrival;
  std::shared_ptr<Core> core_;  // shared with the connections and with pending work on the threads of `io`
};

}  // namespace blazedb::link
