// Statement and Connection over SQLite's C interface, and raise(), which turns its result codes into Errors.
#include "storage/connection.h"

#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "blazedb/error.h"
#include "storage/encrypted_vfs.h"
#include "storage/sealed_file.h"

namespace blazedb::storage {
namespace {

constexpr std::size_t kArgumentsMax = 32;
constexpr int kInstructionsBetweenAsks = 50'000;

Error outOfMemory(const std::string& path) {
  return Error(ErrorCode::OutOfMemory, path + "there is not enough memory for this; free some and try again");
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(handle_, other.handle_);
  return *this;
}

void Statement::check(int code) {
  if (code != SQLITE_OK) connection_->raise(code);
}

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, index, value));
  return *this;
}

// A null pointer would bind NULL; an empty view is an empty blob.
Statement& Statement::bindBlob(int index, base::ByteView bytes) {
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  check(sqlite3_bind_blob64(handle_, index, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bindText(int index, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  check(sqlite3_bind_text64(handle_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bindNull(int index) {
  check(sqlite3_bind_null(handle_, index));
  return *this;
}

bool Statement::step() {
  int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(handle_);
  if (code == SQLITE_DONE) return false;
  connection_->raise(code);
}

void Statement::reset() { sqlite3_reset(handle_); }  // the result repeats a failure that step() has thrown

std::int64_t Statement::integer(int column) { return sqlite3_column_int64(handle_, column); }

base::ByteView Statement::blob(int column) {
  const void* data = sqlite3_column_blob(handle_, column);
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::text(int column) {
  const unsigned char* data = sqlite3_column_text(handle_, column);
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

double Statement::real(int column) { return sqlite3_column_double(handle_, column); }

bool Statement::isNull(int column) { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

namespace {

// SQLite keeps count of its memory under one lock for all connections of the process, which costs a third of the time
// where two threads work. This runs as the program is loaded, before anybody can use SQLite; where SQLite has been used
// before, it changes nothing (docs/coming-from.md).
const int kMemoryIsNotCounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

}  // namespace

Connection::Connection(EncryptedVfs& vfs, Role role, int cacheKiB) : vfs_(vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | (role == Role::writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  try {
    if (int code = sqlite3_open_v2(EncryptedVfs::kMainName, &handle_, flags, vfs.name())) raise(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // Without this, SQLite makes the plan of a statement anew whenever a parameter is bound that it has compared with
    // the condition of a partial index; and every index of a collection has such a condition
    // (findings/sqlite_partial_index_reprepares.sh).
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
    // The triggers that keep a full-text index are in the schema. SQLite 3.40 refuses FTS5 in a schema that it does not
    // trust. Whoever can write a schema here has the password of the file.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, role == Role::writer, nullptr);
    sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED,
                  0);  // this VFS has one database; also forbids VACUUM, which needs a second
    // Temporary files, for large sorts and savepoints, are files of the VFS, which has them in memory. With
    // temp_store=MEMORY SQLite would sort a list whose elements lie scattered, a quarter slower. DatabaseFile decides
    // when to checkpoint. Deleted content is ciphertext, so overwriting it (Debian's default) protects nothing.
    execute("PRAGMA temp_store=FILE; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=OFF;");
    execute(("PRAGMA cache_size=" + std::to_string(-cacheKiB)).c_str());
    execute(role == Role::reader ? "PRAGMA query_only=ON" : "PRAGMA cache_spill=OFF");  // see wal_file.h
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Connection::~Connection() {
  if (sqlite3_close(handle_) == SQLITE_OK) return;
  std::fputs("blazedb: a storage::Connection was destroyed before its statements\n", stderr);
  std::abort();
}

void Connection::checkpointOnClose() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr); }

Statement Connection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle,
                                nullptr);
  if (code != SQLITE_OK) raise(code);
  return Statement(*this, handle);
}

void Connection::execute(const char* sql) {
  if (int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)) raise(code);
}

struct Connection::Defined {
  Connection& connection;
  Function function;

  // SQLite is written in C: no exception may pass through it.
  static void call(sqlite3_context* context, int count, sqlite3_value** values) {
    auto& defined = *static_cast<Defined*>(sqlite3_user_data(context));
    try {
      std::array<base::ByteView, kArgumentsMax> arguments;
      auto n = static_cast<std::size_t>(count);
      for (std::size_t i = 0; i < n; i++) {
        const void* data = sqlite3_value_blob(values[i]);
        arguments[i] = {static_cast<const std::uint8_t*>(data),
                        static_cast<std::size_t>(sqlite3_value_bytes(values[i]))};
      }
      std::optional<base::ByteView> result = defined.function(std::span(arguments).first(n));
      if (!result) return sqlite3_result_null(context);
      const void* data = result->empty() ? static_cast<const void*>("") : result->data();
      sqlite3_result_blob64(context, data, result->size(), SQLITE_TRANSIENT);
    } catch (...) {
      defined.connection.thrown_ = std::current_exception();
      sqlite3_result_error_code(context, SQLITE_ABORT);
    }
  }
};

void Connection::define(const char* name, Function function) {
  sqlite3_limit(handle_, SQLITE_LIMIT_FUNCTION_ARG, kArgumentsMax);
  auto defined = std::make_unique<Defined>(Defined{*this, std::move(function)});
  int code = sqlite3_create_function_v2(handle_, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                        defined.release(), Defined::call, nullptr, nullptr,
                                        [](void* old) { delete static_cast<Defined*>(old); });  // also if it fails
  if (code != SQLITE_OK) raise(code);
}

void Connection::askWhileRunning(std::function<bool()> goesOn) {
  goesOn_ = std::move(goesOn);
  auto ask = [](void* self) {
    auto& connection = *static_cast<Connection*>(self);
    try {
      return connection.goesOn_() ? 0 : 1;
    } catch (...) {
      connection.thrown_ = std::current_exception();
      return 1;
    }
  };
  sqlite3_progress_handler(handle_, goesOn_ ? kInstructionsBetweenAsks : 0, goesOn_ ? +ask : nullptr, this);
}

std::int64_t Connection::lastInsertRow() { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Connection::changes() { return sqlite3_changes64(handle_); }
std::int64_t Connection::totalChanges() { return sqlite3_total_changes64(handle_); }
bool Connection::inTransaction() { return sqlite3_get_autocommit(handle_) == 0; }

void Connection::raise(int code) {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  const SharedState& shared = vfs_.shared();
  std::string path = shared.path + ": ";
  std::string page = shared.damagedPage ? "page " + std::to_string(shared.damagedPage) : "its WAL";
  if (code == kDamagedCode)
    throw Error(ErrorCode::DamagedPage,
                path + page + " fails authentication; run verify, and restore the file from a backup");
  if (code == kTruncatedCode)
    throw Error(ErrorCode::TruncatedFile, path + "the file ends before " + page + "; restore it from a backup");
  switch (code & 0xFF) {
    case SQLITE_NOMEM:
      throw outOfMemory(path);
    case SQLITE_CANTOPEN:
      if (!shared.poisoned)
        throw Error(ErrorCode::IoError, path +
                                            "the file cannot be opened, or its log cannot be made beside it; check " +
                                            "that this user may write the file and its folder");
      [[fallthrough]];
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_NOMEM) throw outOfMemory(path);
      if (shared.poisoned)
        throw Error(ErrorCode::NeedsReopen, path + "a sync to disk has failed; close the database and open it again");
      throw Error(ErrorCode::IoError, path + "the file system failed (" + sqlite3_errstr(code) + "); check the disk");
    case SQLITE_FULL:
      throw Error(ErrorCode::DiskFull, path + "no space left; free some and try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorCode::DamagedPage,
                  path + "its pages contradict each other; run verify, and restore the file from a backup");
    case SQLITE_READONLY:
      if (shared.readOnly)
        throw Error(ErrorCode::OpenedReadOnly,
                    path + "the file was opened for reading; open it without readOnly to write");
      break;
    case SQLITE_INTERRUPT:
      throw Error(ErrorCode::Cancelled, "the statement was interrupted");
    case SQLITE_TOOBIG:
      throw Error(ErrorCode::TooLarge, "a value or statement is larger than SQLite accepts");
    default:
      break;
  }
  std::string message = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
    throw Error(ErrorCode::AlreadyExists, message);
  bool isMissing = message.starts_with("no such index") || message.starts_with("no such table");
  throw Error(isMissing ? ErrorCode::NotFound : ErrorCode::Misuse, message);
}

}  // namespace blazedb::storage
