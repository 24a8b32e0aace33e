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
  // A sync has failed: what is on the disk is unknown, so nothing more is written until the file is opened again.
  std::atomic<bool> poisoned = false;
  // The last page that failed authentication, for the message.
  std::atomic<std::uint32_t> damagedPage = 0;
};

}  // namespace blazedb::storage
