// The names with a meaning in our JSON, for its writer and its reader; codec/json.h says what they mean.
#pragma once

#include <string_view>

namespace blazedb::codec {

inline constexpr std::string_view kJsonId = "_id";
inline constexpr std::string_view kJsonDouble = "$double";
inline constexpr std::string_view kJsonBytes = "$bytes";
inline constexpr std::string_view kJsonDate = "$date";
inline constexpr std::string_view kJsonUuid = "$uuid";

inline constexpr std::string_view kJsonNaN = "NaN";
inline constexpr std::string_view kJsonInfinity = "Infinity";
inline constexpr std::string_view kJsonMinusInfinity = "-Infinity";
// The bits of the NaN that is written "NaN"; others are written as their bits.
inline constexpr unsigned long long kPlainNaN = 0x7FF8'0000'0000'0000;

// "_id" behind any number of "$": as the name of a field, one "$" more stands before it in JSON.
inline bool isIdBehindDollars(std::string_view name) {
  return name.ends_with(kJsonId) && name.find_first_not_of('$') == name.size() - kJsonId.size();
}

}  // namespace blazedb::codec
