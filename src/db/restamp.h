// Mending what was written while the machine's clock was ahead (Database::restamp).
#pragma once

#include <cstdint>

#include "db/group_commit.h"

namespace blazedb::db {

// Gives the number of records. Other writers wait meanwhile.
std::uint64_t restamp(GroupCommit::Alone& alone, base::Clock& clock);

}  // namespace blazedb::db
