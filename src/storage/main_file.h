// The main file of a database as one connection sees it.
//
//   header (key_header.h), 8192 bytes | page 1 | page 2 | ...      each sealed (page_sealer.h)
//
// Only checkpoints write pages, and the making of a file. SQLite announces the begin and the end of a checkpoint; in
// between WalFile returns sealed pages, and this file writes them as they are.
//
// SQLite reads the first bytes of page 1 before it reads the WAL. A power cut during a checkpoint may have torn page 1,
// which then waits for its WAL frame. So that read gets a synthetic answer. SQLite uses only pages that it reads whole,
// and these are authenticated.
#pragma once

#include <memory>
#include <vector>

#include "storage/page_sealer.h"
#include "storage/sealed_file.h"
#include "storage/shared_state.h"

namespace blazedb::storage {

class WalFile;

class MainFile final : public SealedFile {
 public:
  // `mayWrite`: this file belongs to the writing connection. The others never write, checkpoint or recover.
  MainFile(std::unique_ptr<File> file, std::unique_ptr<PageSealer> sealer, SharedState& shared, bool mayWrite);
  ~MainFile() override;

  int read(void* out, int bytes, sqlite3_int64 offset) override;
  int write(const void* in, int bytes, sqlite3_int64 offset) override;
  int truncate(sqlite3_int64 bytes) override;
  int sync() override;
  int size(sqlite3_int64& bytes) override;

  int lock(int level);
  int unlock(int level);
  int checkReservedLock(int& taken);
  int control(int operation, void* argument);
  int mapIndex(int region, int bytes, int extend, void volatile** out);
  int lockIndex(int first, int count, int flags);
  void fenceIndex();
  int unmapIndex();

  // The WalFile of the same connection uses these.
  void attachWal(WalFile* wal) { wal_ = wal; }
  PageSealer& sealer() { return *sealer_; }
  SharedState& shared() { return shared_; }
  bool mayWrite() const { return mayWrite_; }
  bool checkpointing() const { return checkpointing_; }
  bool recovering() const { return recovering_; }
  // How many bytes the file must grow to hold this number of pages. For the writing connection.
  std::uint64_t bytesToGrow(std::uint32_t pages);

 private:
  int peek(void* out, int bytes, sqlite3_int64 offset);

  std::unique_ptr<File> file_;
  std::unique_ptr<PageSealer> sealer_;
  SharedState& shared_;
  const bool mayWrite_;
  WalFile* wal_ = nullptr;
  bool checkpointing_ = false;
  bool recovering_ = false;
  bool indexAttached_ = false;
  MainLock::Level level_ = MainLock::none;
  std::vector<std::uint8_t> scratch_;
  std::uint64_t length_ = 0;  // of the file; 0: not known yet
};

}  // namespace blazedb::storage
