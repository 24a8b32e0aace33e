#include "open.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>

#include "codec/json.h"
#include "forward.h"
#include "output.h"
#include "progress.h"
#include "server/transition.h"
#include "shell.h"
#include "text.h"
#include "text_input.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr const char* kPasswordVariable = "BLAZEDB_PASSWORD";
constexpr const char* kPasswordVariableB = "BLAZEDB_PASSWORD_B";
constexpr const char* kPasswordFileHelp =
    "the password is the first line of this file; - is standard input (default: the variable BLAZEDB_PASSWORD, else "
    "the terminal asks for it)";
// Opening or closing several databases takes some seconds at most, unless the user types passwords.
constexpr std::chrono::seconds kTransitionMax{30};

bool isSet(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0';
}

PasswordSource sourceFor(const DatabaseArgument& database) {
  return {.file = database.passwordFile,
          .variable = kPasswordVariable,
          .prompt = "Password for " + database.file,
          .fileOption = "--password-file"};
}

bool canOnlyRead(const std::string& file) {
  auto denied = [](const std::string& path) {
    return access(path.c_str(), W_OK) != 0 && (errno == EACCES || errno == EROFS || errno == EPERM);
  };
  std::error_code error;
  std::filesystem::path canonical = std::filesystem::canonical(file, error);
  return !error && (denied(canonical) || denied(canonical.parent_path()));
}

void refuseSameFile(const std::string& one, const std::string& other) {
  std::error_code error;
  if (std::filesystem::equivalent(one, other, error)) throw UsageError(one + " and " + other + " are the same file");
}

Database openOnce(const DatabaseArgument& database, const Password& password, Use use) {
  DatabaseOptions options;
  options.createIfMissing = false;
  options.readOnly = use == Use::read && canOnlyRead(database.file);
  Database opened = Database::open("", database.file, password.text(), options);
  if (std::string log = opened.info().unusedLog; !log.empty())
    complain("the log beside " + database.file +
             " belongs to an earlier state of the file or to another database: it is not used, and kept as " + log);
  return opened;
}

}  // namespace

void addDatabase(Arguments& arguments, DatabaseArgument& database) {
  if (shellDatabase()) {
    database.file = shellDatabase()->file();
    return;
  }
  arguments.required("FILE", database.file, "the database");
  arguments.option("--password-file", "PATH", database.passwordFile, kPasswordFileHelp);
}

void requireFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && (!error || error == std::errc::no_such_file_or_directory))
    throw Error(ErrorCode::NotFound, "there is no file " + path + "; blazedb create makes a new database");
}

Password passwordFor(const DatabaseArgument& database) { return readPassword(sourceFor(database)); }

Password newPasswordFor(const DatabaseArgument& database) {
  PasswordSource source = sourceFor(database);
  source.isNew = true;
  return readPassword(source);
}

Database openDatabase(const DatabaseArgument& database, const Password& password, Use use) {
  for (bool again = false;; again = true) {
    try {
      return openOnce(database, password, use);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::DatabaseInUse) throw;
      // The process that has the file open may be about to listen for commands, or to close the file.
      if (again || !server::waitForTransition(database.file, kTransitionMax))
        throw InUse{database.file, database.passwordFile, Password(password.text()), error};
    }
  }
}

Database openDatabase(const DatabaseArgument& database, Use use) {
  if (visitor()) return visitor()->database();
  if (shellDatabase()) return shellDatabase()->database();
  requireFile(database.file);
  return openDatabase(database, passwordFor(database), use);
}

void addDatabases(Arguments& arguments, DatabasePair& pair, const std::string& second) {
  arguments.required("A", pair.a.file, "a database");
  arguments.required("B", pair.b.file, second);
  arguments.option("--password-file", "PATH", pair.a.passwordFile,
                   "the password of A is the first line of this file; - is standard input (default: the variable "
                   "BLAZEDB_PASSWORD, else the terminal asks for it)");
  arguments.option("--password-file-b", "PATH", pair.b.passwordFile,
                   "the same for B (default: the variable BLAZEDB_PASSWORD_B, else the password of A; if the terminal "
                   "asked for that, it asks for the password of B too)");
}

