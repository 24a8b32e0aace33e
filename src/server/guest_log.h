// Who came to a hub, who went, and who was sent away, with the reason: what the log tells of it.
//
// Strangers decide how much there is to tell. So the first few of a kind in each look are told one by one, and the
// others by their number.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "blazedb/remote.h"
#include "server/log.h"

namespace blazedb::server {

// Thread-safe.
class GuestLog {
 public:
  static constexpr std::size_t kRefusedMax = 20;  // lines for each call of tell()
  static constexpr std::size_t kOthersMax = 500;

  explicit GuestLog(Log& log) : log_(log) {}

  // Quick: nothing is written.
  void note(const ListenerEvent& event);
  // Writes what was noted since the last time.
  void tell();

 private:
  using Sort = std::pair<ListenerEvent::Kind, std::string>;  // with the name of its error

  Log& log_;
  std::mutex mutex_;
  std::vector<std::pair<Date, ListenerEvent>> noted_;  // when each was
  std::array<std::size_t, 3> counts_{};                // in these, by kind
  std::map<Sort, std::uint64_t> leftOut_;
};

}  // namespace blazedb::server
