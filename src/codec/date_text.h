// Dates as text: RFC 3339 in UTC, to the microsecond.
//
//   2026-11-22T10:00:00Z   2026-11-22T10:00:00.123456Z   +294247-01-10T04:00:54.775807Z
//
// Outside the years 0 to 9999 the year has a sign and six digits (ISO 8601: expanded), so every Date has a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blazedb/value.h"

namespace blazedb::codec {

// Writes six digits of a second, or none if the second is whole.
std::string toDateText(Date date);

// Also accepts one to six digits of a second, and a time zone ("+02:00") instead of the Z. std::nullopt for any other
// text, for a day or time that does not exist (there are no leap seconds), and for a time that a Date cannot hold.
std::optional<Date> fromDateText(std::string_view text);

}  // namespace blazedb::codec
