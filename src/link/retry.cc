#include "link/retry.h"

#include <algorithm>

namespace blazedb::link {
namespace {

constexpr std::int64_t kFirstRetryMs = 100;
constexpr std::int64_t kFirstForRightsMs = 4;
constexpr std::int64_t kQuietMs = 60'000;

}  // namespace

bool worthRetrying(ErrorCode code) {
  switch (code) {
    case ErrorCode::Offline:
    case ErrorCode::DiskFull:
    case ErrorCode::IoError:
    case ErrorCode::OutOfMemory:
    case ErrorCode::Timeout:
    case ErrorCode::ClockSkew:
    case ErrorCode::ExpiredToken:        // by the peer's clock, which may be wrong
    case ErrorCode::ExpiredCertificate:  // the peer's: its operator will notice
    case ErrorCode::HubStopping:
    case ErrorCode::DuplicateReplica:  // the other connection may end, or its file may get another id
    case ErrorCode::TooManyAttempts:
    case ErrorCode::RightsChanged:
    case ErrorCode::FilterFailed:  // the filter may work again
      return true;
    default:
      return false;
  }
}

std::int64_t Retry::nextDelayMs(ErrorCode why, base::Random& random, std::int64_t nowMs) {
  bool forRights = why == ErrorCode::RightsChanged;
  if (live_ && (forRights || nowMs >= live_->sinceMs + kQuietMs)) reset();
  live_.reset();
  std::int64_t first = forRights ? kFirstForRightsMs : kFirstRetryMs;
  std::int64_t most = std::min(first << std::min(failures_++, 10), lastMs_);
  return most / 2 + static_cast<std::int64_t>(random.next64() % static_cast<std::uint64_t>(most / 2));
}

void Retry::note(const LinkStatus& status, const std::array<std::uint64_t, 2>& feedEnds, std::int64_t nowMs) {
  if (status.state != LinkState::live) return;
  if (!live_) live_ = {nowMs, feedEnds};
  bool moved = false;
  bool acknowledged = true;
  for (std::size_t i = 0; i < 2; i++) {
    const sync::SessionStatus& end = status.ends[i];
    moved |= end.received + end.delivered > 0;
    acknowledged &= !end.sending || end.acknowledgedTo >= live_->feedEnds[i];
  }
  if (moved && acknowledged) reset();
}

}  // namespace blazedb::link
