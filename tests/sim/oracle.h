// The independent model. It knows the rule (highest stamp wins, field by field) and every write that was tried; it
// knows nothing of feeds, cursors and merging.
//
// A write is *certain* if it was acknowledged and nothing since may have undone it: a power cut undoes writes at
// Durability::normal, a restore undoes writes after the backup, a purge undoes what it purged. A write that is not
// certain may be there or not, but only as it was written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "sync/record_state.h"
#include "sync/scope.h"
#include "sync/store.h"

namespace blazedb::sim {

// A record as a replica stores it; owns its data.
struct Stored {
  struct Field {
    sync::Stamp stamp;
    base::Bytes value;
    bool removed = false;
    friend bool operator==(const Field&, const Field&) = default;
  };
  sync::Stamp base, tomb, floor;
  std::map<std::string, Field> fields;
  bool alive = false;
  bool whole = false;

  sync::Stamp latest() const;
  std::uint64_t authority() const;
  // The part that a link of this scope carries.
  Stored within(const sync::Scope& scope) const;
  // The fields that are not removed. When a removal is forgotten is each replica's own business.
  std::map<std::string, Field> visible() const;
  friend bool operator==(const Stored&, const Stored&) = default;
};

Stored toStored(const sync::RecordState& state);

using Key = std::pair<std::string, UUID>;

// The record as the store holds it, dead or alive; std::nullopt if it does not hold it.
std::optional<Stored> stored(sync::Store& store, const Key& key);

class Oracle {
 public:
  // Notes what an operation at `replica` changed: compares the record before and after it.
  // `operation` is its stamp: a field that it removed may be forgotten already.
  void observe(int replica, const Key& key, const Stored& before, const Stored& after, bool acknowledged, bool durable,
               const sync::Stamp& operation = {});
  // The replica lost power: its writes that were not durable may be gone.
  void powerCut(int replica);
  // The replica was restored to its state after this many observed writes.
  std::size_t now() const { return writes_; }
  void restored(int replica, std::size_t asOf);
  // The replica's links now carry this scope. Its writes outside the scope may stay with it and go no further.
  void linked(int replica, const sync::Scope& scope);
  // The hub was restored to an earlier state. It has lost writes that perhaps no other replica holds, and a client that
  // gives up what it had sent cannot know that.
  void hubLost();
  // The values of a record were dropped at once.
  void valuesDropped(const Key& key);
  // Tombstones were purged while a replica was away: a replica that did not get a delete may undo it.
  void deletesMayBeForgotten() { forgetful_ = true; }
  // Removals of fields are forgotten once those who are known have heard of them.
  void removalsMayBeForgotten() { forgetsRemovals_ = true; }

  // Returns what is wrong with the final state of one record (absent: nullptr), of which a replica must have what the
  // scope carries; empty if nothing is wrong.
  std::string check(const Key& key, const Stored* final, const sync::Scope& scope) const;
  // Checks the writes of the replica to a record that its link no longer carries: either the replica still has them
  // (absent: nullptr), or it had sent them before it gave them up, and the hub has them.
  std::string checkStranded(int replica, const Key& key, const Stored* its, const Stored* hubs) const;
  std::set<Key> keys() const;
  // Whether any replica has deleted a record.
  bool hasDeletes() const;

 private:
  struct Write {
    int replica = 0;
    std::size_t number = 0;
    sync::Stamp stamp;
    base::Bytes value;
    bool removes = false;
    bool certain = false;
    bool durable = false;
    bool stranded = false;  // certain at the replica or at the hub, and nowhere else
  };
  struct History {
    std::vector<Write> bases, tombs;
    std::map<std::string, std::vector<Write>> fields;
    template <class Visit>
    void each(Visit&& visit) {
      for (Write& w : bases) visit(w);
      for (Write& w : tombs) visit(w);
      for (auto& [name, writes] : fields)
        for (Write& w : writes) visit(w);
    }
  };

  bool hubLost_ = false;
  std::map<Key, History> histories_;
  std::size_t writes_ = 0;
  bool forgetful_ = false;
  bool forgetsRemovals_ = false;
};

}  // namespace blazedb::sim
