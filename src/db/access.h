// What lies behind a Database handle. The layers above go through here, and know no more of db.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "blazedb/database.h"
#include "replica/replica.h"

namespace blazedb::db {

struct Access {
  // Keeps the database open, as the handle does.
  static std::shared_ptr<replica::Replica> replicaOf(const Database& database);
  // A secret that only a process which could open the file knows. Valid for as long as the database is open.
  static base::ByteView controlKeyOf(const Database& database);
  static Engine& engineOf(const Database& database);
};

}  // namespace blazedb::db
