// A replica as those see it who connect it with others: links, listeners and the hub.
//
// The encrypted file is the first implementation (src/db/engine.h). Nothing here assumes a file, so that a hub can
// serve what is kept elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/sync_role.h"
#include "blazedb/uuid.h"
#include "replica/token_check.h"
#include "sync/change.h"
#include "sync/scope.h"
#include "sync/store.h"

namespace blazedb::replica {

// Thread-safe. What is not said to be quick may read from storage or write to it, and throws Error where that fails.
class Replica {
 public:
  virtual ~Replica() = default;

  // These are quick.
  virtual const std::string& name() const = 0;
  // Of its file; empty where it is not in one. What a hub keeps for itself stands beside that.
  virtual const std::string& path() const = 0;
  virtual UUID replicaId() const = 0;
  virtual SyncRole role() const = 0;
  // The source of a read-only replica.
  virtual std::optional<UUID> source() const = 0;
  // What sessions read from and merge into. The same one for as long as the replica lives, as tokenCheck() is.
  virtual sync::Store& store() = 0;
  virtual TokenCheck& tokenCheck() = 0;
  // Throws Error(OpenedReadOnly) where that is how it was opened.
  virtual void requireWritable() const = 0;

  // The listener is called after each commit that moved the feed, on the committing thread. It must be quick and must
  // not call the replica.
  using Listener = std::function<void()>;
  virtual int addFeedListener(Listener listener) = 0;
  // When it returns, the listener is not called any more.
  virtual void removeFeedListener(int id) = 0;

  virtual void setRole(SyncRole role) = 0;
  // Makes this a read-only replica of `source`. Writes of its own are refused with HasOwnWrites, or thrown away where
  // `adopt` says so.
  virtual void bindTo(const UUID& source, bool adopt) = 0;

  // Which replica was found behind an address, for as long as nobody has asked again. Best effort: what is not noted is
  // found out at the next connection.
  virtual void noteRemote(const std::string& address, const UUID& replica) = 0;
  virtual std::optional<UUID> remoteAt(const std::string& address) const = 0;

  // Records of the scope that have changed since `peer` last acknowledged this feed (or `acknowledged`, which may be
  // later) and did not come from it: their number, and the first `limit`. Without a peer: everything.
  struct Unsent {
    std::uint64_t count = 0;
    std::vector<sync::RecordKey> first;
  };
  virtual Unsent unsentTo(const std::optional<UUID>& peer, const sync::Scope& scope, std::uint64_t acknowledged,
                          std::size_t limit) const = 0;
};

}  // namespace blazedb::replica
