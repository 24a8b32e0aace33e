// What a replica keeps, in the words in which the files of this layer speak of it. Where and how it is kept is the
// store's affair (rows.h).
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
  kUniform = 4,  // everything in it changed at the row's own position: it travels byte for byte
  kLeft = 8,     // the peer that it came from has taken it back; nothing is known of it any more
};

// A record that an importer may have.
struct Delivery {
  enum class Kind : std::uint8_t {
    itsOwn,     // it has sent a change of it, and may not know it whole
    given,      // at `position`: it has it once its cursor is there
    takenBack,  // at `position`: likewise it has it no more
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

// A record as it is stored, deleted ones too. The bytes belong to whoever made the row: a visitor's row is valid until
// the visitor returns.
struct Row {
  std::int64_t handle = 0;      // the store's own mark, by which it finds the row again; 0 before it is stored
  std::int64_t collection = 0;  // Collection::number
  UUID id;
  std::uint64_t position = 0;  // of its latest change in the feed
  std::int64_t origin = 0;     // which peer that change came from (Reader::originOf); 0: it was made here
  int flags = 0;
  base::ByteView stamps;  // sync/record_state.h
  base::ByteView fields;
  std::optional<Delivery> delivery;  // where an importer was named in the question

  Key key() const { return {collection, id}; }
  bool alive() const { return flags & kAlive; }
  // Throws DamagedPage where the bytes are not a state.
  sync::RecordState state() const;
  // Its visible fields, with its id. Likewise.
  Record record() const;
  // Did everything after the position `after` come with the change that gave the row its position?
  bool changedOnce(std::uint64_t after) const;
};

// The flags of a row with this state at this position.
int flagsOf(const sync::RecordState& state, std::uint64_t position);
// The highest time of any stamp, without `over`s: those are history.
std::uint64_t latestTime(const sync::RecordState& state);

struct FeedEntry {
  std::uint64_t position = 0;
  std::uint64_t mark = 0;  // not 0: a transaction ends here, and the clock stood there
  bool gone = false;       // no row: it was removed for good, or the position belongs to none
  Row row;                 // row.position != position: stale, the record moved on
};

// A collection, with the sums over its live records.
struct Collection {
  std::int64_t number = 0;
  std::string name;
  std::uint64_t live = 0;
  sync::Digest digest;
};

// A scope under which there has been a link with a peer, and how far the peer had applied this feed there.
struct Reading {
  sync::Scope scope;
  sync::Cursor acknowledged;           // its incarnation is not known
  std::uint64_t passed = 0;            // likewise, and this replica has what the peer had when it said so
  std::optional<std::int64_t> seenMs;  // when there was last a link; none where it has never asked for this feed
};

}  // namespace blazedb::replica
