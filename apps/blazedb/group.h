// The options that name an app group.
#pragma once

#include "arguments.h"
#include "blazedb/cross_app.h"

namespace blazedb::cli {

// --root and --unix-group.
void addPlaceOfGroups(Arguments& arguments, AppGroup& group);
// These two, --group and --program.
void addGroup(Arguments& arguments, AppGroup& group);
// Throws UsageError if --group was not given.
void requireGroup(const AppGroup& group);

}  // namespace blazedb::cli
