// NewFile: a file that appears when it is complete, and of which nothing remains if its maker dies.
//
// It has no name while it is written (O_TMPFILE), so the system removes it with the process. Some file systems have no
// such files, or cannot name them later (FAT has no links). There the file is called TARGET-new-X, with a random X, and
// locked (flock) while it is made. The next NewFile for the same target removes such files that are not locked.
//
// Functions return 0 or an errno. Not thread-safe.
#pragma once

#include <string>

#include "base/descriptor.h"

namespace blazedb::base {

class NewFile {
 public:
  // Makes an empty file, mode 0600, in the folder of `target`. If that fails, good() is false and errno says why.
  explicit NewFile(std::string target);
  // Without publish() or replace() nothing remains of the file.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool good() const { return static_cast<bool>(file_); }
  int descriptor() const { return file_.get(); }

  // Gives the file the name of the target. If there is one already, changes nothing and returns EEXIST. EOPNOTSUPP if
  // the file system can neither link nor rename without replacing. Sync the file before, and its folder after.
  [[nodiscard]] int publish();
  // As publish(), but replaces a file that is there.
  [[nodiscard]] int replace();

 private:
  // A path to the file: in /proc while it has no name.
  std::string path() const;
  void named();

  std::string target_;
  std::string name_;  // its temporary name, if it has one
  Descriptor file_;
};

// Renames `from` to `to`, atomically. If `to` is taken, changes nothing and returns EEXIST. EOPNOTSUPP as publish().
[[nodiscard]] int renameNew(const std::string& from, const std::string& to);

// The folder of a path; "." for a path without one.
std::string folderOf(const std::string& path);

}  // namespace blazedb::base
