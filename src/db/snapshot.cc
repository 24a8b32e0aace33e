#include "db/snapshot.h"

namespace blazedb::db {

std::optional<Record> Snapshot::fetch(const std::string& collection, const UUID& id) const {
  std::optional<Record> record;
  std::int64_t number = numberOf(collection);
  if (number == 0) return record;
  ask([&](ReadTables& tables) {
    tables.findOne({number, id}, [&](const replica::Row& row) {
      if (row.alive()) record = row.record();
    });
  });
  return record;
}

std::vector<std::optional<Record>> Snapshot::fetchMany(const std::string& collection,
                                                       const std::vector<UUID>& ids) const {
  std::vector<std::optional<Record>> records(ids.size());
  find(collection, ids, [&](std::size_t i, const replica::Row& row) { records[i] = row.record(); });
  return records;
}

void Snapshot::findRows(const std::string& collection, std::span<const UUID> ids,
                        const std::function<void(const replica::Row&)>& visit) const {
  find(collection, ids, [&](std::size_t, const replica::Row& row) { visit(row); });
}

void Snapshot::find(const std::string& collection, std::span<const UUID> ids,
                    const std::function<void(std::size_t, const replica::Row&)>& use) const {
  std::int64_t number = numberOf(collection);
  if (number == 0) return;
  std::vector<replica::Key> keys;
  keys.reserve(ids.size());
  for (const UUID& id : ids) keys.push_back({number, id});
  askAtOnce([&](ReadTables& tables) {
    tables.find(keys, 0, [&](std::size_t i, const replica::Row* row) {
      if (row && row->alive()) use(i, *row);
      return true;
    });
  });
}

void Snapshot::scan(const std::string& collection, const std::optional<UUID>& after,
                    const ReadTables::VisitFields& visit) const {
  if (std::int64_t number = numberOf(collection)) ask([&](ReadTables& tables) { tables.scan(number, after, visit); });
}

void Snapshot::scanInAnyOrder(const std::string& collection, const ReadTables::VisitFields& visit) const {
  if (std::int64_t number = numberOf(collection))
    askAtOnce([&](ReadTables& tables) { tables.scanInAnyOrder(number, visit); });
}

void Snapshot::byIndex(const Index& index, std::span<const query::KeyRange> ranges, bool backwards,
                       const ReadTables::VisitFields& visit) const {
  bool goesOn = true;
  auto visitAll = [&](ReadTables& tables) {
    for (std::size_t i = 0; i < ranges.size() && goesOn; i++)
      tables.byIndex(index, ranges[backwards ? ranges.size() - 1 - i : i], backwards,
                     [&](const UUID& id, base::ByteView fields) { return goesOn = visit(id, fields); });
  };
  if (ranges.size() == 1) return ask(visitAll);
  askAtOnce(visitAll);
}

void Snapshot::byText(const TextIndex& index, const std::string& search, const ExcerptOptions* excerpt, bool ordered,
                      const ReadTables::VisitFound& visit) const {
  ask([&](ReadTables& tables) { tables.byText(index, search, excerpt, ordered, visit); });
}

void Snapshot::keys(const Index& index, const std::function<bool(base::ByteView)>& visit) const {
  ask([&](ReadTables& tables) { tables.keys(index, {{}, query::behind({})}, visit); });
}

std::vector<Record> Snapshot::page(const std::string& collection, const std::optional<UUID>& after) const {
  std::vector<Record> page;
  pageOfRows(collection, after, [&](const replica::Row& row) { page.push_back(row.record()); });
  return page;
}

void Snapshot::pageOfRows(const std::string& collection, const std::optional<UUID>& after,
                          const std::function<void(const replica::Row&)>& visit) const {
  if (std::int64_t number = numberOf(collection)) ask([&](ReadTables& tables) { tables.page(number, after, visit); });
}

// The walk ends at the id that is the highest when it begins. So it ends even if each visit inserts another record.
void Snapshot::forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) const {
  std::int64_t number = numberOf(collection);
  if (number == 0) return;
  std::optional<UUID> last, after;
  ask([&](ReadTables& tables) { last = tables.lastLive(number); });
  while (after != last) {
    std::vector<Record> records = page(collection, after);
    for (const Record& record : records)
      if (*record.id() > *last || !visit(record)) return;
    if (records.empty()) return;
    after = records.back().id();
  }
}

std::uint64_t countIn(ReadTables& tables, const std::string& collection) {
  for (const replica::Collection& each : tables.collections())
    if (each.name == collection) return each.live;
  return 0;
}

std::uint64_t CommittedSnapshot::count(const std::string& collection) const {
  std::uint64_t live = 0;
  ask([&](ReadTables& tables) { live = countIn(tables, collection); });
  return live;
}

}  // namespace blazedb::db
