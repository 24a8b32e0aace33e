#include "group.h"

#include <filesystem>

#include "text.h"

namespace blazedb::cli {

void addPlaceOfGroups(Arguments& arguments, AppGroup& group) {
  arguments.option("--root", "FOLDER", group.root,
                   "the folder that holds the folders of the app groups (default: $XDG_RUNTIME_DIR/blazedb; with "
                   "--unix-group, /run/blazedb)");
  arguments.option("--unix-group", "NAME", group.unixGroup,
                   "for apps of several users: the unix group that all these users are members of");
}

void addGroup(Arguments& arguments, AppGroup& group, const std::string& flag, const std::string& description) {
  arguments.option(flag, "NAME", group.name, description);
  addPlaceOfGroups(arguments, group);
  arguments.list("--program", "PATH", group.executables,
                 "accept only this program at the other end; repeat the option to accept several");
}

std::string optionsOf(const AppGroup& group, const std::string& flag) {
  std::string options = flag.empty() ? "" : " " + flag + " " + quoted(group.name);
  if (!group.root.empty()) options += " --root " + quoted(std::filesystem::absolute(group.root).string());
  if (!group.unixGroup.empty()) options += " --unix-group " + quoted(group.unixGroup);
  return options;
}

void checkGroup(const AppGroup& group) {
  try {
    listSharedDatabases(group);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NoSuchGroup) throw;
  }
}

void requireGroup(const AppGroup& group) {
  if (group.name.empty()) throw UsageError("--group is missing: it names the app group in which the apps meet");
}

}  // namespace blazedb::cli
