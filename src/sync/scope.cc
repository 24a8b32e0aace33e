#include "sync/scope.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/names.h"

namespace blazedb::sync {
namespace {

constexpr std::uint8_t kSomeCollections = 1;

void order(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

void append(base::Bytes& out, const std::vector<std::string>& names) {
  base::appendVarint(out, names.size());
  for (const std::string& name : names) base::appendSized(out, base::viewOf(name));
}

// Names that are valid, ascending and each there once.
template <class Valid>
std::vector<std::string> read(base::Reader& in, Valid&& valid) {
  std::vector<std::string> names;
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
bool Scope::excludes(std::string_view field) const { return contains(excludedFields, field); }

Scope makeScope(std::optional<std::vector<std::string>> collections, std::vector<std::string> excludedFields) {
  Scope scope{std::move(collections), std::move(excludedFields)};
  if (scope.collections) order(*scope.collections);
  order(scope.excludedFields);
  return scope;
}

Scope intersect(const Scope& a, const Scope& b) {
  Scope both;
  std::set_union(a.excludedFields.begin(), a.excludedFields.end(), b.excludedFields.begin(), b.excludedFields.end(),
                 std::back_inserter(both.excludedFields));
  if (a.collections && b.collections) {
    both.collections.emplace();
    std::set_intersection(a.collections->begin(), a.collections->end(), b.collections->begin(), b.collections->end(),
                          std::back_inserter(*both.collections));
  } else {
    both.collections = a.collections ? a.collections : b.collections;
  }
  return both;
}

base::Bytes encode(const Scope& scope) {
  base::Bytes out;
  if (scope.full()) return out;
  out.push_back(scope.collections ? kSomeCollections : 0);
  if (scope.collections) append(out, *scope.collections);
  append(out, scope.excludedFields);
  return out;
}

std::optional<Scope> decodeScope(base::ByteView bytes) {
  Scope scope;
  if (bytes.empty()) return scope;
  base::Reader in(bytes);
  std::uint8_t flags = in.byte();
  if (flags > kSomeCollections) in.fail();
  if (flags & kSomeCollections) scope.collections = read(in, [](std::string_view name) { return base::isName(name); });
  scope.excludedFields =
      read(in, [](std::string_view name) { return !name.empty() && name.size() <= base::kFieldNameBytesMax; });
  if (!in.ok() || !in.atEnd() || scope.full()) return std::nullopt;
  return scope;
}

}  // namespace blazedb::sync
