// What is remembered of peers, and for how long.
//
// Whoever has a token can come with ever new replica ids, incarnations and scopes, and for each of them something is
// written down. So that a stranger cannot fill the file, what is remembered for a token is bounded, and what is of no
// further use goes after the retention time: that a reader was here, where nothing of it was ever merged. The numbers
// of incarnations of which no record is left go now and then.
//
// A replica belongs to the token that it came with first, and to others that name the same user: whoever poses as it
// could move the cursor on its feed past changes that it has yet to send, and say that it has what it was never sent.
//
// A cursor on a peer's feed stays: without it a client that returns after very long would bring back what it had been
// told to delete.
#include <algorithm>

#include "blazedb/error.h"
#include "db/engine.h"

namespace blazedb::db {
namespace {

constexpr std::int64_t kReplicasMax = 256;              // of one token
constexpr std::int64_t kScopesBytesMax = 1 << 20;       // likewise
constexpr std::int64_t kRowBytes = 256;                 // what a scope costs beside its bytes
constexpr std::size_t kOriginsWorthForgetting = 1'000;  // looking for them reads every row

}  // namespace

std::optional<Error> Engine::admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) {
  std::int64_t now = environment_.clock.wallMs();
  {
    ReaderPool::Lease reader = readers_.lease();
    storage::Statement others = reader.connection().prepare(
        "SELECT t.id FROM replicas r JOIN tokens t ON t.id = r.token JOIN tokens mine ON mine.id = ?2 "
        "WHERE r.replica = ?1 AND t.revoked_us IS NULL AND (t.expires_us IS NULL OR t.expires_us > ?3) "
        "AND t.id <> mine.id AND (t.user <> mine.user OR t.user = '')");
    others.bindBlob(1, replica.bytes).bind(2, token).bind(3, now * 1000);
    if (others.step())
      return Error(ErrorCode::DuplicateReplica,
                   "the replica " + replica.toString() + " belongs to the token " + std::to_string(others.integer(0)) +
                       ", which is still good and does not name the same user (blazedb token create --user). Is the "
                       "file a copy? Give it an id of its own (blazedb renew FILE); else have that token revoked");
  }
  write(Durability::normal, [&](Changes&) {
    storage::Connection& writer = file_->writer();
    storage::Statement note = writer.prepare(
        "INSERT INTO replicas(token, replica, seen_ms) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET seen_ms = ?3");
    note.bind(1, token).bindBlob(2, replica.bytes).bind(3, now);
    note.run();
    storage::Statement sums = writer.prepare(
        "SELECT (SELECT count(*) FROM replicas WHERE token = ?1), (SELECT ifnull(sum(length(c.scope) + ?2), 0) "
        "FROM replicas r JOIN cursors c ON c.peer = r.replica WHERE r.token = ?1)");
    storage::Statement oldest =
        writer.prepare("SELECT replica FROM replicas WHERE token = ?1 ORDER BY replica = ?2, seen_ms LIMIT 1");
    storage::Statement leave = writer.prepare("DELETE FROM replicas WHERE token = ?1 AND replica = ?2");
    for (bool self = false; !self;) {
      sums.bind(1, token).bind(2, kRowBytes);
      if (!sums.step()) return;
      std::int64_t replicas = sums.integer(0);
      std::int64_t bytes = sums.integer(1) + static_cast<std::int64_t>(scopeBytes) + kRowBytes;
      sums.reset();
      if (replicas <= kReplicasMax && bytes <= kScopesBytesMax) return;
      oldest.bind(1, token).bindBlob(2, replica.bytes);
      if (!oldest.step()) return;
      UUID victim = uuidAt(oldest, 0);
      oldest.reset();
      self = victim == replica;
      forgetPeer(victim);
      if (self) return;
      leave.bind(1, token).bindBlob(2, victim.bytes);
      leave.run();
    }
  });
  return std::nullopt;
}

// In a transaction: everything but what its records say.
void Engine::forgetPeer(const UUID& peer) {
  removeCursors(peer, std::nullopt);
  storage::Statement remove = file_->writer().prepare("DELETE FROM peers WHERE replica = ?1");
  remove.bindBlob(1, peer.bytes);
  remove.run();
  std::lock_guard lock(peersMutex_);
  peers_.erase(peer);
}

