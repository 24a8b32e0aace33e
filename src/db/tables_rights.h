// policies, users, teams, members, team_fields: who may do what (blazedb/rights.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/rights.h"
#include "db/statements.h"

namespace blazedb::db {

class RightsTable {
 public:
  explicit RightsTable(Statements& statements) : statements_(statements) {}

  std::int64_t addPolicy(const PolicyOptions& options);
  std::vector<Policy> policies();
  bool hasPolicies();
  // Returns false if there is none.
  bool removePolicy(std::int64_t id);

  // `options` as they are stored (encodedUser). Keeps the id of a user who is there.
  void putUser(const std::string& name, const UUID& id, base::ByteView options);
  std::optional<User> user(const std::string& name);
  std::vector<User> users();
  bool removeUser(const std::string& name);

  // Returns false if there is one of that name.
  bool addTeam(const UUID& id, const std::string& name);
  std::vector<Team> teams();
  bool hasTeam(const UUID& id);
  bool removeTeam(const UUID& id);
  void join(const std::string& user, const UUID& team);
  void leave(const std::string& user, const UUID& team);

  void setTeamField(const std::string& collection, const std::string& field);
  // By collection; those that have the usual one are not there.
  std::map<std::string, std::string> teamFields();

 private:
  std::vector<UUID> teamsOf(const std::string& user);

  Statements& statements_;
};

// Throws what codec::encodeFields returns.
base::Bytes encodedUser(const UserOptions& options);
// Throws DamagedPage, which names the user.
UserOptions decodedUser(const std::string& user, base::ByteView options);

}  // namespace blazedb::db
