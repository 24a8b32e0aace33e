#include "db/importers.h"

#include <algorithm>

namespace blazedb::db {

Importers::Importers(GroupCommit& writer, ReaderPool& readers, Durability durability)
    : writer_(writer), readers_(readers), durability_(durability) {
  base::Lock lock(mutex_);
  leaving_ = readers_.lease()->takenBackUntil();
}

sync::Deliveries::Known Importers::known(const UUID& importer) const {
  ReaderPool::Lease reader = readers_.lease();
  return {reader->filterOf(importer), reader->floorOf(importer)};
}

void Importers::noteFilter(const UUID& importer, const std::optional<std::string>& filter,
                           std::optional<std::uint64_t> floor) {
  writer_.write(Durability::normal, [&](Changes& changes) {
    WriteTables& tables = changes.tables();
    if (!filter) tables.forgetDelivered(importer);
    tables.setFilter(filter ? tables.addImporter(importer) : tables.importer(importer), filter, floor);
  });
}

void Importers::mixFilters(const UUID& importer) {
  writer_.write(Durability::full, [&](Changes& changes) {
    changes.tables().setFilter(changes.tables().addImporter(importer), "", std::nullopt);
    changes.ledger().takeEmptyPosition();
  });
}

void Importers::forget(const UUID& importer) {
  writer_.write(Durability::full, [&](Changes& changes) {
    changes.tables().addImporter(importer);
    changes.tables().forgetDelivered(importer);
    changes.ledger().takeEmptyPosition();
  });
}

// A record that is taken back may have come from the importer, which will forget it. So it has to be on the disk here.
void Importers::noteDelivered(const UUID& importer, const std::vector<replica::Writer::Delivered>& news) {
  std::uint64_t takenBack = 0;
  for (const replica::Writer::Delivered& each : news)
    if (each.delivery.kind == replica::Delivery::Kind::takenBack)
      takenBack = std::max(takenBack, each.delivery.position);
  writer_.write(takenBack != 0 ? Durability::full : durability_,
                [&](Changes& changes) { changes.tables().setDelivered(changes.tables().addImporter(importer), news); });
  if (takenBack == 0) return;
  base::Lock lock(mutex_);
  leaving_[importer] = std::max(leaving_[importer], takenBack);
}

void Importers::noteAcknowledged(const UUID& importer, std::uint64_t complete) {
  {
    base::Lock lock(mutex_);
    auto found = leaving_.find(importer);
    if (found == leaving_.end()) return;
    if (found->second <= complete) leaving_.erase(found);
  }
  writer_.write(Durability::normal, [&](Changes& changes) {
    changes.tables().removeTakenBack(changes.tables().importer(importer), complete);
  });
}

void Importers::forgetAll() {
  base::Lock lock(mutex_);
  leaving_.clear();
}

}  // namespace blazedb::db
