// The link from a database of this process to one behind a host and a port, or behind a socket of this machine.
//
// It resolves, connects, shakes hands, knocks and runs a session; when that breaks it begins again, with growing
// delays. Each attempt starts from the cursors that are stored, so that nothing has to be remembered of the one before.
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
  std::string path;  // of a unix socket, instead of the host, the token and all about TLS
  // Of that: why not with whoever listens there. None: refuseStranger (unix_socket.h).
  std::function<std::optional<sync::Bye>(const Credentials&)> checkListener;
  std::string host;
  std::uint16_t port = 0;
  std::string database;
  base::Bytes token;
  std::shared_ptr<const TlsContext> tls;  // shared with other links; none: in the clear
  bool allowPlaintext = false;            // in the clear, also beyond this machine
  bool compression = true;                // where there is no path
  sync::SessionOptions session;
  std::int64_t connectMs = 10'000;  // to find the host and to connect; an address of several has a second at least
  Timing timing;
};

class RemoteLink final : public Link {
 public:
  // `io`, `store`, `clock` and `random` must outlive it.
  RemoteLink(Io& io, sync::Store& store, base::Clock& clock, base::Random& random, RemoteOptions options,
             Listener listener);
  ~RemoteLink() override { end(); }
  RemoteLink(const RemoteLink&) = delete;

  // Says goodbye. Not from a listener: waits for the work of this link.
  void end() override;
  void feedMoved() override;
  LinkStatus status() const override;
  bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) override;
  bool waitSynchronized(std::int64_t deadlineUs) override;

  // Ends the conversation until resume().
  void pause();
  // Connects at once, whether it was paused, waiting for its next try, or stopped.
  void resume();

 private:
  class Core;
  class Dialogue;
  std::shared_ptr<Core> core_;  // shared with what is on its way on the threads of `io`
  int networkListener_ = 0;
};

}  // namespace blazedb::link
