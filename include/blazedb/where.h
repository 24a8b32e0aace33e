// Where: an expression that is built in C++ instead of written as text. It is the same expression.
//
//   using blazedb::field;
//   users.query(field("age") > 30 && field("city").in({"Oslo", "Rome"})).all();
//
// docs/query.md says what each part means. Immutable values; any thread may use them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/value.h"

namespace blazedb {

class BLAZEDB_API Where {
 public:
  // A field, as field() says.
  explicit Where(std::string_view path);

  Where in(const std::vector<Value>& values) const;
  Where between(const Value& low, const Value& high) const;  // both inclusive
  Where like(const std::string& pattern) const;              // % stands for any text, _ for one character
  Where contains(const Value& part) const;                   // a text in a text, a value in an array
  Where startsWith(const std::string& text) const;
  Where endsWith(const std::string& text) const;
  Where isNull() const;
  Where isMissing() const;
  Where isValued() const;  // neither null nor missing
  Where exists() const;    // null or a value
  // Of one comparison of texts, as in field("name").startsWith("a").nocase(): the case of letters does not count.
  // Throws InvalidArgument for anything else.
  Where nocase() const;

  friend BLAZEDB_API Where operator==(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator!=(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator<(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator<=(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator>(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator>=(const Where& a, const Value& b);
  friend BLAZEDB_API Where operator&&(const Where& a, const Where& b);
  friend BLAZEDB_API Where operator||(const Where& a, const Where& b);
  friend BLAZEDB_API Where operator!(const Where& a);

  // The text of the expression, with the values as parameters $1, $2 and so on; and these values.
  std::string expression() const;
  Object parameters() const;

 private:
  enum class Kind : std::uint8_t { atom, comparison, test, conjunction, disjunction };
  Where(Kind kind, std::vector<std::string> pieces, std::vector<Value> values);
  Where compared(const std::string& op, std::vector<Value> values) const;
  Where tested(const std::string& test) const;
  Where asAtom() const;
  static Where joined(Kind kind, const Where& a, const std::string& word, const Where& b);

  Kind kind_ = Kind::atom;
  std::vector<std::string> pieces_;  // of text; a value stands between any two
  std::vector<Value> values_;
};

// A field of the record by its path: names with points between them, each followed by [0] or [-1] for an element of an
// array, as in "home.rooms[0]". Names need no backticks; one with a point in it can only be written in the text of an
// expression.
inline Where field(std::string_view path) { return Where(path); }

}  // namespace blazedb
