#include <filesystem>
#include <memory>
#include <optional>

#include "blazedb/topology.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Set {
  DatabaseArgument database;
  std::string role;
  std::string name;
  bool json = false;
};

// A hub keeps the key that it made beside the file, under the database's name: with another name it does not find it.
void adviseOnHubKey(const std::string& file, const std::string& before, const std::string& name) {
  std::filesystem::path folder = std::filesystem::path(file).parent_path();
  std::error_code error;
  if (!std::filesystem::exists(folder / (before + ".hub-key.pem"), error)) return;
  printLine("rename " + before + ".hub-key.pem and " + before + ".hub-cert.pem to " + name + ".hub-key.pem and " +
            name + ".hub-cert.pem; otherwise blazedb serve makes a new key, and clients need its pin");
}

int set(const Set& options) {
  if (options.role.empty() && options.name.empty()) throw UsageError("nothing to set: give --role, --name or both");
  std::optional<SyncRole> role;
  if (!options.role.empty()) role = options.role == "server" ? SyncRole::server : SyncRole::client;
  Database database = openDatabase(options.database);
  std::string before = database.name();
  if (!options.name.empty()) database.rename(options.name);
  // Not by opening it with the role: a name that is none would then be found too late.
  if (role) Topology().registerDatabase(database, "A", {.role = role});
  std::string name = options.name.empty() ? before : options.name;
  std::string roleNow = database.role() == SyncRole::server ? "server" : "client";
  if (options.json) {
    printJson({{"name", name}, {"role", roleNow}});
    return kFine;
  }
  printLine(options.database.file + " is now " + name + ", " + roleNow);
  if (name != before) adviseOnHubKey(options.database.file, before, name);
  return kFine;
}

}  // namespace

Run declareSet(Arguments& arguments) {
  auto options = std::make_shared<Set>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.choice("--role", {"server", "client"}, options->role,
                   "a server's write wins over a client's write that had not seen it");
  arguments.option("--name", "NAME", options->name,
                   "the name of the database, under which hubs and apps offer it: 1 to 128 of A-Z a-z 0-9 _ . -");
  addJson(arguments, options->json, "print name and role as JSON");
  arguments.note(
      "The role holds for later writes; earlier ones keep the role that they were made with. The clients of a hub, and "
      "other apps, have to ask for the new name.");
  arguments.example("blazedb set notes.blazedb --role server");
  arguments.example("blazedb set notes.blazedb --name Notes");
  return [options] { return set(*options); };
}

}  // namespace blazedb::cli
