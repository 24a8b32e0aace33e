// Expressions on records, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "blazedb/record.h"
#include "codec/fields.h"
#include "codec/json.h"
#include "query/evaluate.h"

namespace blazedb::query {

inline base::Bytes encoded(const Object& fields) {
  base::Bytes bytes;
  if (auto error = codec::encodeFields(bytes, fields)) throw *error;
  return bytes;
}

// The record that most tests ask about.
inline Object sample() {
  Object deep{{"street", "Main"}, {"rooms", Array{Value(1), Value(2.5), Value("attic")}}};
  Object other{{"street", "Side"}, {"rooms", Array{}}};
  return {{"name", "Ada Lovelace"},
          {"age", 36},
          {"score", 2.5},
          {"ok", true},
          {"nothing", nullptr},
          {"born", Date{-4'854'729'600'000'000}},  // 1816-02-29
          {"id2", *UUID::parse("01890a5d-ac96-774b-bcce-b302099a8057")},
          {"raw", Bytes{0, 255}},
          {"tags", Array{Value("a"), Value("B"), Value(nullptr)}},
          {"home", deep},
          {"homes", Array{Value(deep), Value(other)}},
          {"strange name", 1},
          {"big", std::int64_t{9'007'199'254'740'993}}};  // 2^53 + 1
}

// The value of an expression as a text: JSON, or "missing".
inline std::string valueOf(const std::string& expression, const Object& parameters = {},
                           const Object& record = sample(), Date now = {}) {
  Bound bound(parse(expression), parameters);
  Evaluator evaluator(bound, now);
  base::Bytes fields = encoded(record);
  Operand value = evaluator.value(*UUID::parse("00000000-0000-0000-0000-000000000007"), fields);
  if (value.type() == Operand::Type::missing) return "missing";
  return codec::valueToJson(value.toValue());
}

}  // namespace blazedb::query
