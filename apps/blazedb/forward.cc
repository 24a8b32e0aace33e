#include "forward.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "output.h"
#include "server/control_client.h"

namespace blazedb::cli {

int forward(const InUse& inUse, const std::vector<std::string>& words) {
  std::optional<server::ControlClient> owner = server::ControlClient::connect(inUse.file);
  if (!owner) throw inUse.error;
  owner->authenticate(inUse.password.text());
  server::ControlStreams streams;
  streams.out = [](std::string_view text) {
    print(text);
    flushOutput();
  };
  streams.error = [](std::string_view text) { std::fputs(std::string(text).c_str(), stderr); };
  streams.input = [] {
    std::array<char, 65536> buffer;
    return std::string(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), stdin));
  };
  int status = owner->run(std::filesystem::current_path().string(), words, streams);
  if (words.front() == "stop" && status == 0) owner->waitForEnd();
  return status;
}

}  // namespace blazedb::cli
