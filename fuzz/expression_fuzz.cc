// Hostile text as an expression, on hostile fields: parsing says why not, or evaluating gives a value that a record
// could hold, the same each time.
#include <cstdlib>
#include <string_view>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "query/evaluate.h"
#include "query/key_ranges.h"
#include "query/sort_key.h"

namespace {

const blazedb::UUID kId;

void require(bool condition) {
  if (!condition) std::abort();
}

// An index of `a` and `s` finds the record if the condition is true, and exact ranges find it in no other case.
void requireRanges(const blazedb::query::Bound& condition, blazedb::base::ByteView fields, bool isTrue) {
  using namespace blazedb;
  static const query::Bound a(query::parse("a"), {}), s(query::parse("s"), {});
  const query::Bound* expressions[] = {&a, &s};
  base::Bytes key;
  for (const query::Bound* each : expressions)
    query::appendSortKey(key, query::Evaluator(*each, Date{}).value(kId, fields));
  key.push_back(0);  // of an id
  query::KeyRanges keys = query::keyRanges(&condition, expressions);
  bool isFound = false;
  for (const query::KeyRange& range : keys.ranges) isFound = isFound || (range.from <= key && key < range.to);
  require(isFound || !isTrue);
  if (keys.isExact) require(isFound == isTrue);
}

}  // namespace

// The text, a zero byte, and the encoded fields of a record; others if they are none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blazedb;
  std::string_view all(reinterpret_cast<const char*>(data), size);
  std::size_t end = std::min(all.find('\0'), all.size());
  std::optional<query::Expression> expression;
  try {
    expression = query::parse(all.substr(0, end));
  } catch (const Error& error) {
    require(error.code() == ErrorCode::InvalidArgument || error.code() == ErrorCode::TooLarge);
    return 0;
  }
  Object parameters;
  std::int64_t number = 0;
  for (const std::string& name : expression->parameters)
    parameters.set(name, number++ % 2 == 0 ? Value(number) : Value("text"));

  base::Bytes fields(data + std::min(end + 1, size), data + size);
  Object visible;
  if (!codec::decodeFields(fields, visible)) {
    fields.clear();
    Object inner{{"b", Array{1, 2.5, "three", nullptr}}};
    visible = {{"a", 1}, {"n", nullptr}, {"o", inner}, {"s", "A text"}, {"t", Array{"x", inner}}};
    require(!codec::encodeFields(fields, visible));
  }
  query::Bound bound(std::move(*expression), parameters);
  query::Evaluator evaluator(bound, Date{});
  base::Bytes once, again;
  query::Operand value = evaluator.value(kId, fields);
  query::appendSortKey(once, value);
  base::Bytes encoded;
  require(!codec::encodeValue(encoded, value.toValue()) || value.bytes().size() > 0);
  query::appendSortKey(again, query::Evaluator(bound, Date{}).value(kId, fields));
  require(once == again);
  requireRanges(bound, fields, value.isTrue());
  return 0;
}
