// Which collections a connection carries.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace blazedb {

// Names of collections, as in `.collections = {"users", "posts"}`; absent, as std::nullopt and {}: all of them.
struct CollectionNames : std::optional<std::vector<std::string>> {
  using std::optional<std::vector<std::string>>::optional;
  CollectionNames() = default;
  CollectionNames(std::optional<std::vector<std::string>> names)
      : std::optional<std::vector<std::string>>(std::move(names)) {}
  CollectionNames(std::initializer_list<std::string> names)
      : std::optional<std::vector<std::string>>(std::vector<std::string>(names)) {}
};

}  // namespace blazedb
