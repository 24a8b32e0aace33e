// Which way data goes over a connection.
#pragma once

#include <cstdint>

namespace blazedb {

// Named after what the target does. The target is `to` of Topology::connectLocal. Of a connection to a database
// elsewhere, of another app or a hub, it is the node here.
enum class ConnectionMode : std::uint8_t {
  bidirectional,  // both send and receive
  // The target only receives. Within this machine it becomes a read-only replica: its writing calls throw
  // ReadOnlyReplica, also while it is disconnected. With a hub it does not; see SyncPolicy::mode.
  readOnly,
  writeOnly,  // the target only sends
};

}  // namespace blazedb
