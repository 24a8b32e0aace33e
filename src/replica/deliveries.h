// Decides which records an exporter gives to an importer, and which it takes back.
//
// A record that stops matching the filter is taken back from the importers that have it, and from no other. So the
// store keeps which importer was given which record (Delivery). It stores that before a batch leaves, because an
// importer that may have a record counts as having it. It keeps it until the importer has acknowledged that the record
// is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replica/rows.h"
#include "sync/agreement.h"

namespace blazedb::replica {

enum class Verdict : std::uint8_t {
  nothing,    // send nothing
  give,       // send what changed
  giveWhole,  // send the whole record, unless the importer wrote it: it does not have the record yet
  giveAgain,  // send the whole record in any case: the importer may only now lose it, or may never have got it
  takeBack,
};

class Chooser {
 public:
  // If the rule chooses nothing, it gives everything. `complete`: the reader's Cursor::complete once it has applied
  // earlier batches. `notedAt`: deliveries count from there on, if that is beyond the row; the reader gets them outside
  // of the feed's order.
  Chooser(const sync::ReadRule& rule, std::uint64_t complete, std::uint64_t notedAt = 0)
      : rule_(rule), complete_(complete), notedAt_(notedAt) {}

  // `row` comes with its delivery to the importer. Throws FilterFailed.
  Verdict judge(const std::string& collection, const Row& row);

  // Whether the reader may learn that something has changed in the record: it has it, or may read it.
  bool concerns(const std::string& collection, const Row& row) const;

  // The deliveries that judge() has decided, for the caller to store.
  const std::vector<Writer::Delivered>& news() const { return news_; }

 private:
  bool matches(const std::string& collection, const Row& row) const;

  const sync::ReadRule& rule_;
  std::uint64_t complete_;
  std::uint64_t notedAt_;
  std::vector<Writer::Delivered> news_;
};

}  // namespace blazedb::replica
