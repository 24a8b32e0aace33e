// Records that peers have removed without a delete: listing them, restoring, and forgetting them in time.
#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/engine.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kListed = 1000;
constexpr std::size_t kListedBytes = 4u << 20;
constexpr std::int64_t kForgottenAtOnce = 1000;

}  // namespace

std::vector<RemovedRecord> Engine::removedRecords(std::int64_t after) const {
  ReaderPool::Lease reader = readers_.lease();
  if (options_.readOnly) {
    // A file of an earlier version has no such table.
    storage::Statement there = reader.connection().prepare("SELECT 1 FROM sqlite_master WHERE name = 'removed'");
    if (!there.step()) return {};
  }
  storage::Statement select = reader.connection().prepare(
      "SELECT id, time_ms, because, peer, collection, record, fields FROM removed WHERE id > ?1 ORDER BY id");
  select.bind(1, after);
  std::vector<RemovedRecord> all;
  std::size_t bytes = 0;
  while (all.size() < kListed && bytes < kListedBytes && select.step()) {
    RemovedRecord& removed = all.emplace_back();
    removed.id = select.integer(0);
    removed.time = {select.integer(1) * 1000};
    removed.because = select.integer(2) == 0 ? RemovedRecord::Because::swept : RemovedRecord::Because::takenBack;
    removed.peer = uuidAt(select, 3);
    removed.collection = select.text(4);
    Object fields;
    if (!codec::decodeFields(select.blob(6), fields))
      throw Error(ErrorCode::DamagedPage, "a removed record cannot be decoded; restore the file from a backup");
    bytes += select.blob(6).size();
    removed.record = Record(std::move(fields));
    removed.record.setId(uuidAt(select, 5));
  }
  return all;
}

void Engine::restoreRemoved(std::int64_t id) {
  std::vector<RemovedRecord> found = removedRecords(id - 1);
  if (found.empty() || found.front().id != id)
    throw Error(ErrorCode::NotFound, "no removed record " + std::to_string(id));
  const RemovedRecord& removed = found.front();
  write([&](Changes& changes) {
    changes.insert(removed.collection, removed.record.id(), removed.record);
    storage::Statement take = file_->writer().prepare("DELETE FROM removed WHERE id = ?1");
    take.bind(1, id);
    take.run();
    if (file_->writer().changes() == 0)
      throw Error(ErrorCode::NotFound, "the removed record " + std::to_string(id) + " was restored meanwhile");
  });
}

bool Engine::forgetRemoved() {
  std::int64_t oldest = environment_.clock.wallMs() - options_.tombstoneRetention.count();
  {
    ReaderPool::Lease reader = readers_.lease();
    storage::Statement first = reader.connection().prepare("SELECT time_ms FROM removed ORDER BY id LIMIT 1");
    if (!first.step() || first.integer(0) > oldest) return false;
  }
  std::int64_t gone = 0;
  write(Durability::normal, [&](Changes&) {
    storage::Statement forget = file_->writer().prepare(
        "DELETE FROM removed WHERE id IN (SELECT id FROM removed WHERE time_ms <= ?1 ORDER BY id LIMIT ?2)");
    forget.bind(1, oldest).bind(2, kForgottenAtOnce);
    forget.run();
    gone = file_->writer().changes();
  });
  return gone == kForgottenAtOnce;
}

}  // namespace blazedb::db
