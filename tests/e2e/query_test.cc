// query: what it prints in each of its forms.
#include <signal.h>

#include "e2e/cli_test.h"
#include "e2e/process.h"

namespace blazedb::e2e {
namespace {

class QueryCommand : public CliTest {
 protected:
  QueryCommand() {
    Database db = makeDatabase("a.blazedb");
    db.collection("people").insertMany({{{"name", "Ada"}, {"age", 36}, {"tags", Array{"x", 1}}},
                                        {{"name", "Zo\xC3\xAB, \"Z\""}, {"age", 28}},
                                        {{"name", "Chi"}, {"age", 51}, {"note", "two\nlines"}}});
    for (const Record& each : db.collection("people").fetchAll()) ids_.push_back(each.id()->toString());
  }
  std::string query(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"query", file_};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-c", "people"});
    return succeed(words);
  }

  const std::string file_ = path("a.blazedb");
  std::vector<std::string> ids_;
};

TEST_F(QueryCommand, PrintsAnObjectALine) {
  EXPECT_EQ(query({"age > 30 AND name CONTAINS 'd'"}),
            "{\"_id\":\"" + ids_[0] + "\",\"age\":36,\"name\":\"Ada\",\"tags\":[\"x\",1]}\n");
  EXPECT_EQ(linesOf(query({})).size(), 3u);
  EXPECT_EQ(query({"age > 100"}), "");
  EXPECT_EQ(query({"age > 100", "--count"}), "0\n");
  EXPECT_EQ(query({"--count", "--json"}), "{\"count\":3}\n");
}

TEST_F(QueryCommand, SortsPagesAndTakesParameters) {
  std::string oldest = "{\"_id\":\"" + ids_[2] + "\",\"age\":51}\n",
              youngest = "{\"_id\":\"" + ids_[1] + "\",\"age\":28}\n";
  EXPECT_EQ(query({"--sort", "age:desc", "--limit", "1", "--fields", "age"}), oldest);
  EXPECT_EQ(query({"--sort", "age:desc", "--offset", "2", "--fields", "age"}), youngest);
  EXPECT_EQ(query({"--sort", "age DESC", "--limit", "1", "--fields", "_id,age"}), oldest);
  EXPECT_EQ(query({"age < $max", "--param", "max=30", "--fields", "age"}), youngest);
  EXPECT_EQ(query({"name = $name", "--param", "$name=Chi", "--fields", "age"}), oldest);
  EXPECT_EQ(query({"age IN $ages", "--param", "ages=[51]", "--fields", "age"}), oldest);
}

TEST_F(QueryCommand, PrintsCsvAndATable) {
  EXPECT_EQ(query({"--csv", "--fields", "name,age,note", "--sort", "age"}),
            "_id,name,age,note\r\n" + ids_[1] + ",\"Zo\xC3\xAB, \"\"Z\"\"\",28,\r\n" + ids_[0] + ",Ada,36,\r\n" +
                ids_[2] + ",Chi,51,\"two\nlines\"\r\n");
  std::vector<std::string> table = linesOf(query({"--table", "--sort", "age"}));
  ASSERT_EQ(table.size(), 5u);
  EXPECT_TRUE(table[0].starts_with("_id                                   age  name      note"));
  EXPECT_EQ(table[1], ids_[1] + "  28   Zo\xC3\xAB, \"Z\"");
  EXPECT_EQ(table[3], ids_[2] + "  51   Chi       two lines");
  EXPECT_EQ(table[4], "3 records");
}

TEST_F(QueryCommand, SaysWhatItDoesNotUnderstand) {
  fail({"query", file_, "age >", "-c", "people"}, "nothing follows at character 6");
  fail({"query", file_, "age > $x", "-c", "people"}, "no value is given for $x");
  fail({"query", file_, "age > 3", "-c", "poeple"}, "poeple");
  failAsWrongUsage({"query", file_, "age > $x", "--param", "x"}, "write NAME=VALUE");
  for (const char* broken : {"x={\"$date\":\"2025-13-01T00:00:00Z\"}", "x=[1", "x=99999999999999999999"})
    failAsWrongUsage({"query", file_, "age > $x", "--param", broken}, "the value of $x is no JSON");
  failAsWrongUsage({"query", file_, "age > $x", "--param", "x=1", "--param", "x=2"}, "given twice");
  failAsWrongUsage({"query", file_, "--csv", "--json"}, "--csv");
}

TEST_F(QueryCommand, UsesIndexesAndSearches) {
  EXPECT_EQ(query({"age > 30", "--explain"}), "looks at every record, and sorts: 3 looked at, 2 found\n");
  succeed({"index", "create", file_, "by_age", "age", "-c", "people"});
  succeed({"index", "create", file_, "words", "name", "note", "--text", "--prefix", "2,3", "-c", "people"});
  succeed({"index", "create", file_, "only", "name", "--unique", "--where", "age > 30", "-c", "people"});
  EXPECT_EQ(succeed({"index", "list", file_}),
            "people           by_age           age\n"
            "people           only             name  (unique)  where age > 30\n"
            "people           words            name, note  (full text)\n");
  EXPECT_EQ(linesOf(succeed({"index", "list", file_, "--json"}))[0],
            R"({"collection":"people","expressions":["age"],"fullText":false,"name":"by_age","unique":false})");
  EXPECT_EQ(query({"age > 30", "--explain"}), "looks at the index 'by_age', and sorts: 2 looked at, 2 found\n");
  EXPECT_EQ(query({"age > 30", "--explain", "--json"}),
            "{\"found\":2,\"index\":\"by_age\",\"looked\":2,\"sorted\":true}\n");
  EXPECT_EQ(query({"--match", "line* OR ada", "--sort", "age", "--fields", "age"}),
            "{\"_id\":\"" + ids_[0] + "\",\"age\":36}\n{\"_id\":\"" + ids_[2] + "\",\"age\":51}\n");
  EXPECT_EQ(query({"--search", "\"two\" lin", "--fields", "age"}), "{\"_id\":\"" + ids_[2] + "\",\"age\":51}\n");
  fail({"query", file_, "--match", "a AND (", "-c", "people"}, "is not understood");
  failAsWrongUsage({"query", file_, "--match", "a", "--search", "b"}, "--search");
  failAsWrongUsage({"query", file_, "--index", "words"}, "--match or --search");
  failAsWrongUsage({"index", "drop", file_, "words", "--text"}, "for create");
  fail({"query", file_, "--match", "a", "--index", "by_age", "-c", "people"}, "no index 'by_age'");
  fail({"insert", file_, "{\"name\":\"Chi\",\"age\":40}", "-c", "people"}, "AlreadyExists");
  fail({"index", "create", file_, "by_age", "name", "-c", "people"}, "another index 'by_age'");
  fail({"index", "drop", file_, "nothing", "-c", "people"}, "no index 'nothing'");
  failAsWrongUsage({"index", "create", file_, "by_age"}, "say what the index is of");
  failAsWrongUsage({"index", "create", file_, "x", "age", "--trigrams"}, "--text");
  failAsWrongUsage({"index", "drop", file_}, "which index");
  succeed({"index", "drop", file_, "words", "-c", "people"});
  fail({"query", file_, "--match", "a", "-c", "people"}, "no full-text index");
}

// Another process changes the records, through the one that watches; a second one watches there.
TEST_F(QueryCommand, WatchesWhatChanges) {
  Process watch(command({"watch", file_, "age > 30", "--sort", "age", "--fields", "age", "-c", "people"}),
                withPassword());
  watch.readUntil("= 2 records\n");
  Process second(command({"watch", file_, "age > 50", "--fields", "age", "-c", "people", "--json"}), withPassword());
  second.readUntil("\"count\":1,\"first\":true");
  const std::string its = "{\"_id\":\"" + ids_[1] + "\",\"age\":";
  succeed({"update", file_, ids_[1], "{\"age\":60}", "-c", "people"});
  watch.readUntil("+ " + its + "60}\n= 3 records\n");
  second.readUntil("\"inserted\":[{\"index\":0,\"peer\":null,\"record\":" + its + "60}}]");
  succeed({"update", file_, ids_[1], "{\"age\":31}", "-c", "people"});
  watch.readUntil("> " + its + "31}  (from 3 to 1)\n= 3 records\n");
  second.readUntil("\"removed\":[{\"id\":\"" + ids_[1] + "\",\"index\":0,\"peer\":null}]");
  succeed({"delete", file_, ids_[1], "-c", "people"});
  watch.readUntil("- " + ids_[1] + "\n= 2 records\n");
  Process third(command({"watch", file_, "-c", "people"}), withPassword());
  third.readUntil("= 2 records\n");
  second.send(SIGINT);
  EXPECT_EQ(second.wait().status, 0);
  watch.send(SIGTERM);
  EXPECT_EQ(watch.wait().status, 0);
  Result left = third.wait();
  EXPECT_EQ(left.status, 1);
  EXPECT_NE(left.err.find("has ended; start blazedb watch again"), std::string::npos) << left.err;
  EXPECT_EQ(query({"--count"}), "2\n");
}

}  // namespace
}  // namespace blazedb::e2e
