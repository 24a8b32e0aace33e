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
  // Opened first: a wrong password fails before the user types a new one.
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
                   "the new password is the first line of this file; - is standard input (default: the variable "
                   "BLAZEDB_NEW_PASSWORD, else the terminal asks for it twice)");
  arguments.note(
      "It encrypts only the data key again, not the data. Earlier copies and backups keep their old password.");
  arguments.example("blazedb passwd notes.blazedb");
  return [options] { return passwd(*options); };
}

}  // namespace blazedb::cli
