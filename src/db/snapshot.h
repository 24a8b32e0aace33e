// Reading records: what is the same for a call outside of a transaction, and for one inside of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/record.h"
#include "db/published.h"
#include "db/reader_pool.h"
#include "db/tables.h"

namespace blazedb::db {

class Snapshot {
 public:
  virtual ~Snapshot() = default;

  std::optional<Record> fetch(const std::string& collection, const UUID& id) const;
  // The first records with ids above `after`, ordered by id: as many as a page has. None: there are no more.
  std::vector<Record> page(const std::string& collection, const std::optional<UUID>& after) const;
  // Calls `visit` for each record, ordered by id, until it returns false: those that are there when the walk begins.
  // It reads page by page, and nothing is open meanwhile, so that `visit` may read, walk and write itself, and a long
  // walk does not keep the log from being copied into the file.
  void forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) const;
  virtual std::uint64_t count(const std::string& collection) const = 0;

 protected:
  // The number of a collection; 0 where there is none.
  virtual std::int64_t numberOf(const std::string& collection) const = 0;
  // Runs one question on the tables.
  virtual void ask(const std::function<void(ReadTables&)>& question) const = 0;
};

// What is committed. Each question sees a snapshot of its own. Thread-safe.
class CommittedSnapshot final : public Snapshot {
 public:
  CommittedSnapshot(const Published& published, ReaderPool& readers) : published_(published), readers_(readers) {}

  std::uint64_t count(const std::string& collection) const override;

 private:
  std::int64_t numberOf(const std::string& collection) const override {
    return published_.collectionNumber(collection);
  }
  void ask(const std::function<void(ReadTables&)>& question) const override { question(*readers_.lease()); }

  const Published& published_;
  ReaderPool& readers_;
};

}  // namespace blazedb::db
