// Reads JSON with nlohmann-json's event (SAX) parser: it calls the functions of ValueBuilder, which build our values
// directly. The library's own document tree would hold each value a second time.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "blazedb/error.h"
#include "codec/base64.h"
#include "codec/date_text.h"
#include "codec/json.h"
#include "codec/json_names.h"
#include "codec/text.h"

namespace blazedb::codec {
namespace {

// Walks over the text for the parser and knows the position, which the parser itself tells only in its own errors.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }
  bool operator!=(const Cursor& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Reads the value of {"$...": "text"}. std::nullopt if the text has not the right form.
using StandInReader = std::optional<Value> (*)(const std::string& text);

std::optional<Value> readDouble(const std::string& text) {
  if (text == kJsonNaN) return std::bit_cast<double>(std::uint64_t{kPlainNaN});
  if (text == kJsonInfinity) return std::numeric_limits<double>::infinity();
  if (text == kJsonMinusInfinity) return -std::numeric_limits<double>::infinity();
  std::uint64_t bits = 0;
  const char* end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, bits, 16);
  auto value = std::bit_cast<double>(bits);
  if (text.size() != 16 || read.ec != std::errc() || read.ptr != end || !std::isnan(value)) return std::nullopt;
  return value;
}

template <auto kRead>
std::optional<Value> readWith(const std::string& text) {
  auto content = kRead(text);
  return content ? std::optional<Value>(std::move(*content)) : std::nullopt;
}

struct StandIn {
  std::string_view name;
  StandInReader read;
  const char* form;
};
constexpr StandIn kStandIns[] = {
    {kJsonDouble, readDouble, "\"NaN\", \"Infinity\", \"-Infinity\" or the 16 hex digits of a NaN"},
    {kJsonBytes, readWith<fromBase64>, "base64 with padding"},
    {kJsonDate, readWith<fromDateText>, "a date such as 2026-11-22T10:00:00.123456Z"},
    {kJsonUuid, readWith<UUID::parse>, "a UUID of 36 characters"},
};

// The parser calls these functions, for one value or one record. A function that returns false ends the parse, and
// problem() then says why.
class ValueBuilder {
 public:
  enum class Outermost { value, record };
  explicit ValueBuilder(Outermost outermost) : outermost_(outermost) {}

  const std::string& problem() const { return problem_; }
  Value takeValue() { return std::move(value_); }
  Record takeRecord() { return std::move(record_); }

  bool null() { return add(Value()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) {
    if (value > std::numeric_limits<std::int64_t>::max()) return refuseInteger();
    return add(static_cast<std::int64_t>(value));
  }
  // The parser also calls this for integers beyond 64 bits.
  bool number_float(double value, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos) return refuseInteger();
    return add(value);
  }
  bool string(const std::string& text) { return add(std::string_view(text)); }
  bool binary(const nlohmann::json::binary_t&) { return refuse("JSON text has no binary values"); }
  bool start_object(std::size_t) { return open(Bracket::object); }
  bool key(const std::string& name);
  bool end_object();
  bool start_array(std::size_t) { return open(Bracket::array); }
  bool end_array();
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error);

 private:
  // An array or object whose end has not come yet.
  enum class Bracket { array, object };
  struct Level {
    Bracket bracket;
    Array elements;
    std::vector<Field> fields;  // in the order of the text; the last one waits for its value
  };

  bool open(Bracket bracket);
  Level close();
  bool add(Value value);
  bool addId(const Value& value);
  bool addStandIn(const Field& field);
  bool makeObject(std::vector<Field>& fields, Object& object);
  bool atRecord() const { return outermost_ == Outermost::record && open_.size() == 1; }
  // How many arrays and objects are open.
  int nesting() const { return static_cast<int>(open_.size()) - (outermost_ == Outermost::record ? 1 : 0); }

  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool refuseInteger() { return refuse("an integer beyond 64 bits: write it as a real, with .0, or as a string"); }
  bool refuseNesting() {
    return refuse("arrays and objects nested more than " + std::to_string(base::kNestingMax) + " levels deep");
  }

