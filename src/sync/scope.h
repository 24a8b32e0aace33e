// Scope: the part of a database that a link carries, in both directions. It names some collections or all of them, and
// of their records some fields, all but some, or all.
//
// Each end sends in its Hello what it wants or may have. Both compute the intersection, and obey it as senders and as
// receivers. A cursor belongs to a scope: it says "I have everything of that scope up to here". A link with another
// scope has a cursor of its own, and brings what the earlier one left out.
//
// Cursors are stored under the encoding, so it is canonical: empty for everything, otherwise
//
//   flags        1 byte    1 some collections only · 2 some fields only
//   collections  varint n, n sized names, ascending       if flag 1 is set
//   fields       varint n, n sized names, ascending: with flag 2 the fields that the link carries, else the others
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace blazedb::sync {

struct Scope {
  std::optional<std::vector<std::string>> collections;  // ascending, each once; absent: all
  std::optional<std::vector<std::string>> fields;       // ascending, each once; absent: all but `excludedFields`
  std::vector<std::string> excludedFields;              // ascending, each once; empty if `fields` is set

  bool full() const { return !collections && allFields(); }
  bool allFields() const { return !fields && excludedFields.empty(); }
  bool has(std::string_view collection) const;
  bool excludes(std::string_view key) const;

  friend bool operator==(const Scope&, const Scope&) = default;
};

// Makes a scope from lists in any order, with repeats.
Scope makeScope(std::optional<std::vector<std::string>> collections, std::vector<std::string> excludedFields,
                std::optional<std::vector<std::string>> fields = std::nullopt);

// What both scopes carry.
Scope intersect(const Scope& a, const Scope& b);
// Whether `wider` carries everything that `scope` carries.
bool isWithin(const Scope& scope, const Scope& wider);
// The fields that `wanted` has and `carried`, a part of it, leaves out, in the collections of `carried`. Returns
// nothing if it leaves out no field.
std::optional<Scope> fieldsLeftOut(const Scope& wanted, const Scope& carried);

base::Bytes encode(const Scope& scope);
// Returns std::nullopt for bytes that encode() would not make.
std::optional<Scope> decodeScope(base::ByteView bytes);

}  // namespace blazedb::sync
