// Rejected changes: records that one end of a link has not taken from the other, each with the reason.
//
// A replica that refuses a record sets it aside, and everything else goes on. It remembers the key alone: the sender
// has the record, and is asked for the whole of it again when there is a chance that it will be taken. Until then this
// replica never merges a part of the record by itself, because it has passed over the rest. So an entry belongs to a
// cursor, that is to a peer and a scope, and goes when the cursor goes.
//
// Both ends remember the record: the end that refused it, to ask again; the end that sent it, to tell its user.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "blazedb/rejected.h"
#include "db/statements.h"
#include "replica/rows.h"

namespace blazedb::db {

// The names of peers: at a hub the token with which each connected last, at a client the address.
class PeerNames {
 public:
  explicit PeerNames(Statements& statements) : statements_(statements) {}

  const std::string& of(const UUID& peer);

 private:
  std::string read(const UUID& peer);

  Statements& statements_;
  std::map<UUID, std::string> known_;
};

class Rejected {
 public:
  using By = replica::RejectedBy;
  struct Link {
    UUID peer;
    base::Bytes scope;  // a hash: a scope may be long, and there may be many entries
    Link(const UUID& replica, const sync::Scope& of);
  };

  // `statements` must outlive it. Not thread-safe.
  explicit Rejected(Statements& statements) : statements_(statements) {}

  // Absent: it has no entry.
  std::optional<ErrorCode> codeOf(const Link& link, By by, const sync::RecordKey& key);
  // The record has changed here, so it may be taken now from every peer whose version was set aside. Returns false if
  // none was.
  bool noteChange(const sync::RecordKey& key);
  // A known entry keeps the time since when it is there.
  void add(const Link& link, By by, const sync::RecordKey& key, const sync::Bye& why, std::int64_t nowMs);
  void remove(const Link& link, By by, const sync::RecordKey& key);
  // These entries belong to one transaction: each carries its number. Those of other transactions join it.
  void join(const Link& link, std::span<const sync::RecordKey> keys);
  // The entries of the transaction to which this one belongs; empty if it came alone.
  std::set<sync::RecordKey> joined(const Link& link, const sync::RecordKey& key);
  // Removes the entries of all links with the peer but one.
  void removeOthers(const UUID& peer, const std::optional<sync::Scope>& except);
  // This replica has another id now: no peer has refused anything of it.
  void removeByPeers();
  // The number of entries of all links with the peer; of all peers.
  std::uint64_t count(const UUID& peer, By by);
  std::uint64_t count(By by);
  // What was refused of the peer, and of all replicas that came with a token of the peer's: a client is free to come
  // with new replica ids.
  std::uint64_t countByBearers(const UUID& peer);
  // The entries of a link. `changed`: only those whose record has changed here since it was refused.
  std::vector<sync::Rejection> on(const Link& link, By by, bool changed = false);

  // For the user: the entries of peers that may still connect, as many as counted() says. The tokens of the others are
  // all revoked or expired, and there is nothing to be done about their records. A file of an earlier version that is
  // opened read-only may have no such table.
  std::vector<RejectedChange> all(Date now);
  std::uint64_t counted(Date now);

 private:
  bool there();

  Statements& statements_;
};

}  // namespace blazedb::db
