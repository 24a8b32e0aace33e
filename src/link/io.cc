#include "link/io.h"

#include "base/contain.h"

namespace blazedb::link {

Io::Io(unsigned workers, std::size_t linkBytesMax)
    : incoming_(linkBytesMax), outgoing_(linkBytesMax), sessions_(static_cast<int>(workers)) {
  workers_.reserve(workers);
  thread_ = std::thread([this] { run(sockets_); });
  try {
    while (workers_.size() < workers) workers_.emplace_back([this] { run(sessions_); });
  } catch (...) {
    sockets_.stop();
    sessions_.stop();
    thread_.join();
    for (std::thread& worker : workers_) worker.join();
    throw;
  }
}

Io::~Io() {
  // Both pools run until they have no work left: connections still send their last frames, for a second at most, and
  // work of one pool refers to the other.
  network_.stop();
  socketsBusy_.reset();
  thread_.join();
  sessionsBusy_.reset();
  for (std::thread& worker : workers_) worker.join();
}

// If memory runs out and a handler throws, only that handler ends. Code that waits for its outcome has a timer.
void Io::run(asio::io_context& work) {
  while (!base::contain([&] { work.run(); })) {
  }
}

}  // namespace blazedb::link