// A scan of a small table, now and then.
void Engine::forgetPeers() {
  std::int64_t now = environment_.clock.wallMs(), retention = options_.tombstoneRetention.count();
  if (now < forgetPeersAtMs_ && now + retention > forgetPeersAtMs_) return;
  forgetPeersAtMs_ = now + retention / 30;
  struct Unused {
    UUID peer;
    sync::Scope scope;
  };
  std::vector<Unused> unused;
  bool anyReplica = false;
  {
    ReaderPool::Lease reader = readers_.lease();
    storage::Statement select =
        reader.connection().prepare("SELECT peer, scope FROM cursors WHERE incarnation = 0 AND seen_ms < ?1");
    select.bind(1, now - retention);
    while (select.step()) {
      std::optional<sync::Scope> scope = sync::decodeScope(select.blob(1));
      if (scope) unused.push_back({uuidAt(select, 0), std::move(*scope)});
    }
    storage::Statement replicas = reader.connection().prepare("SELECT 1 FROM replicas WHERE seen_ms < ?1 LIMIT 1");
    replicas.bind(1, now - retention);
    anyReplica = replicas.step();
  }
  forgetOrigins();
  if (unused.empty() && !anyReplica) return;
  write(Durability::normal, [&](Changes&) {
    storage::Connection& writer = file_->writer();
    storage::Statement remove =
        writer.prepare("DELETE FROM cursors WHERE peer = ?1 AND scope = ?2 AND incarnation = 0 AND seen_ms < ?3");
    for (const Unused& each : unused) {
      std::lock_guard lock(peersMutex_);
      auto known = peers_.find(each.peer);
      PeerState::Reading* reading = known == peers_.end() ? nullptr : known->second.find(each.scope);
      if (reading && *reading->seenMs >= now - retention) continue;  // it is here again, which is not saved yet
      base::Bytes key = sync::encode(each.scope);
      remove.bindBlob(1, each.peer.bytes).bindBlob(2, key).bind(3, now - retention);
      remove.run();
      if (!reading) continue;
      std::erase_if(known->second.readings, [&](const PeerState::Reading& one) { return one.scope == each.scope; });
      if (known->second.readings.empty()) peers_.erase(known);
    }
    storage::Statement replicas = writer.prepare(
        "DELETE FROM replicas WHERE seen_ms < ?1 AND NOT EXISTS(SELECT 1 FROM cursors WHERE peer = replica)");
    replicas.bind(1, now - retention);
    replicas.run();
    if (!unused.empty())
      writer.execute("DELETE FROM peers WHERE NOT EXISTS(SELECT 1 FROM cursors c WHERE c.peer = peers.replica)");
  });
}

// The latest one stays, so that no number is given twice: somebody may be reading by one that has just gone.
void Engine::forgetOrigins() {
  std::set<std::int64_t> unused;
  std::uint64_t end = 0;
  {
    ReaderPool::Lease reader = readers_.lease();
    storage::Statement origins =
        reader.connection().prepare("SELECT id FROM origins ORDER BY id DESC LIMIT -1 OFFSET 1");
    while (origins.step()) unused.insert(origins.integer(0));
    if (unused.size() < kOriginsWorthForgetting) return;
    end = feedEnd();
    storage::Statement rows = reader.connection().prepare("SELECT DISTINCT origin FROM records");
    while (rows.step()) unused.erase(rows.integer(0));
  }
  write(Durability::normal, [&](Changes&) {
    // A row that has got another origin meanwhile has another position too.
    tables_->feed(end, 0, [&](const replica::FeedEntry& entry) {
      if (!entry.gone) unused.erase(entry.row.origin);
      return true;
    });
    storage::Statement remove = file_->writer().prepare("DELETE FROM origins WHERE id = ?1");
    for (std::int64_t id : unused) {
      remove.bind(1, id);
      remove.run();
    }
  });
  std::lock_guard lock(originsMutex_);
  origins_.clear();
}

}  // namespace blazedb::db
