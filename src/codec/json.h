// Values and records as JSON, without loss in either direction: for the command line, exports and messages.
//
//   value                      | JSON
//   ---------------------------|---------------------------------------------------------------------------------------
//   null boolean array         | themselves
//   string                     | itself, with characters that steer a terminal (codec/text.h) as \u00XX or \uXXXX
//   integer                    | a number without point and exponent: 42
//   real                       | a number with one of them, the shortest that gives the same double back: 42.0, 1e+300
//   real without JSON number   | {"$double": "NaN"}, "Infinity" or "-Infinity"; a NaN with other bits as
//                              | {"$double": "7ff8000000000001"}
//   bytes                      | {"$bytes": "AP8="}, base64
//   date                       | {"$date": "2026-11-22T10:00:00.123456Z"}, see codec/date_text.h
//   uuid                       | {"$uuid": "01890a5d-ac96-774b-bcce-b302099a8057"}
//   object                     | itself; if it has a single field whose name begins with $, that $ is doubled:
//                              | {"$$date": 1}
//   record                     | its fields, after "_id" if it has an id. $ has no other meaning at this level, but a
//                              | field that is itself called _id is written $_id, and $_id is written $$_id
//
// The readers accept strict JSON (RFC 8259) in UTF-8. They refuse a name that is given twice, an integer beyond int64,
// an unknown $ name, and nesting beyond kNestingMax. The limits of a record are checked when it is stored. All
// functions are pure, and any thread may call them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb::codec {

// On one line without spaces, as in JSON Lines; or with a line for each element, indented by two spaces.
enum class JsonStyle { compact, pretty };

// Text in the values must be UTF-8, as in every value that comes from a database.
std::string valueToJson(const Value& value, JsonStyle style = JsonStyle::compact);
std::string recordToJson(const Object& fields, std::optional<UUID> id, JsonStyle style = JsonStyle::compact);

// Both throw Error(InvalidArgument), which names the fault, and its line and column (in bytes, from 1).
Value valueFromJson(std::string_view json);
Record recordFromJson(std::string_view json);

}  // namespace blazedb::codec
