// blazedb token: makes, lists and revokes the tokens of a hub's clients.
//
// In this order: a token as JSON and as a line for people, create, list, revoke, the arguments.
#include <chrono>
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "output_file.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr const char* kList = "blazedb token list FILE";

struct TokenCommand {
  std::string action;
  DatabaseArgument database;
  std::string which;  // the token to revoke
  std::string name;
  std::string user;
  std::string role = "client";
  bool readOnly = false;
  bool readWrite = false;
  bool writeOnly = false;
  bool relay = false;
  std::vector<std::string> collections;
  std::vector<std::string> teams;
  std::string expires;
  std::string out;
  bool json = false;
};

// The time that is "90d", "12h" or "30m" from now.
Date timeAfter(const std::string& text) {
  using std::chrono::microseconds;
  char unit = text.empty() ? ' ' : text.back();
  microseconds one = unit == 'd'   ? microseconds(std::chrono::hours(24))
                     : unit == 'h' ? microseconds(std::chrono::hours(1))
                     : unit == 'm' ? microseconds(std::chrono::minutes(1))
                                   : microseconds(0);
  constexpr std::uint64_t kCountMax = 1'000'000;  // in days: 2,700 years
  std::optional<std::uint64_t> count = parseNumber(text.substr(0, text.size() - 1));
  if (!count || one.count() == 0 || *count < 1 || *count > kCountMax)
    throw UsageError("--expires '" + text + "' is not a time; write days, hours or minutes, such as 90d, 12h or 30m");
  return {Date::now().microseconds + static_cast<std::int64_t>(*count) * one.count()};
}

Value textOrNull(const std::optional<Date>& date) { return date ? Value(timeText(*date)) : Value(); }

Object asJson(const Token& token) {
  const TokenOptions& options = token.options;
  return {{"id", Value(static_cast<long>(token.id))},
          {"name", options.name},
          {"user", options.user},
          {"issuer", token.issuer.empty() ? Value() : Value(token.issuer)},
          {"role", options.role == SyncRole::server ? "server" : "client"},
          {"mayRead", options.mayRead},
          {"mayWrite", options.mayWrite},
          {"mayRelay", options.mayRelay},
          {"collections", jsonArray(options.collections)},
          {"teams", jsonArray(options.teams)},
          {"created", timeText(token.created)},
          {"expires", textOrNull(options.expires)},
          {"revoked", textOrNull(token.revoked)}};
}

std::string forPeople(const Token& token) {
  const TokenOptions& options = token.options;
  std::string line = padLeft(std::to_string(token.id), 4) + "  " + padRight(options.name, 16);
  line += options.mayRead && options.mayWrite ? " read-write" : options.mayRead ? " read-only" : " write-only";
  line += ", " + (options.collections.empty() ? std::string("everything") : joined(options.collections));
  if (options.role == SyncRole::server) line += ", as a server";
  if (options.mayRelay) line += ", relays";
  if (!options.user.empty()) line += ", user " + options.user;
  if (!token.issuer.empty()) line += " of " + token.issuer;
  if (!options.teams.empty()) line += ", teams " + joined(options.teams);
  if (token.revoked)
    line += ", REVOKED " + timeText(*token.revoked);
  else if (options.expires)
    line += (*options.expires <= Date::now() ? ", EXPIRED " : ", until ") + timeText(*options.expires);
  return line;
}

int create(const TokenCommand& command) {
  TokenOptions options;
  options.name = command.name;
  options.user = command.user;
  options.role = command.role == "server" ? SyncRole::server : SyncRole::client;
  options.mayRead = !command.writeOnly;
  options.mayWrite = !command.readOnly;
  options.mayRelay = command.relay;
  options.collections = command.collections;
  for (const std::string& team : command.teams)
    if (!UUID::parse(team)) throw UsageError("'" + team + "' is not the id of a team; blazedb team list shows the ids");
  options.teams = command.teams;
  if (!command.expires.empty()) options.expires = timeAfter(command.expires);
  Database database = openDatabase(command.database);
  std::optional<OutputFile> file;
  if (!command.out.empty()) file.emplace(pathFrom(command.out), OutputFile::Replaces::nothing);
  NewToken made = database.createToken(options);
  if (file) {
    try {
      file->write(made.secret + "\n");
      file->keep();
    } catch (...) {
      database.revokeToken(made.token.id);  // its secret is lost
      throw;
    }
  }
  if (command.json) {
    Object object = asJson(made.token);
    if (!file) object.set("token", made.secret);
    printJson(object);
  } else {
    printLine(file ? "wrote token " + std::to_string(made.token.id) + " to " + command.out : made.secret);
  }
  return kFine;
}

