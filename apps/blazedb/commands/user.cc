// blazedb user: the users of a hub, for its policies.
#include <memory>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct UserCommand {
  std::string action;
  DatabaseArgument database;
  std::string name;
  std::vector<std::string> roles;
  std::string claims;
  bool json = false;
};

void printUser(const User& user, bool json) {
  std::vector<std::string> teams;
  for (const UUID& team : user.teams) teams.push_back(team.toString());
  if (json)
    return printJson(Object{{"name", user.name},
                            {"id", user.id.toString()},
                            {"roles", jsonArray(user.options.roles)},
                            {"claims", user.options.claims},
                            {"teams", jsonArray(teams)}});
  std::string line = padRight(user.name, 16) + " " + user.id.toString();
  if (!user.options.roles.empty()) line += ", roles " + joined(user.options.roles);
  if (!user.options.claims.empty()) line += ", claims " + codec::recordToJson(user.options.claims, std::nullopt);
  if (!teams.empty()) line += ", " + counted(teams.size(), "team");
  printLine(line);
}

int run(const UserCommand& command) {
  if (command.action != "put" && !(command.roles.empty() && command.claims.empty()))
    throw UsageError("--roles and --claims are for put; see blazedb user --help");
  if (command.action == "list") {
    if (!command.name.empty()) throw UsageError("list takes no name; it lists all users");
    std::vector<User> users = openDatabase(command.database, Use::read).users().all();
    for (const User& user : users) printUser(user, command.json);
    if (users.empty() && !command.json) printLine("no users");
    return kFine;
  }
  if (command.name.empty()) throw UsageError("the name of the user is missing; see blazedb user --help");
  Database database = openDatabase(command.database);
  if (command.action == "remove") {
    database.users().remove(command.name);
    return kFine;
  }
  UserOptions options;
  options.roles = command.roles;
  if (!command.claims.empty()) options.claims = codec::recordFromJson(command.claims);
  printUser(database.users().put(command.name, options), command.json);
  return kFine;
}

}  // namespace

Run declareUser(Arguments& arguments) {
  auto command = std::make_shared<UserCommand>();  // shared with the parser, which fills it in
  arguments.requiredChoice("put|list|remove", {"put", "list", "remove"}, command->action, "what to do");
  addDatabase(arguments, command->database);
  arguments.optional("NAME", command->name, "for put and remove: the user, as in blazedb token create --user");
  arguments.names("--roles", command->roles, "for put: the roles of the user; admin lifts all policies");
  arguments.option("--claims", "JSON", command->claims, "for put: an object, for $user.claims in policies");
  addJson(arguments, command->json, "print users as JSON, one on each line");
  arguments.note(
      "A user is known to policies (blazedb rls) by the name that its tokens have. put makes a user, or replaces the "
      "roles and claims of one who is there. remove also takes the user out of all teams; its tokens stay.");
  arguments.example("blazedb user put hub.blazedb ann --roles editor --claims '{\"region\": \"EU\"}'");
  return [command] { return run(*command); };
}

}  // namespace blazedb::cli
