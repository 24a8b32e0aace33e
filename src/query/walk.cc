#include "query/walk.h"

namespace blazedb::query {

base::ByteView skipValue(codec::CborReader& in) {
  using codec::CborKind;
  base::ByteView begin = in.rest();
  for (std::uint64_t left = 1; left > 0 && in.ok(); left--) {
    codec::CborHead head = in.head();
    if (head.kind == CborKind::text || head.kind == CborKind::bytes) in.take(head.argument);
    if (head.kind == CborKind::array) left += head.argument;
    if (head.kind == CborKind::map) left += 2 * head.argument;
    if (head.kind == CborKind::tag) left++;
  }
  return begin.first(begin.size() - in.remaining());
}

bool Elements::next() {
  if (left_ == 0) return false;
  left_--;
  encoded_ = skipValue(in_);
  return in_.ok();
}

bool Members::next() {
  if (left_ == 0) return false;
  left_--;
  name_ = base::textOf(in_.take(in_.head().argument));
  encoded_ = skipValue(in_);
  return in_.ok();
}

Operand memberOf(base::ByteView object, std::string_view name) {
  for (Members members(object); members.next() && members.name() <= name;)
    if (members.name() == name) return members.value();
  return {};
}

Operand elementOf(base::ByteView array, std::int64_t index) {
  Elements elements(array);
  auto count = static_cast<std::int64_t>(elements.left());
  if (index < 0) index += count;
  if (index < 0 || index >= count) return {};
  while (index-- >= 0) elements.next();
  return elements.value();
}

Operand follow(Operand at, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    const auto* name = std::get_if<std::string>(&step);
    if (at.type() != (name ? Operand::Type::object : Operand::Type::array)) return {};
    at = name ? memberOf(at.bytes(), *name) : elementOf(at.bytes(), std::get<std::int64_t>(step));
  }
  return at;
}

}  // namespace blazedb::query
