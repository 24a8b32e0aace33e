// The incarnations of this feed (replica/rows.h): one for each opening of the file that wrote, or spoke to a peer.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "db/tables.h"
#include "sync/cursor.h"

namespace blazedb::db {

// Thread-safe.
class Incarnations {
 public:
  void load(ReadTables& tables) {
    base::Lock lock(mutex_);
    chain_ = tables.incarnations();
  }
  // The next add() takes no memory.
  void makeRoom() {
    base::Lock lock(mutex_);
    chain_.reserve(chain_.size() + 1);
  }
  void add(const Incarnation& incarnation) {
    base::Lock lock(mutex_);
    chain_.push_back(incarnation);
  }
  // The id of the present one; 0 before the first.
  std::uint64_t latest() const {
    base::Lock lock(mutex_);
    return chain_.empty() ? 0 : chain_.back().id;
  }
  std::vector<Incarnation> all() const {
    base::Lock lock(mutex_);
    return chain_;
  }

  // Translates a peer's cursor into one of the present incarnation, as Store::resolve says: what an earlier one wrote
  // beyond its end is lost.
  sync::Cursor resolve(const sync::Cursor& cursor, std::uint64_t feedEnd) const;

 private:
  mutable base::Mutex mutex_;
  std::vector<Incarnation> chain_ GUARDED_BY(mutex_);
};

// All but the first `inherited` and the last, each with the first position of the next one.
std::map<std::uint64_t, std::uint64_t> formerOf(const std::vector<Incarnation>& chain, std::size_t inherited);

}  // namespace blazedb::db
