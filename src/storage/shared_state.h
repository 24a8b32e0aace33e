// What the connections of one DatabaseFile share.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "storage/file_header.h"
#include "storage/file_system.h"
#include "storage/frame_cache.h"
#include "storage/main_lock.h"
#include "storage/wal_index.h"

namespace blazedb::storage {

struct SharedState {
  SharedState(FileSystem& fileSystem, std::string mainPath, std::size_t pageBytes)
      : files(fileSystem), path(std::move(mainPath)), walPath(path + "-wal"), frames(pageBytes) {}

  FileSystem& files;
  const std::string path;
  const std::string walPath;
  WalIndex walIndex;
  MainLock mainLock;
  FrameCache frames;

  // Which filling of the WAL the current one is; a frame of another is not read.
  std::atomic<std::uint32_t> walGeneration = 0;
  // None for a file that is being made: nobody puts another one in its place. Not owned.
  FileHeader* header = nullptr;
  // Of the log as it is filled now; none where there is no log yet. Of the writing connection.
  std::optional<LogBase> logBase;
  // Of a file that is being made, by which it is opened until it has a name. Not owned.
  NewFile* newFile = nullptr;
  // Nothing is written, whatever SQLite asks for.
  bool readOnly = false;
  // There is no log on the disk, and none is made: whoever opens it gets an empty one of his own.
  bool logInMemory = false;
  // A sync has failed: what is on the disk is unknown, so nothing more is written until the file is opened again.
  std::atomic<bool> poisoned = false;
  // What comes next may use what is kept back of a small disk. Of the writing connection.
  bool usesReserve = false;
  bool mayWrite() const { return !readOnly && !poisoned; }
  // The last page that failed authentication, for the message.
  std::atomic<std::uint32_t> damagedPage = 0;
};

}  // namespace blazedb::storage
