#include "link/failed_knocks.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace blazedb::link {
namespace {

constexpr int kFreeOfAToken = 5;
constexpr int kFreeOfAnAddress = 20;
constexpr std::int64_t kFirstDelayMs = 100;
constexpr std::int64_t kLastDelayMs = 2000;
constexpr std::int64_t kForgetMs = std::int64_t{10} * 60'000;
// Beyond this number the entry that was quiet for longest is forgotten.
constexpr std::size_t kRememberedMax = 4096;

}  // namespace

std::int64_t FailedKnocks::note(const std::string& address, base::ByteView token, std::int64_t nowMs) {
  std::size_t hash = std::hash<std::string_view>()(base::textOf(token));
  return std::max(noteOne({address, 0}, nowMs, kFreeOfAnAddress), noteOne({address, hash}, nowMs, kFreeOfAToken));
}

std::int64_t FailedKnocks::noteOne(std::pair<std::string, std::size_t> who, std::int64_t nowMs, int free) {
  auto found = failures_.find(who);
  if (found == failures_.end()) {
    if (failures_.size() >= kRememberedMax) {
      auto quiet = std::min_element(failures_.begin(), failures_.end(),
                                    [](const auto& a, const auto& b) { return a.second.lastMs < b.second.lastMs; });
      failures_.erase(quiet);
    }
    found = failures_.emplace(std::move(who), Failures{}).first;
  }
  Failures& failures = found->second;
  if (nowMs >= failures.lastMs + kForgetMs) failures.count = 0;
  failures.count++;
  failures.lastMs = nowMs;
  if (failures.count <= free) return 0;
  return std::min(kFirstDelayMs << std::min(failures.count - free - 1, 10), kLastDelayMs);
}

}  // namespace blazedb::link
