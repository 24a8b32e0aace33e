#include "blazedb/error.h"

namespace blazedb {

std::string_view errorName(ErrorCode code) {
  switch (code) {
#define BLAZEDB_ERROR_NAME(name, number) \
  case ErrorCode::name:                  \
    return #name;
    BLAZEDB_ERROR_CODES(BLAZEDB_ERROR_NAME)
#undef BLAZEDB_ERROR_NAME
  }
  return "Unknown";
}

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(std::string(errorName(code)) + ": " + message), code_(code) {}

}  // namespace blazedb