  Outermost outermost_;
  std::vector<Level> open_;
  bool idIsNext_ = false;
  Value value_;
  Record record_;
  std::string problem_;
};

bool ValueBuilder::open(Bracket bracket) {
  if (outermost_ == Outermost::record && open_.empty() && bracket == Bracket::array)
    return refuse("a record is an object");
  // A value written as {"$...": ...} at the deepest level is an object one level deeper.
  int deepest = base::kNestingMax + (bracket == Bracket::array ? 0 : 1);
  open_.push_back({bracket, {}, {}});
  if (bracket == Bracket::object) open_.back().fields.reserve(16);
  return nesting() <= deepest || refuseNesting();
}

ValueBuilder::Level ValueBuilder::close() {
  Level closed = std::move(open_.back());
  open_.pop_back();
  return closed;
}

bool ValueBuilder::key(const std::string& name) {
  std::vector<Field>& fields = open_.back().fields;
  if (atRecord() && name == kJsonId) {
    idIsNext_ = true;
    return !record_.id() || refuse("\"_id\" is given twice");
  }
  bool escaped = atRecord() && isIdBehindDollars(name);
  fields.push_back({escaped ? name.substr(1) : name, Value()});
  return true;
}

bool ValueBuilder::add(Value value) {
  if (open_.empty()) {
    if (outermost_ == Outermost::record) return refuse("a record is an object");
    value_ = std::move(value);
  } else if (open_.back().bracket == Bracket::array) {
    open_.back().elements.push_back(std::move(value));
  } else if (atRecord() && idIsNext_) {
    return addId(value);
  } else {
    open_.back().fields.back().value = std::move(value);
  }
  return true;
}

bool ValueBuilder::addId(const Value& value) {
  const std::string* text = value.as<std::string>();
  std::optional<UUID> id = text ? UUID::parse(*text) : std::nullopt;
  if (!id) return refuse("\"_id\" is not a UUID; a field of that name is written \"$_id\"");
  record_.setId(*id);
  idIsNext_ = false;
  return true;
}

bool ValueBuilder::end_array() { return add(close().elements); }

bool ValueBuilder::end_object() {
  bool isRecord = atRecord();
  bool tooDeep = nesting() > base::kNestingMax;
  std::vector<Field> fields = close().fields;
  if (!isRecord && fields.size() == 1 && fields[0].name.starts_with('$')) {
    if (!fields[0].name.starts_with("$$")) return addStandIn(fields[0]);
    fields[0].name.erase(0, 1);
  }
  if (tooDeep) return refuseNesting();
  if (isRecord) return makeObject(fields, record_);
  Object object;
  return makeObject(fields, object) && add(std::move(object));
}

// Sorts at the end, because inserting each name in order would shift a large object again and again. Sorts pointers, so
// that each field moves once.
bool ValueBuilder::makeObject(std::vector<Field>& fields, Object& object) {
  std::vector<Field*> sorted;
  sorted.reserve(fields.size());
  for (Field& field : fields) sorted.push_back(&field);
  std::sort(sorted.begin(), sorted.end(), [](const Field* a, const Field* b) { return a->name < b->name; });
  auto twice = std::adjacent_find(sorted.begin(), sorted.end(),
                                  [](const Field* a, const Field* b) { return a->name == b->name; });
  if (twice != sorted.end()) return refuse("\"" + printable((*twice)->name) + "\" is given twice in this object");
  object.reserve(fields.size());
  for (Field* field : sorted) object.set(std::move(field->name), std::move(field->value));
  return true;
}

bool ValueBuilder::addStandIn(const Field& field) {
  for (const StandIn& standIn : kStandIns) {
    if (standIn.name != field.name) continue;
    const std::string* text = field.value.as<std::string>();
    std::optional<Value> value = text ? standIn.read(*text) : std::nullopt;
    if (!value) return refuse("\"" + field.name + "\" needs " + standIn.form);
    return add(std::move(*value));
  }
  return refuse("\"" + printable(field.name) + "\" means nothing; a field of that name is written \"$" +
                printable(field.name) + "\"");
}

// Keeps what follows the parser's own prefix, such as
// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing value - ..."
bool ValueBuilder::parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
  std::string_view text = error.what();
  std::size_t prefix = text.find(text.find("] parse error at ") == std::string_view::npos ? "] " : ": ");
  return refuse(printable(prefix == std::string_view::npos ? text : text.substr(prefix + 2)));
}

std::string position(std::string_view read) {
  auto lines = std::count(read.begin(), read.end(), '\n');
  std::size_t column = read.size() - (lines == 0 ? 0 : read.rfind('\n') + 1);
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(std::max<std::size_t>(column, 1));
}

void parse(std::string_view json, ValueBuilder& builder) {
  // The parser would take a NUL for the end of the text and leave the rest unread.
  if (std::size_t nul = json.find('\0'); nul != std::string_view::npos)
    throw Error(ErrorCode::InvalidArgument, "JSON up to " + position(json.substr(0, nul + 1)) + ": a NUL byte");
  const char* reached = json.data();
  Cursor begin(json.data(), &reached);
  Cursor end(json.data() + json.size(), &reached);
  if (nlohmann::json::sax_parse(begin, end, &builder)) return;
  std::string_view read = json.substr(0, static_cast<std::size_t>(reached - json.data()));
  throw Error(ErrorCode::InvalidArgument, "JSON up to " + position(read) + ": " + builder.problem());
}

}  // namespace

Value valueFromJson(std::string_view json) {
  ValueBuilder builder(ValueBuilder::Outermost::value);
  parse(json, builder);
  return builder.takeValue();
}

Record recordFromJson(std::string_view json) {
  ValueBuilder builder(ValueBuilder::Outermost::record);
  parse(json, builder);
  return builder.takeRecord();
}

}  // namespace blazedb::codec
