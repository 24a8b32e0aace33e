// blazedb rls: adds, lists, removes and tries the policies that say what the users of a hub may read and write.
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr const char* kList = "blazedb rls list FILE";

struct RlsCommand {
  std::string action;
  DatabaseArgument database;
  std::string which;  // remove: the policy; test: the user
  std::string collection;
  std::string read, write;
  std::string where;
  bool json = false;
};

const char* nameOf(Operation operation) { return operation == Operation::read ? "read" : "write"; }

void printPolicy(const Policy& policy, bool json) {
  const PolicyOptions& options = policy.options;
  if (json)
    return printJson(Object{{"id", Value(policy.id)},
                            {"collection", options.collection},
                            {"operation", nameOf(options.operation)},
                            {"expression", options.expression}});
  printLine(padLeft(std::to_string(policy.id), 4) + "  " + padRight(options.collection, 16) + " " +
            padRight(nameOf(options.operation), 5) + "  " + options.expression);
}

int add(const RlsCommand& command) {
  if (command.read.empty() == command.write.empty())
    throw UsageError(
        "a policy has one of --read and --write: blazedb rls add FILE -c notes --read 'owner = $user.name'");
  Database database = openDatabase(command.database);
  PolicyOptions options;
  options.collection = command.collection.empty() ? "default" : command.collection;
  options.operation = command.read.empty() ? Operation::write : Operation::read;
  options.expression = command.read.empty() ? command.write : command.read;
  Policy policy = database.policies().add(options);
  if (command.json)
    printPolicy(policy, true);
  else
    printLine(std::to_string(policy.id));
  return kFine;
}

int list(const RlsCommand& command) {
  bool any = false;
  for (const Policy& policy : openDatabase(command.database, Use::read).policies().all()) {
    if (!command.collection.empty() && policy.options.collection != command.collection) continue;
    printPolicy(policy, command.json);
    any = true;
  }
  if (!any && !command.json) printLine("no policies");
  return kFine;
}

int test(const RlsCommand& command) {
  if (command.which.empty()) throw UsageError("say for whom: blazedb rls test FILE USER -c notes");
  Database database = openDatabase(command.database, Use::read);
  std::string name = command.collection.empty() ? "default" : command.collection;
  Policies policies = database.policies();
  for (const Record& record : existingCollection(database, command.collection).query(command.where)) {
    Judgement judgement = policies.judge(command.which, name, record);
    std::string id = record.id().value_or(UUID()).toString();
    if (command.json) {
      printJson(
          Object{{"id", id}, {"mayRead", judgement.mayRead}, {"mayWrite", judgement.mayWrite}, {"why", judgement.why}});
      continue;
    }
    const char* may = judgement.mayWrite ? "read-write" : judgement.mayRead ? "read-only" : "nothing";
    printLine(id + "  " + padRight(may, 10) + "  " + judgement.why);
  }
  return kFine;
}

int run(const RlsCommand& command) {
  if (command.action != "add" && !(command.read.empty() && command.write.empty()))
    throw UsageError("--read and --write are for add; see blazedb rls --help");
  if (command.action != "test" && !command.where.empty())
    throw UsageError("--where is for test; see blazedb rls --help");
  if (command.action == "test") return test(command);
  if (command.action == "remove") {
    if (command.which.empty())
      throw UsageError("the policy to remove is missing; " + std::string(kList) + " shows the policies");
    std::int64_t id = parseListNumber(command.which, "policy", kList);
    openDatabase(command.database).policies().remove(id);
    return kFine;
  }
  if (!command.which.empty()) throw UsageError("this argument is for remove and test; see blazedb rls --help");
  return command.action == "add" ? add(command) : list(command);
}

}  // namespace

Run declareRls(Arguments& arguments) {
  auto command = std::make_shared<RlsCommand>();  // shared with the parser, which fills it in
  arguments.requiredChoice("add|list|remove|test", {"add", "list", "remove", "test"}, command->action, "what to do");
  addDatabase(arguments, command->database);
  arguments.optional("WHICH", command->which,
                     "for remove: the number of the policy, as list shows it; for test: the name of the user");
  addCollection(arguments, command->collection, "the collection (default: default; for list: all)");
  arguments.option("--read", "EXPRESSION", command->read, "for add: users may read the records for which this is true");
  arguments.option("--write", "EXPRESSION", command->write,
                   "for add: users may write the records for which this is true, before the change and after it");
  arguments.option("--where", "EXPRESSION", command->where, "for test: only these records (default: all)");
  addJson(arguments, command->json, "print policies, or what test found, as JSON, one on each line");
  arguments.note(
      "Policies concern the clients that connect to a hub with a token, and the apps that attach to a share with "
      "--user. They are joined by OR. A collection without "
      "policies is governed by the token alone. In an expression, $user.name is the user of the token; $user.id, "
      ".teams, .roles and .claims are what blazedb user and blazedb team say. A user with the role admin is not "
      "governed. A change takes effect within a second. test says what a user may do with each record, and why.");
  arguments.example("blazedb rls add hub.blazedb -c notes --read 'team_id IN $user.teams OR owner = $user.name'");
  arguments.example("blazedb rls add hub.blazedb -c notes --write 'owner = $user.name'");
  arguments.example("blazedb rls test hub.blazedb ann -c notes");
  return [command] { return run(*command); };
}

}  // namespace blazedb::cli
