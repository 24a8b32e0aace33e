#include "db/rejected.h"

#include <map>
#include <string>

#include "crypto/hash.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

Rejected::Link::Link(const UUID& replica, const sync::Scope& of) : peer(replica) {
  auto hash = crypto::hash256(sync::encode(of));
  scope.assign(hash.begin(), hash.begin() + 16);
}

void Rejected::create(storage::Connection& connection) {
  connection.execute(R"sql(
CREATE TABLE IF NOT EXISTS rejected(
  peer BLOB NOT NULL, scope BLOB NOT NULL, by_peer INTEGER NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL, since_ms INTEGER NOT NULL, changed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(peer, by_peer, scope, collection, record)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rejected_by_record ON rejected(record, collection);
)sql");
}

#define BLAZEDB_ON_LINK "peer = ?1 AND by_peer = ?2 AND scope = ?3"

Rejected::Rejected(storage::Connection& c)
    : connection_(c),
      has_(c.prepare("SELECT 1 FROM rejected WHERE " BLAZEDB_ON_LINK " AND collection = ?4 AND record = ?5")),
      changed_(c.prepare("UPDATE rejected SET changed = 1 WHERE record = ?1 AND collection = ?2 AND by_peer = 0")),
      add_(c.prepare(
          "INSERT INTO rejected(peer, by_peer, scope, collection, record, code, reason, since_ms) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET code = ?6, reason = ?7, changed = 0")),
      remove_(c.prepare("DELETE FROM rejected WHERE " BLAZEDB_ON_LINK " AND collection = ?4 AND record = ?5")),
      removeAll_(c.prepare("DELETE FROM rejected WHERE " BLAZEDB_ON_LINK)),
      removeOthers_(c.prepare("DELETE FROM rejected WHERE peer = ?1 AND scope IS NOT ?2")),
      removeByPeers_(c.prepare("DELETE FROM rejected WHERE by_peer = 1")),
      countOf_(c.prepare("SELECT count(*) FROM rejected WHERE peer = ?1 AND by_peer = ?2")),
      count_(c.prepare("SELECT count(*) FROM rejected WHERE by_peer = ?1")),
      countByBearers_(
          c.prepare("SELECT count(*) FROM rejected WHERE by_peer = 1 AND peer IN (SELECT ?1 UNION "
                    "SELECT other.replica FROM replicas mine JOIN replicas other ON other.token = mine.token "
                    "WHERE mine.replica = ?1)")) {}

namespace {

void bindLink(storage::Statement& statement, const Rejected::Link& link, Rejected::By by) {
  statement.bindBlob(1, link.peer.bytes);
  statement.bind(2, static_cast<std::int64_t>(by));
  statement.bindBlob(3, link.scope);
}

void bindKey(storage::Statement& statement, const sync::RecordKey& key) {
  statement.bindText(4, key.collection);
  statement.bindBlob(5, key.id.bytes);
}

bool stepOnce(storage::Statement& statement) {
  bool found = statement.step();
  statement.reset();
  return found;
}

std::uint64_t counted(storage::Statement& statement) {
  std::uint64_t count = statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
  statement.reset();
  return count;
}

}  // namespace

bool Rejected::has(const Link& link, By by, const sync::RecordKey& key) {
  bindLink(has_, link, by);
  bindKey(has_, key);
  return stepOnce(has_);
}

bool Rejected::noteChange(const sync::RecordKey& key) {
  changed_.bindBlob(1, key.id.bytes);
  changed_.bindText(2, key.collection);
  changed_.run();
  return connection_.changes() > 0;
}

void Rejected::add(const Link& link, By by, const sync::RecordKey& key, const sync::Bye& why, std::int64_t nowMs) {
  bindLink(add_, link, by);
  bindKey(add_, key);
  add_.bind(6, static_cast<std::int64_t>(why.code));
  add_.bindText(7, why.text);
  add_.bind(8, nowMs);
  add_.run();
}

bool Rejected::remove(const Link& link, By by, const sync::RecordKey& key) {
  bindLink(remove_, link, by);
  bindKey(remove_, key);
  remove_.run();
  return connection_.changes() > 0;
}

void Rejected::removeAll(const Link& link, By by) {
  bindLink(removeAll_, link, by);
  removeAll_.run();
}

void Rejected::removeOthers(const UUID& peer, const std::optional<sync::Scope>& except) {
  removeOthers_.bindBlob(1, peer.bytes);
  base::Bytes scope;
  if (except) scope = Link(peer, *except).scope;
  if (except)
    removeOthers_.bindBlob(2, scope);
  else
    removeOthers_.bindNull(2);
  removeOthers_.run();
}

void Rejected::removeByPeers() { removeByPeers_.run(); }

std::uint64_t Rejected::count(const UUID& peer, By by) {
  countOf_.bindBlob(1, peer.bytes);
  countOf_.bind(2, static_cast<std::int64_t>(by));
  return counted(countOf_);
}

std::uint64_t Rejected::count(By by) {
  count_.bind(1, static_cast<std::int64_t>(by));
  return counted(count_);
}

std::uint64_t Rejected::countByBearers(const UUID& peer) {
  countByBearers_.bindBlob(1, peer.bytes);
  return counted(countByBearers_);
}

std::vector<sync::Rejection> rejectedOn(storage::Connection& connection, const Rejected::Link& link, Rejected::By by,
                                        bool changed) {
  storage::Statement select = connection.prepare(
      "SELECT collection, record, code, reason FROM rejected WHERE " BLAZEDB_ON_LINK " AND changed >= ?4");
  bindLink(select, link, by);
  select.bind(4, changed ? 1 : 0);
  std::vector<sync::Rejection> all;
  while (select.step())
    all.push_back({{std::string(select.text(0)), uuidAt(select, 1)},
                   sync::Bye{static_cast<ErrorCode>(select.integer(2)), std::string(select.text(3))}});
  return all;
}

namespace {

// Not in a file of before, which is only read.
bool hasTable(storage::Connection& connection) {
  storage::Statement there = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'rejected'");
  return there.step();
}

// What peers are called: at a hub by the token with which each came last, at a client by their address.
class Names {
 public:
  explicit Names(storage::Connection& connection)
      : token_(connection.prepare("SELECT t.id, t.name FROM replicas r JOIN tokens t ON t.id = r.token "
                                  "WHERE r.replica = ?1 ORDER BY r.seen_ms DESC LIMIT 1")),
        address_(connection.prepare("SELECT substr(key, length(?2) + 1) FROM meta "
                                    "WHERE substr(key, 1, length(?2)) = ?2 AND value = ?1 LIMIT 1")) {}

  const std::string& of(const UUID& peer) {
    auto [name, isNew] = known_.try_emplace(peer);
    if (isNew) name->second = read(peer);
    return name->second;
  }

 private:
  std::string read(const UUID& peer) {
    std::string name;
    token_.bindBlob(1, peer.bytes);
    if (token_.step()) {
      std::string number = "token " + std::to_string(token_.integer(0)), called(token_.text(1));
      name = called.empty() ? number : called + " (" + number + ")";
    }
    token_.reset();
    if (!name.empty()) return name;
    address_.bindBlob(1, peer.bytes).bindText(2, kRemote);
    if (address_.step()) name = address_.text(0);
    address_.reset();
    return name;
  }

  storage::Statement token_, address_;
  std::map<UUID, std::string> known_;
};

}  // namespace

#define BLAZEDB_OF_WHO_MAY_COME                                                                        \
  "FROM rejected WHERE peer NOT IN (SELECT r.replica FROM replicas r JOIN tokens t ON t.id = r.token " \
  "GROUP BY r.replica HAVING min(t.revoked_us IS NOT NULL OR ifnull(t.expires_us <= ?1, 0))) "         \
  "GROUP BY peer, by_peer, collection, record "

std::uint64_t countRejected(storage::Connection& connection, Date now) {
  if (!hasTable(connection)) return 0;
  storage::Statement select = connection.prepare("SELECT count(*) FROM (SELECT 1 " BLAZEDB_OF_WHO_MAY_COME ")");
  select.bind(1, now.microseconds);
  return counted(select);
}

std::vector<RejectedChange> allRejected(storage::Connection& connection, Date now) {
  if (!hasTable(connection)) return {};
  Names names(connection);
  storage::Statement select = connection.prepare(
      "SELECT peer, by_peer, collection, record, code, reason, min(since_ms) " BLAZEDB_OF_WHO_MAY_COME
      "ORDER BY min(since_ms), collection, record");
  select.bind(1, now.microseconds);
  std::vector<RejectedChange> all;
  while (select.step())
    all.push_back({uuidAt(select, 0), names.of(uuidAt(select, 0)), select.integer(1) != 0, std::string(select.text(2)),
                   uuidAt(select, 3), static_cast<ErrorCode>(select.integer(4)), std::string(select.text(5)),
                   Date{select.integer(6) * 1000}});
  return all;
}

}  // namespace blazedb::db
