// The notes in the folder of an app group: NAME.json beside NAME.sock says which process shares what, and whether it
// lives.
//
//   byte   | locked by (F_OFD_SETLK, exclusive)
//   -------|----------------------------------------------------------------------------
//   0      | the process that shares the database, for as long as it does
//   1      | a process that is about to take the note or to remove it, for a moment
//
//   content: {"pid": 1234, "program": "notes", "collections": ["notes"], "readOnly": true}
//
// The kernel releases a lock when its process ends, in whatever way. So a note whose byte 0 is free is that of a dead
// process. A reader asks for the lock without taking it (F_OFD_GETLK) and disturbs no other process; a read lock, which
// other members of a unix group could take, does not count. The file's owner says whose note it is, and the file's name
// says what is shared. The content is only what that process claims, and is read with a bound.
//
// Rejected: a temporary file that is renamed. The lock is on the file, and would go with the old one. A note is written
// into its file in one go. A note that is incomplete does not parse, and is read again when it has changed.
#pragma once

#include <string>
#include <vector>

#include "blazedb/cross_app.h"
#include "topology/app_group.h"

namespace blazedb::topology {

// The sharer's own note. While it lives, no other process shares a database of this name in the folder.
class SharedNote {
 public:
  // Throws AlreadyExists (another process shares one), UnsafeFolder (something of another user is in the way), IoError.
  SharedNote(AppGroupFolder folder, std::string name);
  // Removes the note.
  ~SharedNote();
  SharedNote(const SharedNote&) = delete;
  SharedNote& operator=(const SharedNote&) = delete;

  // Publishes it: from here on, other processes see the database. Throws IoError.
  void publish(const ExportPolicy& policy);
  // Whether other processes still find it, and the socket beside it; not if one of them, or the folder, was removed or
  // moved.
  bool isInPlace() const;

 private:
  AppGroupFolder folder_;
  std::string name_;
  base::Descriptor file_;
};

// As listSharedDatabases. Removes what dead processes of this user have left.
std::vector<SharedDatabase> sharedIn(const AppGroupFolder& folder);

}  // namespace blazedb::topology
