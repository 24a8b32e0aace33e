// What a replica stores, as the files of this layer see it: rows, feed entries, collections, deliveries. The store
// (rows.h) decides where and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "sync/cursor.h"
#include "sync/record_state.h"
#include "sync/scope.h"

namespace blazedb::replica {

enum RowFlag : int {
  kAlive = 1,
  kWhole = 2,
  kUniform = 4,  // everything in it changed at the row's own position: it is sent byte for byte
  kLeft = 8,     // the peer that it came from has taken it back, and it has no state any more
};

// What an importer has of a record.
struct Delivery {
  enum class Kind : std::uint8_t {
    itsOwn,     // it sent a change of the record, and may not have the whole record
    given,      // at `position`: it has the record once its cursor is there
    takenBack,  // at `position`: it no longer has the record once its cursor is there
  };
  Kind kind = Kind::itsOwn;
  std::uint64_t position = 0;
};

// A key in the store's numbering of collections.
struct Key {
  std::int64_t collection = 0;
  UUID id;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// The visible fields of a record that is stored as these bytes, with the id. Throws DamagedPage if they cannot be
// decoded.
Record decoded(const UUID& id, base::ByteView fields);

// A stored record, live or deleted. The bytes belong to the maker of the row. A row that a visitor gets is valid until
// the visitor returns.
struct Row {
  // By which the store finds the row again; 0 before it is stored. Once the row is erased, another one may get it: an
  // older feed entry then shows that row, at another position.
  std::int64_t handle = 0;
  std::int64_t collection = 0;  // Collection::number
  UUID id;
  std::uint64_t position = 0;  // of its latest change in the feed
  std::int64_t origin = 0;     // the peer that sent that change (Reader::originOf); 0: it was made here
  int flags = 0;
  base::ByteView stamps;  // sync/record_state.h
  base::ByteView fields;
  std::optional<Delivery> delivery;  // to the importer that the question named

  Key key() const { return {collection, id}; }
  bool alive() const { return flags & kAlive; }
  // The decoded state; views the row's bytes. Throws DamagedPage if they are not a state.
  sync::RecordState state() const;
  // decoded(), of this row.
  Record record() const;
  // Whether everything that changed after the position `after` changed at the row's own position.
  bool changedOnce(std::uint64_t after) const;
};

// The flags of a row with this state at this position.
int flagsOf(const sync::RecordState& state, std::uint64_t position);
// The highest time of base, tomb and cells. Does not count `over`.
std::uint64_t latestTime(const sync::RecordState& state);

struct FeedEntry {
  std::uint64_t position = 0;
  std::uint64_t mark = 0;  // not 0: a transaction ends here; the mark is the hybrid clock of that moment
  bool gone = false;       // there is no row: it was removed for good, or the position never had one
  Row row;                 // row.position != position: the entry is stale, the record moved on
};

// A collection, with the sums over its live records.
struct Collection {
  std::int64_t number = 0;
  std::string name;
  std::uint64_t live = 0;
  sync::Digest digest;
};

// How far a peer has read this feed under one scope.
struct Reading {
  sync::Scope scope;
  sync::Cursor acknowledged;           // what the peer has applied; its incarnation is not set
  std::uint64_t passed = 0;            // the peer applied up to here, and this replica has all that it had then
  std::optional<std::int64_t> seenMs;  // when there was last a link; absent if the peer never asked for this feed
};

// A peer's reading under one scope, when the peer has not been seen for long.
struct Unseen {
  UUID peer;
  sync::Scope scope;
  std::int64_t seenMs = 0;
};

}  // namespace blazedb::replica
