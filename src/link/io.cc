#include "link/io.h"

#include "base/contain.h"

namespace blazedb::link {

Io::Io(unsigned workers, std::size_t linkBytesMax)
    : incoming_(linkBytesMax), outgoing_(linkBytesMax), sessions_(static_cast<int>(workers)) {
  base::Lock lock(mutex_);
  workers_.reserve(kWorkersMax);
  thread_ = std::thread([this] { run(sockets_); });
  try {
    while (workers_.size() < workers) addWorker();
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
  std::vector<std::thread> workers;
  {
    base::Lock lock(mutex_);
    ending_ = true;
    workers = std::move(workers_);
  }
  for (std::thread& worker : workers) worker.join();
}

std::shared_ptr<Turns> Io::turnsOf(const void* store) {
  base::Lock lock(mutex_);
  std::erase_if(turns_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Turns>& known = turns_[store];
  std::shared_ptr<Turns> turns = known.lock();
  if (!turns) known = turns = std::make_shared<Turns>([this](int change) { noteInStore(change); });
  return turns;
}

void Io::addWorker() {
  workers_.emplace_back([this] { run(sessions_); });
  running_++;
}

// If there is no memory for a thread, the next worker that enters a store tries again.
void Io::noteInStore(int change) {
  if ((inStores_ += change) < running_) return;
  base::Lock lock(mutex_);
  if (inStores_ < running_ || workers_.size() == kWorkersMax || ending_) return;
  base::contain([this] {
    mutex_.isHeld();
    addWorker();
  });
}

// If memory runs out and a handler throws, only that handler ends. Code that waits for its outcome has a timer.
void Io::run(asio::io_context& work) {
  while (!base::contain([&] { work.run(); })) {
  }
}

}  // namespace blazedb::link
