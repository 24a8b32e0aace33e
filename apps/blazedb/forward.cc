#include "forward.h"

#include <cstdio>
#include <filesystem>
#include <optional>

#include "interrupt.h"
#include "output.h"
#include "server/control_client.h"
#include "text.h"
#include "text_input.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kPartBytes = 64u << 10;

int run(server::ControlClient& owner, const std::vector<std::string>& words) {
  Interrupt interrupt;
  std::optional<TextInput> input;
  server::ControlStreams streams;
  streams.out = [](std::string_view text) {
    print(text);
    flushOutput();
  };
  streams.error = [](std::string_view text) { std::fputs(std::string(text).c_str(), stderr); };
  streams.input = [&](const std::string& path) {
    bool begun = input.has_value();
    std::optional<std::string> part;
    try {
      if (!begun) input.emplace(TextSource{.path = path, .bytesAtOnce = kPartBytes});
      part = input->part();
    } catch (const Error& error) {
      if (!begun) throw;
      complain(error.what());  // and the owner says how far it came
    }
    if (!part) interrupt.requested();  // taken, so that a second ^C ends this process if the owner does not answer
    return part;
  };
  streams.wait = [&](int socket) { return waitReadable(socket) || !interrupt.requested(); };
  return owner.run(std::filesystem::current_path().string(), words, streams);
}

Error takesNoCommands(const Error& inUse) {
  return Error(inUse.code(), messageOf(inUse) +
                                 "; that process takes no commands: it is a program that uses the BlazeDB library, or "
                                 "another blazedb command at work; when it has closed the file or ended, run this "
                                 "command again");
}

}  // namespace

int forward(const InUse& inUse, const std::vector<std::string>& words) {
  std::optional<server::ControlClient> owner = server::ControlClient::connect(inUse.file);
  if (!owner) throw takesNoCommands(inUse.error);
  owner->authenticate(inUse.password.text());
  int status = run(*owner, words);
  if (words.front() == "stop" && status == 0) owner->waitForEnd();
  return status;
}

Error needsItAlone(const std::string& command, const InUse& inUse) {
  if (!server::ControlClient::connect(inUse.file)) return takesNoCommands(inUse.error);
  return Error(
      inUse.error.code(),
      messageOf(inUse.error) + "; " + command + " needs the file for itself: run blazedb stop " + quoted(inUse.file) +
          (inUse.passwordFile.empty() || inUse.passwordFile == "-" ? ""
                                                                   : " --password-file " + quoted(inUse.passwordFile)) +
          ", then this command again" + inUse.instead);
}

}  // namespace blazedb::cli
