// Connections for reading, each with its statements. Readers run beside the writer, each on the snapshot of the
// statement that it runs.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "db/tables.h"
#include "storage/database_file.h"

namespace blazedb::db {

class ReaderPool {
 public:
  explicit ReaderPool(storage::DatabaseFile& file) : file_(file) { free_.reserve(kIdleMax); }

  // Lends a reader for as long as the lease lives. Opens one if all are lent. Thread-safe.
  class Lease {
   public:
    ReadTables* operator->() { return &reader_->tables; }
    ReadTables& operator*() { return reader_->tables; }
    storage::Connection& connection() { return *reader_->connection; }
    ~Lease() { pool_.giveBack(std::move(reader_)); }
    Lease(const Lease&) = delete;

   private:
    friend class ReaderPool;
    struct Reader {
      explicit Reader(std::unique_ptr<storage::Connection> c)
          : connection(std::move(c)), functions(*connection), tables(*connection) {}
      std::unique_ptr<storage::Connection> connection;
      IndexFunctions functions;
      ReadTables tables;
    };
    Lease(ReaderPool& pool, std::unique_ptr<Reader> reader) : pool_(pool), reader_(std::move(reader)) {}
    ReaderPool& pool_;
    std::unique_ptr<Reader> reader_;
  };

  Lease lease() {
    base::Lock lock(mutex_);
    if (free_.empty()) {
      lock.unlock();
      return {*this, std::make_unique<Lease::Reader>(file_.openReader())};
    }
    std::unique_ptr<Lease::Reader> reader = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(reader)};
  }

 private:
  // More idle readers than this are closed: each holds a page cache. Giving one back takes no memory.
  static constexpr std::size_t kIdleMax = 8;

  void giveBack(std::unique_ptr<Lease::Reader> reader) {
    base::Lock lock(mutex_);
    if (free_.size() < kIdleMax) free_.push_back(std::move(reader));
  }

  storage::DatabaseFile& file_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<Lease::Reader>> free_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::db
