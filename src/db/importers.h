// What importers of this replica were given (sync/deliveries.h). Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"
#include "sync/deliveries.h"

namespace blazedb::db {

class Importers final : public sync::Deliveries {
 public:
  Importers(GroupCommit& writer, ReaderPool& readers, Durability durability);

  Known known(const UUID& importer) const override;
  void noteFilter(const UUID& importer, const std::optional<std::string>& filter,
                  std::optional<std::uint64_t> floor) override;
  void mixFilters(const UUID& importer) override;
  void forget(const UUID& importer) override;

  // Stores what an importer is about to get. The caller sends the batch after that.
  void noteDelivered(const UUID& importer, const std::vector<replica::Writer::Delivered>& news);
  // Notes that the importer lacks nothing of this feed up to `complete`: it has given up what was taken back up to
  // there.
  void noteAcknowledged(const UUID& importer, std::uint64_t complete);
  // For a replica that has got another id: no importer knows that id.
  void forgetAll();

 private:
  GroupCommit& writer_;
  ReaderPool& readers_;
  const Durability durability_;
  base::Mutex mutex_;
  std::map<UUID, std::uint64_t> leaving_ GUARDED_BY(mutex_);  // the last position at which something was taken back
};

}  // namespace blazedb::db
