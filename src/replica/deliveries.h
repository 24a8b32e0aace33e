// Which records of a feed an importer is given: what its exporter's filter chooses, and word of what leaves it.
//
// So that a record that no longer matches is taken back from those who have it, and from nobody else, the store keeps
// who was given what (Delivery). It is written down before a batch leaves, because an importer that may have a record
// counts as having it; and it is kept until the importer has acknowledged that the record is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replica/rows.h"
#include "sync/agreement.h"

namespace blazedb::replica {

enum class Verdict : std::uint8_t {
  nothing,    // the importer does not hear of it
  give,       // what changed
  giveWhole,  // the importer does not have the record yet, unless it wrote it
  giveAgain,  // the importer may hear only now that it has the record no more, or has not heard of it: whole, whoever
              // wrote it
  takeBack,
};

class Chooser {
 public:
  // Without a filter everything is given. The reader lacks nothing up to `complete`, or is about to.
  Chooser(const sync::ReadRule& rule, std::uint64_t complete) : filter_(rule.filter.get()), complete_(complete) {}

  // `row` with its delivery to the importer. Throws FilterFailed.
  Verdict judge(const std::string& collection, const Row& row);

  // What judge() has decided since, to be written down.
  const std::vector<Writer::Delivered>& news() const { return news_; }

 private:
  const ExportFilter* filter_;
  std::uint64_t complete_;
  std::vector<Writer::Delivered> news_;
};

}  // namespace blazedb::replica
