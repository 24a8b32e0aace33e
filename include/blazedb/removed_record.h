// Records that a sync removed here although nobody deleted them.
#pragma once

#include <cstdint>
#include <string>

#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct RemovedRecord {
  enum class Because : std::uint8_t {
    swept,      // this database was away for longer than deletes are remembered, and the peer no longer held the record
    takenBack,  // the peer that had sent the record gave it up itself
  };
  std::int64_t id = 0;  // unique in this database; grows in the order of removal
  Date time;
  Because because = Because::swept;
  UUID peer;  // the replica that no longer held it, or gave it up
  std::string collection;
  Record record;  // as it was, with its id
};

}  // namespace blazedb
