#include "output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "blazedb/error.h"
#include "codec/json.h"
#include "codec/text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

[[noreturn]] void fail() {
  if (errno == EPIPE) throw OutputClosed();
  throw Error(ErrorCode::IoError, std::string("cannot write to standard output: ") + std::strerror(errno));
}

}  // namespace

void print(std::string_view text) {
  if (visitor()) {
    if (!visitor()->print(text)) throw OutputClosed();
    return;
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail();
}

void printLine(std::string_view text) {
  print(codec::onOneLine(std::string(text)));
  print("\n");
}

void printJson(const Object& object) { print(codec::valueToJson(Value(object)) + "\n"); }

void complain(std::string_view what) {
  std::string line = "blazedb: " + codec::onOneLine(std::string(what)) + "\n";
  if (visitor())
    visitor()->complain(line);
  else
    std::fputs(line.c_str(), stderr);
}

void flushOutput() {
  if (visitor()) {
    if (!visitor()->flush()) throw OutputClosed();
    return;
  }
  if (std::fflush(stdout) != 0) fail();
}

}  // namespace blazedb::cli
