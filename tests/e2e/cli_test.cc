#include "e2e/cli_test.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "codec/json.h"

namespace blazedb::e2e {

CliTest::CliTest() : folder_((std::filesystem::temp_directory_path() / "blazedb-e2e-XXXXXX").string()) {
  if (!mkdtemp(folder_.data())) throw std::runtime_error("cannot make " + folder_);
}

CliTest::~CliTest() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string CliTest::writeFile(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string CliTest::readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Database CliTest::makeDatabase(const std::string& name, SyncRole role, const std::string& password) const {
  DatabaseOptions options;
  options.role = role;
  options.passwordMemoryKiB = 19 * 1024;
  options.passwordPasses = 2;
  return Database::open(std::filesystem::path(name).stem().string(), path(name), password, options);
}

Database CliTest::open(const std::string& name, const std::string& password) const {
  DatabaseOptions options;
  options.createIfMissing = false;
  return Database::open("", path(name), password, options);
}

std::vector<std::string> CliTest::command(const std::vector<std::string>& words) {
  std::vector<std::string> all = {BLAZEDB_BINARY};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

ProcessOptions CliTest::withPassword() { return {.environment = {{"BLAZEDB_PASSWORD", kPassword}}}; }

ProcessOptions CliTest::onTerminal() {
  ProcessOptions options = withPassword();
  options.hasTerminal = true;
  return options;
}

Result CliTest::run(const std::vector<std::string>& words) { return run(words, withPassword()); }

Result CliTest::run(const std::vector<std::string>& words, const ProcessOptions& options) {
  return Process(command(words), options).wait();
}

Result CliTest::runWithInput(const std::vector<std::string>& words, const std::string& input) {
  ProcessOptions options = withPassword();
  options.hasInput = true;
  Process process(command(words), options);
  process.write(input);
  process.closeInput();
  return process.wait();
}

std::string CliTest::succeed(const std::vector<std::string>& words) {
  Result result = run(words);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return result.out;
}

void CliTest::expectFailure(const Result& result, int status, const std::string& what) {
  EXPECT_EQ(result.status, status);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("blazedb: ")) << result.err;
  EXPECT_EQ(linesOf(result.err).size(), 1u) << result.err;
  EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
}

void CliTest::fail(const std::vector<std::string>& words, const std::string& what) {
  expectFailure(run(words), 1, what);
}

void CliTest::failAsWrongUsage(const std::vector<std::string>& words, const std::string& what) {
  expectFailure(run(words), 2, what);
}

void insertManyRecords(Database database, int count) {
  constexpr int kBatch = 10'000;
  for (int first = 0; first < count; first += kBatch) {
    std::vector<Record> records;
    for (int n = first; n < first + kBatch; n++) records.push_back({{"n", n}, {"text", "record " + std::to_string(n)}});
    database.insertMany(records);
  }
}

bool isInTheMiddle(const std::string& out) {
  std::size_t bar = out.rfind('[');
  std::size_t percent = out.find("% ", bar == std::string::npos ? 0 : bar);
  if (bar == std::string::npos || percent == std::string::npos) return false;
  int done = std::stoi(out.substr(percent - 3, 3));
  return done >= 5 && done <= 90;
}

void waitFor(const char* what, const std::function<bool()>& hasCome) {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!hasCome()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(std::string("in vain waited for: ") + what);
    std::this_thread::yield();
  }
}

Object parsed(const std::string& json) {
  Value value = codec::valueFromJson(json);
  const Object* object = value.as<Object>();
  if (!object) throw std::runtime_error("no JSON object: " + json);
  return *object;
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

}  // namespace blazedb::e2e
