// Output to stdout and stderr.
//
// A full disk, or a reader that has gone, must not pass for success: the functions that print throw if stdout takes no
// more. Errors and progress (progress.h) go to stderr.
#pragma once

#include <string_view>

#include "blazedb/value.h"

namespace blazedb::cli {

// The reader of stdout has closed it, as `head` does. The command ends, without a message.
struct OutputClosed {};

// All but complain() throw OutputClosed, or Error(IoError) for any other failure. Call them from one thread at a time.
void print(std::string_view text);
// For people: replaces characters that would control a terminal, for example in file names, by blanks.
void printLine(std::string_view text);
// One line of JSON.
void printJson(const Object& object);
// Prints one line to stderr, cleaned as by printLine(). Ignores failures of stderr.
void complain(std::string_view what);
// Passes everything printed so far on to the reader.
void flushOutput();

}  // namespace blazedb::cli
