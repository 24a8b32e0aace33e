// What of a feed an importer is given: what its exporter's filter chooses, and word of what leaves it.
//
// So that a record that no longer matches is taken back from those who have it, and from nobody else, it is written
// down who was given what (schema.h, `delivered`): before a batch leaves, because whoever may have a record counts as
// having it, and until the importer has acknowledged that it is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/tables.h"
#include "sync/agreement.h"

namespace blazedb::db {

enum class Verdict : std::uint8_t {
  nothing,    // of this the importer does not hear
  give,       // what changed
  giveWhole,  // it does not have the record yet, unless it wrote it
  giveAgain,  // it may hear only now that it has the record no more, or has not heard of it: whole, whoever wrote it
  takeBack,
};

class Chooser {
 public:
  // Without a filter in the agreement everything is given. The reader lacks nothing up to `complete`, or is about to.
  Chooser(const sync::Agreement& agreement, std::uint64_t complete, ReadTables& tables);

  // Throws FilterFailed.
  Verdict judge(const std::string& collection, const Row& row);

  // What judge() has decided since, to be written down.
  const std::vector<Delivery>& news() const { return news_; }

 private:
  const ExportFilter* filter_;
  std::uint64_t complete_;
  ReadTables& tables_;
  std::int64_t number_ = 0;
  std::vector<Delivery> news_;
};

}  // namespace blazedb::db
