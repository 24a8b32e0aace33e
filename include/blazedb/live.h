// Live queries: what changes, told after each commit, whether this program has made it or a peer.
//
//   std::vector<Record> shown;
//   Subscription live = todos.query("done = false").orderBy("due").observe([&](const QueryUpdate& update) {
//     update.applyTo(shown);
//     redraw(shown);
//   });
//
// Callbacks run on a thread of the database, one at a time and with no lock held; they may call the API. What they
// throw is discarded. The changes of one transaction come in one call. While a callback runs, commits add up: the next
// call has their combined difference. Nothing is polled, so a query that looks at now() tells of changed records alone,
// and not that time has passed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/record.h"
#include "blazedb/uuid.h"

namespace blazedb {

// A record that was changed. `peer` is the replica that sent the change; absent: it was made here.
struct RecordChange {
  enum class Kind : std::uint8_t { inserted, changed, removed };
  Kind kind = Kind::changed;
  UUID id;
  Record record = {};  // as it is now; empty if it was removed
  std::optional<UUID> peer = {};
};

// What is new in the result of a query. The records that are in none of these lists are the same as before, in the same
// order. A record may come or go because others did, behind a limit: it then has no `peer`.
struct BLAZEDB_API QueryUpdate {
  struct Removed {
    std::size_t index = 0;  // in the result before
    UUID id;
    std::optional<UUID> peer = {};
  };
  struct Placed {
    std::size_t index = 0;  // in the result now
    Record record;
    std::optional<UUID> peer = {};
  };
  struct Moved {
    std::size_t from = 0, to = 0;  // in the result before, and now
    Record record;
    std::optional<UUID> peer = {};
  };

  // The first call, or the first one after the file could not be read: `inserted` is the whole result, which may be
  // empty.
  bool isFirst = false;
  std::vector<Removed> removed;  // by their indexes
  std::vector<Placed> inserted;  // the same
  std::vector<Placed> changed;   // the same; in their old place among the others
  std::vector<Moved> moved;      // by `to`; they may have changed too
  std::size_t count = 0;         // records in the result now

  // Makes the result now of the result before.
  void applyTo(std::vector<Record>& result) const;
};

}  // namespace blazedb
