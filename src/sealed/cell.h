// What a hub that cannot read stores of a field, and of a record's life.
//
// A field becomes a token and a sealed cell. The token stands for its name: 8 bytes of BLAKE2b, keyed with the team's
// token key, over the collection (sized) and the name. So the hub can merge field by field, and learns which fields
// are the same and not what they are called. The cell is sealed (crypto/siv.h):
//
//   text     varint (bytes of the name x 16, + 8 if `over` follows, + number of zeros) | name | [over, 24 bytes] |
//            value | 0 to 7 zeros, so that the text has a multiple of 8 bytes
//   bound    kind 1 byte | record 16 | token 8 | authority 8 | time 8 | writer 8
//   salt     the record
//   keys     subkeys "blazedb cell mac" and "blazedb cell stream" of the epoch's key, with the context
//            group 16 | team 16 | epoch 8 | collection, sized
//
// The value is that of the record's encoding (codec/fields.h), `undefined` for a field that was removed: the hub does
// not see that. Whoever opens a cell computes the token of the name anew, and compares.
//
// The stamps of a record's life have *marks*: sealed cells of another kind with no name, no value and a token of zeros.
// Without one the hub could invent an insert, a delete or a floor. A floor has a mark of its own, because a hub that
// could show a delete as a floor would drop the fields of a record that has outlived the delete.
//
// All stamps are absolute here, in 24 bytes: authority, time, writer, each little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "crypto/secret_bytes.h"
#include "crypto/siv.h"
#include "sync/stamp.h"

namespace blazedb::sealed {

using Token = std::array<std::uint8_t, 8>;

enum class Kind : std::uint8_t { field = 'f', base = 'b', tomb = 't', floor = 'l' };

// Where cells are, beside their record: this is in their keys.
struct Place {
  UUID group;
  UUID team;  // nil: of no team
  std::uint32_t epoch = 1;
  std::string_view collection = {};
};

// The text of a cell, decoded. Views.
struct Text {
  std::string_view name = {};
  sync::Stamp over = {};
  base::ByteView value = {};
};

// The keys of one collection, in one epoch of one team. Any thread may call any function.
class CellKeys {
 public:
  // `tokenKey` and `epochKey` have 32 bytes (keyring.h).
  CellKeys(const Place& place, base::ByteView tokenKey, base::ByteView epochKey);

  Token tokenOf(std::string_view name) const;
  // Appends the sealed cell or mark. A mark has neither name nor value.
  void seal(Kind kind, const UUID& record, const sync::Stamp& stamp, const Text& text, base::Bytes& out) const;
  // `token`: that which stood beside the cell; zeros for a mark. The result views `room`. std::nullopt if the cell was
  // not sealed with these keys, as this kind, for this record, token and stamp.
  std::optional<Text> open(Kind kind, const UUID& record, const Token& token, const sync::Stamp& stamp,
                           base::ByteView sealed, base::Bytes& room) const;

 private:
  CellKeys(const base::Bytes& context, const Place& place, base::ByteView tokenKey, base::ByteView epochKey);

  base::Bytes collection_;  // sized
  crypto::SecretBytes tokenKey_;
  crypto::Siv siv_;
};

}  // namespace blazedb::sealed
