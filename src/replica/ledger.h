// The one door through which rows change.
//
// A row, its place in the feed and the sums of its collection change together, here and nowhere else. Anything that has
// to see every change (a live query, a right) belongs here. A Ledger is one transaction of a caller. It takes
// positions as it goes and marks the last one, which lets other replicas receive the transaction whole. It neither
// commits nor rolls back: the store does, and loads the Mirror again after a rollback.
//
// put(), erase() and keep() queue, and flush() writes the queues, each with one call of the store. Every function that
// reads rows flushes first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "replica/forgettable.h"
#include "replica/rows.h"
#include "sync/stamp.h"

namespace blazedb::replica {

// Bounded because each collection costs memory, a row that commits rewrite, and a line in every digest.
inline constexpr std::size_t kCollectionsMax = 10'000;

// A record that a transaction has changed. `was` and `is`: it was live before, and is now.
struct Touched {
  Key key;
  bool was = false, is = false;
  std::optional<UUID> peer;  // that sent the change; absent: it was made here
};

// What the writer keeps in memory of the stored state.
struct Mirror {
  std::uint64_t position = 0;  // the last one that was taken
  std::uint64_t stale = 0;     // about how many feed entries have a record that moved on
  sync::HybridClock clock;     // never goes back, not even after a rollback
  std::unordered_map<std::string, Collection> collections;
  std::uint64_t setAside = 0;      // how many records of peers are set aside
  bool hasRefused = false;         // changes of this replica may wait that peers have refused
  std::uint64_t changedAside = 0;  // how often the copy here of such a record has changed
  std::uint64_t lostUntil = 0;     // sync::StampRules::lostUntil
  std::uint64_t horizon = 0;       // a reader with an older cursor sweeps
  // Which removed fields may go now. Absent: none.
  std::function<Forgettable()> forgettable;
  // Whether somebody observes a collection. Absent: nobody observes any.
  std::function<bool(const std::string& collection)> observed;
  std::vector<Touched> touched;  // records of observed collections that the open transaction has changed
  std::optional<UUID> peer;      // whose changes are being merged
};

// A row, and its part in the digest of its collection if it is alive.
struct Image {
  Row row;
  std::optional<sync::Hash128> hash;
};

// A row that was loaded, with a copy of its bytes and the state decoded from them.
struct Held {
  Image image;
  sync::RecordState state;

  const Row& row() const { return image.row; }
  bool alive() const { return image.hash.has_value(); }
  void take(const Row& row);

  Held() = default;
  Held(Held&&) = default;  // no copies: the views point into its own bytes
  Held& operator=(Held&&) = default;

 private:
  base::Bytes stamps_, fields_;
};

class Ledger {
 public:
  Ledger(Writer& rows, Mirror& mirror);

  // The store, to read rows, and to write what is none. Flushes first.
  Notes& rows();

  // The collection of this name; nullptr if there is none.
  Collection* known(std::string_view name);
  // The same, but makes the collection if there is none. Throws InvalidArgument for a name that no collection may have,
  // and TooLarge if there is no room().
  Collection& collectionFor(std::string_view name);
  // Whether there may be another collection.
  bool room() const { return mirror_.collections.size() < kCollectionsMax; }
  Collection& collectionOf(const Row& row);

  // Returns false if there is no row. With an importer that is not 0 the row comes with its delivery.
  bool load(const Key& key, Held& out, std::int64_t importer = 0);
  std::uint64_t nextPosition() const { return mirror_.position + 1; }
  // The time of a new stamp.
  std::uint64_t nextTime(std::int64_t wallMs) { return mirror_.clock.next(wallMs); }

