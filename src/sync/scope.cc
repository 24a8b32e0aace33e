// A scope keeps its lists ascending and without repeats, so there is one form to compare, search and encode.
#include "sync/scope.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/names.h"
#include "codec/counter.h"

namespace blazedb::sync {
namespace {

enum Flag : std::uint8_t { kSomeCollections = 1, kSomeFields = 2 };

using Names = std::vector<std::string>;

void order(Names& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool contains(const Names& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

void append(base::Bytes& out, const Names& names) {
  base::appendVarint(out, names.size());
  for (const std::string& name : names) base::appendSized(out, base::viewOf(name));
}

// Reads names that are valid, ascending, and each there once; fails otherwise.
template <class Valid>
Names read(base::Reader& in, Valid&& valid) {
  Names names;
  std::uint64_t count = in.varint();
  if (count > in.remaining()) in.fail();
  for (std::uint64_t i = 0; i < count && in.ok(); i++) {
    std::string name(base::textOf(in.sized()));
    if (!valid(name) || (!names.empty() && name <= names.back())) in.fail();
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

bool Scope::has(std::string_view collection) const { return !collections || contains(*collections, collection); }
bool Scope::excludes(std::string_view key) const {
  std::string_view field = codec::fieldOf(key);
  return fields ? !contains(*fields, field) : contains(excludedFields, field);
}

Scope makeScope(std::optional<Names> collections, Names excludedFields, std::optional<Names> fields) {
  Scope scope{std::move(collections), std::move(fields), std::move(excludedFields)};
  if (scope.collections) order(*scope.collections);
  order(scope.excludedFields);
  if (scope.fields) {
    order(*scope.fields);
    std::erase_if(*scope.fields, [&](const std::string& name) { return contains(scope.excludedFields, name); });
    scope.excludedFields.clear();
  }
  return scope;
}

Scope intersect(const Scope& a, const Scope& b) {
  auto both = [](const std::optional<Names>& some, const std::optional<Names>& others) {
    if (!some || !others) return some ? some : others;
    std::optional<Names> common(std::in_place);
    std::set_intersection(some->begin(), some->end(), others->begin(), others->end(), std::back_inserter(*common));
    return common;
  };
  Names excluded;
  std::set_union(a.excludedFields.begin(), a.excludedFields.end(), b.excludedFields.begin(), b.excludedFields.end(),
                 std::back_inserter(excluded));
  return makeScope(both(a.collections, b.collections), std::move(excluded), both(a.fields, b.fields));
}

bool isWithin(const Scope& scope, const Scope& wider) { return intersect(scope, wider) == scope; }

std::optional<Scope> fieldsLeftOut(const Scope& wanted, const Scope& carried) {
  auto without = [](const Names& all, const Names& some) {
    Names rest;
    std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
    return rest;
  };
  if (!wanted.fields && carried.fields) {
    Names others = wanted.excludedFields;
    others.insert(others.end(), carried.fields->begin(), carried.fields->end());
    return makeScope(carried.collections, std::move(others));
  }
  Names left =
      wanted.fields ? without(*wanted.fields, *carried.fields) : without(carried.excludedFields, wanted.excludedFields);
  if (left.empty()) return std::nullopt;
  return makeScope(carried.collections, {}, std::move(left));
}

base::Bytes encode(const Scope& scope) {
  base::Bytes out;
  if (scope.full()) return out;
  out.push_back(
      static_cast<std::uint8_t>((scope.collections ? kSomeCollections : 0) | (scope.fields ? kSomeFields : 0)));
  if (scope.collections) append(out, *scope.collections);
  append(out, scope.fields ? *scope.fields : scope.excludedFields);
  return out;
}

std::optional<Scope> decodeScope(base::ByteView bytes) {
  Scope scope;
  if (bytes.empty()) return scope;
  base::Reader in(bytes);
  std::uint8_t flags = in.byte();
  if (flags > (kSomeCollections | kSomeFields)) in.fail();
  if (flags & kSomeCollections) scope.collections = read(in, [](std::string_view name) { return base::isName(name); });
  Names named =
      read(in, [](std::string_view name) { return !name.empty() && name.size() <= base::kFieldNameBytesMax; });
  if (flags & kSomeFields)
    scope.fields = std::move(named);
  else
    scope.excludedFields = std::move(named);
  if (!in.ok() || !in.atEnd() || scope.full()) return std::nullopt;
  return scope;
}

}  // namespace blazedb::sync
