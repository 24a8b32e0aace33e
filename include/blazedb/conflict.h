// The conflict journal: what of this database's own writes was overridden by somebody who had not seen them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

// Who wrote a value and when. Values with the higher stamp win: authority first, then time, then writer.
struct WriteStamp {
  std::uint64_t authority = 0;  // `time` of the latest server write that the writer had seen on the record, 0 if none
  std::uint64_t time = 0;       // hybrid logical clock: milliseconds since 1970 << 16 | counter
  std::uint64_t writer = 0;     // the incarnation that wrote
  Date date() const { return {static_cast<std::int64_t>(time >> 16) * 1000}; }
};

struct Conflict {
  std::int64_t id = 0;  // ascending in the order of discovery, unique in this database
  Date time;            // when the merge happened here
  std::string collection;
  UUID record;
  std::string field;
  Value lost;  // what this database had written
  WriteStamp lostStamp;
  std::optional<Value> won;  // absent where the field was removed or the whole record deleted or replaced
  WriteStamp wonStamp;
};

}  // namespace blazedb