  // Stores a new row at nextPosition(), without the queue. Returns false and does nothing if its key is taken.
  bool add(Collection& collection, Image& after);
  // Queues `after`, which replaces `before` if that is given. `after` is at nextPosition(); or it keeps the position of
  // `before` if the record did not change, only what this replica knows of it. The bytes of `after` must live until
  // flush(), unless they are those of `bytes`, which the ledger takes over. flush() writes the handle of a new row to
  // `handle`.
  void put(Collection& collection, const Image* before, const Image& after, sync::EncodedState* bytes = nullptr,
           std::int64_t* handle = nullptr);
  // Stores the state of `held` as a change at nextPosition(), and updates held.image. Forgets the removed fields that
  // may go (forgettable.h). Returns false and stores nothing if the record is too large. With `merges` it may be
  // larger: the peers hold those fields already, and one record must not stop all others.
  bool change(Collection& collection, Held& held, std::int64_t origin, bool merges);
  // Stores the state of `held` at its present position: the record did not change, only what this replica knows of it.
  void correct(Collection& collection, Held& held);
  // Removes a row and everything that is known of its record.
  void erase(const Image& before);
  // Removes all rows and the feed. The caller must make every reader sweep that had not read to the end.
  void eraseAll();
  // Takes a position that belongs to no row.
  void takeEmptyPosition();
  // Notes that this replica forgets what lies in the feed up to here: a reader with an older cursor sweeps.
  void raiseHorizon(std::uint64_t position);
  // Notes that this replica forgets stamps up to `time`: a peer may bring them back (sync::StampRules::lostUntil).
  void noteLost(std::uint64_t time);
  // Queues a copy for the journal.
  void keep(RemovedCopy copy) { removed_.push_back(std::move(copy)); }
  // Stores a change that a peer has refused.
  void keep(const Refused& refused);

  // Marks the last position that was taken as the end of a transaction.
  void endTransaction();
  // Writes the queue.
  void flush();
  // Ends the transaction and writes everything that is still in memory. Must be called once, at the end.
  void finish();

  // Whether a live row was stored, as opposed to deletes and upkeep only.
  bool adds() const { return adds_; }
  // Whether a refused change was stored.
  bool keepsRefused() const { return keepsRefused_; }

  // What takeBack() needs to undo an operation on one collection, together with a savepoint of the store.
  struct Savepoint {
    std::string name;
    std::uint64_t position = 0;
    std::uint64_t stale = 0;
    std::optional<Collection> collection;
    std::optional<Writer::Position> tail;
    std::size_t sums = 0;     // collections whose sums have changed
    std::size_t touched = 0;  // records
  };
  Savepoint save(const std::string& collection);
  // Brings the memory back to the state of the savepoint. The caller rolls back the store.
  void takeBack(const Savepoint& before);

 private:
  void store(Collection& collection, Held& held, std::uint64_t position, std::int64_t origin);
  void account(Collection& collection, const Image* before, const Image* after);
  void takePosition(std::int64_t handle);
  void noteIfAside(const Collection& collection, const UUID& id);
  void noteTouched(const Collection& collection, const UUID& id, bool was, bool is);
  void forgetFields(sync::RecordState& state);

  Writer& rows_;
  Mirror& mirror_;
  std::uint64_t lostUntilBefore_;
  std::uint64_t horizonBefore_;
  std::optional<Forgettable> forgettable_;  // once it was asked
  bool adds_ = false, keepsRefused_ = false;

  // The queue: rows, bytes that the ledger took over, and positions. A position of a queued new row gets its handle
  // when the row is written.
  std::vector<Row> queue_;
  std::vector<Row> erased_;                // keys and handles; empty while the queue is not, and the reverse
  std::vector<std::int64_t*> handles_;     // of each row: where to write its handle; may be null
  std::vector<sync::EncodedState> bytes_;  // reused, so never shorter than the longest queue
  sync::EncodedState encoded_;             // reused
  struct Taken {
    Writer::Position position;
    std::optional<std::size_t> queued;  // the index of its row in the queue
  };
  std::vector<Taken> taken_;               // the last one waits for its mark
  std::vector<Writer::Position> written_;  // reused
  std::vector<sync::RecordKey> changed_;   // records that may be set aside
  std::vector<RemovedCopy> removed_;
  std::unordered_map<std::int64_t, Collection*> numbered_;  // filled when it is needed
  std::vector<const Collection*> touched_;                  // collections whose sums changed
};

}  // namespace blazedb::replica
