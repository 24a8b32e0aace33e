// What goes to standard output, and what it looks like.
//
// A full disk, or a reader that has gone, must not pass for success: each function here throws where stdout no longer
// takes anything. Errors and progress go to stderr (main.cc, progress.h).
#pragma once

#include <string_view>

#include "blazedb/value.h"

namespace blazedb::cli {

// Whoever read stdout has closed it, as `head` does: nothing to complain about, but the end.
struct OutputClosed {};

// All throw OutputClosed, or Error(IoError) for any other failure. Call them from one thread at a time.
void print(std::string_view text);
void printLine(std::string_view text);
// One line of JSON.
void printJson(const Object& object);
// What was printed is on its way when this returns.
void flushOutput();

}  // namespace blazedb::cli
