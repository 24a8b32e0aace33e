// Backup, verification, comparison, tokens, a new password, and handling errors.
#include <blazedb/blazedb.h>

#include <filesystem>
#include <iostream>

using namespace blazedb;

// [errors]
std::optional<Database> openOrExplain(const std::string& path, const std::string& password) {
  DatabaseOptions options;
  options.createIfMissing = false;
  try {
    return Database::open("", path, password, options);
  } catch (const Error& error) {
    switch (error.code()) {
      case ErrorCode::WrongPassword:  // ask again
      case ErrorCode::DatabaseInUse:  // what() has the process id of the owner
      case ErrorCode::NotFound:
        std::cout << errorName(error.code()) << "\n";
        return std::nullopt;
      default:
        throw;  // a damaged file, a disk that fails: nothing that this program can mend
    }
  }
}
// [/errors]

int main() {
  Database db = Database::open("Notes", "notes.blazedb", "correct horse");
  for (int i = 0; i < 100; i++) db.collection("notes").insert({{"number", i}});

  // [backup]
  db.backup("backup.blazedb", [](std::uint64_t done, std::uint64_t total) {
    std::cerr << done << " of " << total << " pages\r";
    return true;  // false cancels, and leaves no file
  });
  // [/backup]

  // [verify]
  VerifyReport report = db.verify();
  for (const std::string& problem : report.problems) std::cerr << problem << "\n";
  // [/verify]
  std::cout << report.records << " records, " << report.problems.size() << " problems\n";

  // [compare]
  Database copy = Database::open("", "backup.blazedb", "correct horse");  // the name is stored in the file
  bool equal = diff(db, copy).empty();
  bool ownId = copy.info().replica != db.info().replica;  // so that both may take part in a sync
  // [/compare]
  std::cout << (equal ? "equal" : "different") << "\n";

  // [tokens]
  NewToken made = db.createToken({.name = "laptop", .user = "ada", .collections = {"notes"}});
  std::string secret = made.secret;    // hand it over; it is not shown again
  Token seen = db.checkToken(secret);  // what a hub does when somebody knocks
  db.revokeToken(seen.id);             // from now on: WrongToken
  // [/tokens]

  // [password]
  db.changePassword("correct horse", "battery staple");
  // [/password]

  bool inUse = !openOrExplain("notes.blazedb", "battery staple");  // `db` has it
  bool absent = !openOrExplain("nowhere.blazedb", "battery staple");
  return report.problems.empty() && equal && ownId && seen.options.user == "ada" && inUse && absent ? 0 : 1;
}
