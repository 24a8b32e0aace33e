// The policies, users and teams of a database (blazedb/rights.h). Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/rights.h"
#include "blazedb/token.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"
#include "db/revision.h"
#include "db/user_rights.h"
#include "replica/token_check.h"

namespace blazedb::db {

class Rights {
 public:
  // `revision` changes with each change that is made here.
  Rights(GroupCommit& writer, ReaderPool& readers, Revision& revision, const Environment& environment)
      : writer_(writer), readers_(readers), revision_(revision), environment_(environment) {}

  // As Policies and Users say.
  Policy addPolicy(const PolicyOptions& options);
  std::vector<Policy> policies() const;
  void removePolicy(std::int64_t id);
  Judgement judge(const std::string& user, const std::string& collection, const Record& record) const;
  User putUser(const std::string& name, const UserOptions& options);
  std::optional<User> user(const std::string& name) const;
  std::vector<User> users() const;
  void removeUser(const std::string& name);
  Team addTeam(const std::string& name);
  std::vector<Team> teams() const;
  void removeTeam(const UUID& id);
  void join(const std::string& user, const UUID& team);
  void leave(const std::string& user, const UUID& team);

  void setTeamField(const std::string& collection, const std::string& field);
  std::string teamField(const std::string& collection) const;

  // What the user of a token may do.
  replica::UserGrant grantOf(const Token& token) const;
  // The same, as somebody sees it who is writing.
  replica::UserGrant grantOf(const Token& token, Statements& statements) const;
  // The same for reading the records of these teams alone.
  std::shared_ptr<const sync::Rights> rightsWithin(const Token& token, std::vector<UUID> teams,
                                                   std::size_t& refused) const;

 private:
  void change(const std::function<void(class RightsTable&)>& body);

  GroupCommit& writer_;
  ReaderPool& readers_;
  Revision& revision_;
  const Environment environment_;
};

}  // namespace blazedb::db
