// The log of a hub: one event a line, for people or, as JSON, for programs.
//
//   2026-11-22T10:00:00.123456Z  info   a client has connected  client="laptop at 192.0.2.7"  database=notes
//   {"client":"laptop at 192.0.2.7","database":"notes","event":"a client has connected","level":"info","time":...}
#pragma once

#include <functional>
#include <string_view>

#include "base/mutex.h"
#include "blazedb/value.h"

namespace blazedb::server {

enum class Level { info, warning, error };

// Thread-safe.
class Log {
 public:
  enum class Format { text, json };
  // `write` gets whole lines, without their end, one at a time. It must not throw.
  Log(Format format, std::function<void(std::string_view line)> write) : format_(format), write_(std::move(write)) {}

  // `event` names the kind of event; what differs is in the fields. `at`: when it happened.
  void say(Level level, std::string_view event, const Object& fields = {}, Date at = Date::now());

 private:
  Format format_;
  base::Mutex mutex_;  // write_ gets one line at a time
  const std::function<void(std::string_view)> write_;
};

}  // namespace blazedb::server
