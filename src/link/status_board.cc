#include "link/status_board.h"

#include <algorithm>
#include <chrono>

namespace blazedb::link {
namespace {

bool verified(const LinkStatus& status) {
  // The second end of a link to another process is empty.
  return status.ends[0].verified && (status.ends[1].verified || !status.ends[1].peer);
}

// How many records are rejected, why one of them, and whether teams are.
StatusBoard::Rejection rejection(const LinkStatus& status) {
  const sync::SessionStatus& end = status.ends[0];
  std::optional<ErrorCode> why;
  if (end.reason) why = end.reason->code;
  return {end.setAside + end.refused, why, end.ofTeams.has_value()};
}

}  // namespace

LinkStatus StatusBoard::current() const {
  LinkStatus now = status_;
  if (pauseExpected_ || now.state == LinkState::paused) {
    now.state = pauseExpected_ ? LinkState::paused : LinkState::connecting;
    now.error.reset();
  }
  if (now.state == LinkState::offline)
    now.nextTryMs = std::max<std::int64_t>(putMs_ + now.nextTryMs - clock_.monotonicUs() / 1000, 0);
  return now;
}

LinkStatus StatusBoard::status() const {
  base::Lock lock(mutex_);
  return current();
}

void StatusBoard::put(const LinkStatus& status) {
  {
    base::Lock lock(mutex_);
    if (closed_) return;
    status_ = status;
    putMs_ = clock_.monotonicUs() / 1000;
    if (waiting_ > 0) changed_.notify_all();
  }
  bool news = reported_ != status.state || reportedVerified_ != verified(status) ||
              reportedRejection_ != rejection(status) || status.state == LinkState::offline ||
              (status.state != LinkState::live && progressDue());
  bool quiet = !news && status.leavesOut && reportedAcknowledged_ != status.ends[0].acknowledgedTo;
  if (!news && !quiet) return;
  reportedAcknowledged_ = status.ends[0].acknowledgedTo;
  if (news) {
    reported_ = status.state;
    reportedVerified_ = verified(status);
    reportedRejection_ = rejection(status);
    reportedMs_ = clock_.monotonicUs() / 1000;
  }
  if (!listener_) return;
  LinkStatus told = status;
  told.quiet = quiet;
  listener_(told);
}

bool StatusBoard::wait(std::int64_t deadlineUs, const std::function<bool(const LinkStatus&)>& reached) {
  base::Lock lock(mutex_);
  waiting_++;
  bool is = false;
  for (;;) {
    LinkStatus now = current();
    is = reached(now);
    if (is || closed_ || now.state == LinkState::stopped || now.state == LinkState::paused) break;
    std::int64_t left = deadlineUs - clock_.monotonicUs();
    if (left <= 0) break;
    changed_.wait_for(lock, std::chrono::microseconds(left));
  }
  waiting_--;
  return is;
}

bool StatusBoard::waitSynchronized(std::uint64_t pingNumber, std::uint64_t feedEnd, std::int64_t deadlineUs) {
  return wait(deadlineUs, [&](const LinkStatus& status) {
    const sync::SessionStatus& end = status.ends[0];
    bool talking = status.state == LinkState::catchingUp || status.state == LinkState::live;
    return talking && end.pong && end.pong->number >= pingNumber &&
           (!end.sending || end.acknowledgedTo >= std::max(feedEnd, end.gaveBackTo)) && end.toReplace == 0 &&
           (!end.receiving || end.appliedTo >= end.pong->feedEnd);
  });
}

void StatusBoard::expect(bool paused) {
  base::Lock lock(mutex_);
  pauseExpected_ = paused;
  // The link will put a new status soon.
  if (!paused && status_.state == LinkState::stopped) status_.state = LinkState::connecting;
  changed_.notify_all();
}

void StatusBoard::close() {
  base::Lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace blazedb::link
