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

#include "base/bytes.h"
#include "query/operand.h"

namespace blazedb::query {

// Appends the key of a value. `descending`: keys sort the other way round.
void appendSortKey(base::Bytes& out, const Operand& value, bool descending = false);

}  // namespace blazedb::query
