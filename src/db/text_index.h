// TextIndex: the words of the records of a collection, as a table of FTS5.
//
// Triggers of SQLite keep it right with every statement that touches a row. It has no copy of the texts: a view gives
// FTS5 the text of a row when it makes an excerpt. Immutable; any thread may use one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "blazedb/indexes.h"

namespace blazedb::db {

class TextIndex {
 public:
  // As Index.
  TextIndex(std::int64_t number, std::int64_t collection, IndexInfo info);

  std::int64_t number() const { return number_; }
  std::int64_t collection() const { return collection_; }
  const IndexInfo& info() const { return info_; }
  bool isSame(const TextIndex& other) const;

  // SQL, of one or more statements.
  const std::string& create() const { return create_; }
  const std::string& drop() const { return drop_; }
  const std::string& check() const { return check_; }
  // id, fields, rank (less is better), excerpt. ?1 is the search, ?2 to ?5 what excerptOf() says. Throws
  // InvalidArgument for options that do not fit.
  std::string records(const ExcerptOptions* excerpt, bool ordered) const;

 private:
  std::vector<std::string> columns() const;

  const std::int64_t number_, collection_;
  const IndexInfo info_;
  const std::string table_;
  std::string create_, drop_, check_;
};

}  // namespace blazedb::db
