#include "link/failed_knocks.h"

#include <algorithm>

namespace blazedb::link {
namespace {

constexpr int kFree = 5;
constexpr std::int64_t kFirstWaitMs = 1000;
constexpr std::int64_t kLastWaitMs = 60'000;
constexpr std::int64_t kForgetMs = 10 * 60'000;
// Beyond this many addresses the one that has been quiet for longest is forgotten.
constexpr std::size_t kAddressesMax = 4096;

}  // namespace

std::int64_t FailedKnocks::waitMs(const std::string& address, std::int64_t nowMs) const {
  auto found = failures_.find(address);
  return found == failures_.end() ? 0 : std::max<std::int64_t>(found->second.untilMs - nowMs, 0);
}

void FailedKnocks::note(const std::string& address, std::int64_t nowMs) {
  auto found = failures_.find(address);
  if (found == failures_.end()) {
    if (failures_.size() >= kAddressesMax) {
      auto quiet = std::min_element(failures_.begin(), failures_.end(),
                                    [](const auto& a, const auto& b) { return a.second.lastMs < b.second.lastMs; });
      failures_.erase(quiet);
    }
    found = failures_.emplace(address, Failures{}).first;
  }
  Failures& failures = found->second;
  if (nowMs >= failures.lastMs + kForgetMs) failures.count = 0;
  failures.count++;
  failures.lastMs = nowMs;
  if (failures.count >= kFree)
    failures.untilMs = nowMs + std::min(kFirstWaitMs << std::min(failures.count - kFree, 10), kLastWaitMs);
}

}  // namespace blazedb::link
