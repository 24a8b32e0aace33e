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
  // A name. Unlike a std::string it is not made of two pointers, so `{{"users", "posts"}}` are two names as well.
  struct Name : std::string {
    Name(const char* name) : std::string(name) {}
    Name(std::string name) : std::string(std::move(name)) {}
  };
  CollectionNames(std::initializer_list<Name> names)
      : std::optional<std::vector<std::string>>(std::vector<std::string>(names.begin(), names.end())) {}
};

}  // namespace blazedb
