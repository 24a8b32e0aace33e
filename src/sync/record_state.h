// The state of one record in a replica, and its encoding.
//
//   base   stamp of the latest insert of a record that was absent or dead
//   tomb   stamp of the latest delete
//   floor  stamp of the latest delete that the writer of an insert had seen; none if nobody inserted over a delete
//   cells  field name -> value or *removed*, each with its stamp
//
// The record is alive iff it has a base and max(base, cell stamps) > tomb. A cell whose stamp is not above the floor is
// dropped for good: the insert began a new life. An insert of an absent record has no floor, so two inserts of one
// record keep each other's fields. A dead record keeps its cells until its tombstone is purged: an update that raced
// the delete and wins revives the whole record.
//
// Beside its stamp each of these has
//
//   over      The stamp of the last value by another writer that it replaced. Only the conflict journal reads it.
//   position  Where in this replica's feed it last changed. It lets the sender send one changed field of a big record
//             alone.
//
// `whole` is false if cells may be missing, because their values were purged or only a part was ever received. A
// partial change must not revive such a record.
//
// A counter has more than one cell: one for the field, and a part for each writer that increments it (codec/counter.h).
// To merging they are cells like others.
//
// A state is encoded as two byte strings. `fields` is the CBOR map of the cells (src/codec/fields.h), with `undefined`
// for *removed*. `stamps` is
//
//   flags        1 byte    1 base · 2 tomb · 4 base has over · 8 tomb has over · 16 whole ·
//                          32 the floor is the tomb · 64 another floor · 128 that has over
//   base         stamp [stamp of over] varint age      if the flag is set
//   tomb         stamp [stamp of over] varint age      if the flag is set
//   floor        stamp [stamp of over] varint age      if it is another than the tomb
//   groups       varint n  distinct (stamp, over, age) of the cells, no more than cells (or 1)
//   n times      kind 1 byte: 1 the stamp is base's · 2 has over; [stamp] [stamp of over] varint age
//   n > 1        varint    group of each cell, in the order of the fields
//
//   stamp        kind 1 byte: 0 authority 0 · 1 authority = time · 2 authority follows; 8 bytes time, 8 bytes writer,
//                [8 bytes authority]
//
// An age is the row's position minus the position of the part. It is 0 for everything in a row that was just inserted,
// so every replica sends and stores the same bytes. A freshly inserted record has 22 bytes of stamps, whatever its
// number of fields.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "codec/counter.h"
#include "sync/stamp.h"

namespace blazedb::sync {

struct Mark {
  Stamp stamp;
  Stamp over;
  std::uint64_t position = 0;
};

// Name and value are views: the owner of a RecordState keeps the bytes that it was decoded from.
struct Cell {
  std::string_view name;
  base::ByteView value;  // one encoded CBOR value
  Stamp stamp;
  Stamp over;
  std::uint64_t position = 0;

  bool removed() const;
};

// The cells of one field: its own and the parts of its counter (codec/counter.h), as indices into RecordState::cells.
using CellsOfField = std::vector<std::size_t>;

struct RecordState {
  Mark base;
  Mark tomb;
  Mark floor;               // never above tomb
  std::vector<Cell> cells;  // sorted by name
  bool whole = true;

  bool alive() const { return base.stamp.present() && latest() > tomb.stamp; }
  // The highest stamp of base and cells.
  Stamp latest() const;
  // The highest authority of any stamp: a client's next write on this record carries it.
  std::uint64_t authority() const;
  Cell* find(std::string_view name);
  const Cell* find(std::string_view name) const { return const_cast<RecordState*>(this)->find(name); }

  // Whether a field is counted by parts, or was.
  bool hasCounters() const;
  CellsOfField cellsOf(std::string_view field) const;
  // What the field holds, with its parts.
  codec::Counter counter(std::string_view field) const;
  // The cells that hold no value: those of removed fields and parts, one by one, and those of counters that were
  // removed, together.
  std::vector<CellsOfField> removed() const;
  // Whether each cell is one of these, or a part of which the assignment of its counter had seen everything. Of two
  // replicas that hold the same, one may have forgotten such a cell.
  std::vector<bool> withoutValue() const;
};

struct EncodedState {
  base::Bytes stamps;
  base::Bytes fields;
};

// Decodes a row whose feed position is `position`. Returns std::nullopt if the bytes are not a state. The result views
// `stamps` and `fields`.
std::optional<RecordState> decodeState(base::ByteView stamps, base::ByteView fields, std::uint64_t position);

// The inverse. Positions after `position` count as `position`.
void encodeState(const RecordState& state, std::uint64_t position, EncodedState& out);

// The stamps of a record that was absent and whose cells were all written by its insert: the same bytes as encodeState,
// without building a state.
void encodeFreshStamps(const Stamp& base, base::Bytes& out);

// The 128-bit hash of a live record, over its id, base, and the stamps of its visible fields. All replicas that hold
// the same record compute the same hash, whatever else they keep. Digests add these up.
using Hash128 = std::array<std::uint64_t, 2>;
Hash128 hashOf(const UUID& id, const RecordState& state);
// The same for a record that encodeFreshStamps describes, without building a state.
Hash128 hashOfFresh(const UUID& id, const Stamp& base, base::ByteView fields);

// An order-independent sum of record hashes, modulo 2^128.
struct Digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  void add(const Hash128& hash);
  void subtract(const Hash128& hash);
  friend bool operator==(const Digest&, const Digest&) = default;
};

}  // namespace blazedb::sync
