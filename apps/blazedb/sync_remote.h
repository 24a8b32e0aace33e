// The address and the options of `blazedb sync` for the database of a hub.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "blazedb/error.h"
#include "blazedb/remote.h"

namespace blazedb::cli {

struct RemoteAddress {
  std::string host;
  std::uint16_t port = 8080;
  std::string database;
};

// Parses HOST:PORT/NAME, HOST/NAME, [IPV6]:PORT/NAME or [IPV6]/NAME. Returns nothing if `text` names a file. UsageError
// if it is neither.
std::optional<RemoteAddress> parseRemote(const std::string& text);

// The options that apply only to a hub.
struct RemoteSync {
  std::string tokenFile;
  std::vector<std::string> pins;
  std::string caFile;
  std::string clientCertificate;
  std::string clientKey;
  bool noTls = false;
  bool allowPlaintext = false;
  std::vector<std::string> excluded;
  std::vector<std::string> teams;
  bool removeOutOfScope = false;
  std::string encryption;

  void declare(Arguments& arguments);
  // The first of these options that was given; empty if none was.
  std::string givenOption() const;
  // Throws UsageError if the options contradict one another.
  void refuseContradictions() const;
  // Reads the token, or asks for it. Errors: those of readPassword; InvalidArgument (a malformed pin).
  RemoteNode node(const RemoteAddress& address) const;
  SyncPolicy policy() const;
};

// For SyncJob::advice.
std::string adviceAboutHub(ErrorCode code);

}  // namespace blazedb::cli
