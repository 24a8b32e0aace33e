// Dates in CBOR: seconds since 1970, in a form that other readers know, and exact for every microsecond of an int64.
//
//   whole seconds                                  | tag 1 over an integer
//   a double of seconds gives the same date back   | tag 1 over a 64-bit float; so are all dates from 1834 to 2105
//   otherwise                                      | tag 1001 over {1: seconds, -6: microseconds}, seconds rounded down
//
// Tag 1 is defined by RFC 8949, section 3.4.2; tag 1001 by RFC 9581, for times that a double cannot hold. The first
// line that applies gives the one encoding of a date.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "blazedb/value.h"
#include "codec/cbor.h"

namespace blazedb::codec {

// The longest form: tag 1001, a map of two, the key 1 and seconds, the key -6 and microseconds.
inline constexpr std::size_t kDateBytesMax = 3 + 1 + 1 + 9 + 1 + 5;

// Writes the tag and its content. `at` needs room for kDateBytesMax. Returns the length.
std::size_t writeDate(std::uint8_t* at, Date date);

// Reads the content of `tag`, which is kTagDate or kTagExtendedTime. `begin` is the rest of the input from the tag on.
// `in` fails if this is not a date, or not as writeDate() encodes it.
Date readDate(CborReader& in, std::uint64_t tag, base::ByteView begin);

}  // namespace blazedb::codec
