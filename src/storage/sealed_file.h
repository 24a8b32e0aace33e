// SealedFile: a file as SQLite sees it through the VFS, with plain bytes at plain offsets; the disk has sealed bytes.
// Results are SQLite's codes. Private to storage. Not thread-safe: each connection has files of its own.
#pragma once

#include <sqlite3.h>

#include "storage/file_system.h"

namespace blazedb::storage {

class SealedFile {
 public:
  virtual ~SealedFile() = default;
  virtual int read(void* out, int bytes, sqlite3_int64 offset) = 0;
  virtual int write(const void* in, int bytes, sqlite3_int64 offset) = 0;
  virtual int truncate(sqlite3_int64 bytes) = 0;
  virtual int sync() = 0;
  virtual int size(sqlite3_int64& bytes) = 0;
};

// Extended codes that distinguish our failures from SQLite's own, for Connection.
inline constexpr int kDamagedCode = SQLITE_IOERR_DATA;
inline constexpr int kTruncatedCode = SQLITE_IOERR_CORRUPTFS;

// SQLite's code for the outcome of a write, truncation or the like.
inline int writeCode(IoStatus status, int failure = SQLITE_IOERR_WRITE) {
  if (status == IoStatus::ok) return SQLITE_OK;
  return status == IoStatus::noSpace ? SQLITE_FULL : failure;
}

}  // namespace blazedb::storage
