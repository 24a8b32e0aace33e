// Reading the feed for a peer: which changes a batch gets, where it may end, and what its reader then lacks.
//
// A record is in the feed where it changed last. A batch says of each what changed since the place up to which the
// reader lacks nothing, leaves out what the reader itself has sent, and ends where a transaction ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replica/rows.h"
#include "sync/store.h"

namespace blazedb::replica {

// The feed's last entries are never trimmed: a peer that is only a little behind sees which records moved on, and which
// transactions therefore belong together.
inline constexpr std::uint64_t kUntrimmed = 65'536;

// Names and numbers of collections, as readers see them.
struct Catalog {
  std::map<std::string, std::int64_t> numbers;
  std::map<std::int64_t, std::string> names;
};

// What is committed, asked for as late as it is needed: it may be younger than the call.
struct Committed {
  std::function<std::uint64_t()> feedEnd;
  std::function<std::shared_ptr<const Catalog>()> catalog;
};

class FeedReader {
 public:
  FeedReader(Reader& rows, Committed committed) : rows_(rows), committed_(std::move(committed)) {}

  // `echo`: the number of the peer as an origin, whose own changes are withheld; 0: none are.
  sync::FeedRead read(const sync::FeedQuery& query, std::int64_t echo, sync::BatchWriter& out);
  // Adds the whole record, as far as the peer may read it. False where it is not held, or the peer may not read it.
  bool readRecord(const sync::RecordKey& key, const sync::Agreement& agreement, sync::BatchWriter& out);

  // What the importer was given by these, to be written down before the batch leaves.
  const std::vector<Writer::Delivered>& news() const { return news_; }

 private:
  // The peer's number as an importer; 0 where no filter chooses.
  std::int64_t importerOf(const sync::Agreement& agreement);

  Reader& rows_;
  Committed committed_;
  std::vector<Writer::Delivered> news_;
};

}  // namespace blazedb::replica
