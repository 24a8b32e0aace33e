// Is every record of a database as it should be? (Database::verify)
#pragma once

#include "blazedb/database.h"
#include "db/tables.h"

namespace blazedb::db {

// Decodes every record, and adds what is wrong to `report`. On one snapshot. Throws Cancelled where `progress` says so.
void verifyRecords(ReadTables& tables, const Progress& progress, VerifyReport& report);

}  // namespace blazedb::db
