// Changes made here that a connection with another process does not carry: the token, the hub or the mode lets this end
// only receive, or the token or the app that shares leaves out some collections or fields of those that were asked for.
//
// A user would not notice them: the connection is live, and everything that it carries has arrived. So they are looked
// for in the feed, where each record has the replica from which it came and its changes have their writers. Each look
// goes on where the one before ended.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "blazedb/connection_mode.h"
#include "replica/replica.h"
#include "sync/session_status.h"

namespace blazedb::topology {

// What two ends carry of what this one wanted.
struct Carried {
  explicit Carried(const sync::SessionStatus& session)
      : scope(session.sending ? std::optional(session.scope) : std::nullopt) {}
  explicit Carried(sync::Scope agreed) : scope(std::move(agreed)) {}

  std::optional<sync::Scope> scope;  // absent: this end sends nothing

  // The questions about what stays of the `wanted` scope. How far the peer got differs by collection, as it may have
  // read under another token before.
  std::vector<replica::Unsent> leftOut(replica::Replica& replica, const UUID& peer, const sync::Scope& wanted) const;
  friend bool operator==(const Carried&, const Carried&) = default;
};

// Those of one connection. Thread-safe.
class StayingChanges {
 public:
  // The number of records is exact up to this; beyond it, there are more.
  static constexpr std::size_t kCountedMax = 10'000;

  struct Found {
    std::size_t records = 0;
    // Where they are, if this end sends anything: collections that are left out, and those of which fields are.
    std::set<std::string> collections, partly;

    // What a user is told. `isApp`: the other end is an app that shares, else it is a hub.
    std::string advice(ConnectionMode mode, bool isApp) const;
  };
  // Looks from where the last look ended. Reads from storage.
  Found find(replica::Replica& replica, const sync::SessionStatus& session, const sync::Scope& wanted);
  // Whether the last look found another number than the one before the last call of this.
  bool isNews();

  // Whether the feed's listener has to ask for a look, as this end sends nothing and no status of the link tells of a
  // write; and whether it has.
  std::atomic<bool> sendsNothing = false;
  std::atomic<bool> lookIsDue = false;

 private:
  void look(replica::Replica& replica, const sync::Scope& wanted) REQUIRES(mutex_);

  base::Mutex mutex_;
  std::optional<UUID> peer_ GUARDED_BY(mutex_);
  std::optional<Carried> carried_ GUARDED_BY(mutex_);
  std::uint64_t seenTo_ GUARDED_BY(mutex_) = 0;  // a place in the feed
  std::set<sync::RecordKey> staying_ GUARDED_BY(mutex_);
  bool hasMore_ GUARDED_BY(mutex_) = false;  // than are in the set
  std::size_t told_ GUARDED_BY(mutex_) = 0;
};

}  // namespace blazedb::topology
