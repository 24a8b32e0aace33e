// The independent model. It knows the rule (highest stamp wins, field by field) and every write that was tried; it
// knows nothing of feeds, cursors and merging.
//
// A write is *certain* when it was acknowledged and nothing that happened since may have taken it back: a power cut
// takes back what was written at Durability::normal, a restore takes back what came after the backup, a purge takes
// back what it purged. What is not certain may be there or not, but only as it was written.
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

// A record as a replica stores it, owned.
struct Stored {
  struct Field {
    sync::Stamp stamp;
    base::Bytes value;
    bool removed = false;
    friend bool operator==(const Field&, const Field&) = default;
  };
  sync::Stamp base, tomb;
  std::map<std::string, Field> fields;
  bool alive = false;
  bool whole = false;

  sync::Stamp latest() const;
  std::uint64_t authority() const;
  // As a link of that scope carries it.
  Stored within(const sync::Scope& scope) const;
  friend bool operator==(const Stored&, const Stored&) = default;
};

Stored toStored(const sync::RecordState& state);

using Key = std::pair<std::string, UUID>;

// As the store holds it, dead or alive; std::nullopt where it does not.
std::optional<Stored> stored(sync::Store& store, const Key& key);

class Oracle {
 public:
  // What an operation at `replica` changed: compares the record before and after it.
  void observe(int replica, const Key& key, const Stored& before, const Stored& after, bool acknowledged, bool durable);
  // The replica lost power: its writes that were not durable may be gone.
  void powerCut(int replica);
  // The replica was put back to where it was when this many writes had been observed.
  std::size_t now() const { return writes_; }
  void restored(int replica, std::size_t asOf);
  // The replica's links carry this scope: what it wrote outside may stay with it, and goes no further.
  void linked(int replica, const sync::Scope& scope);
  // The hub was put back to an earlier state. It has lost what nobody else may hold any more; and a client that gives
  // up what it had sent cannot know that.
  void hubLost();
  // The values of a record were thrown away at once.
  void valuesDropped(const Key& key);
  // Tombstones were purged while somebody was away: deletes may be undone by whoever did not hear of them.
  void deletesMayBeForgotten() { forgetful_ = true; }

  // What is wrong with the final state of one record (absent: nullptr), of which a replica is to have what the scope
  // carries; empty if nothing.
  std::string check(const Key& key, const Stored* final, const sync::Scope& scope) const;
  // What is wrong with what the replica wrote to a record and its link no longer carries: the replica has it still
  // (absent: nullptr), or it had sent it before and given it up, and the hub has it.
  std::string checkStranded(int replica, const Key& key, const Stored* its, const Stored* hubs) const;
  std::set<Key> keys() const;
  // Whether anybody has deleted a record.
  bool hasDeletes() const;

 private:
  struct Write {
    int replica = 0;
    std::size_t number = 0;
    sync::Stamp stamp;
    base::Bytes value;
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
};

}  // namespace blazedb::sim
