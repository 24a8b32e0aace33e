// Rights: which records each user of a hub may read and write.
//
//   db.users().put("ann", {.roles = {"editor"}});
//   Team team = db.users().addTeam("north");
//   db.users().join("ann", team.id);
//   db.policies().add({"notes", Operation::read, "team_id IN $user.teams OR owner = $user.name"});
//   db.policies().add({"notes", Operation::write, "owner = $user.name"});
//   db.createToken({.name = "Ann's phone", .user = "ann"});
//
// Policies concern the clients that connect to this database with a token: each gets, and may change, what its user's
// policies allow. They do not concern who opens the file, nor tokens with the role server, nor users with the role
// "admin". docs/rights.md says how they are judged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

namespace db {
class Engine;
}

enum class Operation : std::uint8_t { read, write };

struct PolicyOptions {
  std::string collection;
  Operation operation = Operation::read;
  // A condition on a record (docs/query.md) that also knows $user: .name, .id, .teams, .roles and .claims.
  std::string expression;
};

struct Policy {
  std::int64_t id = 0;  // unique in this database, never given again; grows
  PolicyOptions options;
};

struct UserOptions {
  std::vector<std::string> roles = {};  // "admin" lifts all policies; the others mean what expressions make of them
  Object claims = {};                   // anything else that expressions look at
};

struct User {
  std::string name;  // as in TokenOptions::user
  UUID id;
  UserOptions options;
  std::vector<UUID> teams;  // ascending
};

struct Team {
  UUID id;
  std::string name;
  std::vector<std::string> members;  // names of users, ascending
};

// What a user may do with a record, and why.
struct Judgement {
  bool mayRead = false;
  bool mayWrite = false;
  std::string why;  // in words, for people
};

// A handle of the policies of a database. Cheap; any thread may call any function. A change takes effect within a
// second on open connections: they end, and begin again under the new rights.
class BLAZEDB_API Policies {
 public:
  // Adds a policy. Several policies for one operation on a collection are joined by OR. A collection with policies for
  // reading alone: who may read a record may write it. Errors: InvalidArgument (the collection's name; the expression
  // is not understood), InvalidPolicy (it has another parameter than $user; it is no condition, but a value that is
  // never true; or it is for reading and looks at the time: a record would have to leave without a change), TooLarge
  // (more than 1,000 policies).
  Policy add(const PolicyOptions& options);
  std::vector<Policy> all() const;  // oldest first
  // Throws NotFound.
  void remove(std::int64_t id);
  // What a user may do with a record of a collection. A user that users() does not have is one without roles and teams.
  // Throws InvalidArgument.
  Judgement judge(const std::string& user, const std::string& collection, const Record& record) const;

 private:
  friend class Database;
  explicit Policies(std::shared_ptr<db::Engine> engine);
  std::shared_ptr<db::Engine> engine_;
};

// A handle of the users and teams of a database. Cheap; any thread may call any function. A change takes effect as that
// of a policy.
class BLAZEDB_API Users {
 public:
  // Makes the user, or gives it these options if it is there. Errors: InvalidArgument (the name is empty; a text is not
  // up to 128 bytes of UTF-8 on one line; the claims cannot be stored in a record), TooLarge (more than 1,000 roles, or
  // claims of more than 64 KiB).
  User put(const std::string& name, const UserOptions& options = {});
  std::optional<User> find(const std::string& name) const;
  std::vector<User> all() const;  // by name
  // Removes the user from all teams, too. Its tokens stay. Throws NotFound.
  void remove(const std::string& name);

  // Errors: InvalidArgument (as put), AlreadyExists.
  Team addTeam(const std::string& name);
  std::vector<Team> teams() const;  // by name
  // Throws NotFound.
  void removeTeam(const UUID& id);
  // Both do nothing if it is so already. Errors: NotFound, TooLarge (a user in more than 1,000 teams).
  void join(const std::string& user, const UUID& team);
  void leave(const std::string& user, const UUID& team);

 private:
  friend class Database;
  explicit Users(std::shared_ptr<db::Engine> engine);
  std::shared_ptr<db::Engine> engine_;
};

}  // namespace blazedb
