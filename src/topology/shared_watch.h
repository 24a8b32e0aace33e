// Tells what happens in the folder of an app group, as when a database is shared there, or no longer is: also when its
// process was killed.
//
// inotify says that something has happened in the folder; what, is seen by a look at the notes (shared_note.h). When a
// process ends, its files are closed, which is an event, and then its locks are let go, which is none: so a look right
// after a close may come too early, and a few more follow it, further and further apart, for two seconds. Without an
// event nobody looks, except for a folder that has gone and cannot be made.
#pragma once

#include <functional>
#include <vector>

#include "blazedb/cross_app.h"

namespace blazedb::topology {

// `look` is called at once, and after whatever has happened in the group's folder, on a thread of its own. The folder
// is made where there is none. Throws Error, as AppGroupFolder.
Subscription watchGroup(AppGroup group, std::function<void()> look);

// As watchSharedDatabases.
Subscription watchShared(const AppGroup& group, std::function<void(const std::vector<SharedDatabase>&)> listener);

}  // namespace blazedb::topology
