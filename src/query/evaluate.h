// Evaluates expressions on records in memory.
//
// Logic has three values, as in SQL: a comparison with null, with a missing field, or of two types by < is unknown,
// which is null. `=` of two types is false, and != true. NOT of unknown is unknown; a condition matches where it is
// true.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"
#include "query/expression.h"
#include "query/functions.h"

namespace blazedb::query {

// An expression with the values of its parameters. Immutable; any thread may use it.
class Bound {
 public:
  // `parameters` by name, without the $. Throws Error(InvalidArgument) if one is missing, or is not in the expression,
  // or cannot be stored in a record either.
  Bound(Expression expression, const Object& parameters);
  Bound(const Bound&) = delete;  // views

  const Node& root() const { return *expression_.root; }
  const Operand& parameter(std::size_t slot) const { return parameters_[slot]; }
  const std::string& fieldName(std::size_t slot) const { return expression_.fields[slot]; }
  bool usesTime() const { return expression_.usesTime; }
  // The elements of a long list behind IN as sort keys, in their order; nullptr if the node has none.
  struct Set {
    std::vector<base::Bytes> keys;
    bool hasUnknown = false;
  };
  const Set* setOf(const Node& in) const;
  // The fields that it looks at, by name, each with its place in Expression::fields.
  const std::vector<std::pair<std::string_view, std::size_t>>& fields() const { return fields_; }
  // Names of a record behind this one are neither theirs nor those of parts of their counters.
  const std::string& lastName() const { return lastName_; }

 private:
  void makeSets(const Node& node);

  Expression expression_;
  std::unordered_map<const Node*, Set> sets_;
  std::vector<base::Bytes> encoded_;
  std::vector<Operand> parameters_;                               // views into encoded_
  std::vector<std::pair<std::string_view, std::size_t>> fields_;  // views into expression_
  std::string lastName_;
};

// Evaluates on one record after the other. Not thread-safe.
class Evaluator {
 public:
  // `bound` must outlive the evaluator. `now` is what now() gives.
  Evaluator(const Bound& bound, Date now) : bound_(bound), now_(now), fields_(bound.fields().size()) {}

  // `fields`: a record's encoded fields (codec/fields.h), as they are stored; must be valid. The result views `id`,
  // `fields`, the expression, or memory of the evaluator that lives until the next call.
  Operand value(const UUID& id, base::ByteView fields);
  bool matches(const UUID& id, base::ByteView fields) { return value(id, fields).isTrue(); }

 private:
  bool look(base::ByteView fields);
  Operand of(const Node& node);
  Operand compared(const Node& node);
  Operand inside(const Node& node);
  Operand among(const Node& node, const Operand& a, const Operand& array);
  Operand found(const Node& node);
  Operand calculated(const Node& node);
  Operand joined(const Node& node);
  Operand quantified(const Node& node);
  Operand called(const Node& node);
  Operand arrayOf(const Node& node);
  Operand textFor(const Node& node, const Operand& operand);

  const Bound& bound_;
  Date now_;
  Workshop workshop_;
  const UUID* id_ = nullptr;
  std::vector<Operand> fields_;     // of the record, by their places in Expression::fields
  base::Bytes key_;                 // reused
  base::Bytes counted_;             // the record's fields with the values of its counters, if it has any
  std::vector<Operand> variables_;  // of the ANY and EVERY that are being evaluated
};

// Evaluates a node that names no field, no parameter and no variable, and whose functions are pure.
Value constantOf(const NodePtr& node);

}  // namespace blazedb::query
