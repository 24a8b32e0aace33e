// A program outside this project: it sees only what is installed. It exists to be compiled and linked. Its exit status
// 0 shows that it got the real library.
#include <blazedb/error.h>
#include <blazedb/record.h>
#include <blazedb/uuid.h>

#include <iostream>
#include <unordered_set>

int main() {
  using blazedb::UUID;

  UUID id = UUID::generate();
  std::unordered_set<UUID> ids{id};
  if (UUID::parse(id.toString()) != id || !ids.contains(id)) return 1;

  blazedb::Record record;
  record.setId(id);
  if (record.id() != id || !record.empty()) return 1;

  // An exception crosses the boundary of a shared library only if its type is visible on both sides.
  try {
    throw blazedb::Error(blazedb::ErrorCode::NotFound, "there is no such record");
  } catch (const std::exception& error) {
    auto* ours = dynamic_cast<const blazedb::Error*>(&error);
    if (!ours || ours->code() != blazedb::ErrorCode::NotFound) return 1;
    std::cout << ours->what() << ": " << id.toString() << "\n";
  }
  return 0;
}
