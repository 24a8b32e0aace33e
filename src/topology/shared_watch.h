// Tells when a database is shared in an app group, or no longer is: also when its process was killed.
//
// inotify says that something has happened in the folder; what, is seen by a look at the notes (shared_note.h). When a
// process ends, its files are closed, which is an event, and then its locks are let go, which is none: so a look right
// after a close may come too early, and a few more follow it, further and further apart, for two seconds. Without an
// event nobody looks.
#pragma once

#include <functional>
#include <vector>

#include "blazedb/cross_app.h"

namespace blazedb::topology {

// As watchSharedDatabases.
Subscription watchShared(AppGroup group, std::function<void(const std::vector<SharedDatabase>&)> listener);

}  // namespace blazedb::topology
