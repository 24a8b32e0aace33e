// The part that `blazedb share` and `serve --share` have in common: what is shared, and how apps attach.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "blazedb/cross_app.h"

namespace blazedb::cli {

struct Sharing {
  AppGroup group = "";
  std::vector<std::string> collections;
  std::vector<std::string> fields;
  std::string filter;
  std::string user;
  bool readWrite = false;
  bool relay = false;

  // The options, but not those of the group.
  void declare(Arguments& arguments);
  // The first of all options but the group's name that was given; empty if none was.
  std::string givenOption() const;
  // Throws UsageError if the options contradict one another.
  void refuseContradictions() const;
  ExportPolicy policy() const;
  // What is typed for another app.
  std::string attachCommand(const Database& database) const;
};

}  // namespace blazedb::cli
