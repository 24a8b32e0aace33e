#include "db/index_keeper.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"
#include "db/tables_indexes.h"

namespace blazedb::db {

Error noSuchIndex(const std::string& collection, const std::string& name) {
  return Error(ErrorCode::NotFound, "the collection '" + collection + "' has no index '" + name +
                                        "'; indexes() lists those that it has (blazedb index list FILE)");
}

IndexKeeper::IndexKeeper(GroupCommit& writer, const Snapshot& snapshot, Durability durability)
    : writer_(writer), snapshot_(snapshot), durability_(durability) {}

void IndexKeeper::renewOutdated() {
  GroupCommit::Alone alone(writer_);
  if (IndexTable(alone->tables.statements()).hasOutdated())
    alone.write(durability_, [](Changes& changes) { changes.renewIndexes(); });
}

void IndexKeeper::create(const std::string& collection, const IndexInfo& info, const Progress& progress) {
  base::requireName(info.name, "index");
  // These throw if it cannot be.
  std::optional<Index> sorted;
  std::optional<TextIndex> texts;
  if (info.isFullText)
    texts.emplace(0, 0, info);
  else
    sorted.emplace(0, 0, info);
  auto isThere = [&](const Snapshot& in) {
    bool found = false;
    std::int64_t number = in.numberOf(collection);
    in.indexes()->each([&](const auto& known) {
      if (known.collection() != number || known.info().name != info.name) return;
      if constexpr (std::is_same_v<decltype(known), const Index&>)
        found = sorted && known.isSame(*sorted);
      else
        found = texts && known.isSame(*texts);
      if (!found)
        throw Error(ErrorCode::AlreadyExists, "the collection '" + collection + "' has another index '" + info.name +
                                                  "'; drop it first, or choose another name");
    });
    return found;
  };
  if (isThere(snapshot_)) return;
  writer_.write(durability_, [&](Changes& changes) {
    if (!isThere(changes)) changes.createIndex(collection, info, progress);
  });
}

std::vector<IndexInfo> IndexKeeper::of(const std::string& collection) const {
  std::int64_t number = snapshot_.numberOf(collection);
  std::vector<IndexInfo> all;
  snapshot_.indexes()->each([&](const auto& index) {
    if (index.collection() == number) all.push_back(index.info());
  });
  std::sort(all.begin(), all.end(), [](const IndexInfo& a, const IndexInfo& b) { return a.name < b.name; });
  return all;
}

void IndexKeeper::drop(const std::string& collection, const std::string& name) {
  writer_.write(durability_, [&](Changes& changes) {
    std::optional<std::int64_t> number;
    changes.indexes()->each([&](const auto& index) {
      if (index.collection() == changes.numberOf(collection) && index.info().name == name) number = index.number();
    });
    if (!number) throw noSuchIndex(collection, name);
    changes.dropIndex(*number);
  });
}

std::vector<Duplicate> IndexKeeper::duplicates(const std::string& collection, const std::string& name) const {
  std::shared_ptr<const Index> index;
  std::shared_ptr<const Indexes> indexes = snapshot_.indexes();
  for (const std::shared_ptr<const Index>& each : indexes->sorted)
    if (each->collection() == snapshot_.numberOf(collection) && each->info().name == name) index = each;
  if (!index) throw noSuchIndex(collection, name);
  if (!index->info().unique)
    throw Error(ErrorCode::InvalidArgument, "the index '" + name + "' is not unique, so it has no duplicates");
  std::vector<Duplicate> all;
  SameValues same(*index);
  auto add = [&](std::vector<UUID> records) {
    if (!records.empty()) all.push_back({{}, std::move(records)});
  };
  try {
    snapshot_.keys(*index, [&](base::ByteView key) {
      add(same.next(key));
      return true;
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    throw noSuchIndex(collection, name);  // it has just been dropped
  }
  add(same.end());
  for (Duplicate& each : all)
    snapshot_.findRows(collection, {&each.records.front(), 1}, [&](const replica::Row& row) {
      for (const query::Bound* expression : index->expressions())
        each.values.emplace_back(query::Evaluator(*expression, {}).value(row.id, row.fields).toValue());
    });
  return all;
}

}  // namespace blazedb::db
