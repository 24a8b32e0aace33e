#include "db/tables_tokens.h"

#include <map>

#include "blazedb/error.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables_rights.h"

namespace blazedb::db {

const char kTokenTables[] = R"sql(
CREATE TABLE IF NOT EXISTS tokens(
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, user TEXT NOT NULL,
  role INTEGER NOT NULL, rights INTEGER NOT NULL, collections BLOB NOT NULL, teams BLOB NOT NULL,
  created_us INTEGER NOT NULL, expires_us INTEGER, revoked_us INTEGER);
CREATE TABLE IF NOT EXISTS subjects(
  token INTEGER PRIMARY KEY, issuer TEXT NOT NULL, user TEXT NOT NULL, issued_us INTEGER NOT NULL,
  options BLOB NOT NULL, UNIQUE(issuer, user));
CREATE TABLE IF NOT EXISTS replicas(
  token INTEGER NOT NULL, replica BLOB NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY(token, replica)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replicas_by_id ON replicas(replica);
)sql";

namespace {

constexpr std::size_t kSearchedBytes = 8;

// Bits of tokens.rights.
constexpr std::int64_t kMayRead = 1;
constexpr std::int64_t kMayWrite = 2;
constexpr std::int64_t kMayRelay = 4;

#define BLAZEDB_TOKEN_COLUMNS \
  "id, hash, name, user, role, rights, collections, teams, created_us, expires_us, revoked_us"

base::Bytes packed(const std::vector<std::string>& texts) {
  base::Bytes out;
  for (const std::string& text : texts) base::appendSized(out, base::viewOf(text));
  return out;
}

std::vector<std::string> unpacked(base::ByteView bytes) {
  base::Reader in(bytes);
  std::vector<std::string> texts;
  while (in.ok() && !in.atEnd()) texts.emplace_back(base::textOf(in.sized()));
  if (!in.ok())
    throw Error(ErrorCode::DamagedPage, "a token in the database cannot be decoded; restore the file from a backup");
  return texts;
}

Token tokenAt(storage::Statement& row) {
  Token token;
  token.id = row.integer(0);
  token.options.name = row.text(2);
  token.options.user = row.text(3);
  token.options.role = row.integer(4) == 1 ? SyncRole::server : SyncRole::client;
  token.options.mayRead = (row.integer(5) & kMayRead) != 0;
  token.options.mayWrite = (row.integer(5) & kMayWrite) != 0;
  token.options.mayRelay = (row.integer(5) & kMayRelay) != 0;
  token.options.collections = unpacked(row.blob(6));
  token.options.teams = unpacked(row.blob(7));
  token.created = {row.integer(8)};
  if (!row.isNull(9)) token.options.expires = Date{row.integer(9)};
  if (!row.isNull(10)) token.revoked = Date{row.integer(10)};
  return token;
}

TokenTable::Subject subjectAt(storage::Statement& row) {
  std::int64_t token = row.integer(0);
  return {token, {row.integer(1)}, decodedUser("of token " + std::to_string(token), row.blob(2))};
}

}  // namespace

std::int64_t TokenTable::add(const TokenOptions& options, base::ByteView hash, Date created) {
  base::Bytes collections = packed(options.collections), teams = packed(options.teams);
  std::int64_t rights =
      (options.mayRead ? kMayRead : 0) | (options.mayWrite ? kMayWrite : 0) | (options.mayRelay ? kMayRelay : 0);
  Use insert = statements_.use(
      "INSERT INTO tokens(hash, name, user, role, rights, collections, teams, created_us, expires_us) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  insert->bindBlob(1, hash).bindText(2, options.name).bindText(3, options.user);
  insert->bind(4, options.role == SyncRole::server ? 1 : 0).bind(5, rights);
  insert->bindBlob(6, collections).bindBlob(7, teams).bind(8, created.microseconds);
  if (options.expires)
    insert->bind(9, options.expires->microseconds);
  else
    insert->bindNull(9);
  insert->run();
  return statements_.connection().lastInsertRow();
}

std::vector<Token> TokenTable::all() {
  Use select = statements_.use("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens ORDER BY id");
  std::vector<Token> all;
  while (select->step()) all.push_back(tokenAt(*select));
  findIssuers(all);
  return all;
}

// A file of an earlier version that is opened read-only lacks the table.
bool TokenTable::hasSubjects() {
  return numberOf(*statements_.use("SELECT count(*) FROM sqlite_master WHERE name = 'subjects'")) > 0;
}

void TokenTable::findIssuers(std::vector<Token>& tokens) {
  if (!hasSubjects()) return;
  std::map<std::int64_t, std::string> issuers;
  Use select = statements_.use("SELECT token, issuer FROM subjects");
  while (select->step()) issuers.emplace(select->integer(0), select->text(1));
  for (Token& token : tokens)
    if (auto found = issuers.find(token.id); found != issuers.end()) token.issuer = found->second;
}

std::optional<Token> TokenTable::find(std::int64_t id) {
  std::optional<Token> token;
  {
    Use select = statements_.use("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens WHERE id = ?1");
    select->bind(1, id);
    if (!select->step()) return std::nullopt;
    token = tokenAt(*select);
  }
  Use select = statements_.use("SELECT issuer FROM subjects WHERE token = ?1");
  select->bind(1, id);
  if (select->step()) token->issuer = select->text(0);
  return token;
}

std::vector<TokenTable::Hashed> TokenTable::like(base::ByteView hash) {
  base::Bytes from(hash.begin(), hash.begin() + kSearchedBytes), to = from;
  to.resize(hash.size(), 0xFF);
  Use select = statements_.use("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens WHERE hash BETWEEN ?1 AND ?2");
  select->bindBlob(1, from).bindBlob(2, to);
  std::vector<Hashed> found;
  while (select->step()) {
    base::ByteView stored = select->blob(1);
    found.push_back({{stored.begin(), stored.end()}, tokenAt(*select)});
  }
  return found;
}

bool TokenTable::revoke(std::int64_t id, Date when) {
  Use revoke = statements_.use("UPDATE tokens SET revoked_us = ifnull(revoked_us, ?2) WHERE id = ?1");
  revoke->bind(1, id).bind(2, when.microseconds).run();
  return statements_.connection().changes() > 0;
}

std::optional<TokenTable::Subject> TokenTable::subject(const std::string& issuer, const std::string& user) {
  Use select = statements_.use("SELECT token, issued_us, options FROM subjects WHERE issuer = ?1 AND user = ?2");
  select->bindText(1, issuer).bindText(2, user);
  return select->step() ? std::optional(subjectAt(*select)) : std::nullopt;
}

std::optional<TokenTable::Subject> TokenTable::subject(std::int64_t token) {
  Use select = statements_.use("SELECT token, issued_us, options FROM subjects WHERE token = ?1");
  select->bind(1, token);
  return select->step() ? std::optional(subjectAt(*select)) : std::nullopt;
}

void TokenTable::addSubject(const std::string& issuer, const std::string& user, std::int64_t token) {
  Use insert =
      statements_.use("INSERT INTO subjects(token, issuer, user, issued_us, options) VALUES(?1, ?2, ?3, 0, x'')");
  insert->bind(1, token).bindText(2, issuer).bindText(3, user).run();
}

void TokenTable::setSubject(const Subject& subject, base::ByteView options, const TokenOptions& token) {
  Use update = statements_.use("UPDATE subjects SET issued_us = ?2, options = ?3 WHERE token = ?1");
  update->bind(1, subject.token).bind(2, subject.issued.microseconds).bindBlob(3, options).run();
  base::Bytes teams = packed(token.teams);
  Use end = statements_.use("UPDATE tokens SET teams = ?2, expires_us = ?3 WHERE id = ?1");
  end->bind(1, subject.token).bindBlob(2, teams).bind(3, token.expires.value_or(Date()).microseconds).run();
}

std::optional<std::int64_t> TokenTable::otherOwner(const UUID& replica, std::int64_t token, Date now) {
  Use others = statements_.use(
      "SELECT t.id FROM replicas r JOIN tokens t ON t.id = r.token JOIN tokens mine ON mine.id = ?2 "
      "LEFT JOIN subjects s ON s.token = t.id LEFT JOIN subjects m ON m.token = mine.id "
      "WHERE r.replica = ?1 AND t.revoked_us IS NULL "
      "AND (t.expires_us IS NULL OR t.expires_us > ?3 OR s.token IS NOT NULL) AND t.id <> mine.id "
      "AND (t.user <> mine.user OR t.user = '' OR s.token IS NOT NULL OR m.token IS NOT NULL)");
  others->bindBlob(1, replica.bytes).bind(2, token).bind(3, now.microseconds);
  return others->step() ? std::optional(others->integer(0)) : std::nullopt;
}

void TokenTable::noteReplica(std::int64_t token, const UUID& replica, std::int64_t nowMs) {
  Use note = statements_.use(
      "INSERT INTO replicas(token, replica, seen_ms) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET seen_ms = ?3");
  note->bind(1, token).bindBlob(2, replica.bytes).bind(3, nowMs).run();
}

void TokenTable::removeReplica(std::int64_t token, const UUID& replica) {
  Use remove = statements_.use("DELETE FROM replicas WHERE token = ?1 AND replica = ?2");
  remove->bind(1, token).bindBlob(2, replica.bytes).run();
}

TokenTable::Remembered TokenTable::remembered(std::int64_t token, std::int64_t rowBytes) {
  Use sums = statements_.use(
      "SELECT (SELECT count(*) FROM replicas WHERE token = ?1), (SELECT ifnull(sum(length(c.scope) + ?2), 0) "
      "FROM replicas r JOIN cursors c ON c.peer = r.replica WHERE r.token = ?1)");
  sums->bind(1, token).bind(2, rowBytes);
  if (!sums->step()) return {};
  return {sums->integer(0), sums->integer(1)};
}

std::optional<UUID> TokenTable::longestUnseen(std::int64_t token, const UUID& last) {
  Use oldest = statements_.use("SELECT replica FROM replicas WHERE token = ?1 ORDER BY replica = ?2, seen_ms LIMIT 1");
  oldest->bind(1, token).bindBlob(2, last.bytes);
  return oldest->step() ? std::optional(uuidAt(*oldest, 0)) : std::nullopt;
}

bool TokenTable::anyUnseenSince(std::int64_t ms) {
  Use select = statements_.use("SELECT 1 FROM replicas WHERE seen_ms < ?1 LIMIT 1");
  return select->bind(1, ms).step();
}

void TokenTable::removeUnseenSince(std::int64_t ms) {
  Use remove = statements_.use(
      "DELETE FROM replicas WHERE seen_ms < ?1 AND NOT EXISTS(SELECT 1 FROM cursors WHERE peer = replica)");
  remove->bind(1, ms).run();
}

}  // namespace blazedb::db
