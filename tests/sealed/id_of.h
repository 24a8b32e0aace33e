// What the tests of sealed bytes share.
#pragma once

#include <cstdint>

#include "blazedb/uuid.h"

namespace blazedb::sealed {

inline UUID idOf(std::uint8_t n) {
  UUID id;
  id.bytes.fill(n);
  return id;
}

}  // namespace blazedb::sealed
