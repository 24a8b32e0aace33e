// Writes values and records as the table in codec/json.h says.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

#include "codec/base64.h"
#include "codec/date_text.h"
#include "codec/json.h"
#include "codec/json_names.h"
#include "codec/text.h"

namespace blazedb::codec {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style) : pretty_(style == JsonStyle::pretty) {}

  void value(const Value& value);
  void record(const Object& fields, std::optional<UUID> id);
  std::string take() { return std::move(out_); }

 private:
  void array(const Array& array);
  void object(const Object& object);
  void integer(std::int64_t value);
  void real(double value);
  void string(std::string_view text);
  void escape(std::string_view character);
  // Writes an object that stands for a single value, on one line in either style.
  void standIn(std::string_view name, std::string_view text);

  void open(char bracket) {
    out_ += bracket;
    depth_++;
    first_ = true;
  }
  void close(char bracket) {
    depth_--;
    if (!first_) newLine();
    out_ += bracket;
    first_ = false;
  }
  // Must be called before each element.
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
    newLine();
  }
  void name(std::string_view name) {
    next();
    string(name);
    out_ += pretty_ ? ": " : ":";
  }
  void newLine() {
    if (pretty_) out_.append(1, '\n').append(2 * depth_, ' ');
  }

  std::string out_;
  bool pretty_;
  bool first_ = true;  // the next element is the first of the innermost array or object
  std::size_t depth_ = 0;
};

void JsonWriter::value(const Value& value) {
  switch (value.type()) {
    case Value::Type::null:
      out_ += "null";
      return;
    case Value::Type::boolean:
      out_ += *value.as<bool>() ? "true" : "false";
      return;
    case Value::Type::integer:
      return integer(*value.as<std::int64_t>());
    case Value::Type::real:
      return real(*value.as<double>());
    case Value::Type::string:
      return string(*value.as<std::string>());
    case Value::Type::bytes:
      return standIn(kJsonBytes, toBase64(*value.as<Bytes>()));
    case Value::Type::date:
      return standIn(kJsonDate, toDateText(*value.as<Date>()));
    case Value::Type::uuid:
      return standIn(kJsonUuid, value.as<UUID>()->toString());
    case Value::Type::array:
      return array(*value.as<Array>());
    case Value::Type::object:
      return object(*value.as<Object>());
  }
}

void JsonWriter::record(const Object& fields, std::optional<UUID> id) {
  open('{');
  if (id) {
    name(kJsonId);
    string(id->toString());
  }
  for (const Field& field : fields) {
    name(isIdBehindDollars(field.name) ? '$' + field.name : field.name);
    value(field.value);
  }
  close('}');
}

void JsonWriter::array(const Array& array) {
  open('[');
  for (const Value& element : array) {
    next();
    value(element);
  }
  close(']');
}

void JsonWriter::object(const Object& object) {
  bool looksLikeStandIn = object.size() == 1 && object.begin()->name.starts_with('$');
  open('{');
  for (const Field& field : object) {
    name(looksLikeStandIn ? '$' + field.name : field.name);
    value(field.value);
  }
  close('}');
}

void JsonWriter::integer(std::int64_t value) {
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void JsonWriter::real(double value) {
  if (std::isinf(value)) return standIn(kJsonDouble, value > 0 ? kJsonInfinity : kJsonMinusInfinity);
  if (std::isnan(value)) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    if (bits == kPlainNaN) return standIn(kJsonDouble, kJsonNaN);
    char hex[16];
    return standIn(kJsonDouble, {hex, std::to_chars(hex, hex + sizeof hex, bits, 16).ptr});
  }
  char digits[32];
  std::string_view shortest(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  out_ += shortest;
  if (shortest.find_first_of(".e") == std::string_view::npos) out_ += ".0";
}

// Escapes characters that steer a terminal, which JSON does not require, so that a value from a peer can be shown.
void JsonWriter::string(std::string_view text) {
  out_ += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    bool quotes = text[i] == '"' || text[i] == '\\';
    if (!quotes && text[i] >= 0x20 && text[i] < 0x7F) continue;
    std::size_t length = quotes ? 1 : steering(text.substr(i));
    if (length == 0) continue;
    out_ += text.substr(copied, i - copied);
    copied = i + length;
    if (text[i] == '\n')
      out_ += "\\n";
    else if (quotes)
      out_.append(1, '\\').append(1, text[i]);
    else
      escape(text.substr(i, length));
    i = copied - 1;
  }
  out_ += text.substr(copied);
  out_ += '"';
}

// Writes one character, of up to three bytes of UTF-8, as \uXXXX.
void JsonWriter::escape(std::string_view character) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(character[i])); };
  unsigned code = byte(0);
  if (character.size() == 2) code = (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  if (character.size() == 3) code = (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  out_ += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out_ += kHexDigits[code >> shift & 15];
}

void JsonWriter::standIn(std::string_view name, std::string_view text) {
  out_ += '{';
  string(name);
  out_ += pretty_ ? ": " : ":";
  string(text);
  out_ += '}';
}

}  // namespace

std::string valueToJson(const Value& value, JsonStyle style) {
  JsonWriter writer(style);
  writer.value(value);
  return writer.take();
}

std::string recordToJson(const Object& fields, std::optional<UUID> id, JsonStyle style) {
  JsonWriter writer(style);
  writer.record(fields, id);
  return writer.take();
}

}  // namespace blazedb::codec
