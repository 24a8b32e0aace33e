#include "link/failure.h"

#include <new>
#include <string>

#include "blazedb/error.h"

namespace blazedb::link {

sync::Bye failureOf(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error))
    return {ErrorCode::OutOfMemory, "there is not enough memory for this; free some"};
  std::string what = error.what();
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (!ours) return {ErrorCode::IoError, what};
  // Without the name of the code, which the Bye has as a number.
  std::size_t colon = what.find(": ");
  return {ours->code(), colon == std::string::npos ? what : what.substr(colon + 2)};
}

}  // namespace blazedb::link
