#include "link/status_board.h"

#include <chrono>

namespace blazedb::link {
namespace {

bool verified(const LinkStatus& status) {
  // The second end of a link to another process is nobody.
  return status.ends[0].verified && (status.ends[1].verified || !status.ends[1].peer);
}

}  // namespace

LinkStatus StatusBoard::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void StatusBoard::put(const LinkStatus& status) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    status_ = status;
    if (waiting_ > 0) changed_.notify_all();
  }
  bool news = reported_ != status.state || reportedVerified_ != verified(status) ||
              status.state == LinkState::offline || (status.state != LinkState::live && progressDue());
  if (!news) return;
  reported_ = status.state;
  reportedVerified_ = verified(status);
  reportedMs_ = clock_.monotonicUs() / 1000;
  if (listener_) listener_(status);
}

bool StatusBoard::wait(std::int64_t deadlineUs, const std::function<bool(const LinkStatus&)>& reached) {
  std::unique_lock lock(mutex_);
  waiting_++;
  bool is = reached(status_);
  while (!is && !closed_ && status_.state != LinkState::stopped && status_.state != LinkState::paused) {
    std::int64_t left = deadlineUs - clock_.monotonicUs();
    if (left <= 0) break;
    changed_.wait_for(lock, std::chrono::microseconds(left));
    is = reached(status_);
  }
  waiting_--;
  return is;
}

bool StatusBoard::waitSynchronized(std::uint64_t pingNumber, std::uint64_t feedEnd, std::int64_t deadlineUs) {
  return wait(deadlineUs, [&](const LinkStatus& status) {
    const sync::SessionStatus& end = status.ends[0];
    bool talking = status.state == LinkState::catchingUp || status.state == LinkState::live;
    return talking && end.pong && end.pong->number >= pingNumber && (!end.sending || end.acknowledgedTo >= feedEnd) &&
           (!end.receiving || end.appliedTo >= end.pong->feedEnd);
  });
}

void StatusBoard::expect(bool paused) {
  std::lock_guard lock(mutex_);
  bool idle = status_.state == LinkState::paused || status_.state == LinkState::stopped;
  if (!paused && !idle) return;
  status_.state = paused ? LinkState::paused : LinkState::connecting;
  status_.error.reset();
  changed_.notify_all();
}

void StatusBoard::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace blazedb::link
