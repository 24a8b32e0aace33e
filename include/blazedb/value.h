// Value: what a field holds. Object: named values. Both are values, copied like the standard containers inside them.
//
//   null  bool  integer (int64)  real (double, kept bit by bit)  string (UTF-8)  bytes  date (µs since 1970 UTC)
//   uuid  array  object
//
// An Object keeps its fields sorted by name (bytewise), each name once. A database checks values (UTF-8, sizes,
// nesting) when it stores them; these classes do not. Not thread-safe; distinct objects may be used from distinct
// threads.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/uuid.h"

namespace blazedb {

class Value;
using Bytes = std::vector<std::uint8_t>;
using Array = std::vector<Value>;

// A point in time, microseconds since 1970-01-01T00:00:00Z.
struct BLAZEDB_API Date {
  std::int64_t microseconds = 0;
  static Date now();  // the time of this machine's clock
  friend auto operator<=>(const Date&, const Date&) = default;
};

struct Field;

class BLAZEDB_API Object {
 public:
  Object();
  ~Object();
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  // {{"name", value}, ...}. If a name is given twice, the last value counts.
  Object(std::initializer_list<Field> fields);

  bool empty() const { return size() == 0; }
  std::size_t size() const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  // The value of a field; nullptr if it is absent. The pointer is valid until the object changes.
  const Value* find(std::string_view name) const;
  // The value of a field; a null Value if it is absent. The reference is valid until the object changes.
  const Value& operator[](std::string_view name) const;
  // Adds a field, or replaces its value.
  void set(std::string name, Value value);
  // Returns false if there was no such field.
  bool erase(std::string_view name);
  // Makes room for so many fields at once.
  void reserve(std::size_t fields);

  // The value of a field that has this type. std::nullopt if it is absent or has another type: nothing is converted.
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<double> real(std::string_view name) const;
  std::optional<std::string> string(std::string_view name) const;
  std::optional<Bytes> bytes(std::string_view name) const;
  std::optional<Date> date(std::string_view name) const;
  std::optional<UUID> uuid(std::string_view name) const;
  std::optional<Array> array(std::string_view name) const;
  std::optional<Object> object(std::string_view name) const;

  std::vector<Field>::const_iterator begin() const;
  std::vector<Field>::const_iterator end() const;

  friend BLAZEDB_API bool operator==(const Object& a, const Object& b);

 private:
  std::vector<Field> fields_;
};

class BLAZEDB_API Value {
 public:
  enum class Type : std::uint8_t { null, boolean, integer, real, string, bytes, date, uuid, array, object };

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(unsigned value) : data_(std::int64_t{value}) {}
  Value(long value) : data_(std::int64_t{value}) {}
  Value(long long value) : data_(std::int64_t{value}) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Bytes value) : data_(std::move(value)) {}
  Value(Date value) : data_(value) {}
  Value(UUID value) : data_(value) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  // An int64 does not hold every unsigned long: the caller converts.
  Value(unsigned long) = delete;
  Value(unsigned long long) = delete;
  template <class T>
  Value(const T*) = delete;  // a pointer would otherwise become a bool

  Type type() const { return static_cast<Type>(data_.index()); }
  bool isNull() const { return type() == Type::null; }
  // A pointer to the content, as in value.as<std::string>(); nullptr if the value has another type.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }

  // Same type and same content. Doubles are compared bit by bit: NaN equals itself, and 0.0 differs from -0.0.
  friend BLAZEDB_API bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Date, UUID, Array, Object> data_;
};

// The name of a type, for messages: "integer", "string", ...
BLAZEDB_API std::string_view typeName(Value::Type type);

struct Field {
  std::string name;
  Value value;
  friend bool operator==(const Field&, const Field&) = default;
};

// Defined here because an Object holds Fields, a Field a Value, and a Value may hold an Object.
inline Object::Object() = default;
inline Object::~Object() = default;
inline Object::Object(const Object&) = default;
inline Object::Object(Object&&) noexcept = default;
inline Object& Object::operator=(const Object&) = default;
inline Object& Object::operator=(Object&&) noexcept = default;
inline std::size_t Object::size() const { return fields_.size(); }
inline std::vector<Field>::const_iterator Object::begin() const { return fields_.begin(); }
inline std::vector<Field>::const_iterator Object::end() const { return fields_.end(); }

}  // namespace blazedb
