// The link from a database of this process to one of another process: of a hub at a host and port, or of an app at a
// socket of this machine.
//
// It looks up the host, connects, shakes hands, knocks and runs a session. When that breaks it starts again, with
// growing delays. Each attempt starts at the stored cursors, so it needs nothing from the attempt before.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "link/conversation.h"
#include "link/io.h"
#include "link/link.h"
#include "link/tls.h"
#include "link/unix_socket.h"

namespace blazedb::link {

struct RemoteOptions {
  std::string path;  // of a unix socket; then the host, the token and everything about TLS is unused
  // With a path: returns the reason to refuse the process that listens there. Absent: refuseStranger (unix_socket.h).
  std::function<std::optional<sync::Bye>(const Credentials&)> checkListener;
  std::string host;
  std::uint16_t port = 0;
  std::string database;
  base::Bytes token;
  std::shared_ptr<const TlsContext> tls;  // shared with other links; none: without TLS
  bool allowPlaintext = false;            // without TLS, also beyond this machine
  bool compression = true;                // not used with a path
  sync::SessionOptions session;
  std::int64_t connectMs = 10'000;  // to look up the host and connect; each of several addresses gets a second at least
  Timing timing;
};

class RemoteLink final : public Link {
 public:
  // `io`, `store`, `clock` and `random` must outlive it.
  RemoteLink(Io& io, sync::Store& store, base::Clock& clock, base::Random& random, RemoteOptions options,
             Listener listener);
  ~RemoteLink() override { end(); }
  RemoteLink(const RemoteLink&) = delete;

  // Says Bye to the peer, and waits for the work of this link; so it must not be called in a listener.
  void end() override;
  void feedMoved() override;
  LinkStatus status() const override;
  bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) override;
  void pause() override;
  void resume() override;
  bool waitSynchronized(std::int64_t deadlineUs) override;

 private:
  class Core;
  class Dialogue;
  std::shared_ptr<Core> core_;  // shared with pending work on the threads of `io`
  int networkListener_ = 0;
};

}  // namespace blazedb::link
