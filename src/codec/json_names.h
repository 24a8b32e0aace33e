// The names that have a meaning in our JSON, for its writer and its reader. codec/json.h explains them.
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
// The bits of the NaN that is written "NaN". Other NaNs are written as their bits.
inline constexpr unsigned long long kPlainNaN = 0x7FF8'0000'0000'0000;

// Whether the name is "_id" behind any number of "$". JSON has one more "$" before the name of such a field.
inline bool isIdBehindDollars(std::string_view name) {
  return name.ends_with(kJsonId) && name.find_first_not_of('$') == name.size() - kJsonId.size();
}

}  // namespace blazedb::codec
