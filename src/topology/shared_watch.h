// Tells what happens in the folder of an app group: a database is shared there, or no longer is, even if its process
// was killed.
//
// inotify says that something has happened in the folder, and the notes (shared_note.h) say what. When a process ends,
// the kernel closes its files, which is an event, and then releases its locks, which is none. So a look right after a
// close may come too early. A few more looks follow, at growing intervals, for two seconds. Without an event there is
// no look, unless the folder has gone and cannot be made.
#pragma once

#include <functional>
#include <vector>

#include "blazedb/cross_app.h"

namespace blazedb::topology {

// Calls `look` at once, and after each event in the group's folder, on a thread of its own. Makes the folder if there
// is none. Throws Error, as AppGroupFolder.
Subscription watchGroup(AppGroup group, std::function<void()> look);

// As watchSharedDatabases.
Subscription watchShared(const AppGroup& group, std::function<void(const std::vector<SharedDatabase>&)> listener);

}  // namespace blazedb::topology
