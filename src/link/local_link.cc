#include "link/local_link.h"

#include <algorithm>
#include <chrono>

#include "blazedb/error.h"

namespace blazedb::link {
namespace {

constexpr std::int64_t kFirstRetryMs = 100;
constexpr std::int64_t kLastRetryMs = 30'000;
constexpr std::int64_t kProgressMs = 100;

// Errors that the passing of time can heal.
bool worthRetrying(ErrorCode code) {
  switch (code) {
    case ErrorCode::Offline:
    case ErrorCode::DiskFull:
    case ErrorCode::IoError:
    case ErrorCode::Timeout:
    case ErrorCode::ClockSkew:
      return true;
    default:
      return false;
  }
}

// what() without the name of the code, which stands beside it.
std::string messageOf(const Error& error) {
  std::string what = error.what();
  std::size_t colon = what.find(": ");
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

LinkState stateOf(const sync::SessionStatus& a, const sync::SessionStatus& b) {
  auto least = std::min(a.state, b.state);
  return least == sync::SessionState::connecting   ? LinkState::connecting
         : least == sync::SessionState::catchingUp ? LinkState::catchingUp
                                                   : LinkState::live;
}

}  // namespace

LocalLink::LocalLink(End first, End second, base::Clock& clock, base::Random& random, Listener listener)
    : ends_{first, second}, clock_(clock), random_(random), listener_(std::move(listener)), thread_([this] {
        run();
      }) {}

LocalLink::~LocalLink() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    changed_.notify_all();
  }
  thread_.join();
}

void LocalLink::feedMoved() {
  std::lock_guard lock(mutex_);
  if (std::exchange(moved_, true)) return;
  wake_.notify_one();
}

LinkStatus LocalLink::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

bool LocalLink::waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) {
  std::unique_lock lock(mutex_);
  auto reached = [&] {
    return status_.ends[static_cast<std::size_t>(end)].acknowledgedTo >= position &&
           status_.state != LinkState::offline;
  };
  waiters_++;
  while (!reached() && status_.state != LinkState::stopped && !stopping_) {
    std::int64_t left = deadlineUs - clock_.monotonicUs();
    if (left <= 0) break;
    changed_.wait_for(lock, std::chrono::microseconds(left));
  }
  waiters_--;
  return reached();
}

void LocalLink::run() {
  for (;;) {
    Sessions sessions;
    sync::Bye why;
    try {
      for (std::size_t i = 0; i < 2; i++)
        sessions[i] = std::make_unique<sync::Session>(ends_[i].store, ends_[i].options);
      for (auto& session : sessions) session->start(clock_.wallMs(), nowMs());
      why = converse(sessions);
    } catch (const Error& error) {
      why = {error.code(), messageOf(error)};
    } catch (const std::exception& error) {
      why = {ErrorCode::IoError, error.what()};  // no memory, say
    }
    publish(sessions);
    bytesBefore_ = status_.bytes;
    repairedBefore_ = status_.repaired;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (!worthRetrying(why.code)) return publishEnd(why, true);
    publishEnd(why, false);
    std::int64_t until = nowMs() + status_.nextTryMs;
    while (nowMs() < until)
      if (!sleep(until, false)) return;
  }
}

// Runs both sessions until one of them stops, and says why; Offline where the link itself is stopped.
sync::Bye LocalLink::converse(Sessions& sessions) {
  for (;;) {
    exchange(sessions);
    for (const auto& session : sessions)
      if (session->stopped()) return session->status().ended.value_or(sync::Bye{});
    publish(sessions);
    std::optional<std::int64_t> next;
    for (const auto& session : sessions)
      if (auto tick = session->nextTickMs()) next = next ? std::min(*next, *tick) : *tick;
    if (!sleep(next, true)) {
      settle(sessions);
      return {};
    }
    std::int64_t now = nowMs();
    for (auto& session : sessions) session->feedMoved(now);
  }
}

// Carries frames until both have nothing more to say, or the link is to stop.
void LocalLink::exchange(Sessions& sessions) {
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < 2; i++) {
      std::int64_t now = nowMs();
      if (auto due = sessions[i]->nextTickMs(); due && now >= *due) sessions[i]->tick(now);
      for (const base::Bytes& frame : sessions[i]->takeFrames()) {
        sessions[1 - i]->receive(frame, now);
        moved = true;
      }
    }
    if (moved && nowMs() >= reportedMs_ + kProgressMs) publish(sessions);
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

// The last words: bounded, because nothing new is read.
void LocalLink::settle(Sessions& sessions) {
  for (auto& session : sessions) session->settle(nowMs());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < 2; i++) {
      for (const base::Bytes& frame : sessions[i]->takeFrames()) {
        sessions[1 - i]->receive(frame, nowMs());
        moved = true;
      }
    }
  }
}

// False when the link is to stop.
bool LocalLink::sleep(std::optional<std::int64_t> untilMs, bool forFeed) {
  std::unique_lock lock(mutex_);
  auto awake = [&] { return stopping_ || (forFeed && moved_); };
  if (untilMs) {
    std::int64_t left = *untilMs - nowMs();
    if (left > 0) wake_.wait_for(lock, std::chrono::milliseconds(left), awake);
  } else {
    wake_.wait(lock, awake);
  }
  moved_ = false;
  return !stopping_;
}

void LocalLink::publish(const Sessions& sessions) {
  if (!sessions[0] || !sessions[1]) return;
  {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < 2; i++) status_.ends[i] = sessions[i]->status();
    status_.state = stateOf(status_.ends[0], status_.ends[1]);
    status_.bytes = bytesBefore_ + status_.ends[0].bytesSent + status_.ends[1].bytesSent;
    status_.repaired = repairedBefore_ + status_.ends[0].repaired + status_.ends[1].repaired;
    status_.error.reset();
    if (status_.state == LinkState::live) failures_ = 0;
    if (waiters_ > 0) changed_.notify_all();
  }
  bool verified = status_.ends[0].verified && status_.ends[1].verified;
  if (reported_ != status_.state || reportedVerified_ != verified ||
      (status_.state != LinkState::live && nowMs() >= reportedMs_ + kProgressMs))
    report();
}

void LocalLink::publishEnd(const sync::Bye& why, bool forGood) {
  {
    std::lock_guard lock(mutex_);
    status_.state = forGood ? LinkState::stopped : LinkState::offline;
    status_.error = why;
    std::int64_t most = std::min(kFirstRetryMs << std::min(failures_++, 10), kLastRetryMs);
    status_.nextTryMs = most / 2 + static_cast<std::int64_t>(random_.next64() % static_cast<std::uint64_t>(most / 2));
    changed_.notify_all();
  }
  report();
}

void LocalLink::report() {
  reported_ = status_.state;
  reportedVerified_ = status_.ends[0].verified && status_.ends[1].verified;
  reportedMs_ = nowMs();
  if (listener_) listener_(status());
}

}  // namespace blazedb::link
