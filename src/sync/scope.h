// Which part of a database a link carries, in both directions: some collections or all of them; of their records some
// fields, all but some, or all.
//
// Each end says in its Hello what it wants or may have; both compute the intersection, and hold to it as senders and as
// receivers. A cursor belongs to a scope: "I have everything up to here" means "of that scope", so that a link with
// another scope starts at a cursor of its own, and fills in what the one before had left out.
//
// The encoding is canonical, because cursors are kept under it: empty for everything, else
//
//   flags        1 byte    1 some collections only · 2 some fields only
//   collections  varint n, n sized names, ascending       where flags say so
//   fields       varint n, n sized names, ascending: those that are carried where flags say so, else those that are not
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
  std::optional<std::vector<std::string>> fields;       // likewise
  std::vector<std::string> excludedFields;              // likewise; empty where `fields` are named

  bool full() const { return !collections && allFields(); }
  bool allFields() const { return !fields && excludedFields.empty(); }
  bool sameFields(const Scope& other) const { return fields == other.fields && excludedFields == other.excludedFields; }
  bool has(std::string_view collection) const;
  bool excludes(std::string_view field) const;

  friend bool operator==(const Scope&, const Scope&) = default;
};

// From lists in any order, with repeats.
Scope makeScope(std::optional<std::vector<std::string>> collections, std::vector<std::string> excludedFields,
                std::optional<std::vector<std::string>> fields = std::nullopt);

// What both carry.
Scope intersect(const Scope& a, const Scope& b);

base::Bytes encode(const Scope& scope);
// std::nullopt for bytes that encode() does not make.
std::optional<Scope> decodeScope(base::ByteView bytes);

}  // namespace blazedb::sync
