// This replica as a writer: what stamps and merges need to know of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "blazedb/uuid.h"
#include "sync/stamp.h"

namespace blazedb::replica {

struct Author {
  sync::Role role = sync::Role::client;
  std::uint64_t incarnation = 0;
  std::set<std::uint64_t> own;  // every incarnation of this replica
  // Those of earlier openings, each with the first position of the next one; not those of a file that this is a copy
  // of.
  std::map<std::uint64_t, std::uint64_t> former;
  bool keepsDeletedValues = true;       // there are peers that may not know of a delete yet
  std::uint64_t acknowledgedByAny = 0;  // at least one peer has everything up to this position
  std::optional<UUID> source;           // set: this is a read-only replica of that one
};

}  // namespace blazedb::replica
