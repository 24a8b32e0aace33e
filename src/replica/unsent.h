// Which records have changes that a peer lacks.
//
// A peer lacks a change that it has neither acknowledged nor sent. Only what still has an effect counts: not a write
// that another one has overridden, and not an insert that was deleted again before the peer could hear of it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "blazedb/uuid.h"
#include "replica/row.h"
#include "sync/scope.h"

namespace blazedb::replica {

struct Unsent {
  std::optional<UUID> peer = {};   // absent: a peer that has nothing
  sync::Scope scope = {};          // of these records
  bool onlyValues = false;         // what was written here into its fields counts, and not inserts and deletes
  std::uint64_t acknowledged = 0;  // the peer has got what changed up to here
  std::uint64_t after = 0;         // of the records that changed after this position
};

// Whether the peer lacks a change of the record. `theirs`: the latest change came from the peer. `own`: the
// incarnations of this replica. Throws DamagedPage.
bool lacks(const Unsent& question, const Row& row, bool theirs, const std::set<std::uint64_t>& own);

}  // namespace blazedb::replica
