// The loop of the link's thread: it makes two sessions, carries their frames until one stops, publishes the reason,
// waits, and starts again.
#include "link/local_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/contain.h"
#include "link/failure.h"

namespace blazedb::link {

LocalLink::LocalLink(End first, End second, base::Clock& clock, base::Random& random, Listener listener)
    : ends_{std::move(first), std::move(second)},
      clock_(clock),
      random_(random),
      board_(clock, std::move(listener)),
      thread_([this] { run(); }) {}

void LocalLink::end() {
  {
    base::Lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  board_.close();
  if (thread_.joinable()) thread_.join();
}

void LocalLink::feedMoved() {
  base::Lock lock(mutex_);
  if (std::exchange(moved_, true)) return;
  wake_.notify_one();
}

// The board changes first: a caller that resumes and then waits must not see the link as paused.
void LocalLink::pause() {
  board_.expect(true);
  base::Lock lock(mutex_);
  paused_ = true;
  wake_.notify_all();
}

void LocalLink::resume() {
  board_.expect(false);
  base::Lock lock(mutex_);
  paused_ = false;
  again_ = true;
  wake_.notify_all();
}

bool LocalLink::waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) {
  return board_.wait(deadlineUs, [&](const LinkStatus& status) {
    return status.ends[static_cast<std::size_t>(end)].acknowledgedTo >= position && status.state != LinkState::offline;
  });
}

bool LocalLink::waitSynchronized(std::int64_t deadlineUs) {
  std::array<std::uint64_t, 2> feedEnds{ends_[0].store.feedEnd(), ends_[1].store.feedEnd()};
  for (std::size_t i = 0; i < 2; i++)
    if (ends_[i].options.terms.sends && !waitAcknowledged(static_cast<int>(i), feedEnds[i], deadlineUs)) return false;
  return true;
}

void LocalLink::run() {
  for (;;) {
    std::optional<std::int64_t> waitMs;
    if (!base::contain([&] { waitMs = attempt(); }))
      waitMs = retry_.nextDelayMs(ErrorCode::OutOfMemory, random_, nowMs());
    if (!rest(waitMs)) return;
  }
}

// Waits for the next conversation: so long, or until resume(). Returns false when the link has to end.
bool LocalLink::rest(std::optional<std::int64_t> forMs) {
  std::int64_t until = nowMs() + forMs.value_or(0);
  base::Lock lock(mutex_);
  for (bool told = false; !stopping_ && !again_;) {
    if (paused_ && !told) {
      told = true;
      lock.unlock();
      base::contain([&] { publishPause(); });
      lock.lock();
    } else if (paused_ || !forMs) {
      wake_.wait(lock);
    } else {
      std::int64_t left = until - nowMs();
      if (left <= 0) break;
      wake_.wait_for(lock, std::chrono::milliseconds(left));
    }
  }
  again_ = false;
  return !stopping_;
}

// Runs one conversation and publishes its end. Returns the time until the next one; none if only resume() brings it.
std::optional<std::int64_t> LocalLink::attempt() {
  Sessions sessions;
  std::optional<sync::Bye> why;
  try {
    for (std::size_t i = 0; i < 2; i++) sessions[i] = std::make_unique<sync::Session>(ends_[i].store, ends_[i].options);
    for (auto& session : sessions) session->start(clock_.wallMs(), nowMs());
    why = converse(sessions);
  } catch (const std::exception& error) {
    why = failureOf(error);
  }
  noteSessions(sessions);
  bytesBefore_ = status_.bytes;
  repairedBefore_ = status_.repaired;
  if (!why || isEnding()) return std::nullopt;
  bool forGood = !worthRetrying(why->code);
  publishEnd(*why, forGood);
  if (forGood) return std::nullopt;
  return status_.nextTryMs;
}

// Runs both sessions until one of them stops. Returns the reason; none if the link ends or pauses.
std::optional<sync::Bye> LocalLink::converse(Sessions& sessions) {
  for (;;) {
    exchange(sessions);
    for (const auto& session : sessions)
      if (session->stopped()) return session->status().ended.value_or(sync::Bye{});
    publish(sessions);
    std::optional<std::int64_t> next;
    for (const auto& session : sessions)
      if (auto tick = session->nextTickMs()) next = next ? std::min(*next, *tick) : *tick;
    if (!sleep(next)) {
      settle(sessions);
      return std::nullopt;
    }
    std::int64_t now = nowMs();
    for (auto& session : sessions) session->feedMoved(now);
  }
}

// Carries frames until neither session has one left, or the link has to end.
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
    if (moved && board_.progressDue()) publish(sessions);
    if (isEnding()) return;
  }
}

// Carries the last frames. They are few, because settled sessions read nothing new.
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

// Waits until a feed has moved, or that time. Returns false when the conversation has to end.
bool LocalLink::sleep(std::optional<std::int64_t> untilMs) {
  base::Lock lock(mutex_);
  while (!stopping_ && !paused_ && !moved_) {
    if (!untilMs) {
      wake_.wait(lock);
      continue;
    }
    std::int64_t left = *untilMs - nowMs();
    if (left <= 0) break;
    wake_.wait_for(lock, std::chrono::milliseconds(left));
  }
  moved_ = false;
  return !stopping_ && !paused_;
}

bool LocalLink::isEnding() {
  base::Lock lock(mutex_);
  return stopping_ || paused_;
}

void LocalLink::noteSessions(const Sessions& sessions) {
  if (!sessions[0] || !sessions[1]) return;
  for (std::size_t i = 0; i < 2; i++) status_.ends[i] = sessions[i]->status();
  status_.bytes = bytesBefore_ + status_.ends[0].bytesSent + status_.ends[1].bytesSent;
  status_.repaired = repairedBefore_ + status_.ends[0].repaired + status_.ends[1].repaired;
}

void LocalLink::publish(const Sessions& sessions) {
  if (sessions[0]->stopped() || sessions[1]->stopped()) return;  // publishEnd() reports the end
  noteSessions(sessions);
  status_.state = linkStateOf(std::min(status_.ends[0].state, status_.ends[1].state));
  status_.error.reset();
  retry_.note(status_, {ends_[0].store.feedEnd(), ends_[1].store.feedEnd()}, nowMs());
  board_.put(status_);
}

void LocalLink::publishEnd(const sync::Bye& why, bool forGood) {
  status_.state = forGood ? LinkState::stopped : LinkState::offline;
  status_.error = why;
  status_.nextTryMs = forGood ? 0 : retry_.nextDelayMs(why.code, random_, nowMs());
  board_.put(status_);
}

void LocalLink::publishPause() {
  status_.state = LinkState::paused;
  status_.error.reset();
  board_.put(status_);
}

}  // namespace blazedb::link
