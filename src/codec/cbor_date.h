// Dates in CBOR: seconds since 1970 as everybody reads them, and every microsecond of an int64 exactly.
//
//   whole seconds                                  | tag 1 over an integer
//   a double of seconds gives the same date back   | tag 1 over a 64-bit float; true of all from 1834 to 2105
//   else                                           | tag 1001 over {1: seconds, -6: microseconds}, seconds rounded down
//
// Tag 1 is of RFC 8949, section 3.4.2; tag 1001 of RFC 9581, which made it for what a double cannot say. The first line
// that applies is the one encoding of a date.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "blazedb/value.h"
#include "codec/cbor.h"

namespace blazedb::codec {

// The longest form: tag 1001, a map of two, the key 1 and seconds, the key -6 and microseconds.
inline constexpr std::size_t kDateBytesMax = 3 + 1 + 1 + 9 + 1 + 5;

// Writes the tag and what follows it, where there is room for kDateBytesMax; gives their length.
std::size_t writeDate(std::uint8_t* at, Date date);

// Reads what follows `tag`, kTagDate or kTagExtendedTime. `begin` is the rest of the input from the tag on. `in` fails
// where it is no date, or not the encoding that writeDate() gives.
Date readDate(CborReader& in, std::uint64_t tag, base::ByteView begin);

}  // namespace blazedb::codec
