// The options that commands share, and what they stand for: a database, a collection, a record.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "blazedb/database.h"
#include "interrupt.h"
#include "password.h"

namespace blazedb::cli {

struct DatabaseArgument {
  std::string file;
  std::string passwordFile;
};

// What a command does with a database. One that only reads may have a file that this user cannot write, or in a folder
// where he cannot: it is opened with readOnly then.
enum class Use { read, write };

// FILE and --password-file.
void addDatabase(Arguments& arguments, DatabaseArgument& database);
// Opens a file that is there; nothing is created. Errors: those of Database::open and readPassword; but InUse
// (forward.h) where another process has it. Call it before standard input is read: that process may be what reads it.
Database openDatabase(const DatabaseArgument& database, Use use = Use::write);

// The steps of openDatabase, for who needs the password himself. NotFound: asked before the password is, so that who
// has mistyped a name need not type a password first.
void requireFile(const std::string& path);
Password passwordFor(const DatabaseArgument& database);
Database openDatabase(const DatabaseArgument& database, const Password& password, Use use = Use::write);
// For a database that is to be made: at the terminal it is asked for twice.
Password newPasswordFor(const DatabaseArgument& database);

// A and B, --password-file and --password-file-b.
struct DatabasePair {
  DatabaseArgument a;
  DatabaseArgument b;
};
// `second` says what B may be.
void addDatabases(Arguments& arguments, DatabasePair& pair, const std::string& second = "another database");
// B's password is its own if there is one (--password-file-b, BLAZEDB_PASSWORD_B), else A's; at a terminal it is asked
// for. UsageError where both are the same file.
std::pair<Database, Database> openDatabases(const DatabasePair& pair, Use use = Use::write);

// Several that are there. At a terminal the password of each is asked for; what was given otherwise is that of all.
std::vector<Database> openDatabases(const std::vector<std::string>& files, const std::string& passwordFile);

// -c, --collection. Empty where it is not given.
void addCollection(Arguments& arguments, std::string& name, const std::string& description);
// The collection to write to: "default" where `name` is empty. It need not exist.
Collection collectionOf(const Database& database, const std::string& name);
// The collection to read from or to change. A `name` that does not exist is NotFound, with the names of those that do.
Collection existingCollection(const Database& database, const std::string& name);

// ID: UsageError where it is no UUID.
void addId(Arguments& arguments, std::string& id);
UUID parseId(const std::string& id);
// The number of a token or of a conflict, as `list` shows it; `noun`: "conflict". UsageError where it is none.
std::int64_t parseListNumber(const std::string& text, const std::string& noun, const std::string& list);
// NotFound, for an id that a collection does not hold.
Error noSuchRecord(const UUID& id, const Collection& collection);

// JSON: the record, "-" for all of standard input.
void addRecord(Arguments& arguments, std::string& json, const std::string& description);
// Throws Error: InvalidArgument where it is no JSON object, TooLarge.
Record parseRecord(const std::string& json);

void addJson(Arguments& arguments, bool& json, const std::string& description);

// A Progress that goes to a bar, and says stop when a signal has come.
Progress progressWith(Interrupt& interrupt, const std::string& label, const std::string& unit);

}  // namespace blazedb::cli
