// sync, diff and conflicts.
#include <signal.h>

#include <algorithm>

#include "base/random.h"
#include "codec/json.h"
#include "db/engine.h"
#include "e2e/cli_test.h"
#include "storage/posix_file_system.h"

namespace blazedb::e2e {
namespace {

// Two closed databases: a.blazedb is a server, b.blazedb a client.
class SyncCommands : public CliTest {
 protected:
  SyncCommands() {
    makeDatabase("a.blazedb", SyncRole::server);
    makeDatabase("b.blazedb", SyncRole::client);
  }
  const std::string a_ = path("a.blazedb");
  const std::string b_ = path("b.blazedb");

  // Both write the field `n` of one record without having seen each other's write; the client writes later.
  UUID makeConflict() const {
    UUID id = open("a.blazedb").insert({{"n", 0}});
    succeed({"sync", a_, b_});
    open("a.blazedb").updateFields(id, {{"n", 1}});
    open("b.blazedb").updateFields(id, {{"n", 2}});
    succeed({"sync", a_, b_});
    return id;
  }
  std::int64_t valueIn(const std::string& name, const UUID& id) const { return *open(name).fetch(id)->integer("n"); }
};

TEST_F(SyncCommands, SyncBringsWhatEachHasToTheOther) {
  UUID fromA = open("a.blazedb").insert({{"n", 1}});
  UUID fromB = open("b.blazedb").collection("people").insert({{"name", "Ada"}});
  Object summary = parsed(succeed({"sync", a_, b_, "--json"}));
  EXPECT_EQ(summary.integer("records"), 2);
  EXPECT_EQ(summary.integer("conflicts"), 0);
  EXPECT_GT(summary.integer("bytes"), 0);
  EXPECT_EQ(valueIn("b.blazedb", fromA), 1);
  EXPECT_EQ(open("a.blazedb").collection("people").fetch(fromB)->string("name"), "Ada");
  EXPECT_EQ(parsed(succeed({"diff", a_, b_, "--json"})).boolean("equal"), true);
}

TEST_F(SyncCommands, OnlyTheCollectionsThatAreNamedAreSynced) {
  open("a.blazedb").insert({{"n", 1}});
  open("b.blazedb").collection("people").insert({{"name", "Ada"}});
  succeed({"sync", a_, b_, "--collections", "people"});
  EXPECT_EQ(open("a.blazedb").collection("people").count(), 1u);
  EXPECT_EQ(open("b.blazedb").count(), 0u);
  succeed({"sync", a_, b_});
  EXPECT_EQ(open("b.blazedb").count(), 1u);
}

TEST_F(SyncCommands, TwoHubsAreNotSynced) {
  failAsWrongUsage({"sync", "localhost:1/a", "localhost:1/b"}, "sync a file with each of them");
}

TEST_F(SyncCommands, ACollectionThatNoEndHasIsSaid) {
  open("a.blazedb").collection("people").insert({{"name", "Ada"}});
  open("b.blazedb");
  Result result = run({"sync", a_, b_, "--collections", "people,peple"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err,
            "blazedb: neither end has a collection 'peple', which --collections names; blazedb info lists those of a "
            "file\n");
  EXPECT_EQ(run({"sync", a_, b_, "--collections", "people"}).err, "");
}

TEST_F(SyncCommands, AReplacementOfOwnWritesIsOffered) {
  open("a.blazedb").insert({{"n", 1}});
  open("b.blazedb").insert({{"n", 2}});
  fail({"sync", a_, b_, "--read-only"}, "--adopt discards them");
  succeed({"sync", a_, b_, "--read-only", "--adopt"});
}

TEST_F(SyncCommands, ASecondSyncMovesNothing) {
  open("a.blazedb").insertMany({{{"n", 1}}, {{"n", 2}}});
  EXPECT_NE(succeed({"sync", a_, b_}).find("in sync: 2 records moved"), std::string::npos);
  EXPECT_EQ(succeed({"sync", a_, b_}), "in sync, nothing moved\n");
  EXPECT_EQ(parsed(succeed({"sync", a_, b_, "--json"})).integer("records"), 0);
}

TEST_F(SyncCommands, NothingMovesBetweenAFileAndItsBackup) {
  open("a.blazedb").insertMany({{{"n", 1}}, {{"n", 2}}});
  succeed({"backup", a_, path("copy.blazedb")});
  EXPECT_EQ(succeed({"sync", a_, path("copy.blazedb")}), "in sync, nothing moved\n");
  open("copy.blazedb").insert({{"n", 3}});
  EXPECT_NE(succeed({"sync", a_, path("copy.blazedb")}).find("in sync: 1 record moved"), std::string::npos);
}

TEST_F(SyncCommands, DeletesTravel) {
  UUID id = open("a.blazedb").insert({{"n", 1}});
  succeed({"sync", a_, b_});
  open("b.blazedb").remove(id);
  EXPECT_NE(succeed({"sync", a_, b_}).find("in sync: 1 record moved"), std::string::npos);
  EXPECT_FALSE(open("a.blazedb").fetch(id));
}

TEST_F(SyncCommands, TheServerWinsAndTheClientKeepsWhatItLost) {
  UUID id = makeConflict();
  EXPECT_EQ(valueIn("a.blazedb", id), 1);
  EXPECT_EQ(valueIn("b.blazedb", id), 1);
  EXPECT_EQ(succeed({"conflicts", a_}), "no conflicts\n");
  Object conflict = parsed(succeed({"conflicts", b_, "--json"}));
  EXPECT_EQ(conflict.string("record"), id.toString());
  EXPECT_EQ(conflict.string("field"), "n");
  EXPECT_EQ(conflict.integer("lost"), 2);
  EXPECT_EQ(conflict.integer("won"), 1);
  EXPECT_NE(succeed({"conflicts", b_}).find("field n"), std::string::npos);
}

TEST_F(SyncCommands, IncrementsMadeApartAddUp) {
  std::string id = linesOf(succeed({"insert", a_, R"({"stock": 100})"})).at(0);
  succeed({"sync", a_, b_});
  auto expectBoth = [&](std::int64_t stock) {
    succeed({"sync", a_, b_});
    for (const std::string& file : {a_, b_})
      EXPECT_EQ(parsed(succeed({"get", file, id})).integer("stock"), stock) << file;
    EXPECT_EQ(parsed(succeed({"diff", a_, b_, "--json"})).boolean("equal"), true);
    EXPECT_EQ(succeed({"conflicts", b_}), "no conflicts\n");
  };
  succeed({"update", a_, id, "--increment", "stock=10"});
  succeed({"update", b_, id, "--increment", "stock=-3"});
  succeed({"update", b_, id, "--increment", "stock=-4"});  // opened again
  expectBoth(103);
  succeed({"update", a_, id, R"({"stock": 90})"});
  succeed({"update", b_, id, "--increment", "stock=-1"});
  expectBoth(89);  // the increment that the assignment had not seen stands
}

// The text that a peer wrote is shown; it cannot clear the screen or change the colour.
TEST_F(SyncCommands, NothingThatAPeerWroteSteersTheTerminal) {
  const std::string name = "n\x1B[2J", value =
                                           "\xC2\x9B"
                                           "31m\xE2\x80\xAE\x07";
  UUID id = open("a.blazedb").insert({{name, value}});
  succeed({"sync", a_, b_});
  open("a.blazedb").updateFields(id, {{name, value + "a"}});
  open("b.blazedb").updateFields(id, {{name, value + "b"}});
  succeed({"sync", a_, b_});
  std::string shown = succeed({"conflicts", b_}) + succeed({"conflicts", b_, "--json"});
  for (const std::string& file : {a_, b_}) shown += succeed({"get", file, id.toString()}) + succeed({"export", file});
  for (const char* steers : {"\x1B", "\xC2\x9B", "\xE2\x80\xAE", "\x07"})
    EXPECT_EQ(shown.find(steers), std::string::npos) << codec::valueToJson(shown);
  EXPECT_EQ(parsed(succeed({"get", b_, id.toString()})).string(name), value + "a") << "and it is the same value";
  EXPECT_EQ(parsed(succeed({"conflicts", b_, "--json"})).string("field"), name);
}

TEST_F(SyncCommands, SyncSaysThatAWriteWasOverridden) {
  UUID id = open("a.blazedb").insert({{"n", 0}});
  succeed({"sync", a_, b_});
  open("a.blazedb").updateFields(id, {{"n", 1}});
  open("b.blazedb").updateFields(id, {{"n", 2}});
  EXPECT_NE(succeed({"sync", a_, b_}).find("1 write was overridden"), std::string::npos);
}

// If records stay behind, the exit status says so: a script may look at nothing else.
TEST_F(SyncCommands, ARejectedRecordIsNoSuccess) {
  class AnHourAhead final : public base::Clock {
   public:
    std::int64_t wallMs() override { return system_.wallMs() + 3'600'000; }
    std::int64_t monotonicUs() override { return system_.monotonicUs(); }

   private:
    base::SystemClock system_;
  };
  storage::PosixFileSystem files;
  AnHourAhead clock;
  base::SystemRandom random;
  db::Engine::open({files, clock, random}, b_, storage::KeySource::password(kPassword), {})
      ->write([](db::Changes& changes) {
        changes.insert("default", std::nullopt, {{"far", "ahead"}});
      });
  Result sync = run({"sync", a_, b_});
  EXPECT_EQ(sync.status, 1);
  EXPECT_NE(sync.out.find("not everything is in sync"), std::string::npos) << sync.out;
  EXPECT_NE(sync.out.find("blazedb restamp"), std::string::npos) << sync.out;
  EXPECT_NE(succeed({"rejected", a_}).find("ClockSkew"), std::string::npos);
  succeed({"restamp", b_});
  EXPECT_NE(succeed({"sync", a_, b_}).find("in sync: "), std::string::npos);
  EXPECT_EQ(succeed({"rejected", a_}), "nothing is rejected\n");
}

TEST_F(SyncCommands, ARestoredConflictWinsEverywhere) {
  UUID id = makeConflict();
  std::int64_t number = parsed(succeed({"conflicts", b_, "--json"})).integer("id").value();
  succeed({"conflicts", b_, "--restore", std::to_string(number)});
  EXPECT_EQ(succeed({"conflicts", b_}), "no conflicts\n");
  succeed({"sync", a_, b_});
  EXPECT_EQ(valueIn("a.blazedb", id), 2);
  EXPECT_EQ(valueIn("b.blazedb", id), 2);
}

TEST_F(SyncCommands, ADismissedConflictIsOver) {
  UUID id = makeConflict();
  std::int64_t number = parsed(succeed({"conflicts", b_, "--json"})).integer("id").value();
  succeed({"conflicts", b_, "--dismiss", std::to_string(number)});
  EXPECT_EQ(succeed({"conflicts", b_, "--json"}), "");
  EXPECT_EQ(valueIn("b.blazedb", id), 1);
}

TEST_F(SyncCommands, AnUnknownConflictIsSaid) {
  fail({"conflicts", a_, "--restore", "7"}, "NotFound");
  fail({"conflicts", a_, "--dismiss", "7"}, "NotFound");
}

TEST_F(SyncCommands, WriteOnlyTakesAndDoesNotGive) {
  UUID fromA = open("a.blazedb").insert({{"n", 1}});
  UUID fromB = open("b.blazedb").insert({{"n", 2}});
  succeed({"sync", a_, b_, "--write-only"});
  EXPECT_EQ(valueIn("a.blazedb", fromB), 2);
  EXPECT_FALSE(open("b.blazedb").fetch(fromA));
}

TEST_F(SyncCommands, ReadOnlyRefusesATargetWithWritesOfItsOwnUnlessItAdopts) {
  UUID fromA = open("a.blazedb").insert({{"n", 1}});
  UUID fromB = open("b.blazedb").insert({{"n", 2}});
  fail({"sync", a_, b_, "--read-only"}, "HasOwnWrites");
  succeed({"sync", a_, b_, "--read-only", "--adopt"});
  EXPECT_EQ(valueIn("b.blazedb", fromA), 1);
  EXPECT_FALSE(open("b.blazedb").fetch(fromB));
  EXPECT_FALSE(open("a.blazedb").fetch(fromB));
}

TEST_F(SyncCommands, ADatabaseIsNotSyncedWithItself) {
  failAsWrongUsage({"sync", a_, a_}, "the same file");
  failAsWrongUsage({"diff", a_, path("./a.blazedb")}, "the same file");
}

TEST_F(SyncCommands, DiffSaysWhichDiffer) {
  UUID onlyA, onlyB, both = UUID::generate();
  {
    Database a = open("a.blazedb");
    Database b = open("b.blazedb");
    onlyA = a.collection("people").insert({{"n", 1}});
    onlyB = b.insert({{"n", 2}});
    a.insert(both, {{"n", 3}});
    b.insert(both, {{"n", 4}});
  }
  Result result = run({"diff", a_, b_});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("only in A  people " + onlyA.toString()), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("only in B  default " + onlyB.toString()), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("different  default " + both.toString()), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("3 records differ"), std::string::npos) << result.out;
}

TEST_F(SyncCommands, DiffListsNoMoreThanItsLimit) {
  open("a.blazedb").insertMany(std::vector<Record>(5, Record{{"n", 1}}));
  Object some = parsed(run({"diff", a_, b_, "--limit", "2", "--json"}).out);
  EXPECT_EQ(some.boolean("equal"), false);
  EXPECT_EQ(some.boolean("complete"), false);
  EXPECT_EQ(some.array("differences")->size(), 2u);
  Object all = parsed(run({"diff", a_, b_, "--limit", "5", "--json"}).out);
  EXPECT_EQ(all.boolean("complete"), true);
  EXPECT_EQ(all.array("differences")->size(), 5u);
  Object whatever = parsed(run({"diff", a_, b_, "--limit", "18446744073709551615", "--json"}).out);
  EXPECT_EQ(whatever.boolean("equal"), false);
  EXPECT_EQ(whatever.boolean("complete"), true);
}

TEST_F(SyncCommands, AWatchedSyncTellsItsStatesHoldsItsFilesAndEndsBySignal) {
  UUID id = open("a.blazedb").insert({{"n", 1}});
  Process process(command({"sync", a_, b_, "--watch", "--json"}), withPassword());
  process.readUntil("\"verified\":true");
  fail({"renew", a_}, "DatabaseInUse");
  process.send(SIGTERM);
  Result watched = process.wait();
  EXPECT_EQ(watched.status, 0) << watched.err;
  EXPECT_EQ(watched.err, "");
  for (const std::string& line : linesOf(watched.out)) EXPECT_TRUE(parsed(line).string("state")) << line;
  EXPECT_EQ(valueIn("b.blazedb", id), 1);
}

// 100,000 records, so that the sync can be killed in the middle.
class LargeSync : public SyncCommands {
 protected:
  LargeSync() { insertManyRecords(open("a.blazedb")); }
};

TEST_F(LargeSync, OneThatIsKilledGoesOnWhereItWas) {
  {
    Process process(command({"sync", a_, b_}), onTerminal());
    process.readUntil(isInTheMiddle);
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  EXPECT_EQ(run({"diff", a_, b_}).status, 1) << "it was not killed in the middle";
  Object summary = parsed(succeed({"sync", a_, b_, "--json"}));
  EXPECT_LT(summary.integer("records").value(), 100'000) << "it has begun again";
  EXPECT_NE(succeed({"diff", a_, b_}).find("equal: 100,000 records"), std::string::npos);
  succeed({"verify", b_});
}

TEST_F(LargeSync, OneThatIsInterruptedSaysSoAndGoesOnWhereItWas) {
  {
    Process process(command({"sync", a_, b_}), onTerminal());
    process.readUntil(isInTheMiddle);
    process.send(SIGINT);
    Result result = process.wait();
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.out.find("the next sync continues from there"), std::string::npos) << result.out;
  }
  Object summary = parsed(succeed({"sync", a_, b_, "--json"}));
  EXPECT_LT(summary.integer("records").value(), 100'000) << "it has begun again";
  succeed({"diff", a_, b_});
}

}  // namespace
}  // namespace blazedb::e2e
