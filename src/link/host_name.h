// The name of a host in three forms: to dial, to show, and to compare with a certificate.
//
// Users write one host in several ways: with a final dot, which says that the name is complete; as an IPv6 address with
// an interface; as an IPv4 address in IPv6 form. A certificate has none of these.
#pragma once

#include <string>

namespace blazedb::link {

struct HostName {
  explicit HostName(const std::string& written);

  std::string dialled;   // keeps the dot, which avoids a search through other domains
  std::string shown;     // the same for the same host
  std::string verified;  // the name that the certificate must have
};

}  // namespace blazedb::link
