#include <algorithm>
#include <filesystem>
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kNameBytesMax = 128;

struct Create {
  DatabaseArgument database;
  std::string name;
  std::string role = "client";
  bool json = false;
};

// The file's name without its extension. Each character that a database's name may not have becomes "_".
std::string nameFor(const std::string& file) {
  std::string name = std::filesystem::path(file).stem().string();
  auto mayStay = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !mayStay(c); }, '_');
  return name.substr(0, kNameBytesMax);
}

int create(const Create& options) {
  std::error_code error;
  const std::string& file = options.database.file;
  if (std::filesystem::exists(file, error))
    throw Error(ErrorCode::AlreadyExists, file + " exists; create only makes new files");
  std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, error))
    throw Error(ErrorCode::NotFound, "there is no folder " + folder.string() + "; make it first, or choose another");
  std::string name = options.name.empty() ? nameFor(file) : options.name;
  Password password = newPasswordFor(options.database);
  Database database = Database::open(name, file, password.text(),
                                     {.role = options.role == "server" ? SyncRole::server : SyncRole::client});
  DatabaseInfo info = database.info();
  if (options.json)
    printJson({{"path", info.path}, {"name", info.name}, {"role", options.role}, {"replica", info.replica.toString()}});
  else
    printLine("created " + info.path + ": " + info.name + ", " + options.role + ", replica " + info.replica.toString());
  return kFine;
}

}  // namespace

Run declareCreate(Arguments& arguments) {
  auto options = std::make_shared<Create>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.option(
      "--name", "NAME", options->name,
      "the name of the database, under which hubs and apps offer it: 1 to 128 of A-Z a-z 0-9 _ . - (default: made from "
      "the file's name)");
  arguments.choice("--role", {"server", "client"}, options->role,
                   "a server's write wins over a client's write that had not seen it (default: client)");
  addJson(arguments, options->json, "print path, name, role and replica id as JSON");
  arguments.note(
      "Without the password nobody can read the data: there is no other way to open the file. The terminal asks for "
      "the password twice.");
  arguments.example("blazedb create notes.blazedb");
  arguments.example("blazedb create hub.blazedb --name Hub --role server");
  return [options] { return create(*options); };
}

}  // namespace blazedb::cli
