// Records that another database's word has removed here without a delete.
#pragma once

#include <cstdint>
#include <string>

#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct RemovedRecord {
  enum class Because : std::uint8_t {
    swept,      // this database was away for longer than deletes are remembered, and the peer held the record no more
    takenBack,  // the peer, from which it had come, gave it up itself
  };
  std::int64_t id = 0;  // ascending in the order of removal, unique in this database
  Date time;
  Because because = Because::swept;
  UUID peer;  // the replica whose word it was
  std::string collection;
  Record record;  // as it was, with its id
};

}  // namespace blazedb
