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

  // The questions about what stays of the `wanted` scope, for any position `after`.
  std::vector<replica::Replica::Unsent> leftOut(replica::Replica& replica, const UUID& peer,
                                                const sync::Scope& wanted) const;
  friend bool operator==(const Carried&, const Carried&) = default;
};

// Those of one connection. Thread-safe.
class StayingChanges {
 public:
  // The number of records is exact up to this; beyond it, there are more.
  static constexpr std::size_t kCountedMax = 10'000;

  struct Found {
    std::size_t records = 0;
    std::set<std::string> collections;  // in which they are; empty if this end sends nothing
    bool inFields = false;              // some are in collections that the connection carries

    // What a user is told. `isApp`: the other end is an app that shares, else it is a hub.
    std::string advice(ConnectionMode mode, bool isApp) const;
  };
  // Looks from where the last look ended. Reads from storage.
  Found find(replica::Replica& replica, const sync::SessionStatus& session, const sync::Scope& wanted);
  // Whether the last look found another number than the one before the last call of this.
  bool isNews();

  // For the listener of the feed, where this end sends nothing and so no status of the link tells of a write.
  std::atomic<bool> sendsNothing = false;
  std::atomic<bool> lookIsDue = false;

 private:
  base::Mutex mutex_;
  std::optional<UUID> peer_ GUARDED_BY(mutex_);
  std::optional<Carried> carried_ GUARDED_BY(mutex_);
  std::uint64_t seenTo_ GUARDED_BY(mutex_) = 0;  // a place in the feed
  std::set<sync::RecordKey> staying_ GUARDED_BY(mutex_);
  std::size_t told_ GUARDED_BY(mutex_) = 0;
};

}  // namespace blazedb::topology
