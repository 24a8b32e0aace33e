#include "db/user_rights.h"

#include <algorithm>
#include <utility>

#include "blazedb/error.h"
#include "codec/json.h"
#include "codec/text.h"
#include "crypto/hash.h"
#include "query/expression.h"
#include "query/lexer.h"

namespace blazedb::db {
namespace {

constexpr std::string_view kUser = "user";
constexpr std::string_view kAdmin = "admin";

// What $user is.
Object asObject(const User& user) {
  Array teams, roles;
  for (const UUID& each : user.teams) teams.emplace_back(each);
  for (const std::string& each : user.options.roles) roles.emplace_back(each);
  bool isKnown = user.id != UUID();
  return {{"id", isKnown ? Value(user.id) : Value()},
          {"name", user.name.empty() ? Value() : Value(user.name)},
          {"teams", std::move(teams)},
          {"roles", std::move(roles)},
          {"claims", user.options.claims}};
}

std::string hashed(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::uint8_t byte : crypto::hash256(base::viewOf(text))) hex.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return hex;
}

// Adds what of the user the expression looks at. Throws InvalidPolicy if that is something that there is not.
void collect(const query::Node& node, const Object& user, Object& seen) {
  if (node.op == query::Op::parameter) {
    const auto* member = node.steps.empty() ? nullptr : std::get_if<std::string>(&node.steps[0]);
    if (!member || !user.contains(*member))
      throw Error(ErrorCode::InvalidPolicy,
                  "$user has .id, .name, .teams, .roles and .claims, and a policy looks at one of these");
    const Value& value = user[*member];
    const auto* inside = value.as<Object>();
    const auto* claim = node.steps.size() < 2 ? nullptr : std::get_if<std::string>(&node.steps[1]);
    if (!inside || !claim)
      seen.set(*member, value);
    else if (const Value* there = inside->find(*claim))
      seen.set(*member + "." + *claim, *there);
  }
  for (const query::NodePtr& child : node.children) collect(*child, user, seen);
}

void add(Object& all, const Object& more) {
  for (const Field& each : more) all.set(each.name, each.value);
}

// Whether an expression can be true, or says false. A number or a text is neither.
bool isCondition(const query::Node& node) {
  using query::Op;
  auto is = [](const query::NodePtr& child) { return isCondition(*child); };
  switch (node.op) {
    case Op::literal:
      return node.literal.type() == query::Operand::Type::boolean;
    case Op::array:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
    case Op::concatenate:
    case Op::minus:
      return false;
    case Op::negation:
    case Op::conjunction:
      return std::all_of(node.children.begin(), node.children.end(), is);
    case Op::disjunction:
      return std::any_of(node.children.begin(), node.children.end(), is);
    default:
      return true;
  }
}

std::string textOf(const Policy& policy) {
  const PolicyOptions& options = policy.options;
  const char* operation = options.operation == Operation::read ? "\nread\n" : "\nwrite\n";
  return options.collection + operation + options.expression + "\n";
}

// Whether a record's field names one of the teams.
std::unique_ptr<const query::Bound> memberCondition(const std::string& field, const std::vector<UUID>& teams) {
  Array ids;
  for (const UUID& each : teams) ids.emplace_back(each);
  return std::make_unique<const query::Bound>(query::parse(query::inBackticks(field) + " IN $teams"),
                                              Object{{"teams", std::move(ids)}});
}

}  // namespace

PolicyCondition conditionOf(const PolicyOptions& policy, const User& user) {
  query::Expression expression = query::parse(policy.expression);
  if (!isCondition(*expression.root))
    throw Error(
        ErrorCode::InvalidPolicy,
        "a policy is a condition, and this one is a value that is never true: compare it with a field, or write "
        "true to allow every record");
  Object parameters, who = asObject(user);
  for (const std::string& name : expression.parameters) {
    if (name != kUser)
      throw Error(ErrorCode::InvalidPolicy, "a policy knows $user and no other parameter, and this one names $" +
                                                codec::printable(name) + (name == "now" ? ": write now()" : ""));
    parameters.set(name, who);
  }
  PolicyCondition condition;
  collect(*expression.root, who, condition.seen);
  if (policy.operation == Operation::read && expression.usesTime)
    throw Error(ErrorCode::InvalidPolicy,
                "a policy for reading looks at the time with now(), and nothing would make a record leave when its "
                "time has come: write a field instead");
  condition.bound = std::make_unique<query::Bound>(std::move(expression), parameters);
  return condition;
}

bool isAdmin(const User& user) {
  const std::vector<std::string>& roles = user.options.roles;
  return std::find(roles.begin(), roles.end(), kAdmin) != roles.end();
}

std::string grantName(const UserRights& rights, const User& user,
                      const std::map<std::string, std::string>& teamFields) {
  std::string all = rights.name();
  for (const UUID& team : user.teams) all += "\n" + team.toString();
  for (const auto& [collection, field] : teamFields) all += "\n" + collection + "\n" + field;
  return hashed(all);
}