// The token with this number, or with this name if exactly one token that is not revoked has it.
std::int64_t tokenCalled(const std::string& which, const Database& database) {
  if (std::optional<std::uint64_t> number = parseNumber(which)) return parseListNumber(which, "token", kList);
  std::vector<std::string> numbers;
  for (const Token& token : database.tokens())
    if (!token.revoked && token.options.name == which) numbers.push_back(std::to_string(token.id));
  if (numbers.empty())
    throw Error(ErrorCode::NotFound, "there is no token " + which + "; " + kList + " shows the tokens");
  if (numbers.size() > 1)
    throw Error(ErrorCode::InvalidArgument,
                "several tokens have the name " + which + "; revoke them by number: " + joined(numbers));
  return static_cast<std::int64_t>(*parseNumber(numbers[0]));
}

int list(const TokenCommand& command) {
  std::vector<Token> tokens = openDatabase(command.database, Use::read).tokens();
  for (const Token& token : tokens) command.json ? printJson(asJson(token)) : printLine(forPeople(token));
  if (tokens.empty() && !command.json) printLine("no tokens");
  return kFine;
}

int run(const TokenCommand& command) {
  if (command.action == "revoke") {
    if (command.which.empty())
      throw UsageError("the token to revoke is missing; " + std::string(kList) + " shows the tokens");
    Database database = openDatabase(command.database);
    database.revokeToken(tokenCalled(command.which, database));
    return kFine;
  }
  if (!command.which.empty()) throw UsageError("TOKEN is for revoke; see blazedb token --help");
  if (!command.out.empty() && command.action != "create")
    throw UsageError("--output is for create; see blazedb token --help");
  return command.action == "create" ? create(command) : list(command);
}

}  // namespace

Run declareToken(Arguments& arguments) {
  auto command = std::make_shared<TokenCommand>();  // shared with the parser, which fills it in
  arguments.requiredChoice("create|list|revoke", {"create", "list", "revoke"}, command->action, "what to do");
  addDatabase(arguments, command->database);
  arguments.optional("TOKEN", command->which, "for revoke: the token's number, as list shows it, or its name");
  arguments.option("--name", "TEXT", command->name,
                   "for create: a name for the token, such as the machine that gets it");
  arguments.option("--user", "TEXT", command->user,
                   "for create: the user of the device; give all tokens of one device the same user");
  arguments.choice("--role", {"client", "server"}, command->role,
                   "for create: the highest role that the client may claim; a server's writes win over a client's "
                   "(default: client)");
  arguments.flag("--read-only", command->readOnly, "for create: the client only receives");
  arguments.flag("--read-write", command->readWrite, "for create: the client receives and sends (the default)");
  arguments.flag("--write-only", command->writeOnly, "for create: the client only sends");
  arguments.exclusive({"--read-only", "--read-write", "--write-only"});
  arguments.flag("--relay", command->relay,
                 "for create: the client may also bring writes of other databases, servers too, that it did not get "
                 "from here, because it syncs the same data elsewhere too; role server includes this");
  arguments.names("--collections", command->collections,
                  "for create: the client may sync only these collections (default: all)");
  arguments.names("--teams", command->teams,
                  "for create: the ids of teams that the user is in, beside those of blazedb team");
  arguments.option("--expires", "TIME", command->expires,
                   "for create: how long the token is valid: 90d, 12h or 30m (default: without end)");
  arguments.option("-o,--output", "PATH", command->out,
                   "for create: write the token to this new file, which only its owner can read (default: print it)");
  addJson(arguments, command->json, "print tokens as JSON, one on each line");
  arguments.note(
      "A token lets a client connect to a hub that serves the database. create prints the token or writes it to a "
      "file. Keep it: BlazeDB cannot show it again, because the database holds only a hash of it. revoke makes a token "
      "invalid for good; a hub ends its connections within a second. list also shows the users whom an issuer has let "
      "in (blazedb serve --issuer-keys); revoke keeps such a user out.");
  arguments.example("blazedb token create hub.blazedb --name laptop --user ada --expires 90d -o laptop.token");
  arguments.example("blazedb token list hub.blazedb");
  arguments.example("blazedb token revoke hub.blazedb laptop");
  return [command] { return run(*command); };
}

}  // namespace blazedb::cli
