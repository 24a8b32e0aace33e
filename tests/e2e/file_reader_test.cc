// An independent reader: raw/file_reader.py, written from docs/file-format.md alone, opens our files.
#include <filesystem>
#include <fstream>

#include "e2e/hub_process.h"

namespace blazedb::e2e {
namespace {

class FileReader : public WithHubProcess {
 protected:
  static Result read(const std::string& file, const std::string& password = kPassword) {
    ProcessOptions options = withPassword();
    options.environment["BLAZEDB_PASSWORD"] = password;
    options.environment["PYTHONDONTWRITEBYTECODE"] = "1";
    return Process({"/usr/bin/python3", BLAZEDB_SOURCE_DIR "/tests/e2e/raw/file_reader.py", file}, options).wait();
  }
  // The records that it lists, as `export` does: the fields by id.
  static std::map<std::string, std::string> listedIn(const std::string& file) {
    Result result = read(file);
    EXPECT_EQ(result.status, 0) << result.err;
    std::map<std::string, std::string> records;
    for (const std::string& line : linesOf(result.out)) records[parsed(line).string("id").value()] = line;
    return records;
  }
  void expectDamaged(const std::string& what) {
    Result result = read(file_);
    EXPECT_EQ(result.status, 1) << result.out;
    EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
  }
  void flipByteAt(std::uintmax_t offset) {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }
};

TEST_F(FileReader, ListsWhatTheCommandLineWrote) {
  succeed({"create", file_});
  auto insert = [&](const std::string& fields, const std::string& collection) {
    return linesOf(succeed({"insert", file_, fields, "-c", collection})).at(0);
  };
  std::string note =
      insert(R"({"title": "Grüße", "stars": -5, "weight": 1.5, "open": true, "tags": ["a", {"b": null}]})", "notes");
  std::string person = insert(R"({"name": "Ada"})", "people");
  std::string deleted = insert(R"({"name": "nobody"})", "people");
  succeed({"update", file_, person, R"({"name": "Ada", "born": 1815})", "-c", "people"});
  succeed({"delete", file_, deleted, "-c", "people"});
  succeed({"update", file_, person, "-c", "people", "--increment", "visits=2", "--increment", "karma=-0.5"});
  succeed({"update", file_, person, "-c", "people", R"({"visits": 10})", "--increment", "karma=1"});
  succeed({"update", file_, person, "-c", "people", "--increment", "visits=3"});
  auto records = listedIn(file_);
  EXPECT_EQ(records.size(), 2u);
  EXPECT_NE(
      records[note].find(R"({"open": true, "stars": -5, "tags": ["a", {"b": null}], "title": "Grüße", "weight": 1.5})"),
      std::string::npos)
      << records[note];
  EXPECT_NE(records[person].find(R"({"born": 1815, "karma": 0.5, "name": "Ada", "visits": 13})"), std::string::npos)
      << records[person];
}

TEST_F(FileReader, ReadsEveryTypeOfValue) {
  {
    Database database = makeDatabase("hub.blazedb");
    database.insert({{"date", Date{1'764'000'000'000'000}},
                     {"moment", Date{-1}},
                     {"id", UUID::parse("01a22382-e33e-711b-a6ac-a608f48c1741").value()},
                     {"bytes", Bytes{0, 255}}});
  }
  auto records = listedIn(file_);
  ASSERT_EQ(records.size(), 1u);
  const std::string& line = records.begin()->second;
  for (const char* value : {R"("date": "2025-11-24T16:00:00+00:00")", R"("moment": "1969-12-31T23:59:59.999999+00:00")",
                            R"("id": "01a22382-e33e-711b-a6ac-a608f48c1741")", R"("bytes": {"bytes": "AP8="})"})
    EXPECT_NE(line.find(value), std::string::npos) << line;
}

TEST_F(FileReader, ReadsWhatOnlyTheLogHasAfterACrash) {
  makeDatabase("hub.blazedb").insert({{"n", 1}});
  start({file_});
  std::string late = linesOf(succeed({"insert", file_, R"({"late": true})"})).at(0);
  killHub();
  ASSERT_GT(std::filesystem::file_size(file_ + "-wal"), 0u);
  auto records = listedIn(file_);
  EXPECT_EQ(records.size(), 2u);
  EXPECT_TRUE(records.contains(late));
}

TEST_F(FileReader, SaysWhatIsWrong) {
  makeDatabase("hub.blazedb").insertMany(std::vector<Record>(100, Record{{"n", 1}}));
  EXPECT_NE(read(file_, "another password").err.find("the password is wrong"), std::string::npos);
  EXPECT_EQ(listedIn(file_).size(), 100u);
  flipByteAt(8192 + 4096 * 2 + 17);
  expectDamaged("page 3 is not authentic");
  flipByteAt(8192 + 4096 * 2 + 17);
  flipByteAt(100);  // one copy of the header is enough
  EXPECT_EQ(listedIn(file_).size(), 100u);
  flipByteAt(4096 + 100);
  expectDamaged("neither copy of the header is intact");
}

}  // namespace
}  // namespace blazedb::e2e
