// Rejected changes: records that one end of a link has not taken from the other, each with the reason.
//
// A record that is refused is set aside, and everything else goes on. What is remembered of it is its key alone: the
// sender has the record, and is asked for the whole of it again when there is a chance that it will be taken. Until
// then a part of it is never merged by itself, because the rest of it has been passed over. So an entry belongs to a
// cursor, that is to a peer and a scope, and goes where the cursor goes.
//
// Both ends remember it: who refused, to ask again; who was refused, to tell people.
#pragma once

#include <cstdint>
#include <vector>

#include "blazedb/rejected.h"
#include "db/statements.h"
#include "replica/rows.h"

namespace blazedb::db {

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

  bool has(const Link& link, By by, const sync::RecordKey& key);
  // The record has changed here: what was set aside of it, whoever sent it, may be taken now. False where nothing was.
  bool noteChange(const sync::RecordKey& key);
  // One that is known keeps the time since when it is.
  void add(const Link& link, By by, const sync::RecordKey& key, const sync::Bye& why, std::int64_t nowMs);
  bool remove(const Link& link, By by, const sync::RecordKey& key);
  // Of all links with the peer, but for one.
  void removeOthers(const UUID& peer, const std::optional<sync::Scope>& except);
  // Nobody has refused anything of this replica, which has another id now.
  void removeByPeers();
  // Of all links with the peer; of everybody.
  std::uint64_t count(const UUID& peer, By by);
  std::uint64_t count(By by);
  // By the peer, and by all others that have come with a token of its: strangers are free to take new replica ids.
  std::uint64_t countByBearers(const UUID& peer);
  // Those of a link. `changed`: those alone whose record has changed here since they were refused.
  std::vector<sync::Rejection> on(const Link& link, By by, bool changed = false);

  // For people: those of peers that may still come. Nobody can do anything about the others, whose tokens are all
  // revoked or over. As many as counted() says. In a file of an earlier version, which is only read, there may be no
  // such table.
  std::vector<RejectedChange> all(Date now);
  std::uint64_t counted(Date now);

 private:
  bool there();

  Statements& statements_;
};

}  // namespace blazedb::db
