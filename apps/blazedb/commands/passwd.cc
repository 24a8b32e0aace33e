#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Passwd {
  DatabaseArgument database;
  std::string newPasswordFile;
};

int passwd(const Passwd& options) {
  requireFile(options.database.file);
  Password current = passwordFor(options.database);
  // Opened first: a wrong password is said before a new one is asked for.
  Database database = openDatabase(options.database, current);
  Password replacement = readPassword({.file = options.newPasswordFile,
                                       .variable = "BLAZEDB_NEW_PASSWORD",
                                       .prompt = "New password",
                                       .fileOption = "--new-password-file",
                                       .isNew = true});
  database.changePassword(current.text(), replacement.text());
  printLine("the password of " + options.database.file + " is changed");
  return kFine;
}

}  // namespace

Run declarePasswd(Arguments& arguments) {
  auto options = std::make_shared<Passwd>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.option("--new-password-file", "PATH", options->newPasswordFile,
                   "the new password is the first line of this file; without it, it is taken from "
                   "BLAZEDB_NEW_PASSWORD or asked for twice at the terminal");
  arguments.note(
      "The data stays as it is; the key to it is wrapped anew. Copies and backups that were made earlier keep the "
      "password that they have.");
  arguments.example("blazedb passwd notes.blazedb");
  return [options] { return passwd(*options); };
}

}  // namespace blazedb::cli
