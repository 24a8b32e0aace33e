// blazedb team: the teams of a hub, and who is in them, for its policies.
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct TeamCommand {
  std::string action;
  DatabaseArgument database;
  std::string team;  // its name or id
  std::string user;
  std::string collection;
  bool json = false;
};

void printTeam(const Team& team, bool json) {
  if (json)
    return printJson(Object{{"id", team.id.toString()}, {"name", team.name}, {"members", jsonArray(team.members)}});
  std::string line = team.id.toString() + "  " + team.name;
  if (!team.members.empty()) line += ": " + joined(team.members);
  printLine(line);
}

UUID teamCalled(const std::string& which, const Users& users) {
  for (const Team& team : users.teams())
    if (team.name == which || team.id.toString() == which) return team.id;
  throw Error(ErrorCode::NotFound, "there is no team " + which + "; blazedb team list FILE shows the teams");
}

int list(const TeamCommand& command) {
  std::vector<Team> teams = openDatabase(command.database, Use::read).users().teams();
  for (const Team& team : teams) printTeam(team, command.json);
  if (teams.empty() && !command.json) printLine("no teams");
  return kFine;
}

int setField(const TeamCommand& command) {
  if (!command.user.empty()) throw UsageError("field takes one name; see blazedb team --help");
  Database database = openDatabase(command.database, command.team.empty() ? Use::read : Use::write);
  Collection collection = database.collection(command.collection.empty() ? "default" : command.collection);
  if (!command.team.empty()) collection.setTeamField(command.team);
  printLine(collection.teamField());
  return kFine;
}

int run(const TeamCommand& command) {
  const std::string& action = command.action;
  if (action == "field") return setField(command);
  bool ofUser = action == "join" || action == "leave";
  if (ofUser == command.user.empty())
    throw UsageError(ofUser ? "say who: blazedb team " + action + " FILE TEAM USER"
                            : "a user is for join and leave; see blazedb team --help");
  if (action == "list") {
    if (!command.team.empty()) throw UsageError("list takes no team; it lists all of them");
    return list(command);
  }
  if (command.team.empty()) throw UsageError("the team is missing; see blazedb team --help");
  Database database = openDatabase(command.database);
  Users users = database.users();
  if (action == "add")
    printTeam(users.addTeam(command.team), command.json);
  else if (action == "remove")
    users.removeTeam(teamCalled(command.team, users));
  else if (action == "join")
    users.join(command.user, teamCalled(command.team, users));
  else
    users.leave(command.user, teamCalled(command.team, users));
  return kFine;
}

}  // namespace

Run declareTeam(Arguments& arguments) {
  auto command = std::make_shared<TeamCommand>();  // shared with the parser, which fills it in
  arguments.requiredChoice("add|list|remove|join|leave|field", {"add", "list", "remove", "join", "leave", "field"},
                           command->action, "what to do");
  addDatabase(arguments, command->database);
  arguments.optional("TEAM", command->team,
                     "the name of the team, or its id; for field: the field that says which team a record belongs to");
  arguments.optional("USER", command->user, "for join and leave: the name of the user");
  addCollection(arguments, command->collection, "for field: the collection (default: default)");
  addJson(arguments, command->json, "print teams as JSON, one on each line");
  arguments.note(
      "A policy (blazedb rls) knows the ids of a user's teams as $user.teams. add prints the id of the new team. A "
      "record names it as an id and not as a text: {\"team_id\": {\"$uuid\": \"01890a5d-...\"}}. field prints which "
      "field that is, for clients that ask for the records of some teams alone (blazedb sync --teams), or sets it.");
  arguments.example("blazedb team add hub.blazedb north");
  arguments.example("blazedb team join hub.blazedb north ann");
  arguments.example("blazedb team field hub.blazedb -c notes owned_by");
  return [command] { return run(*command); };
}

}  // namespace blazedb::cli
