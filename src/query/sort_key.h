// Sort keys: bytes that compare, as memcmp does, in the order of the values that they stand for (order() in operand.h).
//
// A key is a byte for the type, and then:
//
//   number          the next double below or equal, with its bits turned so that bytes sort as numbers, and what is
//                   left above it, 2 bytes; so integers beyond 2^53 stay apart from the doubles near them
//   date            microseconds, the sign bit turned
//   uuid            16 bytes
//   text, bytes     the bytes, 00 as 00 FF, and 00 00 at the end
//   array, object   the keys of the elements, or each name as text and the key of its value; 00 at the end
//
// No key is a prefix of another, so keys can follow one another.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "query/operand.h"

namespace blazedb::query {

// At the end of the key of a text: without it a key is the beginning of the keys of all texts that begin so.
inline constexpr std::size_t kTextEndBytes = 2;

// Appends the key of a value. `descending`: keys sort the other way round.
void appendSortKey(base::Bytes& out, const Operand& value, bool descending = false);

// The bytes of the first of several keys, which are not descending.
std::size_t sortKeyBytes(base::ByteView keys);
// Whether the first key is that of null or of a missing value.
bool isKeyOfUnknown(base::ByteView keys);

}  // namespace blazedb::query
