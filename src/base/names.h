// Names of collections, databases and nodes: 1 to 128 of [A-Za-z0-9_.-], which paths, URLs and shells take unquoted.
#pragma once

#include <string_view>

#include "base/limits.h"
#include "blazedb/error.h"

namespace blazedb::base {

inline bool isName(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  for (char c : text) {
    bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!fine) return false;
  }
  return true;
}

// Throws Error(code) if `text` is not a name. `what` is for the message: "collection", "database".
void requireName(std::string_view text, const char* what, ErrorCode code = ErrorCode::InvalidArgument);

// Throws Error(code) if `text` cannot be the name of a field.
void requireFieldName(std::string_view text, ErrorCode code = ErrorCode::InvalidPolicy);

}  // namespace blazedb::base
