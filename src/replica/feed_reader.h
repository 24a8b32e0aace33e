// Reads the feed for a peer: which changes a batch gets, where it may end, and what its reader then lacks.
//
// The feed has each record where it changed last. A batch has, of each record, what changed since Cursor::complete of
// the reader. It leaves out what the reader itself has sent, and ends where a transaction ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replica/rows.h"
#include "sync/store.h"

namespace blazedb::replica {

// The latest entries of the feed are never trimmed. So the reader for a peer that is only a little behind sees which
// records moved on, and which transactions therefore belong together.
inline constexpr std::uint64_t kUntrimmed = 65'536;

// The names and numbers of all collections.
struct Catalog {
  std::map<std::string, std::int64_t> numbers;
  std::map<std::int64_t, std::string> names;
};

// What is committed. Asked for when it is needed, so the answer may be newer than the call.
struct Committed {
  std::function<std::uint64_t()> feedEnd;
  std::function<std::shared_ptr<const Catalog>()> catalog;
};

class FeedReader {
 public:
  FeedReader(Reader& rows, Committed committed) : rows_(rows), committed_(std::move(committed)) {}

  // `echo`: the peer's number as an origin (Reader::originOf), 0 if it has none. FeedQuery::echoesTo says which of its
  // own changes are withheld.
  sync::FeedRead read(const sync::FeedQuery& query, std::int64_t echo, sync::BatchWriter& out);
  // sync::Store::readRecords.
  std::size_t readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                          std::size_t bytesWanted, sync::BatchWriter& out, std::vector<sync::RecordKey>& gone);

  // Whether an importer has to hear of a row because its rights have changed. It comes with its delivery.
  static bool isMoved(const std::string& collection, const Row& row, const sync::Agreement& agreement,
                      const sync::Cursor& start);
  // sync::Store::readMoved. When the rows that the importer was given are through, the caller adds those of
  // Moved::Place::lacking that enter.
  void readMoved(const sync::MovedQuery& query, sync::Moved& moved, sync::BatchWriter& out);

  // Whether the latest readRecords() makes the peer forget that it has refused a change, which waits here. The change
  // has to be on the disk before the answer leaves: without it the record would look as if the peer had taken it.
  bool endsRefusal() const { return endsRefusal_; }

  // The deliveries of the latest call. The caller stores them before the batch leaves.
  const std::vector<Writer::Delivered>& news() const { return news_; }

 private:
  // The peer's number as an importer; 0 if no filter chooses.
  std::int64_t importerOf(const sync::Agreement& agreement);

  Reader& rows_;
  Committed committed_;
  std::vector<Writer::Delivered> news_;
  bool endsRefusal_ = false;
};

}  // namespace blazedb::replica
