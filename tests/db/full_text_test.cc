// Full text: what a search finds. The rows of the table of words in docs/query.md are here.
#include <map>
#include <set>

#include "db/open_database.h"
#include "query/plain_order.h"

namespace blazedb {
namespace {

class FullTextTest : public FolderTest {
 protected:
  std::set<std::string> found(const std::string& search) {
    std::set<std::string> texts;
    for (const Record& record : db.query().match("words", search).all()) texts.insert(*record.string("text"));
    return texts;
  }
  void insert(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) db.insert({{"text", text}});
  }
  using Texts = std::set<std::string>;

  Database db = open("db");
};

TEST_F(FullTextTest, FindsWordsBestFirst) {
  db.createFullTextIndex("words", {"title", "text", "tags"});
  db.insert({{"title", "Tea"}, {"text", "how to make tea, and when"}, {"n", 1}});
  db.insert({{"title", "Coffee"}, {"text", "not tea; a long text about coffee with many words in it"}, {"n", 2}});
  db.insert({{"title", "Water"}, {"tags", Array{Value("hot tea"), Value(3), Array{Value("deep")}}}, {"n", 3}});
  db.insert({{"title", 7}, {"n", 4}});
  auto order = [&](const Query& query) {
    std::vector<std::int64_t> numbers;
    for (const Record& record : query.all()) numbers.push_back(*record.integer("n"));
    return numbers;
  };
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(order(db.query().match("words", "tea")).front(), 1);
  EXPECT_EQ(db.query().match("words", "tea").count(), 3u);
  EXPECT_EQ(order(db.query().match("words", "tea").limit(1)), Numbers{1});
  EXPECT_EQ(order(db.query("n > 1").match("words", "tea").orderBy("n", Order::descending)), (Numbers{3, 2}));
  EXPECT_EQ(order(db.query().match("words", "tea").orderBy("n").offset(1).limit(1)), Numbers{2});
  EXPECT_EQ(order(db.query().match("words", "title:tea")), Numbers{1});
  EXPECT_EQ(order(db.query().match("words", "\"make tea\"")), Numbers{1});
  EXPECT_EQ(order(db.query().match("words", "coff* NOT cup")), Numbers{2});
  EXPECT_EQ(order(db.query().match("words", "deep")), Numbers{3});
  EXPECT_EQ(order(db.query().match("words", "7")), Numbers{});
  EXPECT_EQ(*db.query().match("words", "tea").sum("n").as<std::int64_t>(), 6);
  EXPECT_TRUE(db.query().match("words", "coffee").exists());
  EXPECT_EQ(db.query().match("words", "coffee").first()->integer("n"), 2);
  Numbers walked;
  for (const Record& record : db.query().match("words", "coffee OR make")) walked.push_back(*record.integer("n"));
  EXPECT_EQ(walked.size(), 2u);
  EXPECT_EQ(db.query().match("words", "tea").explain().index, "words");

  std::vector<SearchHit> hits = db.query().match("words", "tea").hits();
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_GE(hits[0].score, hits[1].score);
  EXPECT_EQ(hits[0].record.integer("n"), 1);
  EXPECT_EQ(hits[0].excerpt, "[Tea]");
  ExcerptOptions options{.before = "<", .after = ">", .cut = "~", .words = 2, .of = "text"};
  EXPECT_EQ(db.query("n = 1").match("words", "make").hits(options)[0].excerpt, "~<make> tea~");
  options.whole = true;
  EXPECT_EQ(db.query("n = 1").match("words", "make").hits(options)[0].excerpt, "how to <make> tea, and when");
  EXPECT_EQ(db.query("n = 3").match("words", "tea").hits({.of = "tags", .whole = true})[0].excerpt, "hot [tea]\ndeep");
}

TEST_F(FullTextTest, WhatIsAWord) {
  db.createFullTextIndex("words", {"text"});
  insert({"दिन", "दान", "Straße", "résumé", "ışık", "IŞIK", "İstanbul", "e-mail", "日本語の本", "running", "don't"});
  EXPECT_EQ(found("दिन"), Texts{"दिन"});
  EXPECT_EQ(found("दान"), Texts{"दान"});
  EXPECT_EQ(found("RESUME"), Texts{"résumé"});
  EXPECT_EQ(found("strasse"), Texts{});
  EXPECT_EQ(found("straße"), Texts{"Straße"});
  EXPECT_EQ(found("isik"), Texts{"IŞIK"});
  EXPECT_EQ(found("ışık"), Texts{"ışık"});
  EXPECT_EQ(found("istanbul"), Texts{"İstanbul"});
  EXPECT_EQ(found("mail"), Texts{"e-mail"});
  EXPECT_EQ(found("\"e mail\""), Texts{"e-mail"});
  EXPECT_EQ(found("don"), Texts{"don't"});
  EXPECT_EQ(found("本"), Texts{});
  EXPECT_EQ(found("日本*"), Texts{"日本語の本"});
  EXPECT_EQ(found("runs"), Texts{});
  EXPECT_EQ(found("run*"), Texts{"running"});

  db.dropIndex("words");
  db.createFullTextIndex("words", {"text"}, {.removeDiacritics = false, .prefix = {1, 2}});
  EXPECT_EQ(found("resume"), Texts{});
  EXPECT_EQ(found("RÉSUMÉ"), Texts{"résumé"});
  EXPECT_EQ(found("r*"), (Texts{"résumé", "running"}));

  db.dropIndex("words");
  db.createFullTextIndex("words", {"text"}, {.tokenizer = FullTextOptions::Tokenizer::trigram});
  EXPECT_EQ(found("本語の"), Texts{"日本語の本"});
  EXPECT_EQ(found("UNNI"), Texts{"running"});
  EXPECT_EQ(found("本"), Texts{});
}

TEST_F(FullTextTest, NothingThatAUserTypesIsAnError) {
  db.createFullTextIndex("words", {"text"});
  insert({"C++ and NOT or \"quoted\" text: a (b)", "plain"});
  for (const char* typed : {"",  " ", "\"", "\"\"",  "*",     "-", "AND", "OR OR", "NOT",  "NEAR(", "a:b", "text:",
                            "(", ")", "^a", "{a b}", "a + b", "'", ";--", "\t\n",  "\xff", "a\"b",  "!!!", "x\\y"})
    EXPECT_NO_THROW(db.query().match("words", searchFor(typed)).all()) << typed;
  EXPECT_NO_THROW(db.query().match("words", searchFor(std::string_view("a\0b", 3))).all());
  EXPECT_EQ(found(searchFor("quo")).size(), 1u);
  EXPECT_EQ(found(searchFor("text quo")).size(), 1u);
  EXPECT_EQ(found(searchFor("quo text")).size(), 0u);  // only the last word may go on
  EXPECT_EQ(found(searchFor("NOT \"quoted\" (b) !!!")).size(), 1u);
  EXPECT_EQ(found(searchFor("")).size(), 0u);
  EXPECT_EQ(found(" \t").size(), 0u);
  EXPECT_ERROR(TooLarge, found(searchFor(std::string(70'000, 'a'))));

  EXPECT_ERROR(InvalidArgument, found("a AND ("));
  EXPECT_ERROR(InvalidArgument, found("nothere:a"));
  EXPECT_ERROR(InvalidArgument, found("\""));
  EXPECT_NE(test::messageOf([&] { found("a AND ("); }).find("searchFor"), std::string::npos);
}

TEST_F(FullTextTest, BadOnesAreRefused) {
  db.createFullTextIndex("words", {"text"});
  db.createFullTextIndex("words", {"text"});
  EXPECT_ERROR(AlreadyExists, db.createFullTextIndex("words", {"title"}));
  EXPECT_ERROR(AlreadyExists, db.createFullTextIndex("words", {"text"}, {.prefix = {2}}));
  EXPECT_ERROR(AlreadyExists, db.createIndex("words", {"text"}));
  EXPECT_ERROR(InvalidArgument, db.createFullTextIndex("other", {}));
  EXPECT_ERROR(InvalidArgument, db.createFullTextIndex("other", {"now()"}));
  EXPECT_ERROR(InvalidArgument, db.createFullTextIndex("other", {"text"}, {.prefix = {0}}));
  EXPECT_ERROR(InvalidArgument, db.createFullTextIndex("other", {"text"}, {.prefix = {33}}));
  EXPECT_ERROR(NotFound, db.query().match("nothere", "a").all());
  EXPECT_ERROR(InvalidArgument, db.query().match("words", "a").after(*db.fetch(db.insert({{"text", "a"}}))).all());
  EXPECT_ERROR(InvalidArgument, db.query().hits());
  EXPECT_ERROR(InvalidArgument, db.query().match("words", "a").hits({.words = 0}));
  EXPECT_ERROR(InvalidArgument, db.query().match("words", "a").hits({.of = "title"}));
  EXPECT_ERROR(InvalidArgument, static_cast<void>(db.query().match("words", "a").observe([](const auto&) {})));
  EXPECT_ERROR(Cancelled, [&] {
    std::vector<Record> many(20'000, Record{{"text", "some words of a text"}});
    db.insertMany(many);
    db.createFullTextIndex("more", {"text"}, {.progress = [](auto, auto) { return false; }});
  }());
  ASSERT_EQ(db.indexes().size(), 1u);
  EXPECT_TRUE(db.indexes()[0].isFullText);
  EXPECT_TRUE(db.verify().problems.empty());
}

// Against a list of the words of each record.
TEST_F(FullTextTest, FollowsWhateverHappensToTheRecords) {
  query::Dice dice(3);
  db.createFullTextIndex("words", {"a", "b"});
  std::vector<UUID> ids;
  auto some = [&] {
    std::string text;
    for (auto left = dice.below(4); left > 0; left--) text += "w" + std::to_string(dice.below(12)) + " ";
    return text;
  };
  auto record = [&] {
    Record made{{"n", static_cast<std::int64_t>(dice.below(3))}};
    if (dice.below(4) > 0) made.set("a", some());
    if (dice.below(3) > 0) made.set("b", Array{Value(some()), Value(some())});
    return made;
  };
  auto change = [&](Records& records) {
    if (ids.empty() || dice.below(3) == 0) return ids.push_back(records.insert(record()));
    UUID id = ids[dice.below(ids.size())];
    switch (dice.below(5)) {
      case 0:
        records.remove(id);
        return;
      case 1:
        records.purge(id);
        return;
      case 2:
        records.upsertFields(id, {{"n", 5}});
        return;
      default:
        records.upsert(id, record());
    }
  };
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < 5; i++) change(db);
    try {
      db.transaction([&](Transaction& transaction) {
        for (int i = 0; i < 5; i++) change(transaction);
        if (round % 3 == 0) throw std::logic_error("taken back");
      });
    } catch (const std::logic_error&) {
    }
    std::map<std::string, std::set<UUID>> expected;
    for (const Record& each : db.fetchAll()) {
      std::string text = each.string("a").value_or("");
      if (std::optional<Array> array = each.array("b"))
        for (const Value& value : *array) text += " " + *value.as<std::string>();
      std::istringstream words(text);
      for (std::string word; words >> word;) expected[word].insert(*each.id());
    }
    for (int word = 0; word < 12; word++) {
      std::string text = "w" + std::to_string(word);
      std::set<UUID> found;
      for (const Record& each : db.query().match("words", text).all()) found.insert(*each.id());
      ASSERT_EQ(found, expected[text]) << text << " in round " << round;
    }
  }
  EXPECT_TRUE(db.verify().problems.empty());
}

}  // namespace
}  // namespace blazedb
