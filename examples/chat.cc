// The last messages of a chat, and older ones page by page as the user scrolls up, while others write.
#include <blazedb/blazedb.h>

#include <algorithm>
#include <iostream>

using namespace blazedb;

class Chat {
 public:
  explicit Chat(const Database& db) : messages_(db.collection("messages")) {}

  void say(const std::string& room, const std::string& by, const std::string& text) {
    messages_.insert({{"room", room}, {"by", by}, {"text", text}, {"at", Date::now()}});
  }

  // Oldest first. `above`: the oldest message on the screen; without it the latest ones.
  std::vector<Record> page(const std::string& room, std::size_t size, const std::optional<Record>& above = {}) const {
    Query query = messages_.query("room = $room", {{"room", room}}).orderBy("at", Order::descending).limit(size);
    std::vector<Record> page = (above ? query.after(*above) : query).all();
    std::reverse(page.begin(), page.end());
    return page;
  }

 private:
  Collection messages_;
};

int main() {
  Chat chat(Database::open("Chat", "chat.blazedb", "correct horse"));
  for (int i = 1; i <= 120; i++) chat.say(i % 3 == 0 ? "tea" : "work", "ann", "message " + std::to_string(i));

  std::vector<Record> latest = chat.page("work", 50);
  chat.say("work", "bob", "written while the user scrolls up");
  std::vector<Record> older = chat.page("work", 50, latest.front());
  std::cout << older.size() << " older messages, up to " << older.back().string("text").value() << "\n";
  return latest.size() == 50 && latest.back().string("text") == "message 119" && older.size() == 30 &&
                 older.front().string("text") == "message 1" && older.back().string("text") == "message 44"
             ? 0
             : 1;
}
