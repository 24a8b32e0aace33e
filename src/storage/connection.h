// SQL on a database: thin wrappers that keep SQLite's header inside storage.
//
// A Connection and its Statements are for one thread at a time. Failures are thrown as blazedb::Error:
//
//   DiskFull       no space for a write; the transaction is rolled back
//   DamagedPage    a page fails authentication, or its content makes no sense
//   TruncatedFile  the main file ends before a page that it must have
//   NeedsReopen    a sync failed earlier
//   IoError        the file system failed otherwise
//   AlreadyExists  a unique index or primary key is violated
//   OpenedReadOnly a write to a database that was opened for reading
//   OutOfMemory    memory has run out
//   TooLarge       a value or statement beyond SQLite's limits
//   Misuse         wrong SQL, a write through a reader, a statement that the moment does not allow
//
// After DiskFull, OutOfMemory, IoError and DamagedPage SQLite may have rolled the
// transaction back already: ask inTransaction() before ROLLBACK.
#pragma once

#include <cstdint>
#include <ranges>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace blazedb::storage {

class Connection;
class EncryptedVfs;

// Bytes that own what they hold and are about to go.
template <class T>
concept TemporaryBytes = std::is_class_v<std::remove_reference_t<T>> && !std::is_lvalue_reference_v<T> &&
                         !std::ranges::view<std::remove_cvref_t<T>>;

// A prepared statement; to be prepared once and used many times. Must not outlive its Connection.
class Statement {
 public:
  Statement() = default;  // nothing may be called on it but assignment
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Parameters count from 1. Blobs and texts are not copied: they must stay as they are until reset() or the next bind
  // of that parameter, so that a temporary one does not compile. Bindings survive reset().
  Statement& bind(int index, std::int64_t value);
  template <TemporaryBytes Bytes>
  Statement& bindBlob(int index, Bytes&& bytes) = delete;
  template <TemporaryBytes Text>
  Statement& bindText(int index, Text&& text) = delete;
  Statement& bindBlob(int index, base::ByteView bytes);
  Statement& bindText(int index, std::string_view text);
  Statement& bindNull(int index);

  // True: there is a row. False: done; the statement has been reset and can be used again.
  bool step();
  // Ends what step() began. A statement that is not reset keeps its snapshot, and its bound bytes in use.
  void reset();
  // bind, step and reset for a statement without rows.
  void run() {
    while (step()) {
    }
  }

  // Columns count from 0. Views live until the next step() or reset().
  std::int64_t integer(int column);
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

  // Made by DatabaseFile. `cacheKiB` bounds the memory for pages, but what a transaction has changed stays in memory
  // until it commits.
  Connection(EncryptedVfs& vfs, Role role, int cacheKiB);
  // All its statements must be gone.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Statement prepare(std::string_view sql);
  // One or more statements without parameters; rows are thrown away.
  void execute(const char* sql);

  // The rowid of the last insert, 0 before the first.
  std::int64_t lastInsertRow();
  // Rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes();
  // Rows that all of them have changed since the connection was opened.
  std::int64_t totalChanges();
  bool inTransaction();

  // For storage.
  // Closing checkpoints and removes the WAL from now on. Not before: a WAL that is found damaged must stay as it is.
  void checkpointOnClose();
  sqlite3* handle() { return handle_; }
  // Throws what a result code of SQLite means; must not be SQLITE_OK.
  [[noreturn]] void raise(int code);

 private:
  EncryptedVfs& vfs_;
  sqlite3* handle_ = nullptr;
};

}  // namespace blazedb::storage
