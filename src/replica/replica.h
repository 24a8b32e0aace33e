// Replica: a replica as links, listeners and the hub see it.
//
// The encrypted file is the first implementation (src/db/engine.h). Nothing here assumes a file, so a hub can serve
// replicas that are stored elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/sync_role.h"
#include "blazedb/uuid.h"
#include "replica/token_check.h"
#include "replica/unsent.h"
#include "sync/scope.h"
#include "sync/store.h"

namespace blazedb::replica {

// Thread-safe. A function that is not called quick here may read or write storage, and throws Error if that fails.
class Replica {
 public:
  virtual ~Replica() = default;

  // These are quick.
  virtual const std::string& name() const = 0;
  // The path of its file; empty if it is not in one. A hub keeps its own files beside it.
  virtual const std::string& path() const = 0;
  virtual UUID replicaId() const = 0;
  virtual SyncRole role() const = 0;
  // The source of a read-only replica.
  virtual std::optional<UUID> source() const = 0;
  // The store that sessions read from and merge into. The same one as long as the replica lives; so is tokenCheck().
  virtual sync::Store& store() = 0;
  virtual TokenCheck& tokenCheck() = 0;
  // Throws Error(OpenedReadOnly) if it was opened for reading only.
  virtual void requireWritable() const = 0;

  // The listener is called after each commit, on the committing thread. It must be quick and must not call the replica.
  using Listener = std::function<void()>;
  virtual int addFeedListener(Listener listener) = 0;
  // The listener is not called after this returns.
  virtual void removeFeedListener(int id) = 0;

  virtual void setRole(SyncRole role) = 0;
  // Makes this a read-only replica of `source`. If it has writes of its own, throws HasOwnWrites; with `adopt` they are
  // discarded.
  virtual void bindTo(const UUID& source, bool adopt) = 0;

  // Remembers which replica was found at an address, until another one is found there. Best effort: what is not noted
  // is found out at the next connection.
  virtual void noteRemote(const std::string& address, const UUID& replica) = 0;
  virtual std::optional<UUID> remoteAt(const std::string& address) const = 0;

  // The names of the collections, also of those that hold deleted records alone.
  virtual std::vector<std::string> collectionNames() const = 0;
  // What a peer has read of this feed. Both are quick.
  // The scope under which it was seen last, if it is known.
  virtual std::optional<sync::Scope> readingOf(const UUID& peer) const = 0;
  // The position up to which it has acknowledged everything of the scope; 0 if that is not known.
  virtual std::uint64_t acknowledgedTo(const UUID& peer, const sync::Scope& scope) const = 0;

  // Visits the records in the order of the feed. `lacks`: the peer lacks a change of it.
  using UnsentVisit = std::function<void(std::string_view collection, const UUID& id, bool lacks)>;
  virtual void visitUnsent(const Unsent& question, const UnsentVisit& visit) const = 0;
};

}  // namespace blazedb::replica
