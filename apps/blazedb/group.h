// The options that say which app group is meant.
#pragma once

#include "arguments.h"
#include "blazedb/cross_app.h"

namespace blazedb::cli {

// --root and --unix-group.
void addPlaceOfGroups(Arguments& arguments, AppGroup& group);
// These, --group and --program.
void addGroup(Arguments& arguments, AppGroup& group);
// UsageError where --group was not given.
void requireGroup(const AppGroup& group);

}  // namespace blazedb::cli
