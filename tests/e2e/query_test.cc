// query: what it prints in each of its forms.
#include "e2e/cli_test.h"

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

}  // namespace
}  // namespace blazedb::e2e
