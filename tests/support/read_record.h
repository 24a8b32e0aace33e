// One record of a store, as a peer would get it.
#pragma once

#include <vector>

#include "sync/frames.h"
#include "sync/store.h"

namespace blazedb::test {

// Returns false if the store does not hold it, or the peer may not read it.
inline bool readRecord(sync::Store& store, const sync::RecordKey& key, const sync::Agreement& agreement,
                       sync::BatchWriter& out) {
  std::vector<sync::RecordKey> gone;
  store.readRecords({&key, 1}, agreement, 1, out, gone);
  return gone.empty();
}

}  // namespace blazedb::test
