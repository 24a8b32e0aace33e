// The database of a hub, as `blazedb sync` is told of it: its address, what is believed of the hub, what is wanted.
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

// HOST:PORT/NAME, HOST/NAME, [IPV6]:PORT/NAME or [IPV6]/NAME; nothing for what is to be a file. UsageError for what is
// neither.
std::optional<RemoteAddress> parseRemote(const std::string& text);

// The options that only a hub has.
struct RemoteSync {
  std::string tokenFile;
  std::vector<std::string> pins;
  std::string caFile;
  std::string clientCertificate;
  std::string clientKey;
  bool noTls = false;
  bool allowPlaintext = false;
  std::vector<std::string> collections;
  std::vector<std::string> excluded;
  bool removeOutOfScope = false;
  std::string encryption;

  void declare(Arguments& arguments);
  // One that was given; empty where none was.
  std::string givenOption() const;
  // UsageError.
  void refuseContradictions() const;
  // Reads the token, or asks for it: the errors of readPassword. InvalidArgument: a pin that is none.
  RemoteNode node(const RemoteAddress& address) const;
  SyncPolicy policy() const;
};

// For SyncJob.
std::string adviceAboutHub(ErrorCode code);

}  // namespace blazedb::cli
