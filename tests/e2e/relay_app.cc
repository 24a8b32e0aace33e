// An app that imports and exports: relay_app ROOT FILE SOURCE attaches FILE to the database shared as SOURCE in the
// group "apps", and shares FILE under its own name until its input ends.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "blazedb/cross_app.h"

int main(int argc, char** argv) {
  using namespace blazedb;
  try {
    if (argc != 4) throw std::runtime_error("relay_app ROOT FILE SOURCE");
    AppGroup group("apps");
    group.root = argv[1];
    Database database = Database::open("", argv[2], "correct horse", {.createIfMissing = false});
    CrossAppSyncCoordinator sharing(database, group, {.readOnly = false});
    sharing.enable();
    SyncEngine sync = connectToSharedDatabase(database, group, argv[3], AccessMode::readWrite);
    std::cout << "shares " << database.name() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      sync.synchronize();
      sharing.synchronize();
      std::cout << "in sync " << line << std::endl;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
