// What a condition says about the expressions of an index, as ranges of its sort keys.
//
// The ranges hold every record for which the condition is true. Unless they are exact they hold others too, and the
// condition has to be evaluated still.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "query/evaluate.h"

namespace blazedb::query {

struct KeyRange {
  base::Bytes from, to;  // from <= key < to
};

struct KeyRanges {
  std::vector<KeyRange> ranges = {};  // in their order, none twice
  std::size_t equal = 0;              // how many expressions, from the first, are held to values
  bool isSingle = true;               // each of them to one value
  bool isBounded = false;             // and the next expression to a range
  bool isExact = false;               // the condition is true for all records in the ranges
  base::Bytes prefix = {};            // of all keys, if isSingle
};

// `condition` may be null: every record. `expressions`: of the index, in their order.
KeyRanges keyRanges(const Bound* condition, std::span<const Bound* const> expressions);
// Whether `condition` is true only where `part` is, because it has every term of it. `part` has no parameters.
bool implies(const Bound* condition, const Bound& part);
// Whether the two are the same expression. They have no parameters.
bool isSame(const Bound& a, const Bound& b);
// The first key behind all that begin with these bytes.
base::Bytes behind(base::Bytes prefix);

}  // namespace blazedb::query
