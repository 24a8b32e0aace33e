#include "link/io.h"

namespace blazedb::link {

Io::Io(unsigned workers)
    : workers_(workers), busy_(asio::make_work_guard(sockets_)), thread_([this] { sockets_.run(); }) {}

Io::~Io() {
  sockets_.stop();
  thread_.join();
  workers_.join();
}

}  // namespace blazedb::link
