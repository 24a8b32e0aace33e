// An audit log: a change of an account and its entry in the log are one transaction, so neither is without the other.
#include <blazedb/blazedb.h>

#include <iostream>
#include <stdexcept>

using namespace blazedb;

// The only way to the accounts and to their log, into which it only ever inserts.
class Accounts {
 public:
  explicit Accounts(const Database& db) : db_(db) {}

  // Creates the account, or changes these fields of it.
  void change(const UUID& id, const std::string& by, const Record& fields) {
    db_.transaction([&](Transaction& transaction) {
      Record before = transaction.collection("accounts").fetch(id).value_or({}), after = before;
      for (const Field& field : fields) after.set(field.name, field.value);
      transaction.collection("accounts").upsert(id, after);  // writes the fields that differ
      transaction.collection("log").insert({{"account", id}, {"by", by}, {"before", before}, {"changed", fields}});
      if (after.integer("balance").value_or(0) < 0) throw std::runtime_error("not enough money");  // undoes both
    });
  }

  // Oldest first: insert() makes ids that sort by time (of the writers' clocks), and fetchAll() goes by id.
  std::vector<Record> history(const UUID& id) const {
    std::vector<Record> entries = db_.collection("log").fetchAll();
    std::erase_if(entries, [&](const Record& entry) { return entry.uuid("account") != id; });
    return entries;
  }

  Record get(const UUID& id) const { return db_.collection("accounts").fetch(id).value(); }

 private:
  Database db_;
};

int main() {
  Accounts accounts(Database::open("Bank", "bank.blazedb", "correct horse"));
  UUID alice = UUID::generate();
  accounts.change(alice, "ann", {{"owner", "Alice"}, {"balance", 100}});
  accounts.change(alice, "bob", {{"balance", 30}});
  try {
    accounts.change(alice, "eve", {{"balance", -40}});
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << "\n";
  }
  accounts.change(alice, "ann", {{"owner", "Alice B."}});

  std::string names;
  Record replayed;  // from the log alone
  for (const Record& entry : accounts.history(alice)) {
    names += entry.string("by").value() + " ";
    const Object changed = entry.object("changed").value();
    for (const Field& field : changed) replayed.set(field.name, field.value);
  }
  std::cout << names << "\n";
  return names == "ann bob ann " && replayed == accounts.get(alice) ? 0 : 1;
}
