// insert, get, update, delete, count.
#include <cmath>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

// Each test has a database a.blazedb, closed, so that the program can open it.
class RecordCommands : public CliTest {
 protected:
  RecordCommands() { makeDatabase("a.blazedb"); }
  const std::string file_ = path("a.blazedb");

  std::string insert(const std::string& json, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"insert", file_, json};
    words.insert(words.end(), more.begin(), more.end());
    std::string id = succeed(words);
    EXPECT_EQ(id.size(), 37u) << id;
    return id.substr(0, 36);
  }
};

TEST_F(RecordCommands, WhatInsertStoresGetPrints) {
  std::string json = R"({"list":[1,2.5,"three",null,true,{"deep":{}}],"n":-9223372036854775808,"title":"Grüße"})";
  std::string id = insert(json);
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\"," + json.substr(1) + "\n");
  EXPECT_EQ(parsed(succeed({"get", file_, id})), parsed(succeed({"get", file_, id, "--json"})));
}

TEST_F(RecordCommands, TypesThatJsonHasNotSurvive) {
  std::string json =
      R"({"bytes":{"$bytes":"AP8="},"date":{"$date":"2026-11-22T10:00:00.123456Z"},"nan":{"$double":"NaN"},)"
      R"("uuid":{"$uuid":"01890a5d-ac96-774b-bcce-b302099a8057"}})";
  std::string id = insert(json);
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\"," + json.substr(1) + "\n");
  Record record = open("a.blazedb").fetch(*UUID::parse(id)).value();
  EXPECT_EQ(record.bytes("bytes"), (Bytes{0, 255}));
  EXPECT_TRUE(std::isnan(record.real("nan").value()));
  EXPECT_TRUE(record.date("date"));
  EXPECT_TRUE(record.uuid("uuid"));
}

TEST_F(RecordCommands, InsertReadsStandardInput) {
  Result result = runWithInput({"insert", file_, "-", "--json"}, "{\"title\":\n  \"Hello\"}\n");
  ASSERT_EQ(result.status, 0) << result.err;
  UUID id = *UUID::parse(parsed(result.out).string("id").value());
  EXPECT_EQ(open("a.blazedb").fetch(id)->string("title"), "Hello");
}

TEST_F(RecordCommands, AnEmptyRecordIsOne) {
  std::string id = insert("{}");
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\"}\n");
}

TEST_F(RecordCommands, InsertKeepsAnIdAndRefusesItASecondTime) {
  std::string json = R"({"_id":"01890a5d-ac96-774b-bcce-b302099a8057","n":1})";
  EXPECT_EQ(insert(json), "01890a5d-ac96-774b-bcce-b302099a8057");
  fail({"insert", file_, json}, "AlreadyExists");
  fail({"insert", file_, json}, "blazedb update");
}

TEST_F(RecordCommands, WhatIsNoJsonIsRefusedWithThePlace) {
  fail({"insert", file_, "{\"title\": Hello}"}, "line 1");
  fail({"insert", file_, ""}, "InvalidArgument");
  fail({"insert", file_, "{\"a\":1,\"a\":2}"}, "InvalidArgument");
  EXPECT_EQ(succeed({"count", file_}), "0\n");
}

TEST_F(RecordCommands, WhatIsNoObjectIsRefused) {
  for (const char* json : {"[1]", "\"text\"", "42", "null"}) fail({"insert", file_, json}, "InvalidArgument");
}

TEST_F(RecordCommands, AnIntegerBeyond64BitsIsRefused) {
  fail({"insert", file_, "{\"n\": 9223372036854775808}"}, "InvalidArgument");
}

TEST_F(RecordCommands, AnIdOfTheWrongTypeIsRefused) {
  fail({"insert", file_, "{\"_id\": 7}"}, "InvalidArgument");
  fail({"insert", file_, "{\"_id\": \"seven\"}"}, "InvalidArgument");
}

TEST_F(RecordCommands, ARecordBeyondTheLimitIsRefused) {
  std::string json = "{\"text\": \"" + std::string(9u << 20, 'x') + "\"}";
  expectFailure(runWithInput({"insert", file_, "-"}, json), 1, "TooLarge");
  EXPECT_EQ(succeed({"count", file_}), "0\n");
}

TEST_F(RecordCommands, ACollectionIsMadeByInsertAndNothingElse) {
  std::string id = insert("{\"name\": \"Ada\"}", {"-c", "people"});
  EXPECT_EQ(parsed(succeed({"get", file_, id, "-c", "people"})).string("name"), "Ada");
  fail({"get", file_, id}, "there is no record " + id + " in the collection default");
  std::string known = "there is no collection persons in " + file_ + "; it has: people";
  fail({"get", file_, id, "-c", "persons"}, known);
  fail({"update", file_, id, "{}", "-c", "persons"}, known);
  fail({"delete", file_, id, "-c", "persons"}, known);
  fail({"count", file_, "-c", "persons"}, known);
  fail({"export", file_, "-c", "persons"}, known);
}