// The names have of the user what the policies look at. An issuer may put something new into each token (when the user
// logged in, say), and a client whose choice had another name each time would be given everything again each time.
UserRights::UserRights(const std::vector<Policy>& policies, const User& user, base::Clock& clock,
                       const std::optional<Teams>& teams)
    : clock_(clock), user_(user.name), isAdmin_(db::isAdmin(user)) {
  std::string reads, all;
  Object seenByReads, seen;
  for (const Policy& policy : policies) {
    if (isAdmin_) break;
    const PolicyOptions& options = policy.options;
    bool isRead = options.operation == Operation::read;
    Rule rule{policy.id, nullptr};
    try {
      PolicyCondition condition = conditionOf(options, user);
      rule.condition = std::move(condition.bound);
      add(seen, condition.seen);
      if (isRead) add(seenByReads, condition.seen);
    } catch (const Error&) {
      // It allows nothing.
    }
    all += textOf(policy);
    if (isRead) reads += textOf(policy);
    (isRead ? read_ : write_)[options.collection].push_back(std::move(rule));
  }
  std::string chosenBy;
  if (!reads.empty()) chosenBy = reads + codec::recordToJson(seenByReads, std::nullopt);
  if (teams) {
    chosenBy += "\nteams";
    for (const UUID& each : teams->ids) chosenBy += "\n" + each.toString();
    ofTeams_ = memberCondition(kTeamField, teams->ids);
    for (const auto& [collection, field] : teams->fields) {
      chosenBy += "\n" + collection + "\n" + field;
      ofTeamsIn_[collection] = memberCondition(field, teams->ids);
    }
  }
  if (!chosenBy.empty()) choice_ = hashed(chosenBy);
  if (!all.empty()) name_ = hashed(all + codec::recordToJson(seen, std::nullopt));
}

const UserRights::Rule* UserRights::allowing(const Rules& rules, const std::string& collection, const UUID& id,
                                             base::ByteView fields, bool& governs) const {
  auto found = rules.find(collection);
  governs = found != rules.end();
  if (!governs) return nullptr;
  Date now{clock_.wallMs() * 1000};
  for (const Rule& rule : found->second)
    if (rule.condition && query::Evaluator(*rule.condition, now).matches(id, fields)) return &rule;
  return nullptr;
}

// The condition that teams narrow it to; null if none do.
const query::Bound* UserRights::ofTeams(const std::string& collection) const {
  auto special = ofTeamsIn_.find(collection);
  return special == ofTeamsIn_.end() ? ofTeams_.get() : special->second.get();
}

std::optional<std::vector<AccessPath>> UserRights::pathsTo(const std::string& collection, const Snapshot& snapshot,
                                                           Date now) const {
  std::vector<const query::Bound*> conditions;
  if (const query::Bound* narrows = ofTeams(collection)) {
    conditions.push_back(narrows);
  } else {
    auto rules = read_.find(collection);
    if (rules == read_.end()) return std::nullopt;
    for (const Rule& rule : rules->second)
      if (rule.condition) conditions.push_back(rule.condition.get());
  }
  std::vector<AccessPath> paths;
  for (const query::Bound* condition : conditions) {
    QueryPlan plan{nullptr, collection};
    plan.where = std::shared_ptr<const query::Bound>(std::shared_ptr<void>(), condition);
    plan.at = QueryPlan::Moment{&snapshot, now};
    AccessPath path = accessPathOf(plan, *snapshot.indexes());
    if (!path.index || path.isOrderAlone()) return std::nullopt;
    paths.push_back(std::move(path));
  }
  return paths;
}

std::vector<std::string> UserRights::governed() const {
  std::vector<std::string> names;
  for (const auto& [collection, rules] : read_) names.push_back(collection);
  return names;
}

bool UserRights::mayRead(const std::string& collection, const UUID& id, base::ByteView fields) const {
  const query::Bound* narrows = ofTeams(collection);
  if (narrows && !query::Evaluator(*narrows, {}).matches(id, fields)) return false;
  bool governs = false;
  return allowing(read_, collection, id, fields, governs) || !governs;
}

bool UserRights::mayWrite(const std::string& collection, const UUID& id, base::ByteView fields) const {
  bool governs = false;
  if (allowing(write_, collection, id, fields, governs)) return true;
  return !governs && mayRead(collection, id, fields);
}

// What the user may not see is refused in the same words as what the user may not write.
std::optional<sync::Bye> UserRights::refusalOf(const std::string& collection, const UUID& id,
                                               std::optional<base::ByteView> before,
                                               std::optional<base::ByteView> after) const {
  bool may = (!before || (mayRead(collection, id, *before) && mayWrite(collection, id, *before))) &&
             (!after || mayWrite(collection, id, *after));
  if (may) return std::nullopt;
  return sync::Bye{ErrorCode::PermissionDenied,
                   user_.empty() ? "the token names no user, and the policies of '" + collection +
                                       "' let nobody without a name write this record; ask the operator of the hub"
                                 : "the policies of '" + collection + "' do not let the user '" + user_ +
                                       "' write this record; ask the operator of the hub"};
}

Judgement UserRights::judge(const std::string& collection, const UUID& id, base::ByteView fields) const {
  if (isAdmin_) return {true, true, "an admin may read and write everything"};
  auto say = [&](const Rules& rules, const char* verb, bool& may) {
    bool governs = false;
    const Rule* rule = allowing(rules, collection, id, fields, governs);
    may = rule || !governs;
    if (!governs) return std::string("no policy governs ") + verb;
    if (!rule) return std::string("no policy allows ") + verb;
    return "policy " + std::to_string(rule->policy) + " allows " + verb;
  };
  Judgement judgement;
  std::string reading = say(read_, "reading", judgement.mayRead);
  std::string writing = say(write_, "writing", judgement.mayWrite);
  if (!write_.contains(collection) && read_.contains(collection)) {
    judgement.mayWrite = judgement.mayRead;
    writing = "writing goes with reading";
  } else if (judgement.mayWrite && !judgement.mayRead) {
    judgement.mayWrite = false;
    writing += ", but only of records that the user may read or makes";
  }
  judgement.why = reading + "; " + writing;
  return judgement;
}

}  // namespace blazedb::db
