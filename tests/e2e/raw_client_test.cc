// An independent client: raw/ speaks the protocol in Python, written from docs/protocol.md alone. Each scenario is a
// program, honest or not, that connects to a real hub and checks what must hold. The table in docs/security.md lists
// those in bounds/: what a peer can make a hub allocate, walk or store.
#include <algorithm>
#include <filesystem>

#include "e2e/hub_process.h"

namespace blazedb::e2e {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(BLAZEDB_SOURCE_DIR) / "tests/e2e/raw";

std::vector<std::string> scenarios() {
  std::vector<std::string> names;
  std::vector<const char*> folders = {"scenarios"};
#ifdef BLAZEDB_MEASURES_MEMORY
  folders.push_back("bounds");
#endif
  for (const char* folder : folders)
    for (const auto& entry : std::filesystem::directory_iterator(kFolder / folder))
      if (entry.path().extension() == ".py") names.push_back(folder + ("." + entry.path().stem().string()));
  std::sort(names.begin(), names.end());
  return names;
}

class RawClient : public WithHubProcess, public testing::WithParamInterface<std::string> {
 protected:
  // The hub's log goes to a file, for the scenario to read.
  RawClient() : log_(path("hub.log")) {
    makeDatabase("hub.blazedb", SyncRole::server);
    before_ = {"/bin/sh", "-c", "exec \"$@\" 2>" + log_, "sh"};
  }

  ProcessOptions environment() const {
    ProcessOptions options = withPassword();
    options.environment["BLAZEDB"] = BLAZEDB_BINARY;
    options.environment["HUB_FILE"] = file_;
    options.environment["HUB_LOG"] = log_;
    options.environment["HUB_PORT"] = std::to_string(port());
    options.environment["HUB_HEALTH_PORT"] = std::to_string(said_.integer("healthzPort").value());
    options.environment["HUB_PIN"] = said_.string("pin").value();
    options.environment["HUB_PROCESS"] = std::to_string(hub_->pid());
    options.environment["PYTHONDONTWRITEBYTECODE"] = "1";
    return options;
  }

  const std::string log_;
};

TEST_P(RawClient, Holds) {
  start({file_});
  Result result = Process({"/usr/bin/python3", kFolder / "run.py", GetParam()}, environment()).wait();
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  // Whatever the scenario did, the hub serves the next client, ends when it is asked to, and logs only events.
  Database client = makeDatabase("next.blazedb");
  connect(client, token(file_)).synchronize(kBarrier);
  stopHub();
  for (const std::string& line : linesOf(readFile(log_))) EXPECT_TRUE(parsed(line).string("event")) << line;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, RawClient, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.substr(scenario.param.find('.') + 1); });

}  // namespace
}  // namespace blazedb::e2e
