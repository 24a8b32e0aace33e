// One line of a digest: the number of live records of a collection, and the sum of their hashes.
#pragma once

#include <cstdint>
#include <string>

#include "sync/record_state.h"

namespace blazedb::sync {

struct DigestLine {
  std::string collection;
  std::uint64_t live = 0;
  Digest digest;
  friend bool operator==(const DigestLine&, const DigestLine&) = default;
};

}  // namespace blazedb::sync
