// Writes the heads that need more than one byte, and reads heads with the checks for the one form.
#include "codec/cbor.h"

#include <cbor.h>

#include <bit>

#include "codec/text.h"

namespace blazedb::codec {
namespace {

// Additional information in the first byte of a head (RFC 8949, section 3).
constexpr std::uint8_t kArgumentOf1Byte = 24;  // 25 and 26: an argument of 2 and of 4 bytes
constexpr std::uint8_t kArgumentOf8Bytes = 27;
constexpr std::uint8_t kDoubleFirstByte = 0xFB;

std::uint64_t bigEndian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// Not by libcbor: it takes a double by value, and its later versions change the bits of a NaN.
std::size_t writeDouble(std::uint8_t* at, std::uint64_t bits) {
  at[0] = kDoubleFirstByte;
  for (int i = 0; i < 8; i++) at[1 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  return 9;
}

}  // namespace

std::size_t writeLongHead(std::uint8_t* at, CborHead head) {
  switch (head.kind) {
    case CborKind::uint:
      return cbor_encode_uint(head.argument, at, kHeadBytesMax);
    case CborKind::negative:
      return cbor_encode_negint(head.argument, at, kHeadBytesMax);
    case CborKind::bytes:
      return cbor_encode_bytestring_start(head.argument, at, kHeadBytesMax);
    case CborKind::text:
      return cbor_encode_string_start(head.argument, at, kHeadBytesMax);
    case CborKind::array:
      return cbor_encode_array_start(head.argument, at, kHeadBytesMax);
    case CborKind::map:
      return cbor_encode_map_start(head.argument, at, kHeadBytesMax);
    case CborKind::tag:
      return cbor_encode_tag(head.argument, at, kHeadBytesMax);
    case CborKind::real:
      return writeDouble(at, head.argument);
    case CborKind::simple:
    case CborKind::none:
      break;
  }
  return 0;
}

CborHead headOf(std::int64_t value) {
  if (value >= 0) return {CborKind::uint, static_cast<std::uint64_t>(value)};
  return {CborKind::negative, ~static_cast<std::uint64_t>(value)};  // -1 - value
}

CborHead headOf(double value) { return {CborKind::real, std::bit_cast<std::uint64_t>(value)}; }

std::int64_t integerOf(CborHead head) {
  auto argument = static_cast<std::int64_t>(head.argument);
  return head.kind == CborKind::negative ? ~argument : argument;
}

void appendHead(base::Bytes& out, CborHead head) {
  std::uint8_t bytes[kHeadBytesMax];
  out.insert(out.end(), bytes, bytes + writeHead(bytes, head));
}

void appendUint(base::Bytes& out, std::uint64_t value) { appendHead(out, {CborKind::uint, value}); }
void appendInteger(base::Bytes& out, std::int64_t value) { appendHead(out, headOf(value)); }
void appendReal(base::Bytes& out, double value) { appendHead(out, headOf(value)); }
void appendBool(base::Bytes& out, bool value) {
  appendHead(out, {CborKind::simple, value ? kSimpleTrue : kSimpleFalse});
}
void appendNull(base::Bytes& out) { appendHead(out, {CborKind::simple, kSimpleNull}); }
void appendByteString(base::Bytes& out, base::ByteView bytes) {
  appendHead(out, {CborKind::bytes, bytes.size()});
  base::append(out, bytes);
}
void appendText(base::Bytes& out, std::string_view utf8) {
  appendHead(out, {CborKind::text, utf8.size()});
  base::append(out, base::viewOf(utf8));
}
void appendArrayHead(base::Bytes& out, std::size_t elements) { appendHead(out, {CborKind::array, elements}); }
void appendMapHead(base::Bytes& out, std::size_t pairs) { appendHead(out, {CborKind::map, pairs}); }

CborHead CborReader::longHead() {
  if (rest_.empty()) return failed();
  auto kind = static_cast<CborKind>(rest_[0] >> 5);
  std::uint8_t info = rest_[0] & 0x1F;
  if (info > kArgumentOf8Bytes) return failed();  // reserved, or an indefinite length
  std::size_t width = std::size_t{1} << (info - kArgumentOf1Byte);
  if (rest_.size() <= width) return failed();
  std::uint64_t argument = bigEndian(rest_.subspan(1, width));
  rest_ = rest_.subspan(1 + width);
  if (kind == CborKind::simple) {
    if (info != kArgumentOf8Bytes) return failed();  // a shorter float, or an undefined simple value
    return {CborKind::real, argument};
  }
  std::uint64_t least = width == 1 ? kArgumentInFirstByteMax + 1 : std::uint64_t{1} << (4 * width);
  return argument >= least ? CborHead{kind, argument} : failed();
}

std::int64_t CborReader::integer() {
  CborHead next = head();
  bool isInteger = next.kind == CborKind::uint || next.kind == CborKind::negative;
  return integerOf(isInteger && next.argument <= kIntegerArgumentMax ? next : failed());
}

double CborReader::real() { return std::bit_cast<double>(argumentOf(CborKind::real)); }

bool CborReader::boolean() {
  std::uint64_t which = argumentOf(CborKind::simple);
  if (which != kSimpleFalse && which != kSimpleTrue) fail();
  return which == kSimpleTrue;
}

bool CborReader::nullIfNext() {
  constexpr std::uint8_t kNull = 0xF6;
  if (rest_.empty() || rest_[0] != kNull) return false;
  rest_ = rest_.subspan(1);
  return true;
}

std::string_view CborReader::text() {
  std::string_view text = base::textOf(take(argumentOf(CborKind::text)));
  if (isUtf8(text)) return text;
  fail();
  return {};
}

std::size_t CborReader::arrayHead() {
  std::uint64_t elements = argumentOf(CborKind::array);
  return elements <= rest_.size() ? elements : failed().argument;
}

std::size_t CborReader::mapHead() {
  std::uint64_t pairs = argumentOf(CborKind::map);
  return pairs <= rest_.size() / 2 ? pairs : failed().argument;
}

}  // namespace blazedb::codec
