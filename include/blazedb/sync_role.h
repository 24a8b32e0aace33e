// Who wins: a server's write beats every write to the same field that had not seen it. Clients among themselves, and
// servers among themselves, are equals and the later write wins.
#pragma once

#include <cstdint>

namespace blazedb {

enum class SyncRole : std::uint8_t { client, server };

}  // namespace blazedb
