#include "topology/app_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"

namespace blazedb::topology {
namespace {

constexpr std::size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr const char* kNameRule = ": 1 to 128 of A-Z a-z 0-9 _ . -, not beginning with a point";
constexpr mode_t kForMembers = S_ISGID | S_ISVTX | 0770;  // files belong to the group, and are removed by their owners

gid_t unixGroupNamed(const std::string& name) {
  std::vector<char> buffer(64u << 10);
  group entry{}, *found = nullptr;
  if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found)
    throw Error(ErrorCode::InvalidArgument, "there is no unix group '" + name + "' on this machine");
  return found->gr_gid;
}

std::string defaultRoot(const AppGroup& group) {
  if (!group.unixGroup.empty()) return "/run/blazedb";
  // Its specification says that a path that is not absolute is ignored: each app would have a folder of its own.
  if (const char* folder = secure_getenv("XDG_RUNTIME_DIR"); folder && *folder == '/')
    return std::string(folder) + "/blazedb";
  std::string folder = "/run/user/" + std::to_string(geteuid());
  if (access(folder.c_str(), F_OK) == 0) return folder + "/blazedb";
  throw Error(ErrorCode::InvalidArgument,
              "this session has no folder for sockets: XDG_RUNTIME_DIR is not set to a full path, and there is no " +
                  folder + "; give the app group a root, as /tmp/blazedb-" + std::to_string(geteuid()) + " (--root)");
}

std::filesystem::path rootOf(const AppGroup& group) {
  std::filesystem::path root =
      std::filesystem::absolute(group.root.empty() ? defaultRoot(group) : group.root).lexically_normal();
  return root.has_filename() ? root : root.parent_path();
}

[[noreturn]] void unsafe(const std::string& path, const std::string& what, const std::string& mend) {
  throw Error(ErrorCode::UnsafeFolder, path + " is not a safe place for apps to meet: " + what + "; " + mend);
}

// Goes down a path, and looks at each folder of it.
class Walk {
 public:
  Walk(const AppGroup& group, std::optional<gid_t> members, AppGroupFolder::IfMissing ifMissing)
      : group_(group), members_(members), ifMissing_(ifMissing), here_(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

  // Returns false if there is no such folder and it must not be made. `isOurs`: it is the group's folder or its root.
  bool enter(const std::string& name, bool isLast, bool isOurs) {
    std::string above = path_;
    path_ += "/" + name;
    base::Descriptor next = openBelow(name);
    if (!next && errno == ENOENT) {
      if (ifMissing_ != AppGroupFolder::IfMissing::make) return false;
      make(name, isLast);
      next = openBelow(name);
    }
    if (!next) refuse(name, errno, above);
    base::Descriptor parent = std::exchange(here_, std::move(next));
    struct stat is = look(isLast);
    // A process with an unusual umask may have left it so.
    if (isOurs && is.st_uid == geteuid() && (is.st_mode & 0700) != 0700)
      setMode(parent, name, (is.st_mode & 07777) | 0700);
    return true;
  }

  // Opens the folder that was entered last, for reading.
  base::Descriptor opened() const {
    base::Descriptor folder(openat(here_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) return folder;
    throw Error(errno == EACCES ? ErrorCode::NotAllowed : ErrorCode::IoError,
                "cannot open " + path_ + ": " + std::strerror(errno) +
                    (members_ ? "; its apps run as members of the unix group '" + group_.unixGroup +
                                    "', so it needs the mode 3770: chmod 3770 " + path_
                              : ""));
  }

 private:
  base::Descriptor openBelow(const std::string& name) const {
    return base::Descriptor(openat(here_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }

  // For a folder in `parent`, where no other user can put another one in its place.
  void setMode(const base::Descriptor& parent, const std::string& name, mode_t mode) const {
    if (fchmodat(parent.get(), name.c_str(), mode, 0) != 0)
      throw Error(ErrorCode::IoError, "cannot change the mode of " + path_ + ": " + std::strerror(errno));
  }

  // The mode is the one that is meant, whatever the umask.
  void make(const std::string& name, bool isLast) const {
    bool forMembers = members_ && isLast;
    // Folders above one of several users have to let them through.
    mode_t mode = members_ && !isLast ? 0755 : 0700;
    if (mkdirat(here_.get(), name.c_str(), mode) == 0) {
      setMode(here_, name, mode);
    } else if (errno != EEXIST) {
      int error = errno;
      throw Error(error == EACCES || error == EPERM ? ErrorCode::NotAllowed : ErrorCode::IoError,
                  "cannot make " + path_ + ": " + std::strerror(error) +
                      (members_ ? "; root makes it with: install -d -m 3770 -g " + group_.unixGroup + " " +
                                      (rootOf(group_) / group_.name).string()
                                : ""));
    }
    if (!forMembers) return;
    base::Descriptor made(openat(here_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made || fchown(made.get(), static_cast<uid_t>(-1), *members_) != 0 || fchmod(made.get(), kForMembers) != 0) {
      int error = errno;
      unlinkat(here_.get(), name.c_str(), AT_REMOVEDIR);
      throw Error(ErrorCode::NotAllowed, "cannot give " + path_ + " to the unix group '" + group_.unixGroup +
                                             "': " + std::strerror(error) + "; its apps run as members of it");
    }
  }

  [[noreturn]] void refuse(const std::string& name, int error, const std::string& above) const {
    struct stat is {};
    bool isThere = fstatat(here_.get(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0;
    if (isThere && S_ISLNK(is.st_mode))
      unsafe(path_, "it is a symbolic link", "remove it (rm " + path_ + ") or give the root that realpath prints");
    if (isThere && !S_ISDIR(is.st_mode)) unsafe(path_, "it is no folder", "remove it: rm " + path_);
    throw Error(error == EACCES ? ErrorCode::NotAllowed : ErrorCode::IoError,
                "cannot open " + path_ + ": " + std::strerror(error) +
                    (error == EACCES ? "; its owner lets others through with: chmod a+x " + above : ""));
  }

  struct stat look(bool isLast) const {
    struct stat is {};
    if (fstat(here_.get(), &is) != 0)
      throw Error(ErrorCode::IoError, "cannot look at " + path_ + ": " + std::strerror(errno));
    bool isTrusted = is.st_uid == 0 || is.st_uid == geteuid() ||
                     std::find(group_.users.begin(), group_.users.end(), is.st_uid) != group_.users.end();
    if (!isTrusted)
      unsafe(path_, "it belongs to another user (uid " + std::to_string(is.st_uid) + ")",
             isLast ? "have it removed, with all that is in it: sudo rm -r " + path_ : "choose another root (--root)");
    bool isSticky = !isLast && (is.st_mode & S_ISVTX);
    if ((is.st_mode & S_IWOTH) && !isSticky)
      unsafe(path_, "everybody may write there", "end that with: chmod o-w " + path_);
    if ((is.st_mode & S_IWGRP) && !isSticky && is.st_gid != members_)
      unsafe(path_, "another unix group (gid " + std::to_string(is.st_gid) + ") may write there",
             "end that with: chmod g-w " + path_);
    return is;
  }

  const AppGroup& group_;
  std::optional<gid_t> members_;
  AppGroupFolder::IfMissing ifMissing_;
  base::Descriptor here_;
  std::string path_;
};

std::vector<std::string> namesIn(const base::Descriptor& folder, const std::string& path) {
  auto close = [](DIR* open) { closedir(open); };
  std::unique_ptr<DIR, decltype(close)> open(fdopendir(openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!open) throw Error(ErrorCode::IoError, "cannot read " + path + ": " + std::strerror(errno));
  std::vector<std::string> names;
  while (const dirent* entry = readdir(open.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

bool isSharedName(const std::string& name) { return base::isName(name) && name[0] != '.'; }

AppGroupFolder::AppGroupFolder(const AppGroup& group, IfMissing ifMissing) {
  if (!isSharedName(group.name))
    throw Error(ErrorCode::InvalidArgument, "'" + group.name + "' is not the name of an app group" + kNameRule);
  if (!group.unixGroup.empty()) members_ = unixGroupNamed(group.unixGroup);
  std::filesystem::path path = rootOf(group) / group.name;
  path_ = path.string();
  Walk walk(group, members_, ifMissing);
  auto ours = std::prev(path.end(), 2);  // the root
  for (auto part = std::next(path.begin()); part != path.end(); ++part)
    if (!walk.enter(part->string(), std::next(part) == path.end(), part == ours || std::next(part) == path.end())) {
      if (ifMissing == IfMissing::accept) return;
      throw Error(ErrorCode::NoSuchGroup, "there is no app group '" + group.name + "': no app has made " + path_ +
                                              " yet; see to the name and the root");
    }
  folder_ = walk.opened();
  struct stat is {};
  if (!members_ || fstat(folder_.get(), &is) != 0) return;
  if (is.st_gid == *members_ && (is.st_mode & (S_ISGID | 0070)) == (S_ISGID | 0070)) return;
  bool mended = is.st_uid == geteuid() && is.st_gid == *members_ && fchmod(folder_.get(), kForMembers) == 0;
  if (!mended)
    unsafe(path_, "the members of '" + group.unixGroup + "' cannot meet there",
           "give it to them with: chgrp " + group.unixGroup + " " + path_ + " && chmod 3770 " + path_);
}

std::vector<std::string> AppGroupFolder::names() const { return namesIn(folder_, path_); }

std::string AppGroupFolder::socketPath(const std::string& database) const {
  if (!isSharedName(database))
    throw Error(ErrorCode::InvalidArgument, "'" + database + "' is not the name of a shared database" + kNameRule);
  std::string path = path_ + "/" + database + ".sock";
  if (path.size() > kSocketPathBytesMax)
    throw Error(ErrorCode::InvalidArgument, "the path of a socket has at most " + std::to_string(kSocketPathBytesMax) +
                                                " bytes, and " + path + " has " + std::to_string(path.size()) +
                                                "; give the app group a shorter name, or a shorter root (--root)");
  return path;
}

AppGroup resolved(AppGroup group) {
  group.root = rootOf(group).string();
  return group;
}

std::vector<std::string> appGroupsIn(const std::string& root) {
  AppGroup group("groups");
  group.root = root;
  std::filesystem::path path = rootOf(group);
  Walk walk(group, std::nullopt, AppGroupFolder::IfMissing::refuse);
  for (auto part = std::next(path.begin()); part != path.end(); ++part)
    if (!walk.enter(part->string(), false, std::next(part) == path.end()))
      throw Error(ErrorCode::NotFound, "there are no app groups: no app has made " + path.string() + " yet");
  base::Descriptor opened = walk.opened();
  std::vector<std::string> names;
  for (std::string& name : namesIn(opened, path.string())) {
    struct stat is {};
    if (isSharedName(name) && fstatat(opened.get(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(is.st_mode))
      names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace blazedb::topology
