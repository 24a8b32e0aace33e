// What the log tells of a hub's clients: which connected, left, or were refused, and whose records were rejected, with
// the reason.
//
// Strangers decide how much there is to tell. So the log has a line for each of the first few of a kind, and the number
// of the others.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "blazedb/remote.h"
#include "server/log.h"
#include "sync/bye.h"

namespace blazedb::server {

// Thread-safe.
class GuestLog {
 public:
  static constexpr std::size_t kStrangersMax = 20;  // lines of a kind for each call of tell(), if strangers cause them
  static constexpr std::size_t kOthersMax = 500;

  explicit GuestLog(Log& log) : log_(log) {}

  // Quick: nothing is written.
  void note(const ListenerEvent& event);
  // The command of `who` (control_server.h) was not run, or not to its end.
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
  base::Mutex mutex_;
  std::vector<Note> noted_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> counts_ GUARDED_BY(mutex_);  // in these, by what
  std::map<Sort, std::uint64_t> leftOut_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::server
