// SQL on a database: thin wrappers that keep SQLite's header inside storage.
//
// A Connection and its Statements are for one thread at a time. Failures are thrown as blazedb::Error:
//
//   DiskFull       no space for a write; the transaction is rolled back
//   DamagedPage    a page fails authentication, or its content is invalid
//   TruncatedFile  the main file ends before a page that it must have
//   NeedsReopen    a sync failed earlier
//   IoError        the file system failed otherwise
//   AlreadyExists  a unique index or primary key is violated
//   OpenedReadOnly a write to a database that was opened for reading
//   OutOfMemory    memory has run out
//   TooLarge       a value or statement beyond SQLite's limits
//   Misuse         wrong SQL, a write through a reader, a statement that is not allowed now
//
// After DiskFull, OutOfMemory, IoError and DamagedPage SQLite may have rolled the transaction back already: ask
// inTransaction() before ROLLBACK.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace blazedb::storage {

class Connection;
class EncryptedVfs;

// Temporary containers that own their bytes.
template <class T>
concept TemporaryBytes = std::is_class_v<std::remove_reference_t<T>> && !std::is_lvalue_reference_v<T> &&
                         !std::ranges::view<std::remove_cvref_t<T>>;

// A prepared statement. Prepare it once and use it many times. Must not outlive its Connection.
class Statement {
 public:
  Statement() = default;  // may only be assigned to
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Parameters count from 1. Blobs and texts are not copied: they must not change until reset() or the next bind of
  // that parameter. A temporary container does not compile. Bindings survive reset().
  Statement& bind(int index, std::int64_t value);
  template <TemporaryBytes Bytes>
  Statement& bindBlob(int index, Bytes&& bytes) = delete;
  template <TemporaryBytes Text>
  Statement& bindText(int index, Text&& text) = delete;
  Statement& bindBlob(int index, base::ByteView bytes);
  Statement& bindText(int index, std::string_view text);
  Statement& bindNull(int index);

  // Returns true if there is a row. False: the statement is done, has been reset and can be used again.
  bool step();
  // Ends a statement before its last row. Until then it keeps its snapshot, and its bound bytes are in use.
  void reset();
  // Runs a statement without rows.
  void run() {
    while (step()) {
    }
  }

  // Columns count from 0. Views live until the next step() or reset().
  std::int64_t integer(int column);
  double real(int column);
  base::ByteView blob(int column);
  std::string_view text(int column);
  bool isNull(int column);

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* handle) : connection_(&connection), handle_(handle) {}
  void check(int code);

  Connection* connection_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
};

class Connection {
 public:
  enum class Role { writer, reader };

  // DatabaseFile makes connections. `cacheKiB` bounds the memory for pages, except for those that a transaction has
  // changed: they stay in memory until it commits.
  Connection(EncryptedVfs& vfs, Role role, int cacheKiB);
  // All its statements must be destroyed before.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Statement prepare(std::string_view sql);
  // Runs one or more statements without parameters, and discards their rows.
  void execute(const char* sql);

  // Gives SQL a function of this name, for statements and for the expressions of indexes. It takes any number of blobs,
  // and its result depends on them alone. The result lives until the next call; absent is NULL. What the function
  // throws leaves through the statement that called it.
  using Function = std::function<std::optional<base::ByteView>(std::span<const base::ByteView> arguments)>;
  void define(const char* name, Function function);
  // Asks `goesOn` now and then while a statement runs; if it returns false, the statement throws Cancelled. What it
  // throws leaves through the statement. An empty one asks no more.
  void askWhileRunning(std::function<bool()> goesOn);

  // The rowid of the last insert, 0 before the first.
  std::int64_t lastInsertRow();
  // How many rows the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes();
  // How many rows all statements have changed since the connection was opened.
  std::int64_t totalChanges();
  bool inTransaction();

  // For the storage layer only. From now on closing checkpoints and removes the WAL. Before this call it does not: a
  // damaged WAL must stay as it is.
  void checkpointOnClose();
  sqlite3* handle() { return handle_; }
  // Throws the Error for a result code of SQLite, which must not be SQLITE_OK.
  [[noreturn]] void raise(int code);

 private:
  struct Defined;

  EncryptedVfs& vfs_;
  sqlite3* handle_ = nullptr;
  std::function<bool()> goesOn_;
  std::exception_ptr thrown_;  // by a function that SQLite has called
};

}  // namespace blazedb::storage
