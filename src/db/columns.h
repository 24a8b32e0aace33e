// Values in columns, and how the tables read and write them.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "storage/connection.h"

namespace blazedb::db {

inline std::int64_t asSigned(std::uint64_t value) { return static_cast<std::int64_t>(value); }
inline std::uint64_t asUnsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// The id in these bytes. Throws DamagedPage if they are none.
UUID uuidOf(base::ByteView bytes);
inline UUID uuidAt(storage::Statement& statement, int column) { return uuidOf(statement.blob(column)); }

// The number in the first column of the first row; 0 if there is no row.
inline std::int64_t numberOf(storage::Statement& statement) { return statement.step() ? statement.integer(0) : 0; }

}  // namespace blazedb::db
