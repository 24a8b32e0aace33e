#include "base/names.h"

namespace blazedb::base {

void requireName(std::string_view text, const char* what, ErrorCode code) {
  if (!isName(text))
    throw Error(code, "'" + std::string(text) + "' is no name of " +
                          (what == std::string_view("index") ? "an " : "a ") + what +
                          ": 1 to 128 of A-Z a-z 0-9 _ . -");
}

void requireFieldName(std::string_view text, ErrorCode code) {
  if (text.empty() || text.size() > kFieldNameBytesMax)
    throw Error(code, "'" + std::string(text) + "' is not the name of a field: 1 to 128 bytes");
}

}  // namespace blazedb::base
