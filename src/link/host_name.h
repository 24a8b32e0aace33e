// The name of a host: as it is dialled, as it is shown, and as its certificate has it.
//
// Users write one host in several ways: with the dot at the end that says that a name is complete, an IPv6 address with
// the interface that leads there, an IPv4 address in the clothes of IPv6. A certificate has none of these.
#pragma once

#include <string>

namespace blazedb::link {

struct HostName {
  explicit HostName(const std::string& written);

  std::string dialled;   // keeps the dot, which spares the search through other domains
  std::string shown;     // tells one host from another
  std::string verified;  // what the certificate must be for
};

}  // namespace blazedb::link
