// A file that is there when it is complete, and of which nothing is left when its maker dies.
//
// It has no name while it is written (O_TMPFILE), so that the system takes it away with the process. Some file systems
// have no such files, or cannot give them a name later (FAT has no links): there it is called TARGET-new-X, X random,
// and locked (flock) while it is made; whoever makes a file for the same target later removes those that nobody locks.
//
// Functions give 0, or an errno. For one thread at a time.
#pragma once

#include <string>

#include "base/descriptor.h"

namespace blazedb::base {

class NewFile {
 public:
  // An empty file, mode 0600, in the folder of `target`. errno tells why there is none: see good().
  explicit NewFile(std::string target);
  // Without publish() or replace() nothing remains.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool good() const { return static_cast<bool>(file_); }
  int descriptor() const { return file_.get(); }

  // Gives it the name of the target. EEXIST, and nothing changes, where there is one; EOPNOTSUPP where the file system
  // can neither link nor rename without replacing. To be synced before, and the folder after.
  [[nodiscard]] int publish();
  // As publish(), but takes the place of what is there.
  [[nodiscard]] int replace();

 private:
  // What names it: in /proc while it has no name.
  std::string path() const;
  void named();

  std::string target_;
  std::string name_;  // of one that has a name
  Descriptor file_;
};

// Gives the file at `from` the name `to`, atomically; EEXIST, and nothing changes, where `to` is taken; EOPNOTSUPP as
// above.
[[nodiscard]] int renameNew(const std::string& from, const std::string& to);

// "." for a path without one.
std::string folderOf(const std::string& path);

}  // namespace blazedb::base
