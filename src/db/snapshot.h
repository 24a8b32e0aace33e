// Reading records, outside of a transaction and inside of one alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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

  // The number of a collection; 0 if there is no such collection.
  virtual std::int64_t numberOf(const std::string& collection) const = 0;
  std::optional<Record> fetch(const std::string& collection, const UUID& id) const;
  // Returns the records with these ids, in the order of `ids`.
  std::vector<std::optional<Record>> fetchMany(const std::string& collection, const std::vector<UUID>& ids) const;
  // Returns a page of records: the first ones with ids above `after`, ordered by id. Empty: there are no more.
  std::vector<Record> page(const std::string& collection, const std::optional<UUID>& after) const;
  // The same as they are stored. Each row lives as long as its visit.
  void pageOfRows(const std::string& collection, const std::optional<UUID>& after,
                  const std::function<void(const replica::Row&)>& visit) const;
  // Calls `visit` for each record that is there when the walk begins, ordered by id, until `visit` returns false. The
  // walk reads page by page and holds nothing open meanwhile. So `visit` may read, walk and write, and a long walk does
  // not keep the log from being copied into the file.
  void forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) const;
  virtual std::uint64_t count(const std::string& collection) const = 0;
  // ReadTables::scan and scanInAnyOrder: all from one snapshot, so `visit` must neither write nor walk.
  void scan(const std::string& collection, const std::optional<UUID>& after,
            const ReadTables::VisitFields& visit) const;
  void scanInAnyOrder(const std::string& collection, const ReadTables::VisitFields& visit) const;
  // The indexes of all collections.
  virtual std::shared_ptr<const Indexes> indexes() const = 0;
  // ReadTables::byIndex, for ranges that are in order; all from one snapshot.
  void byIndex(const Index& index, std::span<const query::KeyRange> ranges, bool backwards,
               const ReadTables::VisitFields& visit) const;
  void byText(const TextIndex& index, const std::string& search, const ExcerptOptions* excerpt, bool ordered,
              const ReadTables::VisitFound& visit) const;
  void keys(const Index& index, const std::function<bool(base::ByteView)>& visit) const;
  // Visits the rows of those of these records that are live, in the order of `ids`.
  void findRows(const std::string& collection, std::span<const UUID> ids,
                const std::function<void(const replica::Row&)>& visit) const;

 private:
  // `use` gets the index of the id in `ids`.
  void find(const std::string& collection, std::span<const UUID> ids,
            const std::function<void(std::size_t, const replica::Row&)>& use) const;

 protected:
  // Runs one question on the tables.
  virtual void ask(const std::function<void(ReadTables&)>& question) const = 0;
  // The same, for a question of several statements: all of them see one snapshot.
  virtual void askAtOnce(const std::function<void(ReadTables&)>& question) const { ask(question); }
};

// The number of live records of a collection.
std::uint64_t countIn(ReadTables& tables, const std::string& collection);

// Reads what is committed. Each question sees a snapshot of its own. Thread-safe.
class CommittedSnapshot final : public Snapshot {
 public:
  CommittedSnapshot(const Published& published, ReaderPool& readers) : published_(published), readers_(readers) {}

  std::uint64_t count(const std::string& collection) const override;
  std::shared_ptr<const Indexes> indexes() const override { return published_.indexes(); }
  std::int64_t numberOf(const std::string& collection) const override {
    return published_.collectionNumber(collection);
  }

 private:
  void ask(const std::function<void(ReadTables&)>& question) const override { question(*readers_.lease()); }
  void askAtOnce(const std::function<void(ReadTables&)>& question) const override {
    ReaderPool::Lease reader = readers_.lease();
    ReadTables::OneSnapshot snapshot(*reader);
    question(*reader);
  }

  const Published& published_;
  ReaderPool& readers_;
};

}  // namespace blazedb::db
