// The readers of this feed: which peers read it, under which scopes, and how far each has come.
//
// A delete is remembered for as long as a known reader may not have heard of it, and for such a reader alone: one that
// was not seen for the retention time is no longer known.
//
// This is kept in memory and saved into the rows now and then: what a crash takes away delays a purge and does nothing
// else. That there is a reader must survive a crash, because its deletes and those of this replica wait for each other:
// note() says when that has to be saved.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "replica/rows.h"
#include "sync/store.h"

namespace blazedb::replica {

class Peers {
 public:
  explicit Peers(std::int64_t retentionMs) : retentionMs_(retentionMs) {}

  // What the rows say. To be called once, at first.
  void load(Reader& rows, std::int64_t nowMs);

  // The peer reads this feed. `synced`: it comes with another scope than before, and may throw away what it has sent in
  // the old one as soon as it hears of that; so what was committed until now has to be on the disk first.
  enum class Save : std::uint8_t { later, now, synced };
  Save note(const sync::Peer& peer, const sync::Scope& scope, std::int64_t nowMs);
  // A reader that has nothing to acknowledge for long is seen by what it sends.
  void noteSeen(const sync::Peer& peer, const sync::Scope& scope, std::int64_t nowMs);
  // As Store::noteAcknowledged says.
  void noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                        const std::optional<sync::Store::PeerFeed>& its, std::int64_t nowMs);
  // No reader may count as seen in the future, once the clock was set back: deletes would be kept for it until then.
  void noteClockSetBack(std::int64_t nowMs);

  // The position up to which every known reader has heard of all deletes, and sent what it had when it did; none where
  // no reader is known.
  std::optional<std::uint64_t> passedByAll(std::int64_t nowMs);
  // Is the peer still in the incarnation in which it acknowledged last?
  bool isSameIncarnation(const sync::Peer& peer) const;
  // How far the peer has read; 0 where it is not known.
  std::uint64_t acknowledgedTo(const UUID& peer, const sync::Scope& scope) const;
  // Some reader lacks nothing up to here.
  std::uint64_t acknowledgedByAny() const { return acknowledgedByAny_.load(); }
  // May a reader not have heard of a delete yet?
  bool any() const { return any_.load(); }

  void forget(const UUID& peer);
  void forgetOtherScopes(const UUID& peer, const std::optional<sync::Scope>& except);
  // False where the reader was seen since, which the rows do not say yet.
  bool forgetUnseen(const Unseen& unseen);
  // This replica has another id now, of which no peer has heard.
  void forgetAll();

  bool unsaved() const;
  // Writes what has changed since it was saved; and, where that was rolled back, everything the next time.
  void save(Writer& rows);
  void saveAgain();

 private:
  struct State {
    struct Known : Reading {
      std::uint64_t candidate = 0;   // will be `passed`
      std::uint64_t waitingFor = 0;  // once the peer's feed is applied up to here
    };
    std::uint64_t incarnation = 0;
    std::vector<Known> readings;  // those that were ever asked for
    bool saved = false;

    Known* find(const sync::Scope& scope);
  };
  State::Known* find(const UUID& peer, const sync::Scope& scope) REQUIRES(mutex_);
  std::optional<std::uint64_t> leastPassed(std::int64_t nowMs) const REQUIRES(mutex_);

  const std::int64_t retentionMs_;
  mutable base::Mutex mutex_;
  std::map<UUID, State> peers_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> acknowledgedByAny_{0};
  std::atomic<bool> any_{false};
};

}  // namespace blazedb::replica
