// A connection to plain SQLite, which the benchmarks compare with. Any error ends the program.
#pragma once

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace blazedb::bench {

class SqliteHandle {
 public:
  explicit SqliteHandle(const std::string& path) { check(sqlite3_open(path.c_str(), &handle_)); }
  ~SqliteHandle() { sqlite3_close_v2(handle_); }
  SqliteHandle(const SqliteHandle&) = delete;

  sqlite3* get() { return handle_; }
  void check(int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(handle_));
    std::abort();
  }
  void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace blazedb::bench
