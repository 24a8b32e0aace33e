// Hosts of their own on one machine: network namespaces, with nothing in them but what the test connects.
//
// A namespace is held by a process that waits for its input to end, so nothing is left behind, however the test ends.
// Where the test is not root a user namespace comes first, in which it is.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "e2e/process.h"

namespace blazedb::e2e {

// This machine, or this user, may not make them: says why.
struct NoNamespaces : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class NetworkNamespace {
 public:
  // A first one, and those beside it. Throws NoNamespaces.
  NetworkNamespace() : NetworkNamespace(nullptr) {}
  explicit NetworkNamespace(const NetworkNamespace& first) : NetworkNamespace(&first) {}

  // The words that run `words` in it.
  std::vector<std::string> inside(const std::vector<std::string>& words) const;
  // ip(8), with these words, split at spaces. Throws NoNamespaces.
  void ip(const std::string& words) const;
  std::string pid() const { return std::to_string(holder_.pid()); }

 private:
  explicit NetworkNamespace(const NetworkNamespace* first);
  Process holder_;
};

// A switch, and hosts with a cable to it: 10.77.0.1, 10.77.0.2 and so on.
class SwitchedNetwork {
 public:
  // Throws NoNamespaces.
  explicit SwitchedNetwork(int hosts);

  // Both count from 0.
  static std::string addressOf(int host) { return "10.77.0." + std::to_string(host + 1); }
  std::vector<std::string> onHost(int host, const std::vector<std::string>& words) const;
  // The switch carries nothing from or to it any more: nobody notices.
  void lose(int host) const;
  void find(int host) const;
  // The host's own interface: its system notices at once.
  void unplug(int host) const;
  void plug(int host) const;

 private:
  NetworkNamespace switch_;
  std::vector<NetworkNamespace> hosts_;
};

}  // namespace blazedb::e2e
