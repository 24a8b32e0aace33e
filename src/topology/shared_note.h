// The notes in the folder of an app group: NAME.json beside NAME.sock says who shares what, and whether he lives.
//
//   byte   | locked by (F_OFD_SETLK, exclusive)
//   -------|----------------------------------------------------------------------------
//   0      | the process that shares the database, for as long as it does
//   1      | whoever is about to take the note or to take it away, for a moment
//
//   content: {"pid": 1234, "program": "notes", "collections": ["notes"], "readOnly": true}
//
// The kernel lets go of a lock when its process ends, however it ends: a note whose byte 0 is free is of a dead one.
// The lock can be asked for without being taken (F_OFD_GETLK), so that who looks is in nobody's way; a read lock, which
// other members of a unix group could take, does not count. Whose note it is says the file's owner, and what it is
// called the file's name. The content is what that process says, no more, and is read with a bound.
//
// Rejected: a temporary file that is renamed, since the lock is on the file and would go with the old one. A note is
// written into its file in one go; one that is half there does not parse, and is looked at again when it has changed.
#pragma once

#include <string>
#include <vector>

#include "blazedb/cross_app.h"
#include "topology/app_group.h"

namespace blazedb::topology {

// The sharer's own note. While it lives nobody else shares a database of this name in the folder.
class SharedNote {
 public:
  // AlreadyExists where somebody shares one; UnsafeFolder where something is in the way that is not ours; IoError.
  SharedNote(AppGroupFolder folder, std::string name);
  // Takes the note away.
  ~SharedNote();
  SharedNote(const SharedNote&) = delete;
  SharedNote& operator=(const SharedNote&) = delete;

  // Says it to everybody: who looks sees the database from here on. IoError.
  void publish(const ExportPolicy& policy);
  // Do others still find it, and the socket beside it? Not where somebody has removed or moved them, or their folder.
  bool isInPlace() const;

 private:
  AppGroupFolder folder_;
  std::string name_;
  base::Descriptor file_;
};

// As listSharedDatabases; what dead processes have left is taken away where that is ours.
std::vector<SharedDatabase> sharedIn(const AppGroupFolder& folder);

}  // namespace blazedb::topology
