// The readers of this feed: which peers read it, under which scopes, and how far each has come.
//
// The store keeps a delete for as long as a known reader may not have heard of it. A reader that was not seen for the
// retention time is no longer known.
//
// This is kept in memory and saved into the rows now and then. If a crash takes away the latest state, a purge comes
// later, and nothing else happens. But that a reader exists must survive a crash, because the reader's deletes and
// those of this replica wait for each other: note() says when that has to be saved.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "replica/forgettable.h"
#include "replica/rows.h"
#include "sync/store.h"

namespace blazedb::replica {

class Peers {
 public:
  Peers(std::int64_t retentionMs, std::size_t removedFieldsKept)
      : retentionMs_(retentionMs), removedFieldsKept_(removedFieldsKept) {}

  // Takes over what the rows say. Call it once, before anything else.
  void load(Reader& rows, std::int64_t nowMs);

  // Notes that the peer reads this feed from `position`, and returns when to save that. `synced`: the peer comes with
  // another scope than before. It may give up what it sent in the old scope as soon as this end says Welcome, so
  // everything that was committed until now must be on the disk first.
  enum class Save : std::uint8_t { later, now, synced };
  Save note(const sync::Peer& peer, const sync::Scope& scope, std::uint64_t position, std::int64_t nowMs);
  // Notes that a reader has sent something: it may have nothing to acknowledge for a long time.
  void noteSeen(const sync::Peer& peer, const sync::Scope& scope, std::int64_t nowMs);
  // As Store::noteAcknowledged.
  void noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                        const std::optional<sync::Store::PeerFeed>& its, std::int64_t nowMs);
  // Call it when the clock was set back. No reader then counts as seen in the future; the store would keep deletes for
  // such a reader for longer than the retention time.
  void noteClockSetBack(std::int64_t nowMs);

  // The lowest position that a known reader has passed. A reader has passed a position when it has applied this feed up
  // to there, and this replica has applied everything that the reader held at that moment. None if no reader is known.
  std::optional<std::uint64_t> passedByAll(std::int64_t nowMs);
  // Whether the peer is still in the incarnation in which it acknowledged last.
  bool isSameIncarnation(const sync::Peer& peer) const;
  // Which removed fields may be forgotten now.
  Forgettable forgettable(std::int64_t nowMs);
  // How far the peer has read under the scope, or under a wider one; 0 if that is not known.
  std::uint64_t acknowledgedTo(const UUID& peer, const sync::Scope& scope) const;
  // The scope under which the peer was seen last.
  std::optional<sync::Scope> latestScope(const UUID& peer) const;
  // The highest position up to which some reader lacks nothing.
  std::uint64_t acknowledgedByAny() const { return acknowledgedByAny_.load(); }
  // Whether any reader is known: it may not have heard of a delete yet.
  bool any() const { return any_.load(); }

  void forget(const UUID& peer);
  void forgetOtherScopes(const UUID& peer, const std::optional<sync::Scope>& except);
  // Forgets a reader that the rows show as unseen for long. Returns false, and forgets nothing, if it was seen after
  // that.
  bool forgetUnseen(const Unseen& unseen);
  // For a replica that has got another id: no peer has heard of that id.
  void forgetAll();

  // Whether anything has changed since the last save().
  bool unsaved() const;
  // Writes what has changed since the last save().
  void save(Writer& rows);
  // Makes the next save() write everything: the last one was rolled back.
  void saveAgain();

 private:
  struct State {
    struct Known : Reading {
      std::uint64_t candidate = 0;   // will be `passed`
      std::uint64_t waitingFor = 0;  // once the peer's feed is applied up to here
    };
    std::uint64_t incarnation = 0;
    std::vector<Known> readings;  // one for each scope
    bool saved = false;

    Known* find(const sync::Scope& scope);
  };
  State::Known* find(const UUID& peer, const sync::Scope& scope) REQUIRES(mutex_);
  std::optional<std::uint64_t> leastPassed(std::int64_t nowMs) const REQUIRES(mutex_);

  const std::int64_t retentionMs_;
  const std::size_t removedFieldsKept_;
  mutable base::Mutex mutex_;
  std::map<UUID, State> peers_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> acknowledgedByAny_{0};
  std::atomic<bool> any_{false};
};

}  // namespace blazedb::replica
