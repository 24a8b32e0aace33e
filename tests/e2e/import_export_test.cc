// import and export, in both directions and at their limits.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class ImportExport : public CliTest {
 protected:
  ImportExport() { makeDatabase("a.blazedb"); }
  const std::string file_ = path("a.blazedb");

  // `count` lines with the numbers from `first` on, with ids where `hasIds`.
  static std::string numbered(int first, int count, bool hasIds) {
    std::string text;
    for (int n = first; n < first + count; n++) {
      std::string id = hasIds ? "\"_id\":\"" + UUID::generate().toString() + "\"," : "";
      text += "{" + id + "\"n\":" + std::to_string(n) + "}\n";
    }
    return text;
  }
};

TEST_F(ImportExport, WhatWasExportedIsImportedAsItWas) {
  {
    Database database = open("a.blazedb");
    std::vector<Record> records;
    for (int i = 0; i < 1500; i++) records.push_back({{"n", i}, {"real", i / 7.0}});
    database.insertMany(records);
    database.collection("people").insertMany(
        {{{"name", "Ada"}, {"born", Date{-4861641600000000}}}, {{"name", "Grace"}}});
  }
  succeed({"export", file_, "-o", path("all.jsonl")});
  makeDatabase("b.blazedb");
  Object imported = parsed(succeed({"import", path("b.blazedb"), path("all.jsonl"), "--json"}));
  EXPECT_EQ(imported.integer("inserted"), 1502);
  EXPECT_NE(succeed({"diff", file_, path("b.blazedb")}).find("equal: 1,502 records"), std::string::npos);
}

TEST_F(ImportExport, OneCollectionIsExportedWithoutItsNameAndImportedIntoAnother) {
  open("a.blazedb").collection("people").insert({{"name", "Ada"}});
  std::string lines = succeed({"export", file_, "-c", "people"});
  EXPECT_EQ(lines.find("_collection"), std::string::npos) << lines;
  Result result = runWithInput({"import", file_, "-", "-c", "guests"}, lines);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(succeed({"export", file_, "-c", "guests"}), lines);
}

TEST_F(ImportExport, AnEmptyDatabaseExportsNothing) { EXPECT_EQ(succeed({"export", file_}), ""); }

TEST_F(ImportExport, AFieldCalledCollectionIsNotOverwritten) {
  open("a.blazedb").insert({{"_collection", "stamps"}});
  fail({"export", file_}, "export each collection separately");
  EXPECT_NE(succeed({"export", file_, "-c", "default"}).find("\"_collection\":\"stamps\""), std::string::npos);
}

TEST_F(ImportExport, AFieldCalledCollectionIsImportedAsItWas) {
  open("a.blazedb").collection("people").insertMany({{{"_collection", "stamps"}}, {{"_collection", 7}}, {{"n", 1}}});
  std::string lines = writeFile("people.jsonl", succeed({"export", file_, "-c", "people"}));
  makeDatabase("b.blazedb");
  succeed({"import", path("b.blazedb"), lines, "-c", "people"});
  EXPECT_NE(succeed({"diff", file_, path("b.blazedb")}).find("equal: 3 records"), std::string::npos);
  succeed({"import", file_, lines, "-c", "people", "--upsert"});
  EXPECT_EQ(succeed({"export", file_, "-c", "people"}), readFile(lines));
}

