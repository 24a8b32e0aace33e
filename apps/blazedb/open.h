// The options that several commands have, and the database, collection or record that they stand for.
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

// What a command does with a database. If the user may not write to the file or to its folder, a command that only
// reads opens the file with readOnly.
enum class Use { read, write };

// FILE and --password-file; nothing in a shell, which has one database.
void addDatabase(Arguments& arguments, DatabaseArgument& database);
// Opens an existing file; creates nothing. Errors: those of Database::open and readPassword; but InUse (forward.h) if
// another process has the file open, as with all functions here that open files. Call it before the command reads its
// input: that process may run the command, and then it asks for the input.
Database openDatabase(const DatabaseArgument& database, Use use = Use::write);

// The steps of openDatabase(), for a command that needs the password itself. requireFile() throws NotFound. It comes
// first, so that a user who mistypes a name is not asked for a password before the error.
void requireFile(const std::string& path);
Password passwordFor(const DatabaseArgument& database);
Database openDatabase(const DatabaseArgument& database, const Password& password, Use use = Use::write);
// The password of a new database: at the terminal the user types it twice.
Password newPasswordFor(const DatabaseArgument& database);

// A and B, --password-file and --password-file-b.
struct DatabasePair {
  DatabaseArgument a;
  DatabaseArgument b;
};
// `second` says what B may be.
void addDatabases(Arguments& arguments, DatabasePair& pair, const std::string& second = "another database");
// B's password comes from --password-file-b or BLAZEDB_PASSWORD_B. Without these B has the password of A if A's comes
// from a file or a variable; otherwise the terminal asks for B's. UsageError if both are the same file.
std::pair<Database, Database> openDatabases(const DatabasePair& pair, Use use = Use::write);

// Opens several existing files. A password from a file or a variable is used for all of them; otherwise the terminal
// asks for the password of each.
std::vector<Database> openDatabases(const std::vector<std::string>& files, const std::string& passwordFile);

// -c, --collection. `name` stays empty if it is not given.
void addCollection(Arguments& arguments, std::string& name, const std::string& description);
// The collection to write to: "default" if `name` is empty. It need not exist.
Collection collectionOf(const Database& database, const std::string& name);
// The collection to read or change. If no collection has this `name`, throws NotFound, which lists those that exist.
Collection existingCollection(const Database& database, const std::string& name);

// ID. parseId() throws UsageError if it is not a UUID.
void addId(Arguments& arguments, std::string& id);
UUID parseId(const std::string& id);
// The number of a token or a conflict. `noun`: "conflict". `list`: the command that shows the numbers, for the error.
// UsageError if `text` is not a number.
std::int64_t parseListNumber(const std::string& text, const std::string& noun, const std::string& list);
// NotFound: the collection has no record with this id.
Error noSuchRecord(const UUID& id, const Collection& collection);

// JSON: the record; "-" reads all of standard input.
void addRecord(Arguments& arguments, std::string& json, const std::string& description);
// Throws Error: InvalidArgument if it is not a JSON object, TooLarge.
Record parseRecord(const std::string& json);
// A paragraph of the help: how JSON writes the values that it has no form for.
void noteOnJson(Arguments& arguments);

void addJson(Arguments& arguments, bool& json, const std::string& description);

// A Progress that draws a bar, and cancels the work when a signal has come.
Progress progressWith(Interrupt& interrupt, const std::string& label, const std::string& unit);

}  // namespace blazedb::cli
