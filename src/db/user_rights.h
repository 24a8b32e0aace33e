// What one user may do, by the policies of one moment (docs/rights.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blazedb/rights.h"
#include "db/query_plan.h"
#include "query/evaluate.h"
#include "sync/rights.h"

namespace blazedb::db {

class UserRights final : public sync::Rights {
 public:
  // The records of these teams alone.
  struct Teams {
    std::vector<UUID> ids;
    std::map<std::string, std::string> fields;  // by collection: which field names a record's team, if not kTeamField
  };

  // `clock` must outlive it: now() in a policy for writing. A policy that cannot be read allows nothing. `teams`
  // narrows what may be read.
  UserRights(const std::vector<Policy>& policies, const User& user, base::Clock& clock,
             const std::optional<Teams>& teams = {});

  // Names all that the policies say of the user.
  const std::string& name() const { return name_; }
  const std::string& choice() const override { return choice_; }
  bool mayRead(const std::string& collection, const UUID& id, base::ByteView fields) const override;
  std::optional<sync::Bye> refusalOf(const std::string& collection, const UUID& id,
                                     std::optional<base::ByteView> before,
                                     std::optional<base::ByteView> after) const override;

  // Where in indexes all live records of a collection are that the user may read; std::nullopt if no index finds them.
  // There may be others, too.
  std::optional<std::vector<AccessPath>> pathsTo(const std::string& collection, const Snapshot& snapshot,
                                                 Date now) const;
  // Whether it may not read all of a collection, and the collections that policies for reading name.
  bool narrows(const std::string& collection) const { return ofTeams(collection) || read_.contains(collection); }
  std::vector<std::string> governed() const;
  // The same as mayRead() for one record that is there, with the reason.
  Judgement judge(const std::string& collection, const UUID& id, base::ByteView fields) const;

 private:
  struct Rule {
    std::int64_t policy = 0;
    std::unique_ptr<const query::Bound> condition;  // null: it cannot be read
  };
  // By collection. Those that have none are not governed.
  using Rules = std::map<std::string, std::vector<Rule>>;

  // The first rule that allows it; null if none does, or if nothing governs the collection, which `governs` tells.
  const Rule* allowing(const Rules& rules, const std::string& collection, const UUID& id, base::ByteView fields,
                       bool& governs) const;
  bool mayWrite(const std::string& collection, const UUID& id, base::ByteView fields) const;
  const query::Bound* ofTeams(const std::string& collection) const;

  base::Clock& clock_;
  std::string user_;
  Rules read_, write_;
  bool isAdmin_ = false;
  std::unique_ptr<const query::Bound> ofTeams_;                           // null: no teams narrow it
  std::map<std::string, std::unique_ptr<const query::Bound>> ofTeamsIn_;  // by collection
  std::string choice_, name_;
};

inline constexpr char kTeamField[] = "team_id";

// Whether policies do not concern the user.
bool isAdmin(const User& user);
// replica::UserGrant::name.
std::string grantName(const UserRights& rights, const User& user, const std::map<std::string, std::string>& teamFields);

// A policy's expression, for a user.
struct PolicyCondition {
  std::unique_ptr<const query::Bound> bound;
  Object seen;  // what of $user it looks at: members, and single claims
};
// Throws InvalidArgument, InvalidPolicy, TooLarge.
PolicyCondition conditionOf(const PolicyOptions& policy, const User& user);

}  // namespace blazedb::db
