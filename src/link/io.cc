#include "link/io.h"

namespace blazedb::link {

Io::Io(unsigned workers, std::size_t linkBytesMax)
    : incoming_(linkBytesMax),
      outgoing_(linkBytesMax),
      workers_(workers),
      busy_(asio::make_work_guard(sockets_)),
      thread_([this] { sockets_.run(); }) {}

Io::~Io() {
  // Both run until nothing is left to do: last words are still under way, for a second at most, and what waits in one
  // holds on to the other.
  network_.stop();
  busy_.reset();
  thread_.join();
  workers_.join();
}

}  // namespace blazedb::link