std::pair<Database, Database> openDatabases(const DatabasePair& pair, Use use) {
  requireFile(pair.a.file);
  requireFile(pair.b.file);
  refuseSameFile(pair.a.file, pair.b.file);
  Password first = passwordFor(pair.a);
  PasswordSource second{.file = pair.b.passwordFile,
                        .variable = kPasswordVariableB,
                        .prompt = "Password for " + pair.b.file + " (empty: the same as A)",
                        .fileOption = "--password-file-b",
                        .same = &first};
  Database a = openDatabase(pair.a, first, use);
  // If the terminal asked for A's password, it asks for B's too. A's password from a file or a variable is B's too.
  bool ownPassword = !pair.b.passwordFile.empty() || isSet(kPasswordVariableB);
  bool givenForA = !pair.a.passwordFile.empty() || isSet(kPasswordVariable);
  if (!ownPassword && givenForA) return {a, openDatabase(pair.b, first, use)};
  return {a, openDatabase(pair.b, readPassword(second), use)};
}

std::vector<Database> openDatabases(const std::vector<std::string>& files, const std::string& passwordFile) {
  for (std::size_t i = 0; i < files.size(); i++) {
    requireFile(files[i]);
    for (std::size_t before = 0; before < i; before++) refuseSameFile(files[before], files[i]);
  }
  Password first = passwordFor({files[0], passwordFile});
  bool ofAll = !passwordFile.empty() || isSet(kPasswordVariable);
  std::vector<Database> databases;
  for (const std::string& file : files) {
    DatabaseArgument database{file, passwordFile};
    PasswordSource own = sourceFor(database);
    own.prompt += " (empty: the same as the first)";
    own.same = &first;
    bool takesFirst = ofAll || databases.empty();
    databases.push_back(takesFirst ? openDatabase(database, first) : openDatabase(database, readPassword(own)));
  }
  return databases;
}

void addCollection(Arguments& arguments, std::string& name, const std::string& description) {
  arguments.option("-c,--collection", "NAME", name, description);
}

Collection collectionOf(const Database& database, const std::string& name) {
  return database.collection(name.empty() ? "default" : name);
}

Collection existingCollection(const Database& database, const std::string& name) {
  Collection collection = collectionOf(database, name);
  if (name.empty()) return collection;
  std::string known;
  for (const CollectionInfo& info : database.collections()) {
    if (info.name == name) return collection;
    known += (known.empty() ? "" : ", ") + info.name;
  }
  throw Error(ErrorCode::NotFound, "there is no collection " + name + " in " + database.path() +
                                       (known.empty() ? "; it has no collections yet" : "; it has: " + known));
}

void addId(Arguments& arguments, std::string& id) {
  arguments.required("ID", id, "the record's id, a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057");
}

UUID parseId(const std::string& id) {
  if (std::optional<UUID> parsed = UUID::parse(id)) return *parsed;
  throw UsageError("'" + id + "' is not an id; an id looks like 01890a5d-ac96-774b-bcce-b302099a8057");
}

std::int64_t parseListNumber(const std::string& text, const std::string& noun, const std::string& list) {
  std::optional<std::uint64_t> number = parseNumber(text);
  if (number && *number <= std::numeric_limits<std::int64_t>::max()) return static_cast<std::int64_t>(*number);
  throw UsageError("'" + text + "' is not the number of a " + noun + "; " + list + " shows the numbers");
}

Error noSuchRecord(const UUID& id, const Collection& collection) {
  return Error(ErrorCode::NotFound, "there is no record " + id.toString() + " in the collection " + collection.name());
}

void addRecord(Arguments& arguments, std::string& json, const std::string& description) {
  arguments.required("JSON", json, description + ", a JSON object; - reads it from standard input");
}

Record parseRecord(const std::string& json) {
  return codec::recordFromJson(json == "-" ? TextInput({.path = json, .unit = "the record"}).rest() : json);
}

void noteOnJson(Arguments& arguments) {
  arguments.note(
      "JSON for values that it does not know: {\"$date\": \"2026-11-22T10:00:00Z\"}, {\"$bytes\": \"AP8=\"} in base64, "
      "{\"$uuid\": \"01890a5d-ac96-774b-bcce-b302099a8057\"}. 42 is an integer, 42.0 a double.");
}

void addJson(Arguments& arguments, bool& json, const std::string& description) {
  arguments.flag("--json", json, description);
}

Progress progressWith(Interrupt& interrupt, const std::string& label, const std::string& unit) {
  auto bar = std::make_shared<ProgressBar>(label, unit);  // the copies of the function share it
  return [&interrupt, bar](std::uint64_t done, std::uint64_t total) {
    bar->show(done, total);
    return !interrupt.requested();
  };
}

}  // namespace blazedb::cli
