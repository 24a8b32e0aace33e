// SQLite's access to the disk: a VFS for one database, which seals every byte.
//
// The constructor registers the VFS with SQLite under a name of its own, and the destructor removes it, so databases
// know nothing of each other. Inside it the main file is called "database" and its WAL "database-wal", whatever their
// paths, so SQLite never parses a path. Temporary files, for large sorts, are in memory, because they have plaintext.
// Nothing else can be opened: SQLite is set up so that it needs no journal.
//
// The VFS must outlive every connection that uses it.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "crypto/aead.h"
#include "storage/file_system.h"
#include "storage/page_sealer.h"
#include "storage/shared_state.h"

struct sqlite3_vfs;

namespace blazedb::storage {

class EncryptedVfs {
 public:
  static constexpr const char* kMainName = "database";

  // `path`: the canonical path of the main file. The file has its header, and exists or is shared().newFile. `dataKey`
  // is not kept. Throws std::bad_alloc.
  EncryptedVfs(FileSystem& files, base::Random& random, std::string path, crypto::Cipher cipher, base::ByteView dataKey,
               std::size_t pageBytes);
  ~EncryptedVfs();
  EncryptedVfs(const EncryptedVfs&) = delete;
  EncryptedVfs& operator=(const EncryptedVfs&) = delete;

  // The name for sqlite3_open_v2().
  const char* name() const { return name_.c_str(); }
  SharedState& shared() { return shared_; }
  base::Random& random() { return random_; }
  std::size_t pageBytes() const { return pageBytes_; }
  std::unique_ptr<PageSealer> makeSealer() const;

 private:
  base::Random& random_;
  SharedState shared_;
  crypto::Cipher cipher_;
  PageKeys keys_;
  std::size_t pageBytes_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace blazedb::storage
