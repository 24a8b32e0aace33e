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

  // The number of the present filling of the WAL; frames of another filling are not read.
  std::atomic<std::uint32_t> walGeneration = 0;
  // Null for a file that is being made: no other file can take its place. Not owned.
  FileHeader* header = nullptr;
  // The state from which the present log began; none without a log. Only the writing connection uses it.
  std::optional<LogBase> logBase;
  // A file that is being made is opened by this until it has a name. Not owned.
  NewFile* newFile = nullptr;
  // Nothing is written, whatever SQLite asks for.
  bool readOnly = false;
  // There is no log on the disk, and none is made: each opening of the log gets an empty one in memory.
  bool logInMemory = false;
  // A sync has failed, so the content of the disk is unknown: nothing more is written until the file is opened again.
  std::atomic<bool> poisoned = false;
  // The next writes may use the space that is kept back on a small disk. Only the writing connection uses it.
  bool usesReserve = false;
  bool mayWrite() const { return !readOnly && !poisoned; }
  // The last page that failed authentication, for the error message.
  std::atomic<std::uint32_t> damagedPage = 0;
};

}  // namespace blazedb::storage
