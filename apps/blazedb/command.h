// The commands. Each command has a file in commands/ with the command's name.
//
// A `declare` function declares its command's arguments to `arguments` and returns the function that runs the command
// after parsing. That function returns the exit status, or throws. The two share the variables that parsing fills in.
#pragma once

#include <functional>

#include "arguments.h"

namespace blazedb::cli {

enum ExitStatus : int { kFine = 0, kFailed = 1, kWrongUsage = 2 };

using Run = std::function<int()>;

Run declareAttach(Arguments& arguments);
Run declareBackup(Arguments& arguments);
Run declareConflicts(Arguments& arguments);
Run declareRejected(Arguments& arguments);
Run declareCount(Arguments& arguments);
Run declareCreate(Arguments& arguments);
Run declareDelete(Arguments& arguments);
Run declareDemo(Arguments& arguments);
Run declareDiff(Arguments& arguments);
Run declareExport(Arguments& arguments);
Run declareGet(Arguments& arguments);
Run declareGroups(Arguments& arguments);
Run declareImport(Arguments& arguments);
Run declareIndex(Arguments& arguments);
Run declareInfo(Arguments& arguments);
Run declareInsert(Arguments& arguments);
Run declarePasswd(Arguments& arguments);
Run declareQuery(Arguments& arguments);
Run declareRelease(Arguments& arguments);
Run declareRemoved(Arguments& arguments);
Run declareRenew(Arguments& arguments);
Run declareRestamp(Arguments& arguments);
Run declareServe(Arguments& arguments);
Run declareRls(Arguments& arguments);
Run declareSet(Arguments& arguments);
Run declareShell(Arguments& arguments);
Run declareShare(Arguments& arguments);
Run declareStop(Arguments& arguments);
Run declareSync(Arguments& arguments);
Run declareTeam(Arguments& arguments);
Run declareToken(Arguments& arguments);
Run declareUpdate(Arguments& arguments);
Run declareUser(Arguments& arguments);
Run declareVerify(Arguments& arguments);
Run declareWatch(Arguments& arguments);

}  // namespace blazedb::cli
