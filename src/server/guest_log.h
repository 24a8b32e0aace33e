// Who came to a hub, who went, who was sent away, and of whom records are rejected, with the reason: what the log tells
// of it.
//
// Strangers decide how much there is to tell. So the first few of a kind in each look are told one by one, and the
// others by their number.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "blazedb/remote.h"
#include "server/log.h"
#include "sync/bye.h"

namespace blazedb::server {

// Thread-safe.
class GuestLog {
 public:
  static constexpr std::size_t kStrangersMax =
      20;  // lines of a kind for each call of tell(), where anybody causes them
  static constexpr std::size_t kOthersMax = 500;

  explicit GuestLog(Log& log) : log_(log) {}

  // Quick: nothing is written.
  void note(const ListenerEvent& event);
  // `who` has come for a command (control_server.h) and was not heard, or not to the end.
  void noteCommand(const std::string& database, const std::string& who, const sync::Bye& why);
  // Writes what was noted since the last time.
  void tell();

 private:
  struct Note {
    const char* what;
    bool isUsual;
    ListenerEvent event;
    Date at;  // when it was
  };
  using Sort = std::pair<std::string, std::string>;  // what, and the name of its error

  void add(const char* what, bool isUsual, const ListenerEvent& event, std::size_t max);

  Log& log_;
  std::mutex mutex_;
  std::vector<Note> noted_;
  std::map<std::string, std::size_t> counts_;  // in these, by what
  std::map<Sort, std::uint64_t> leftOut_;
};

}  // namespace blazedb::server