TEST_F(ImportExport, TheExportedFileIsForItsOwnerAndReplacesWhole) {
  open("a.blazedb").insert({{"n", 1}});
  std::string out = writeFile("out.jsonl", "{\"older\": 1}\n");
  succeed({"export", file_, "-o", out});
  EXPECT_EQ(std::filesystem::status(out).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(linesOf(readFile(out)).size(), 1u);
}

TEST_F(ImportExport, NoDatabaseIsReplacedByAnExport) {
  open("a.blazedb").insert({{"n", 1}});
  succeed({"create", path("other.blazedb")});
  std::string notes = writeFile("notes.txt", "not written by export");
  for (const std::string& target : {file_, path("other.blazedb"), notes}) {
    std::string before = readFile(target);
    fail({"export", file_, "-o", target}, "is not an earlier export");
    EXPECT_EQ(readFile(target), before) << target;
  }
  std::string log = file_ + "-wal";
  std::optional<Database> held = open("a.blazedb");
  held->insert({{"n", 2}});
  ASSERT_TRUE(std::filesystem::exists(log));
  fail({"export", path("other.blazedb"), "-o", log}, "is not an earlier export");
  held.reset();
  EXPECT_EQ(succeed({"count", file_}), "2\n");
  std::ofstream(log).close();  // as it is once it has been copied into the file
  fail({"export", path("other.blazedb"), "-o", log}, "is not an earlier export");
}

TEST_F(ImportExport, AnExportThatFailsLeavesTheOlderFileAndNothingElse) {
  open("a.blazedb").insert({{"_collection", "stamps"}});
  std::filesystem::create_directory(path("folder"));
  std::string out = writeFile("folder/out.jsonl", "{\"older\": 1}\n");
  fail({"export", file_, "-o", out}, "_collection");
  EXPECT_EQ(readFile(out), "{\"older\": 1}\n");
  auto entries = std::filesystem::directory_iterator(path("folder"));
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(ImportExport, AnExportThatIsKilledLeavesNoPlainText) {
  insertManyRecords(open("a.blazedb"));
  std::filesystem::create_directory(path("folder"));
  Process process(command({"export", file_, "-o", path("folder/out.jsonl")}), onTerminal());
  process.readUntil("256 records");
  process.send(SIGKILL);
  process.wait();
  // If it was done before the signal came, the file is there, and no other file.
  for (const auto& entry : std::filesystem::directory_iterator(path("folder")))
    EXPECT_EQ(entry.path().filename(), "out.jsonl");
}

TEST_F(ImportExport, BlankLinesAndWindowsLineEndsAreFine) {
  Result result = runWithInput({"import", file_, "-"}, "{\"n\":1}\r\n\r\n\n{\"n\":2}");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(succeed({"count", file_}), "2\n");
}

TEST_F(ImportExport, AWrongLineIsNamedAndItsBatchIsNotStored) {
  std::string input = numbered(1, 2500, true) + "{\"n\": }\n" + numbered(2502, 10, true);
  fail({"import", file_, writeFile("in.jsonl", input)}, "in.jsonl line 2501: ");
  EXPECT_EQ(succeed({"count", file_}), "2000\n");
}

TEST_F(ImportExport, AfterAWrongLineTheMessageSaysHowToGoOn) {
  std::string good = numbered(1, 1700, true);
  std::string input = writeFile("in.jsonl", good + "nonsense\n");
  fail({"import", file_, input},
       "lines 1 to 1000 are stored; continue with --from-line 1001, or import everything again with --upsert");
  writeFile("in.jsonl", good);
  Object again = parsed(succeed({"import", file_, input, "--upsert", "--json"}));
  EXPECT_EQ(again.integer("inserted"), 700);
  EXPECT_EQ(again.integer("updated"), 1000);
  EXPECT_EQ(succeed({"count", file_}), "1700\n");
}

// On a disk of 3 MB, which disappears with the process that mounted it.
TEST_F(ImportExport, OnADiskThatIsNearlyFullWhatFitsIsStored) {
  std::string lines;
  for (int n = 1; n <= 20'000; n++)
    lines += "{\"n\":" + std::to_string(n) + ",\"text\":\"" + std::string(300, 'x') + "\"}\n";
  std::vector<std::string> words = {"/usr/bin/unshare", "--mount"};
  if (geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  std::string script =
      "mount -t tmpfs -o size=3m tmpfs \"$2\" || exit 77; \"$1\" create \"$2/a.blazedb\" && "
      "{ \"$1\" import \"$2/a.blazedb\" \"$3\"; \"$1\" count \"$2/a.blazedb\"; }";
  std::filesystem::create_directory(path("disk"));
  words.insert(words.end(),
               {"/bin/sh", "-c", script, "sh", command({})[0], path("disk"), writeFile("in.jsonl", lines)});
  Result result = Process(words, withPassword()).wait();
  if (result.status == 77) GTEST_SKIP() << "this user cannot mount anything: " << result.err;
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("DiskFull"), std::string::npos) << result.err;
  ASSERT_FALSE(linesOf(result.out).empty());
  int stored = std::stoi(linesOf(result.out).back());
  EXPECT_GT(stored, 1000);
  EXPECT_NE(stored % 1000, 0) << "there was room for a part of the batch";
  std::string next = std::to_string(stored + 1);
  EXPECT_NE(result.err.find("line " + next + ": "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("lines 1 to " + std::to_string(stored) + " are stored; continue with --from-line " + next),
            std::string::npos)
      << result.err;
}

TEST_F(ImportExport, LinesWithoutIdsGoOnFromALine) {
  std::string input = writeFile("in.jsonl", numbered(1, 1700, false) + "nonsense\n");
  Result result = run({"import", file_, input});
  expectFailure(result, 1, "continue with --from-line 1001");
  EXPECT_EQ(result.err.find("--upsert"), std::string::npos) << result.err;
  writeFile("in.jsonl", numbered(1, 1700, false));
  succeed({"import", file_, input, "--from-line", "1001"});
  std::set<std::int64_t> numbers;
  open("a.blazedb").forEach([&](const Record& record) { return numbers.insert(*record.integer("n")).second; });
  EXPECT_EQ(numbers.size(), 1700u);
}

TEST_F(ImportExport, AnIdThatExistsIsNamedWithItsLine) {
  std::string input = numbered(1, 5, true);
  std::string lines = input + linesOf(input)[2] + "\n";
  fail({"import", file_, writeFile("in.jsonl", lines)}, "line 6: ");
  EXPECT_EQ(succeed({"count", file_}), "0\n");
}

TEST_F(ImportExport, ALineOfTheWrongTypeIsNamed) {
  fail({"import", file_, writeFile("in.jsonl", "{\"n\":1}\n[2]\n")}, "line 2: ");
}

TEST_F(ImportExport, ACollectionThatIsNoneIsNamedWithItsLine) {
  fail({"import", file_, writeFile("in.jsonl", "{\"n\":1}\n{\"_collection\":\"two words\"}\n")}, "line 2: ");
}

TEST_F(ImportExport, ARecordBeyondTheLimitIsNamedWithItsLine) {
  std::string lines = "{\"n\":1}\n{\"text\":\"" + std::string(9u << 20, 'x') + "\"}\n";
  fail({"import", file_, writeFile("in.jsonl", lines)}, "line 2: ");
  EXPECT_EQ(succeed({"count", file_}), "0\n");
}

TEST_F(ImportExport, ALineWithoutEndIsRefused) {
  std::string input = path("endless");
  std::ofstream(input) << "{\"n\":1}\n";
  std::filesystem::resize_file(input, std::uintmax_t{200} << 20);  // a line of zeros, which takes no space on the disk
  fail({"import", file_, input}, "line 2: the line is longer than 64.0 MiB");
}

TEST_F(ImportExport, AMissingInputIsSaid) { fail({"import", file_, path("absent.jsonl")}, "absent.jsonl"); }

// Through a FIFO the test controls how fast the input comes; the progress bar on a terminal shows how far the import
// is.
TEST_F(ImportExport, AnInterruptedImportSaysWhatIsStored) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  ProcessOptions options = withPassword();
  options.hasTerminal = true;
  Process process(command({"import", file_, path("fifo")}), options);
  std::ofstream input(path("fifo"));
  input << numbered(1, 1000, false) << numbered(1001, 300, false) << std::flush;
  process.readUntil("1,000 records");
  process.send(SIGINT);
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("interrupted; lines 1 to 1000 are stored; continue with --from-line 1001"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(succeed({"count", file_}), "1000\n");
}

TEST_F(ImportExport, AnInterruptedExportEnds) {
  {
    Database database = open("a.blazedb");
    std::vector<Record> records(5000, Record{{"text", std::string(200, 'x')}});
    database.insertMany(records);
  }
  Process process(command({"export", file_}), withPassword());
  process.readUntil("\n");  // the pipe holds a small part of the rest
  process.send(SIGINT);
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("interrupted after "), std::string::npos) << result.err;
  EXPECT_EQ(linesOf(result.err).size(), 1u) << result.err;
}

TEST_F(ImportExport, AReaderThatGoesAwayIsNoError) {
  {
    Database database = open("a.blazedb");
    std::vector<Record> records(5000, Record{{"text", std::string(200, 'x')}});
    database.insertMany(records);
  }
  Process process(command({"export", file_}), withPassword());
  process.readUntil("\n");
  process.closeOutput();
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "");
}

TEST_F(ImportExport, AReadOnlyReplicaRefusesAnImport) {
  makeDatabase("b.blazedb");
  succeed({"sync", file_, path("b.blazedb"), "--read-only"});
  fail({"import", path("b.blazedb"), writeFile("in.jsonl", "{\"n\":1}\n")}, "ReadOnlyReplica");
}

}  // namespace
}  // namespace blazedb::e2e
