#include "sealed/cell.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/key_derivation.h"

namespace blazedb::sealed {
namespace {

constexpr std::size_t kAlign = 8;
constexpr std::size_t kStampBytes = 24;

void appendStamp(base::Bytes& out, const sync::Stamp& stamp) {
  for (std::uint64_t part : {stamp.authority, stamp.time, stamp.writer}) base::appendFixed64(out, part);
}

sync::Stamp stampFrom(base::Reader& in) {
  sync::Stamp stamp;
  stamp.authority = in.fixed64();
  stamp.time = in.fixed64();
  stamp.writer = in.fixed64();
  return stamp;
}

base::Bytes boundTo(Kind kind, const UUID& record, const Token& token, const sync::Stamp& stamp) {
  base::Bytes bound;
  bound.reserve(49);
  bound.push_back(static_cast<std::uint8_t>(kind));
  base::append(bound, record.bytes);
  base::append(bound, token);
  appendStamp(bound, stamp);
  return bound;
}

base::Bytes contextOf(const Place& place) {
  base::Bytes context;
  base::append(context, place.group.bytes);
  base::append(context, place.team.bytes);
  base::appendFixed64(context, place.epoch);
  base::appendSized(context, base::viewOf(place.collection));
  return context;
}

std::size_t varintBytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) bytes++;
  return bytes;
}

}  // namespace

CellKeys::CellKeys(const Place& place, base::ByteView tokenKey, base::ByteView epochKey)
    : CellKeys(contextOf(place), place, tokenKey, epochKey) {}

CellKeys::CellKeys(const base::Bytes& context, const Place& place, base::ByteView tokenKey, base::ByteView epochKey)
    : tokenKey_(tokenKey),
      siv_(crypto::deriveSubkey(epochKey, "blazedb cell mac", context),
           crypto::deriveSubkey(epochKey, "blazedb cell stream", context)) {
  base::appendSized(collection_, base::viewOf(place.collection));
}

Token CellKeys::tokenOf(std::string_view name) const {
  base::Bytes message = collection_;
  base::append(message, base::viewOf(name));
  return crypto::keyedHash64(tokenKey_.view(), message);
}

void CellKeys::seal(Kind kind, const UUID& record, const sync::Stamp& stamp, const Text& text, base::Bytes& out) const {
  std::size_t overBytes = text.over.present() ? kStampBytes : 0;
  std::size_t head = text.name.size() * 16 + (overBytes > 0 ? 8 : 0);
  std::size_t bytes = varintBytes(head) + text.name.size() + overBytes + text.value.size();
  std::size_t zeros = (kAlign - bytes % kAlign) % kAlign;
  base::Bytes plain;
  plain.reserve(bytes + zeros);
  base::appendVarint(plain, head + zeros);
  base::append(plain, base::viewOf(text.name));
  if (overBytes > 0) appendStamp(plain, text.over);
  base::append(plain, text.value);
  plain.resize(bytes + zeros);
  Token token = kind == Kind::field ? tokenOf(text.name) : Token{};
  siv_.seal(plain, boundTo(kind, record, token, stamp), record.bytes, out);
}

std::optional<Text> CellKeys::open(Kind kind, const UUID& record, const Token& token, const sync::Stamp& stamp,
                                   base::ByteView sealed, base::Bytes& room) const {
  if (!siv_.open(sealed, boundTo(kind, record, token, stamp), record.bytes, room)) return std::nullopt;
  // Whoever sealed it has the keys; what it says is checked all the same.
  base::Reader in(room);
  std::uint64_t head = in.varint();
  Text text;
  text.name = base::textOf(in.take(head / 16));
  if (head & 8) text.over = stampFrom(in);
  std::size_t zeros = head % 8;
  if (!in.ok() || zeros > in.remaining() || room.size() % kAlign != 0) return std::nullopt;
  text.value = in.take(in.remaining() - zeros);
  base::ByteView padding = in.take(zeros);
  bool isPadded = std::all_of(padding.begin(), padding.end(), [](std::uint8_t byte) { return byte == 0; });
  bool fits = kind == Kind::field ? !text.value.empty() && tokenOf(text.name) == token
                                  : text.value.empty() && text.name.empty() && token == Token{};
  return isPadded && fits ? std::optional(text) : std::nullopt;
}

}  // namespace blazedb::sealed
