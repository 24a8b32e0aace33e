// The functions of blazedb/value.h that are not inline.
#include "blazedb/value.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace blazedb {
namespace {

bool nameBefore(const Field& field, std::string_view name) { return field.name < name; }

template <class T>
std::optional<T> typed(const Value* value) {
  const T* content = value ? value->as<T>() : nullptr;
  return content ? std::optional<T>(*content) : std::nullopt;
}

}  // namespace

Date Date::now() {
  auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(sinceEpoch).count()};
}

Object::Object(std::initializer_list<Field> fields) : fields_(fields) {
  auto byName = [](const Field& a, const Field& b) { return a.name < b.name; };
  auto sameName = [](const Field& a, const Field& b) { return a.name == b.name; };
  std::stable_sort(fields_.begin(), fields_.end(), byName);
  // unique() keeps the first of equals. Backwards that is the last one that was given.
  auto kept = std::unique(fields_.rbegin(), fields_.rend(), sameName);
  fields_.erase(fields_.begin(), kept.base());
}

const Value* Object::find(std::string_view name) const {
  auto at = std::lower_bound(fields_.begin(), fields_.end(), name, nameBefore);
  return at != fields_.end() && at->name == name ? &at->value : nullptr;
}

const Value& Object::operator[](std::string_view name) const {
  static const Value absent;
  const Value* value = find(name);
  return value ? *value : absent;
}

void Object::set(std::string name, Value value) {
  // Decoders set names in order, so these need no search. The value moves straight into its place: a second move
  // through a Field on the stack would take a tenth of the time to decode a record.
  if (fields_.empty() || fields_.back().name < name) {
    Field& last = fields_.emplace_back();
    last.name = std::move(name);
    last.value = std::move(value);
    return;
  }
  auto at = std::lower_bound(fields_.begin(), fields_.end(), name, nameBefore);
  if (at->name == name)
    at->value = std::move(value);
  else
    fields_.insert(at, Field{std::move(name), std::move(value)});
}

bool Object::erase(std::string_view name) {
  auto at = std::lower_bound(fields_.begin(), fields_.end(), name, nameBefore);
  if (at == fields_.end() || at->name != name) return false;
  fields_.erase(at);
  return true;
}

void Object::reserve(std::size_t fields) { fields_.reserve(fields); }

std::optional<bool> Object::boolean(std::string_view name) const { return typed<bool>(find(name)); }
std::optional<std::int64_t> Object::integer(std::string_view name) const { return typed<std::int64_t>(find(name)); }
std::optional<double> Object::real(std::string_view name) const { return typed<double>(find(name)); }
std::optional<std::string> Object::string(std::string_view name) const { return typed<std::string>(find(name)); }
std::optional<Bytes> Object::bytes(std::string_view name) const { return typed<Bytes>(find(name)); }
std::optional<Date> Object::date(std::string_view name) const { return typed<Date>(find(name)); }
std::optional<UUID> Object::uuid(std::string_view name) const { return typed<UUID>(find(name)); }
std::optional<Array> Object::array(std::string_view name) const { return typed<Array>(find(name)); }
std::optional<Object> Object::object(std::string_view name) const { return typed<Object>(find(name)); }

bool operator==(const Object& a, const Object& b) { return a.fields_ == b.fields_; }

bool operator==(const Value& a, const Value& b) {
  const double* realA = a.as<double>();
  const double* realB = b.as<double>();
  if (realA && realB) return std::bit_cast<std::uint64_t>(*realA) == std::bit_cast<std::uint64_t>(*realB);
  return a.data_ == b.data_;
}

std::string_view typeName(Value::Type type) {
  switch (type) {
    case Value::Type::null:
      return "null";
    case Value::Type::boolean:
      return "boolean";
    case Value::Type::integer:
      return "integer";
    case Value::Type::real:
      return "real";
    case Value::Type::string:
      return "string";
    case Value::Type::bytes:
      return "bytes";
    case Value::Type::date:
      return "date";
    case Value::Type::uuid:
      return "uuid";
    case Value::Type::array:
      return "array";
    case Value::Type::object:
      return "object";
  }
  return "unknown";
}

}  // namespace blazedb
