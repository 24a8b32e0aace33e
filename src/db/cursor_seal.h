// Seals the places of readers in this feed, so that a reader cannot see its positions (sync/cursor.h).
//
// A sealed place is three positions of 8 bytes each, encrypted, then nonce and tag. It is bound to the feed's owner, to
// the reader and to the incarnation. The file has the key: in a copy that was put back a place opens, and the
// incarnation says how far it holds. The key is random, and is made when the first place is sealed. If a power cut
// takes it away, no place opens, and the readers start over. Thread-safe.
#pragma once

#include <optional>

#include "base/mutex.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"
#include "sync/cursor.h"

namespace blazedb::db {

class CursorSeal {
 public:
  CursorSeal(GroupCommit& writer, ReaderPool& readers, base::Random& random)
      : writer_(writer), readers_(readers), random_(random) {}

  // Throws what a write throws.
  sync::SealedPlace seal(const sync::Cursor& cursor, const UUID& owner, const UUID& reader);
  // The cursor whose place was sealed for these two, in the incarnation that `cursor` names; std::nullopt if `cursor`
  // has no such place.
  std::optional<sync::Cursor> open(const sync::Cursor& cursor, const UUID& owner, const UUID& reader);

 private:
  // Returns false if the file has no key, and none is to be made.
  bool haveKey(bool make);

  GroupCommit& writer_;
  ReaderPool& readers_;
  base::Random& random_;
  base::Mutex mutex_;
  std::optional<crypto::Aead> aead_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::db
