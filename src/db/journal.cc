#include "db/journal.h"

#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/tables_journal.h"

namespace blazedb::db {
namespace {

constexpr std::int64_t kForgottenAtOnce = 1000;

[[noreturn]] void noConflict(std::int64_t id) { throw Error(ErrorCode::NotFound, "no conflict " + std::to_string(id)); }

void takeConflict(Changes& changes, std::int64_t id) {
  if (!Conflicts(changes.tables().statements()).remove(id)) noConflict(id);
}

}  // namespace

std::vector<Conflict> Journal::conflicts(std::int64_t after) const {
  return Conflicts(readers_.lease()->statements()).after(after);
}

void Journal::restoreConflict(std::int64_t id) {
  std::vector<Conflict> found = conflicts(id - 1);
  if (found.empty() || found.front().id != id) noConflict(id);
  const Conflict& conflict = found.front();
  base::Bytes value;
  if (std::optional<Error> error = codec::encodeValue(value, conflict.lost)) throw *error;
  writer_.write(durability_, [&](Changes& changes) {
    if (!changes.restoreField(conflict.collection, conflict.record, conflict.field, value))
      throw Error(ErrorCode::NotFound, "the record " + conflict.record.toString() +
                                           " is no longer known; insert it again, and dismiss the conflict");
    takeConflict(changes, id);
  });
}

void Journal::dismissConflict(std::int64_t id) {
  writer_.write(durability_, [&](Changes& changes) { takeConflict(changes, id); });
}

std::vector<RemovedRecord> Journal::removed(std::int64_t after) const {
  return Removed(readers_.lease()->statements()).after(after);
}

void Journal::restoreRemoved(std::int64_t id) {
  std::vector<RemovedRecord> found = removed(id - 1);
  if (found.empty() || found.front().id != id)
    throw Error(ErrorCode::NotFound, "no removed record " + std::to_string(id));
  const RemovedRecord& removed = found.front();
  writer_.write(durability_, [&](Changes& changes) {
    changes.insert(removed.collection, removed.record.id(), removed.record);
    if (!Removed(changes.tables().statements()).remove(id))
      throw Error(ErrorCode::NotFound, "the removed record " + std::to_string(id) + " was restored meanwhile");
  });
}

bool Journal::forgetRemoved(std::int64_t ms) {
  std::optional<std::int64_t> oldest = Removed(readers_.lease()->statements()).oldestMs();
  if (!oldest || *oldest > ms) return false;
  std::int64_t gone = 0;
  writer_.write(Durability::normal, [&](Changes& changes) {
    gone = Removed(changes.tables().statements()).removeOld(ms, kForgottenAtOnce);
  });
  return gone == kForgottenAtOnce;
}

}  // namespace blazedb::db
