// The role of a database, which decides conflicts. A server's write beats every write to the same field that had not
// seen it. Between two clients, or two servers, the later write wins.
#pragma once

#include <cstdint>

namespace blazedb {

enum class SyncRole : std::uint8_t { client, server };

}  // namespace blazedb
