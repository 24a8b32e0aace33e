#include "db/cursor_seal.h"

#include "base/bytes.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kPlainBytes = 24;
static_assert(kPlainBytes + crypto::kSealBytes == sync::kSealedPlaceBytes);

base::Bytes boundTo(const UUID& owner, const UUID& reader, std::uint64_t incarnation) {
  base::Bytes bound;
  base::append(bound, base::viewOf("cursor"));
  base::append(bound, owner.bytes);
  base::append(bound, reader.bytes);
  base::appendFixed64(bound, incarnation);
  return bound;
}

}  // namespace

bool CursorSeal::haveKey(bool make) {
  {
    base::Lock lock(mutex_);
    if (aead_) return true;
  }
  std::optional<base::Bytes> key = readers_.lease()->meta(kCursorKey);
  if (!key && !make) return false;
  if (!key) {
    GroupCommit::Alone alone(writer_);
    alone.note(Durability::normal, [&](WriteTables& tables) {
      key = tables.meta(kCursorKey);
      if (key) return;
      key.emplace(crypto::kKeyBytes);
      random_.fill(*key);
      tables.setMeta(kCursorKey, *key);
    });
  }
  base::Lock lock(mutex_);
  if (!aead_) aead_.emplace(crypto::Cipher::xchacha20Poly1305, *key, random_);
  return true;
}

sync::SealedPlace CursorSeal::seal(const sync::Cursor& cursor, const UUID& owner, const UUID& reader) {
  haveKey(true);
  base::Bytes plain;
  for (std::uint64_t position : {cursor.position, cursor.complete, cursor.reach}) base::appendFixed64(plain, position);
  sync::SealedPlace place;
  base::Lock lock(mutex_);
  aead_->seal(place.data(), plain, boundTo(owner, reader, cursor.incarnation), place.data() + kPlainBytes);
  return place;
}

std::optional<sync::Cursor> CursorSeal::open(const sync::Cursor& cursor, const UUID& owner, const UUID& reader) {
  if (!cursor.place || !haveKey(false)) return std::nullopt;
  base::ByteView sealed = base::ByteView(*cursor.place).first(kPlainBytes);
  base::Bytes plain(kPlainBytes);
  {
    base::Lock lock(mutex_);
    base::Bytes bound = boundTo(owner, reader, cursor.incarnation);
    if (!aead_->open(plain.data(), sealed, bound, cursor.place->data() + kPlainBytes)) return std::nullopt;
  }
  base::Reader in(plain);
  sync::Cursor opened{cursor.incarnation};
  opened.position = in.fixed64();
  opened.complete = in.fixed64();
  opened.reach = in.fixed64();
  return opened;
}

}  // namespace blazedb::db
