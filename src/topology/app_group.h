// The folder of an app group: where it is, and whether it is safe to meet there.
//
// A socket in a folder is as trustworthy as the users who can put one there. So the path is walked from / one component
// at a time. Each is opened relative to the one before, with O_NOFOLLOW, and checked through its descriptor: it is a
// folder, it belongs to this user, to root or to a user whom the caller has named, and no other user may write there.
// Above the group's folder a sticky bit (as /tmp has) is enough: other users can add names beside ours, and cannot
// remove ours. Once that holds for the whole path, no other user can make the path mean another folder. So names in it
// may be used as paths, as bind() and connect() need them.
//
// What is made gets its mode regardless of the umask. The group's folder and its root, if they belong to this user, get
// back the rights that an earlier run has left out.
//
// Rejected: realpath() and a check afterwards. It follows links that other users have made.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "blazedb/cross_app.h"

namespace blazedb::topology {

class AppGroupFolder {
 public:
  enum class IfMissing { make, refuse, accept };

  // Checks the folder. Errors as cross_app.h says; `refuse` adds NoSuchGroup. With `accept` the folder may be missing:
  // what there is of its path is checked, and there is no fd().
  AppGroupFolder(const AppGroup& group, IfMissing ifMissing);

  int fd() const { return folder_.get(); }
  const std::string& path() const { return path_; }
  // The names in it. Throws IoError.
  std::vector<std::string> names() const;
  // The unix group of the members; absent if the apps are those of one user.
  std::optional<gid_t> members() const { return members_; }
  // Where a database of this name is shared. Throws InvalidArgument for a name that breaks the rule, or a path that is
  // too long for a socket.
  std::string socketPath(const std::string& database) const;

 private:
  std::string path_;
  std::optional<gid_t> members_;
  base::Descriptor folder_;
};

// Returns the group with its root as a full path, which the working folder does not change. Throws InvalidArgument.
AppGroup resolved(AppGroup group);

// Checks the name of a group, or of what is shared in it: no path, and not hidden.
bool isSharedName(const std::string& name);

// See cross_app.h.
std::vector<std::string> appGroupsIn(const std::string& root);

}  // namespace blazedb::topology
