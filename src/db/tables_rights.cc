#include "db/tables_rights.h"

#include <utility>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/columns.h"
#include "db/schema.h"

namespace blazedb::db {

const char kRightsTables[] = R"sql(
CREATE TABLE IF NOT EXISTS policies(
  id INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, operation INTEGER NOT NULL, expression TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users(name TEXT PRIMARY KEY, id BLOB NOT NULL, options BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS teams(id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members(user TEXT NOT NULL, team BLOB NOT NULL, PRIMARY KEY(user, team)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS members_by_team ON members(team);
CREATE TABLE IF NOT EXISTS team_fields(collection TEXT PRIMARY KEY, field TEXT NOT NULL) WITHOUT ROWID;
)sql";

namespace {

constexpr char kRoles[] = "roles", kClaims[] = "claims";

}  // namespace

base::Bytes encodedUser(const UserOptions& options) {
  Array roles;
  for (const std::string& each : options.roles) roles.emplace_back(each);
  base::Bytes bytes;
  if (std::optional<Error> error = codec::encodeFields(bytes, {{kRoles, std::move(roles)}, {kClaims, options.claims}}))
    throw std::move(*error);
  return bytes;
}

UserOptions decodedUser(const std::string& user, base::ByteView bytes) {
  Object members;
  bool isSound = codec::decodeFields(bytes, members);
  std::optional<Array> roles = members.array(kRoles);
  std::optional<Object> claims = members.object(kClaims);
  if (!isSound || !roles || !claims)
    throw Error(ErrorCode::DamagedPage, "the user '" + user + "' cannot be read; restore the file from a backup");
  UserOptions options;
  for (const Value& each : *roles)
    if (const auto* role = each.as<std::string>()) options.roles.push_back(*role);
  options.claims = std::move(*claims);
  return options;
}

std::int64_t RightsTable::addPolicy(const PolicyOptions& options) {
  Use insert = statements_.use("INSERT INTO policies(collection, operation, expression) VALUES(?1, ?2, ?3)");
  insert->bindText(1, options.collection).bind(2, static_cast<int>(options.operation)).bindText(3, options.expression);
  insert->run();
  return statements_.connection().lastInsertRow();
}

std::vector<Policy> RightsTable::policies() {
  Use select = statements_.use("SELECT id, collection, operation, expression FROM policies ORDER BY id");
  std::vector<Policy> all;
  while (select->step()) {
    Policy& policy = all.emplace_back();
    policy.id = select->integer(0);
    policy.options.collection = select->text(1);
    policy.options.operation = select->integer(2) == 0 ? Operation::read : Operation::write;
    policy.options.expression = select->text(3);
  }
  return all;
}

bool RightsTable::hasPolicies() { return numberOf(*statements_.use("SELECT EXISTS(SELECT 1 FROM policies)")) != 0; }

bool RightsTable::removePolicy(std::int64_t id) {
  statements_.use("DELETE FROM policies WHERE id = ?1")->bind(1, id).run();
  return statements_.connection().changes() > 0;
}

void RightsTable::putUser(const std::string& name, const UUID& id, base::ByteView options) {
  Use put =
      statements_.use("INSERT INTO users(name, id, options) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET options = ?3");
  put->bindText(1, name).bindBlob(2, id.bytes).bindBlob(3, options).run();
}

std::optional<User> RightsTable::user(const std::string& name) {
  User user;
  {
    Use select = statements_.use("SELECT id, options FROM users WHERE name = ?1");
    select->bindText(1, name);
    if (!select->step()) return std::nullopt;
    user.name = name;
    user.id = uuidAt(*select, 0);
    user.options = decodedUser(name, select->blob(1));
  }
  user.teams = teamsOf(name);
  return user;
}

std::vector<User> RightsTable::users() {
  std::vector<User> all;
  {
    Use select = statements_.use("SELECT name, id, options FROM users ORDER BY name");
    while (select->step()) {
      User& user = all.emplace_back();
      user.name = select->text(0);
      user.id = uuidAt(*select, 1);
      user.options = decodedUser(user.name, select->blob(2));
    }
  }
  for (User& user : all) user.teams = teamsOf(user.name);
  return all;
}

std::vector<UUID> RightsTable::teamsOf(const std::string& user) {
  Use select = statements_.use("SELECT team FROM members WHERE user = ?1 ORDER BY team");
  select->bindText(1, user);
  std::vector<UUID> teams;
  while (select->step()) teams.push_back(uuidAt(*select, 0));
  return teams;
}

bool RightsTable::removeUser(const std::string& name) {
  statements_.use("DELETE FROM members WHERE user = ?1")->bindText(1, name).run();
  statements_.use("DELETE FROM users WHERE name = ?1")->bindText(1, name).run();
  return statements_.connection().changes() > 0;
}

bool RightsTable::addTeam(const UUID& id, const std::string& name) {
  Use insert = statements_.use("INSERT INTO teams(id, name) VALUES(?1, ?2) ON CONFLICT DO NOTHING");
  insert->bindBlob(1, id.bytes).bindText(2, name).run();
  return statements_.connection().changes() > 0;
}

std::vector<Team> RightsTable::teams() {
  Use select = statements_.use(
      "SELECT t.id, t.name, m.user FROM teams t LEFT JOIN members m ON m.team = t.id ORDER BY t.name, m.user");
  std::vector<Team> all;
  while (select->step()) {
    UUID id = uuidAt(*select, 0);
    if (all.empty() || all.back().id != id) all.push_back({id, std::string(select->text(1)), {}});
    if (!select->isNull(2)) all.back().members.emplace_back(select->text(2));
  }
  return all;
}

bool RightsTable::hasTeam(const UUID& id) {
  Use select = statements_.use("SELECT 1 FROM teams WHERE id = ?1");
  select->bindBlob(1, id.bytes);
  return select->step();
}

bool RightsTable::removeTeam(const UUID& id) {
  statements_.use("DELETE FROM members WHERE team = ?1")->bindBlob(1, id.bytes).run();
  statements_.use("DELETE FROM teams WHERE id = ?1")->bindBlob(1, id.bytes).run();
  return statements_.connection().changes() > 0;
}

void RightsTable::join(const std::string& user, const UUID& team) {
  Use insert = statements_.use("INSERT INTO members(user, team) VALUES(?1, ?2) ON CONFLICT DO NOTHING");
  insert->bindText(1, user).bindBlob(2, team.bytes).run();
}

void RightsTable::leave(const std::string& user, const UUID& team) {
  Use remove = statements_.use("DELETE FROM members WHERE user = ?1 AND team = ?2");
  remove->bindText(1, user).bindBlob(2, team.bytes).run();
}

void RightsTable::setTeamField(const std::string& collection, const std::string& field) {
  Use put =
      statements_.use("INSERT INTO team_fields(collection, field) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET field = ?2");
  put->bindText(1, collection).bindText(2, field).run();
}

std::map<std::string, std::string> RightsTable::teamFields() {
  Use select = statements_.use("SELECT collection, field FROM team_fields");
  std::map<std::string, std::string> fields;
  while (select->step()) fields.emplace(select->text(0), select->text(1));
  return fields;
}

}  // namespace blazedb::db
