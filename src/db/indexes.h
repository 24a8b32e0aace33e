// All indexes of a file.
#pragma once

#include <memory>
#include <vector>

#include "db/index.h"
#include "db/text_index.h"

namespace blazedb::db {

// Immutable once it is shared.
struct Indexes {
  std::vector<std::shared_ptr<const Index>> sorted;
  std::vector<std::shared_ptr<const TextIndex>> texts;

  // Calls `use` with each of both kinds.
  template <class Use>
  void each(Use&& use) const {
    for (const auto& index : sorted) use(*index);
    for (const auto& index : texts) use(*index);
  }
};

}  // namespace blazedb::db
