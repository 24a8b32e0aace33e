// The folder of an app group: where it is, and whether it is safe to meet there.
//
// A socket in a folder is as trustworthy as whoever can put one there. So the path is walked from / one component at a
// time, each opened relative to the one before with O_NOFOLLOW and looked at through its descriptor: it is a folder, it
// belongs to this user, to root or to a user whom the caller has named, and nobody else may write there. Above the
// group's folder a sticky bit (as /tmp has) is good enough: others can add names beside ours, not take ours away. Once
// that holds for the whole path, nobody else can make the path mean another folder: names in it may be used as paths,
// which bind() and connect() ask for.
//
// What is made has the mode that is meant, whatever the umask; the group's folder and its root, where they are this
// user's, get back the rights that an earlier run has left out.
//
// Rejected: realpath() first and a look afterwards, since it follows the links of whoever has made them.
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
  enum class IfMissing { make, refuse };

  // Looks at the folder, with the errors that cross_app.h names; `refuse`: NoSuchGroup.
  AppGroupFolder(const AppGroup& group, IfMissing ifMissing);

  int fd() const { return folder_.get(); }
  const std::string& path() const { return path_; }
  // What is in it. IoError.
  std::vector<std::string> names() const;
  // The unix group of the members; absent where the apps are those of one user.
  std::optional<gid_t> members() const { return members_; }
  // Where a database of this name is shared. InvalidArgument for a name that cannot be, and for a path that is longer
  // than a socket's may be.
  std::string socketPath(const std::string& database) const;

 private:
  std::string path_;
  std::optional<gid_t> members_;
  base::Descriptor folder_;
};

// With its root as a full path, which stays the same when the process goes to another folder. InvalidArgument.
AppGroup resolved(AppGroup group);

// Of a group, and of what is shared in it: names that are no path and not hidden.
bool isSharedName(const std::string& name);

// See cross_app.h.
std::vector<std::string> appGroupsIn(const std::string& root);

}  // namespace blazedb::topology
