#include "db/tables_rejected.h"

#include <string>

#include "crypto/hash.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

const char kRejectedTables[] = R"sql(
CREATE TABLE IF NOT EXISTS rejected(
  peer BLOB NOT NULL, scope BLOB NOT NULL, by_peer INTEGER NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL, since_ms INTEGER NOT NULL, changed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(peer, by_peer, scope, collection, record)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rejected_by_record ON rejected(record, collection);
CREATE TABLE IF NOT EXISTS rejected_together(
  peer BLOB NOT NULL, scope BLOB NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY(peer, scope, collection, record)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rejected_by_number ON rejected_together(number);
)sql";

namespace {

#define BLAZEDB_ON_LINK "peer = ?1 AND by_peer = ?2 AND scope = ?3"

#define BLAZEDB_OF_KEY "peer = ?1 AND scope = ?2 AND collection = ?3 AND record = ?4"

storage::Statement& bindLink(Use& statement, const Rejected::Link& link, Rejected::By by) {
  return statement->bindBlob(1, link.peer.bytes).bind(2, static_cast<std::int64_t>(by)).bindBlob(3, link.scope);
}

storage::Statement& bindKey(Use& statement, const Rejected::Link& link, Rejected::By by, const sync::RecordKey& key) {
  return bindLink(statement, link, by).bindText(4, key.collection).bindBlob(5, key.id.bytes);
}

}  // namespace

Rejected::Link::Link(const UUID& replica, const sync::Scope& of) : peer(replica) {
  auto hash = crypto::hash256(sync::encode(of));
  scope.assign(hash.begin(), hash.begin() + 16);
}

std::optional<ErrorCode> Rejected::codeOf(const Link& link, By by, const sync::RecordKey& key) {
  Use select =
      statements_.use("SELECT code FROM rejected WHERE " BLAZEDB_ON_LINK " AND collection = ?4 AND record = ?5");
  if (!bindKey(select, link, by, key).step()) return std::nullopt;
  return static_cast<ErrorCode>(select->integer(0));
}

bool Rejected::noteChange(const sync::RecordKey& key) {
  Use update = statements_.use("UPDATE rejected SET changed = 1 WHERE record = ?1 AND collection = ?2 AND by_peer = 0");
  update->bindBlob(1, key.id.bytes).bindText(2, key.collection).run();
  return statements_.connection().changes() > 0;
}

void Rejected::add(const Link& link, By by, const sync::RecordKey& key, const sync::Bye& why, std::int64_t nowMs) {
  Use add = statements_.use(
      "INSERT INTO rejected(peer, by_peer, scope, collection, record, code, reason, since_ms) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET code = ?6, reason = ?7, changed = 0");
  bindKey(add, link, by, key).bind(6, static_cast<std::int64_t>(why.code)).bindText(7, why.text).bind(8, nowMs).run();
}

void Rejected::remove(const Link& link, By by, const sync::RecordKey& key) {
  Use remove = statements_.use("DELETE FROM rejected WHERE " BLAZEDB_ON_LINK " AND collection = ?4 AND record = ?5");
  bindKey(remove, link, by, key).run();
  if (by == By::us)
    statements_.use("DELETE FROM rejected_together WHERE " BLAZEDB_OF_KEY)
        ->bindBlob(1, link.peer.bytes)
        .bindBlob(2, link.scope)
        .bindText(3, key.collection)
        .bindBlob(4, key.id.bytes)
        .run();
}

void Rejected::join(const Link& link, std::span<const sync::RecordKey> keys) {
  std::int64_t number = numberOf(*statements_.use("SELECT ifnull(max(number), 0) + 1 FROM rejected_together"));
  Use others = statements_.use(
      "UPDATE rejected_together SET number = ?5 WHERE number = (SELECT number FROM rejected_together "
      "WHERE " BLAZEDB_OF_KEY ")");
  Use add = statements_.use(
      "INSERT INTO rejected_together(peer, scope, collection, record, number) VALUES(?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT DO NOTHING");
  for (const sync::RecordKey& key : keys)
    for (Use* each : {&others, &add})
      (*each)
          ->bindBlob(1, link.peer.bytes)
          .bindBlob(2, link.scope)
          .bindText(3, key.collection)
          .bindBlob(4, key.id.bytes)
          .bind(5, number)
          .run();
}

std::set<sync::RecordKey> Rejected::joined(const Link& link, const sync::RecordKey& key) {
  Use select = statements_.use(
      "SELECT collection, record FROM rejected_together WHERE number = (SELECT number FROM rejected_together "
      "WHERE " BLAZEDB_OF_KEY ")");
  select->bindBlob(1, link.peer.bytes).bindBlob(2, link.scope).bindText(3, key.collection).bindBlob(4, key.id.bytes);
  std::set<sync::RecordKey> all;
  while (select->step()) all.insert({std::string(select->text(0)), uuidAt(*select, 1)});
  return all;
}

void Rejected::removeOthers(const UUID& peer, const std::optional<sync::Scope>& except) {
  for (const char* sql : {"DELETE FROM rejected WHERE peer = ?1 AND scope IS NOT ?2",
                          "DELETE FROM rejected_together WHERE peer = ?1 AND scope IS NOT ?2"}) {
    Use remove = statements_.use(sql);
    remove->bindBlob(1, peer.bytes);
    base::Bytes scope;
    if (except) scope = Link(peer, *except).scope;
    if (except)
      remove->bindBlob(2, scope);
    else
      remove->bindNull(2);
    remove->run();
  }
}

void Rejected::removeByPeers() { statements_.run("DELETE FROM rejected WHERE by_peer = 1"); }

std::uint64_t Rejected::count(const UUID& peer, By by) {
  Use select = statements_.use("SELECT count(*) FROM rejected WHERE peer = ?1 AND by_peer = ?2");
  return asUnsigned(numberOf(select->bindBlob(1, peer.bytes).bind(2, static_cast<std::int64_t>(by))));
}

std::uint64_t Rejected::count(By by) {
  Use select = statements_.use("SELECT count(*) FROM rejected WHERE by_peer = ?1");
  return asUnsigned(numberOf(select->bind(1, static_cast<std::int64_t>(by))));
}

std::uint64_t Rejected::countByBearers(const UUID& peer) {
  Use select = statements_.use(
      "SELECT count(*) FROM rejected WHERE by_peer = 1 AND peer IN (SELECT ?1 UNION "
      "SELECT other.replica FROM replicas mine JOIN replicas other ON other.token = mine.token "
      "WHERE mine.replica = ?1)");
  return asUnsigned(numberOf(select->bindBlob(1, peer.bytes)));
}

std::vector<sync::Rejection> Rejected::on(const Link& link, By by, bool changed) {
  Use select = statements_.use("SELECT collection, record, code, reason FROM rejected WHERE " BLAZEDB_ON_LINK
                               " AND changed >= ?4");
  bindLink(select, link, by).bind(4, changed ? 1 : 0);
  std::vector<sync::Rejection> all;
  while (select->step())
    all.push_back({{std::string(select->text(0)), uuidAt(*select, 1)},
                   sync::Bye{static_cast<ErrorCode>(select->integer(2)), std::string(select->text(3))}});
  return all;
}

const std::string& PeerNames::of(const UUID& peer) {
  auto [name, isNew] = known_.try_emplace(peer);
  if (isNew) name->second = read(peer);
  return name->second;
}

std::string PeerNames::read(const UUID& peer) {
  Use token = statements_.use(
      "SELECT t.id, t.name FROM replicas r JOIN tokens t ON t.id = r.token WHERE r.replica = ?1 "
      "ORDER BY r.seen_ms DESC LIMIT 1");
  if (token->bindBlob(1, peer.bytes).step()) {
    std::string number = "token " + std::to_string(token->integer(0)), called(token->text(1));
    return called.empty() ? number : called + " (" + number + ")";
  }
  Use address = statements_.use(
      "SELECT substr(key, length(?2) + 1) FROM meta WHERE substr(key, 1, length(?2)) = ?2 AND value = ?1 LIMIT 1");
  return address->bindBlob(1, peer.bytes).bindText(2, kRemote).step() ? std::string(address->text(0)) : "";
}

bool Rejected::there() {
  return numberOf(*statements_.use("SELECT count(*) FROM sqlite_master WHERE name = 'rejected'")) > 0;
}

#define BLAZEDB_OF_WHO_MAY_COME                                                                        \
  "FROM rejected WHERE peer NOT IN (SELECT r.replica FROM replicas r JOIN tokens t ON t.id = r.token " \
  "GROUP BY r.replica HAVING min(t.revoked_us IS NOT NULL OR ifnull(t.expires_us <= ?1, 0))) "         \
  "GROUP BY peer, by_peer, collection, record "

std::uint64_t Rejected::counted(Date now) {
  if (!there()) return 0;
  Use select = statements_.use("SELECT count(*) FROM (SELECT 1 " BLAZEDB_OF_WHO_MAY_COME ")");
  return asUnsigned(numberOf(select->bind(1, now.microseconds)));
}

std::vector<RejectedChange> Rejected::all(Date now) {
  if (!there()) return {};
  PeerNames names(statements_);
  Use select =
      statements_.use("SELECT peer, by_peer, collection, record, code, reason, min(since_ms) " BLAZEDB_OF_WHO_MAY_COME
                      "ORDER BY min(since_ms), collection, record");
  select->bind(1, now.microseconds);
  std::vector<RejectedChange> all;
  while (select->step()) {
    UUID peer = uuidAt(*select, 0);
    all.push_back({0, peer, names.of(peer), select->integer(1) != 0, std::string(select->text(2)), uuidAt(*select, 3),
                   static_cast<ErrorCode>(select->integer(4)), std::string(select->text(5)),
                   Date{select->integer(6) * 1000}});
  }
  return all;
}

// ----------------------------------------------------------------------------------------------------
// for src/replica

std::vector<sync::Rejection> ReadTables::rejectedOn(const replica::RejectedOn& link, bool changed) {
  return Rejected(statements_).on({link.peer, link.scope}, link.by, changed);
}

std::map<sync::RecordKey, ErrorCode> WriteTables::setAside(const replica::RejectedOn& link,
                                                           std::span<const sync::RecordKey> keys) {
  std::map<sync::RecordKey, ErrorCode> found;
  Rejected::Link on(link.peer, link.scope);
  for (const sync::RecordKey& key : keys)
    if (std::optional<ErrorCode> code = rejected_.codeOf(on, link.by, key)) found[key] = *code;
  return found;
}

void WriteTables::noteRejections(const replica::RejectedOn& link, std::span<const sync::Rejection> news,
                                 std::int64_t nowMs) {
  Rejected::Link on(link.peer, link.scope);
  for (const sync::Rejection& each : news)
    if (each.why)
      rejected_.add(on, link.by, each.key, *each.why, nowMs);
    else
      rejected_.remove(on, link.by, each.key);
}

void WriteTables::noteTogether(const replica::RejectedOn& link, std::span<const sync::RecordKey> keys) {
  rejected_.join({link.peer, link.scope}, keys);
}

std::vector<std::set<sync::RecordKey>> WriteTables::together(const replica::RejectedOn& link,
                                                             std::span<const sync::RecordKey> keys) {
  std::vector<std::set<sync::RecordKey>> all;
  std::set<sync::RecordKey> seen;
  Rejected::Link on(link.peer, link.scope);
  for (const sync::RecordKey& key : keys) {
    if (seen.contains(key)) continue;
    std::set<sync::RecordKey> joined = rejected_.joined(on, key);
    seen.insert(joined.begin(), joined.end());
    if (!joined.empty()) all.push_back(std::move(joined));
  }
  return all;
}

std::size_t WriteTables::noteChanged(std::span<const sync::RecordKey> keys) {
  std::size_t found = 0;
  for (const sync::RecordKey& key : keys) found += rejected_.noteChange(key) ? 1 : 0;
  return found;
}

std::uint64_t WriteTables::rejectedCount(const UUID& peer, replica::RejectedBy by) {
  return by == replica::RejectedBy::peer ? rejected_.countByBearers(peer) : rejected_.count(peer, by);
}

}  // namespace blazedb::db
