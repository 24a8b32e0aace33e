#include "group.h"

namespace blazedb::cli {

void addPlaceOfGroups(Arguments& arguments, AppGroup& group) {
  arguments.option("--root", "FOLDER", group.root,
                   "where the folders of app groups are (default: $XDG_RUNTIME_DIR/blazedb; with --unix-group, "
                   "/run/blazedb)");
  arguments.option("--unix-group", "NAME", group.unixGroup, "for apps of several users, who are members of this group");
}

void addGroup(Arguments& arguments, AppGroup& group) {
  arguments.option("--group", "NAME", group.name, "the app group, for instance group.com.yourapp.blazedb");
  addPlaceOfGroups(arguments, group);
  arguments.list("--program", "PATH", group.executables,
                 "the program at the other end has to be this one; several times where several may");
}

void requireGroup(const AppGroup& group) {
  if (group.name.empty()) throw UsageError("--group is missing: the app group in which the apps meet");
}

}  // namespace blazedb::cli
