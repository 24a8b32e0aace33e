// Hostile text as an expression, on hostile fields: parsing says why not, or evaluating gives a value that a record
// could hold, the same each time.
#include <cstdlib>
#include <string_view>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "query/evaluate.h"
#include "query/sort_key.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
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
  query::Operand value = evaluator.value({}, fields);
  query::appendSortKey(once, value);
  base::Bytes encoded;
  require(!codec::encodeValue(encoded, value.toValue()) || value.bytes().size() > 0);
  query::appendSortKey(again, query::Evaluator(bound, Date{}).value({}, fields));
  require(once == again);
  return 0;
}
