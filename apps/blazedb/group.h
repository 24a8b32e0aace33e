// The options that name an app group.
#pragma once

#include <string>

#include "arguments.h"
#include "blazedb/cross_app.h"

namespace blazedb::cli {

// --root and --unix-group.
void addPlaceOfGroups(Arguments& arguments, AppGroup& group);
// These two, --program, and `flag` for the name.
void addGroup(Arguments& arguments, AppGroup& group, const std::string& flag = "--group",
              const std::string& description = "the app group, for example group.com.yourapp.blazedb");
// The options with which another command names the same group: " --group NAME", and where it is if that was given;
// without a flag only the latter.
std::string optionsOf(const AppGroup& group, const std::string& flag = "--group");
// Throws what sharing in the group would throw if its name is none or its folder is not safe.
void checkGroup(const AppGroup& group);
// Throws UsageError if --group was not given.
void requireGroup(const AppGroup& group);

}  // namespace blazedb::cli
