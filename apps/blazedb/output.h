// What goes to standard output and to stderr, and what it looks like.
//
// A full disk, or a reader that has gone, must not pass for success: each function here throws where stdout no longer
// takes anything. Complaints and progress (progress.h) go to stderr.
#pragma once

#include <string_view>

#include "blazedb/value.h"

namespace blazedb::cli {

// Whoever read stdout has closed it, as `head` does: nothing to complain about, but the end.
struct OutputClosed {};

// All throw OutputClosed, or Error(IoError) for any other failure. Call them from one thread at a time.
void print(std::string_view text);
// For people: what would steer a terminal, in names of files for example, becomes blanks.
void printLine(std::string_view text);
// One line of JSON.
void printJson(const Object& object);
// One line on stderr, as printLine.
void complain(std::string_view what);
// What was printed is on its way when this returns.
void flushOutput();

}  // namespace blazedb::cli
