#include "db/rights.h"

#include <algorithm>

#include "base/names.h"
#include "base/typed.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "db/engine.h"
#include "db/tables_rights.h"
#include "db/tables_tokens.h"

namespace blazedb {
namespace db {
namespace {

constexpr std::size_t kTextBytesMax = 128;
constexpr std::size_t kPoliciesMax = 1000;
constexpr std::size_t kNamesMax = 1000;
constexpr std::size_t kUserBytesMax = 64u << 10;

void requireText(const std::string& text, const char* what) {
  bool isFine = !text.empty() && text.size() <= kTextBytesMax && codec::isOneLine(text);
  if (!isFine || text.front() == ' ' || text.back() == ' ')
    throw Error(ErrorCode::InvalidArgument,
                std::string(what) + " is 1 to 128 bytes of UTF-8 on one line, without blanks at the ends, not '" +
                    codec::printable(text) + "'");
}

Error noUser(const std::string& name) {
  return Error(ErrorCode::NotFound,
               "there is no user '" + codec::printable(name) + "'; blazedb user list FILE shows the users");
}

Error noTeam(const UUID& id) {
  return Error(ErrorCode::NotFound, "there is no team " + id.toString() + "; blazedb team list FILE shows the teams");
}

// Of a name that users() may not have.
User userCalled(RightsTable& table, const std::string& name) {
  std::optional<User> known = table.user(name);
  if (known) return std::move(*known);
  User user;
  user.name = name;
  return user;
}

// A user of an issuer has what the issuer says, and nothing of what users() says of the same name.
User userOf(Statements& statements, const Token& token) {
  User user;
  if (token.issuer.empty()) {
    RightsTable table(statements);
    user = userCalled(table, token.options.user);
  } else {
    user.name = token.options.user;
    user.id = UUID::parse(user.name).value_or(UUID());
    if (auto subject = TokenTable(statements).subject(token.id)) user.options = std::move(subject->options);
  }
  for (const std::string& team : token.options.teams)
    if (std::optional<UUID> id = UUID::parse(team)) user.teams.push_back(*id);
  std::sort(user.teams.begin(), user.teams.end());
  user.teams.erase(std::unique(user.teams.begin(), user.teams.end()), user.teams.end());
  return user;
}

// A server gets and writes everything.
std::vector<Policy> policiesFor(RightsTable& table, const Token& token) {
  return token.options.role == SyncRole::server ? std::vector<Policy>() : table.policies();
}

}  // namespace

void Rights::change(const std::function<void(RightsTable&)>& body) {
  writer_.write(Durability::full, [&](Changes& changes) {
    RightsTable table(changes.tables().statements());
    body(table);
  });
  revision_.next();
}

Policy Rights::addPolicy(const PolicyOptions& options) {
  base::requireName(options.collection, "collection");
  if (options.operation != Operation::read && options.operation != Operation::write)
    throw Error(ErrorCode::InvalidArgument, "a policy is for reading or for writing");
  conditionOf(options, {});
  Policy policy{0, options};
  change([&](RightsTable& table) {
    if (table.policies().size() >= kPoliciesMax)
      throw Error(ErrorCode::TooLarge, "a database has up to 1000 policies; join expressions by OR");
    policy.id = table.addPolicy(options);
  });
  return policy;
}

std::vector<Policy> Rights::policies() const { return RightsTable(readers_.lease()->statements()).policies(); }

void Rights::removePolicy(std::int64_t id) {
  change([&](RightsTable& table) {
    if (!table.removePolicy(id))
      throw Error(ErrorCode::NotFound, "there is no policy " + std::to_string(id) + "; `blazedb rls list` shows them");
  });
}

Judgement Rights::judge(const std::string& user, const std::string& collection, const Record& record) const {
  base::requireName(collection, "collection");
  base::Bytes fields;
  if (std::optional<Error> error = codec::encodeFields(fields, record)) throw std::move(*error);
  ReaderPool::Lease reader = readers_.lease();
  ReadTables::OneSnapshot begun(*reader);
  RightsTable table(reader->statements());
  User who = userCalled(table, user);
  UserRights rights(table.policies(), who, environment_.clock);
  Judgement judgement = rights.judge(collection, record.id().value_or(UUID()), fields);
  if (who.id.isNil() && !user.empty() && !judgement.mayWrite)
    judgement.why += "; users() does not have '" + user + "', who has a name and nothing else";
  return judgement;
}

User Rights::putUser(const std::string& name, const UserOptions& options) {
  requireText(name, "the name of a user");
  for (const std::string& role : options.roles) requireText(role, "a role");
  base::Bytes encoded = encodedUser(options);
  if (options.roles.size() > kNamesMax || encoded.size() > kUserBytesMax)
    throw Error(ErrorCode::TooLarge, "a user has up to 1000 roles, and 64 KiB of claims");
  std::optional<User> user;
  change([&](RightsTable& table) {
    base::UuidV7 ids(environment_.clock, environment_.random);
    table.putUser(name, ids.next(), encoded);
    user = table.user(name);
  });
  return std::move(*user);
}

std::optional<User> Rights::user(const std::string& name) const {
  return RightsTable(readers_.lease()->statements()).user(name);
}
std::vector<User> Rights::users() const { return RightsTable(readers_.lease()->statements()).users(); }

void Rights::removeUser(const std::string& name) {
  change([&](RightsTable& table) {
    if (!table.removeUser(name)) throw noUser(name);
  });
}

Team Rights::addTeam(const std::string& name) {
  requireText(name, "the name of a team");
  base::UuidV7 ids(environment_.clock, environment_.random);
  Team team{ids.next(), name, {}};
  change([&](RightsTable& table) {
    if (!table.addTeam(team.id, name))
      throw Error(ErrorCode::AlreadyExists, "there is a team '" + name + "' already; choose another name");
  });
  return team;
}

std::vector<Team> Rights::teams() const { return RightsTable(readers_.lease()->statements()).teams(); }

void Rights::removeTeam(const UUID& id) {
  change([&](RightsTable& table) {
    if (!table.removeTeam(id)) throw noTeam(id);
  });
}

void Rights::join(const std::string& name, const UUID& team) {
  change([&](RightsTable& table) {
    std::optional<User> user = table.user(name);
    if (!user) throw noUser(name);
    if (!table.hasTeam(team)) throw noTeam(team);
    if (user->teams.size() >= kNamesMax && !std::binary_search(user->teams.begin(), user->teams.end(), team))
      throw Error(ErrorCode::TooLarge, "a user is in up to 1000 teams");
    table.join(name, team);
  });
}

void Rights::leave(const std::string& name, const UUID& team) {
  change([&](RightsTable& table) {
    if (!table.user(name)) throw noUser(name);
    if (!table.hasTeam(team)) throw noTeam(team);
    table.leave(name, team);
  });
}

void Rights::setTeamField(const std::string& collection, const std::string& field) {
  base::requireFieldName(field, ErrorCode::InvalidArgument);
  change([&](RightsTable& table) { table.setTeamField(collection, field); });
}

std::string Rights::teamField(const std::string& collection) const {
  std::map<std::string, std::string> fields = RightsTable(readers_.lease()->statements()).teamFields();
  auto found = fields.find(collection);
  return found == fields.end() ? kTeamField : found->second;
}

replica::UserGrant Rights::grantOf(const Token& token) const {
  ReaderPool::Lease reader = readers_.lease();
  ReadTables::OneSnapshot begun(*reader);
  return grantOf(token, reader->statements());
}

replica::UserGrant Rights::grantOf(const Token& token, Statements& statements) const {
  RightsTable table(statements);
  std::vector<Policy> policies = policiesFor(table, token);
  User user = userOf(statements, token);
  auto rights = std::make_shared<const UserRights>(policies, user, environment_.clock);
  std::string name = grantName(*rights, user, table.teamFields());
  return {policies.empty() ? nullptr : std::move(rights), std::move(name)};
}

std::shared_ptr<const sync::Rights> Rights::rightsWithin(const Token& token, std::vector<UUID> teams,
                                                         std::size_t& refused) const {
  ReaderPool::Lease reader = readers_.lease();
  ReadTables::OneSnapshot begun(*reader);
  RightsTable table(reader->statements());
  User user = userOf(reader->statements(), token);
  std::sort(teams.begin(), teams.end());
  teams.erase(std::unique(teams.begin(), teams.end()), teams.end());
  std::size_t asked = teams.size();
  auto isElsewhere = [&](const UUID& each) { return !std::binary_search(user.teams.begin(), user.teams.end(), each); };
  if (token.options.role != SyncRole::server && !isAdmin(user)) std::erase_if(teams, isElsewhere);
  refused = asked - teams.size();
  return std::make_shared<const UserRights>(policiesFor(table, token), user, environment_.clock,
                                            UserRights::Teams{std::move(teams), table.teamFields()});
}

}  // namespace db

Policies::Policies(std::shared_ptr<db::Engine> engine) : engine_(std::move(engine)) {}
Policy Policies::add(const PolicyOptions& options) {
  return base::typed(&db::Rights::addPolicy, engine_->rights(), options);
}
std::vector<Policy> Policies::all() const { return base::typed(&db::Rights::policies, engine_->rights()); }
void Policies::remove(std::int64_t id) { base::typed(&db::Rights::removePolicy, engine_->rights(), id); }
Judgement Policies::judge(const std::string& user, const std::string& collection, const Record& record) const {
  return base::typed(&db::Rights::judge, engine_->rights(), user, collection, record);
}

Users::Users(std::shared_ptr<db::Engine> engine) : engine_(std::move(engine)) {}
User Users::put(const std::string& name, const UserOptions& options) {
  return base::typed(&db::Rights::putUser, engine_->rights(), name, options);
}
std::optional<User> Users::find(const std::string& name) const {
  return base::typed(&db::Rights::user, engine_->rights(), name);
}
std::vector<User> Users::all() const { return base::typed(&db::Rights::users, engine_->rights()); }
void Users::remove(const std::string& name) { base::typed(&db::Rights::removeUser, engine_->rights(), name); }
Team Users::addTeam(const std::string& name) { return base::typed(&db::Rights::addTeam, engine_->rights(), name); }
std::vector<Team> Users::teams() const { return base::typed(&db::Rights::teams, engine_->rights()); }
void Users::removeTeam(const UUID& id) { base::typed(&db::Rights::removeTeam, engine_->rights(), id); }
void Users::join(const std::string& user, const UUID& team) {
  base::typed(&db::Rights::join, engine_->rights(), user, team);
}
void Users::leave(const std::string& user, const UUID& team) {
  base::typed(&db::Rights::leave, engine_->rights(), user, team);
}

}  // namespace blazedb
