// The main file of a database as one connection sees it.
//
//   header (key_header.h), 8192 bytes | page 1 | page 2 | ...      each sealed (page_sealer.h)
//
// Pages are written by checkpoints, and when the file is made. A checkpoint reads a sealed page from the WAL and writes
// it here as it is: between SQLite's announcements of its begin and end, WalFile hands out and this file takes sealed
// pages.
//
// SQLite looks at the first bytes of page 1 before it looks into the WAL, while page 1 may be torn by a power cut
// during a checkpoint and waiting for its WAL frame. That peek gets a synthetic answer; whatever is used is read as a
// whole page, and authenticated.
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
  // `mayWrite`: this is the writing connection; the others never write, checkpoint or recover.
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

  // For the WAL of the same connection.
  void attachWal(WalFile* wal) { wal_ = wal; }
  PageSealer& sealer() { return *sealer_; }
  SharedState& shared() { return shared_; }
  bool mayWrite() const { return mayWrite_; }
  bool checkpointing() const { return checkpointing_; }
  bool recovering() const { return recovering_; }
  // How much longer the file must get to hold so many pages. For the writing connection.
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
  std::uint64_t length_ = 0;  // of the file; 0: nobody has asked yet
};

}  // namespace blazedb::storage
