// The prepared statements of one connection. Each is prepared when it is first used, and kept.
//
// Not thread-safe: a connection belongs to one thread at a time.
#pragma once

#include <string>
#include <unordered_map>

#include "storage/connection.h"

namespace blazedb::db {

// A statement in use. It is reset when the use ends, whatever happens: a statement that stays open holds its snapshot.
class Use {
 public:
  explicit Use(storage::Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;

  storage::Statement* operator->() { return &statement_; }
  storage::Statement& operator*() { return statement_; }

 private:
  storage::Statement& statement_;
};

class Statements {
 public:
  explicit Statements(storage::Connection& connection) : connection_(connection) {}
  Statements(const Statements&) = delete;

  // `sql` is a string literal: its address identifies the statement. A statement has one use at a time.
  Use use(const char* sql) {
    auto known = prepared_.find(sql);
    if (known == prepared_.end()) known = prepared_.emplace(sql, connection_.prepare(sql)).first;
    return Use(known->second);
  }
  void run(const char* sql) { use(sql)->run(); }
  // For SQL that is made as the program runs.
  Use useMade(const std::string& sql) {
    auto known = made_.find(sql);
    if (known == made_.end()) known = made_.emplace(sql, connection_.prepare(sql)).first;
    return Use(known->second);
  }
  void forgetMade() { made_.clear(); }

  storage::Connection& connection() { return connection_; }

 private:
  storage::Connection& connection_;
  std::unordered_map<const char*, storage::Statement> prepared_;
  std::unordered_map<std::string, storage::Statement> made_;
};

}  // namespace blazedb::db
