#include "db/incarnations.h"

#include <algorithm>

namespace blazedb::db {

sync::Cursor Incarnations::resolve(const sync::Cursor& cursor, std::uint64_t feedEnd) const {
  base::Lock lock(mutex_);
  for (std::size_t i = 0; i < chain_.size(); i++) {
    if (chain_[i].id != cursor.incarnation) continue;
    std::uint64_t end = i + 1 < chain_.size() ? chain_[i + 1].first - 1 : feedEnd;
    std::uint64_t complete = std::min(cursor.complete, end);
    if (cursor.reach > end) return {cursor.incarnation, complete, complete, complete};
    return {cursor.incarnation, cursor.position, complete, cursor.reach};
  }
  return {};
}

std::map<std::uint64_t, std::uint64_t> formerOf(const std::vector<Incarnation>& chain, std::size_t inherited) {
  std::map<std::uint64_t, std::uint64_t> former;
  for (std::size_t i = inherited; i + 1 < chain.size(); i++) former.emplace(chain[i].id, chain[i + 1].first);
  return former;
}

}  // namespace blazedb::db
