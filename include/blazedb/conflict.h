// The conflict journal: values that this database wrote and that lost against a writer that had not seen them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

// Who wrote a value and when. The value with the higher stamp wins: authority first, then time, then writer.
struct WriteStamp {
  std::uint64_t authority = 0;  // `time` of the latest server write that the writer had seen on the record, 0 if none
  std::uint64_t time = 0;       // hybrid logical clock: milliseconds since 1970 << 16 | counter
  std::uint64_t writer = 0;     // the incarnation that wrote, as its peer claims: a new random number at each opening
  // `time` as a date, to the millisecond.
  Date date() const { return {static_cast<std::int64_t>(time >> 16) * 1000}; }
};

struct Conflict {
  std::int64_t id = 0;  // unique in this database; grows in the order of discovery
  Date time;            // when this database merged the winner
  std::string collection;
  UUID record;
  std::string field;
  Value lost;  // what this database wrote
  WriteStamp lostStamp;
  std::optional<Value> won;  // absent where the winner removed the field, or deleted or replaced the record
  WriteStamp wonStamp;
};

}  // namespace blazedb
