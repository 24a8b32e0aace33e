// The one door through which rows change.
//
// A row, its place in the feed and the sums of its collection change together, here and nowhere else: whatever has to
// hear of every change (an index, a live query, a right) hangs here. A Ledger is one transaction of a caller: it takes
// positions as it goes, and the last of them gets a mark, which is what makes the transaction arrive whole at other
// replicas. It commits nothing and rolls nothing back; the store does, and loads the Mirror again after a rollback.
//
// What is put is queued and written by flush(), all rows with one call of the store. Every question that a Ledger
// answers, and rows(), write the queue first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replica/rows.h"
#include "sync/stamp.h"

namespace blazedb::replica {

// In a database: each has its sums in memory, in a row that commits rewrite, and in every digest.
inline constexpr std::size_t kCollectionsMax = 10'000;

// What the one who writes keeps in memory of the stored state.
struct Mirror {
  std::uint64_t position = 0;  // the last one taken
  std::uint64_t stale = 0;     // feed entries whose record has moved on (about)
  sync::HybridClock clock;     // never goes back, also not by a rollback
  std::unordered_map<std::string, Collection> collections;
  std::uint64_t setAside = 0;      // records of peers that were not taken
  std::uint64_t changedAside = 0;  // how often one of these has changed here
  std::uint64_t lostUntil = 0;     // sync::StampRules
};

// A row, and its part in the digest of its collection where it is alive.
struct Image {
  Row row;
  std::optional<sync::Hash128> hash;
};

// A row that was found, with bytes of its own and the state that they say.
struct Held {
  Image image;
  sync::RecordState state;

  const Row& row() const { return image.row; }
  bool alive() const { return image.hash.has_value(); }
  void take(const Row& row);

  Held() = default;
  Held(Held&&) = default;  // not copied: the views are of its own bytes
  Held& operator=(Held&&) = default;

 private:
  base::Bytes stamps_, fields_;
};

class Ledger {
 public:
  Ledger(Writer& rows, Mirror& mirror);

  // The store itself, for what is not a row.
  Writer& rows();

  Collection* known(std::string_view name);
  // Makes one where there is none. InvalidArgument where that is no name for one, TooLarge where there is no room().
  Collection& collectionFor(std::string_view name);
  // May there be another collection?
  bool room() const { return mirror_.collections.size() < kCollectionsMax; }
  Collection& collectionOf(const Row& row);

  // False where there is no row.
  bool load(const Key& key, Held& out);
  std::uint64_t nextPosition() const { return mirror_.position + 1; }

  // Stores a new row at nextPosition(), at once. False, with nothing done, where its key is taken.
  bool add(Collection& collection, Image& after);
  // Stores `after`, in place of `before` where that is given. It takes nextPosition() where its position says so; where
  // it keeps the position of `before`, only what is known of the row has changed. The bytes of `after` live until
  // flush(), or they are `bytes`, which is taken over. `handle` gets that of a new row, by flush().
  void put(Collection& collection, const Image* before, const Image& after, sync::EncodedState* bytes = nullptr,
           std::int64_t* handle = nullptr);
  // Stores the state of `held` as it changed at nextPosition(), and what it is then in held.image. False, with nothing
  // done, where it is too large. `merges`: with what others have written it may be larger, for that is there already,
  // and must not hold up all the rest.
  bool change(Collection& collection, Held& held, std::int64_t origin, bool merges);
  // Stores the state of `held` where no change was made: only what is known of it is another. It keeps its position.
  void correct(Collection& collection, Held& held);
  // Removes a row and everything that is known of its record.
  void erase(const Image& before);
  // The same for every row, and the feed with them: whoever had not read to its end must be made to sweep.
  void eraseAll();
  // Takes a position that belongs to no row.
  void takeEmptyPosition();
  // What is not known any more may come back from whoever had it from here.
  void noteLost(std::uint64_t time);

  // Marks the last position taken as the end of a transaction.
  void endTransaction();
  void flush();
  // Ends the transaction and writes all that is left in memory. To be called once, at the end.
  void finish();

  // Whether a row has been put that is alive: more than deletes and upkeep.
  bool adds() const { return adds_; }

  // What takes back an operation on one collection, together with a savepoint of the store.
  struct Savepoint {
    std::string name;
    std::uint64_t position = 0;
    std::uint64_t stale = 0;
    std::optional<Collection> collection;
    std::optional<Writer::Position> tail;
    std::size_t touched = 0;
  };
  Savepoint save(const std::string& collection);
  // Memory says again what the store says.
  void takeBack(const Savepoint& before);

 private:
  void store(Collection& collection, Held& held, std::uint64_t position, std::int64_t origin);
  void account(Collection& collection, const Image* before, const Image* after);
  void takePosition(std::int64_t handle);
  void noteChanged(const Collection& collection, const UUID& id);

  Writer& rows_;
  Mirror& mirror_;
  std::uint64_t lostUntilBefore_;
  bool adds_ = false;

  // Queued: rows, the bytes of those that brought some, and positions. A position whose row is queued too has its
  // place in the queue, and gets the handle once the row has one.
  std::vector<Row> queue_;
  std::vector<std::int64_t*> handles_;     // who wants to know them
  std::vector<sync::EncodedState> bytes_;  // reused; as long as the queue ever was
  sync::EncodedState encoded_;             // likewise
  struct Taken {
    Writer::Position position;
    std::optional<std::size_t> queued;
  };
  std::vector<Taken> taken_;                                // the last one waits for its mark
  std::vector<Writer::Position> written_;                   // scratch
  std::unordered_map<std::int64_t, Collection*> numbered_;  // made where it is asked for
  std::vector<const Collection*> touched_;                  // whose sums changed
};

}  // namespace blazedb::replica
