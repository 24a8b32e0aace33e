// Making, listing and dropping indexes.
//
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/indexes.h"
#include "db/group_commit.h"

namespace blazedb::db {

// NotFound: the collection has no index of this name.
Error noSuchIndex(const std::string& collection, const std::string& name);

class IndexKeeper {
 public:
  // All of these must outlive it.
  IndexKeeper(GroupCommit& writer, const Snapshot& snapshot, Durability durability);

  // Makes those again that were made under other rules, by another version of BlazeDB or of a library.
  void renewOutdated();
  // As the functions in blazedb/records.h say.
  void create(const std::string& collection, const IndexInfo& info, const Progress& progress);
  std::vector<IndexInfo> of(const std::string& collection) const;
  void drop(const std::string& collection, const std::string& name);
  std::vector<Duplicate> duplicates(const std::string& collection, const std::string& name) const;

 private:
  GroupCommit& writer_;
  const Snapshot& snapshot_;
  const Durability durability_;
};

}  // namespace blazedb::db
