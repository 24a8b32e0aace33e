// A kanban board: columns and cards in an order that users choose, on two devices that are apart for a while.
#include <blazedb/blazedb.h>

#include <algorithm>
#include <iostream>

using namespace blazedb;

std::string rankOf(const Record& record) { return record.string("rank").value(); }

std::vector<Record> inOrder(const Collection& list, const std::optional<UUID>& column = {}) {  // columns are in none
  std::vector<Record> records = list.fetchAll();  // ordered by id, which decides between equal ranks
  std::erase_if(records, [&](const Record& record) { return record.uuid("column") != column; });
  std::ranges::stable_sort(records, {}, rankOf);
  return records;
}

// Writes the card alone, and both fields even if the column stays the same, so a move wins or loses as a whole.
void move(Collection cards, const UUID& card, const UUID& column, std::size_t position) {
  std::vector<Record> others = inOrder(cards, column);
  std::erase_if(others, [&](const Record& other) { return other.id() == card; });
  std::string before = position > 0 ? rankOf(others.at(position - 1)) : "";
  std::string after = position < others.size() ? rankOf(others[position]) : "";
  cards.updateFields(card, {{"column", column}, {"rank", rankBetween(before, after)}});
}

std::string show(const Database& db) {
  std::string text;
  for (const Record& column : inOrder(db.collection("columns"))) {
    text += "| " + column.string("title").value() + ": ";
    for (const Record& card : inOrder(db.collection("cards"), column.id())) text += card.string("title").value() + " ";
  }
  return text;
}

int main() {
  Database desk = Database::open("Desk", "desk.blazedb", "correct horse");
  Database phone = Database::open("Phone", "phone.blazedb", "battery staple");
  Topology topology;
  NodeId a = topology.registerDatabase(desk, "Desk"), b = topology.registerDatabase(phone, "Phone");
  ConnectionId connection = topology.connectLocal(a, b, ConnectionMode::bidirectional);

  Collection columns = desk.collection("columns"), cards = desk.collection("cards");
  std::string one = rankBetween("", ""), two = rankBetween(one, ""), three = rankBetween(two, "");
  UUID todo = columns.insert({{"title", "To do"}, {"rank", one}});
  UUID done = columns.insert({{"title", "Done"}, {"rank", two}});
  UUID plan = cards.insert({{"title", "plan"}, {"column", todo}, {"rank", one}});
  UUID draw = cards.insert({{"title", "draw"}, {"column", todo}, {"rank", two}});
  UUID build = cards.insert({{"title", "build"}, {"column", todo}, {"rank", three}});
  topology.synchronize();
  topology.pause(connection);  // apart: each moves cards
  move(cards, plan, done, 0);
  move(cards, build, todo, 0);
  move(phone.collection("cards"), draw, done, 0);  // the same place; "plan" is not there yet
  topology.resume(connection);
  topology.synchronize();
  std::cout << show(desk) << "\n";  // "plan" and "draw" in either order, the same on both
  return show(desk) == show(phone) && inOrder(cards, done).size() == 2 && inOrder(cards, todo)[0].id() == build ? 0 : 1;
}
