// The shell: commands on one database that stays open, without the name of the file.
#pragma once

#include <string>
#include <vector>

#include "blazedb/database.h"

namespace blazedb::cli {

// While it lives, the commands of this process work on this database: they take no FILE.
class ShellDatabase {
 public:
  ShellDatabase(Database database, std::string file);
  ~ShellDatabase();
  ShellDatabase(const ShellDatabase&) = delete;

  const Database& database() const { return database_; }
  const std::string& file() const { return file_; }

 private:
  Database database_;
  const std::string file_;
};

// nullptr outside of a shell.
ShellDatabase* shellDatabase();

// Runs one command line and returns its exit status; errors are printed. Defined in main.cc.
int runInShell(const std::vector<std::string>& words);
// The commands that a shell takes. Defined in main.cc.
std::vector<std::string> shellCommands();

}  // namespace blazedb::cli