TEST_F(RecordCommands, ACollectionsNameIsChecked) {
  fail({"insert", file_, "{}", "-c", "two words"}, "InvalidArgument");
  fail({"count", file_, "-c", "../x"}, "InvalidArgument");
}

TEST_F(RecordCommands, UpdateSetsTheFieldsGiven) {
  std::string id = insert("{\"a\": 1, \"b\": 2}");
  EXPECT_EQ(succeed({"update", file_, id, "{\"b\": \"two\", \"c\": null}"}), "");
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\",\"a\":1,\"b\":\"two\",\"c\":null}\n");
}

TEST_F(RecordCommands, UpdateRemovesFields) {
  std::string id = linesOf(succeed({"insert", file_, R"({"a": 1, "b": 2, "c": 3})"})).at(0);
  succeed({"update", file_, id, "--unset", "a", "--unset", "b"});
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\",\"c\":3}\n");
  succeed({"update", file_, id, R"({"d": 4})", "--unset", "c"});
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\",\"d\":4}\n");
  failAsWrongUsage({"update", file_, id}, "nothing to update");
  failAsWrongUsage({"update", file_, id, "--replace", "--unset", "a"}, "--replace needs the record");
  failAsWrongUsage({"update", file_, id, "{}", "--replace", "--unset", "a"}, "leave out --unset");
}

TEST_F(RecordCommands, UpdateIncrementsFields) {
  std::string id = insert(R"({"stock": 100, "weight": 1.5, "name": "bolt"})");
  succeed({"update", file_, id, "--increment", "stock=5", "--increment", "visits=-1", "--increment", "a=b=2"});
  EXPECT_EQ(succeed({"get", file_, id, "--json"}),
            "{\"_id\":\"" + id + R"(","a=b":2,"name":"bolt","stock":105,"visits":-1,"weight":1.5})" + "\n");
  succeed({"update", file_, id, R"({"name": "nut"})", "--unset", "a=b", "--increment", "stock=-0.5",
           "--increment=weight=-1"});
  EXPECT_EQ(succeed({"get", file_, id, "--json"}),
            "{\"_id\":\"" + id + R"(","name":"nut","stock":104.5,"visits":-1,"weight":0.5})" + "\n");
  fail({"update", file_, id, R"({"visits": 7})", "--increment", "name=1"}, "only a number can be incremented");
  EXPECT_EQ(parsed(succeed({"get", file_, id})).integer("visits"), -1) << "all or nothing";
}

TEST_F(RecordCommands, AnIncrementIsOneNumberForEachField) {
  std::string id = insert(R"({"n": 1})");
  for (const char* text :
       {"n=five", "n=", "n", "=5", "n=\"5\"", "n=true", "n=9223372036854775808", "n=1e999", "n=+5", "n= 5"})
    failAsWrongUsage({"update", file_, id, "--increment", text}, std::string("not '") + text + "'");
  failAsWrongUsage({"update", file_, id, "--increment", "n=1", "--increment", "n=2"}, "the field 'n' twice");
  failAsWrongUsage({"update", file_, id, R"({"n": 5})", "--increment", "n=1"}, "'n' is incremented");
  failAsWrongUsage({"update", file_, id, "--unset", "n", "--increment", "n=1"}, "'n' is incremented");
  failAsWrongUsage({"update", file_, id, "{}", "--replace", "--increment", "n=1"}, "leave out --increment");
  EXPECT_EQ(parsed(succeed({"get", file_, id})).integer("n"), 1);
}

TEST_F(RecordCommands, UpdateReplacesTheWholeRecord) {
  std::string id = insert("{\"a\": 1, \"b\": 2}");
  succeed({"update", file_, id, "{\"_id\": \"" + id + "\", \"c\": 3}", "--replace"});
  EXPECT_EQ(succeed({"get", file_, id, "--json"}), "{\"_id\":\"" + id + "\",\"c\":3}\n");
}

TEST_F(RecordCommands, UpdateDoesNotChangeTheId) {
  std::string id = insert("{\"a\": 1}");
  fail({"update", file_, id, "{\"_id\": \"01890a5d-ac96-774b-bcce-b302099a8057\"}"}, "an id cannot be changed");
}

TEST_F(RecordCommands, DeleteRemovesARecord) {
  std::string id = insert("{\"a\": 1}");
  EXPECT_EQ(succeed({"count", file_, "--json"}), "{\"count\":1}\n");
  EXPECT_EQ(succeed({"delete", file_, id}), "");
  EXPECT_EQ(succeed({"count", file_}), "0\n");
}

TEST_F(RecordCommands, AnUnknownIdIsSaid) {
  std::string id = "01890a5d-ac96-774b-bcce-b302099a8057";
  fail({"get", file_, id}, id);
  fail({"update", file_, id, "{\"a\": 1}"}, id);
  fail({"update", file_, id, "{\"a\": 1}", "--replace"}, id);
  fail({"delete", file_, id}, id);
}

}  // namespace
}  // namespace blazedb::e2e
