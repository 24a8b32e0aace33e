// Names of replicas, as the two ends of a link use them.
#pragma once

#include <cstdint>
#include <string>

#include "blazedb/uuid.h"
#include "sync/stamp.h"

namespace blazedb::sync {

struct Identity {
  UUID replica;
  std::uint64_t incarnation = 0;
  Role role = Role::client;
  std::string name;
};

// A replica in one of its incarnations.
struct Peer {
  UUID replica;
  std::uint64_t incarnation = 0;
  friend bool operator==(const Peer&, const Peer&) = default;
};

}  // namespace blazedb::sync
