// Separate hosts on one machine: network namespaces, which contain only what the test connects.
//
// A process that waits for the end of its input holds the namespace, so nothing is left behind, however the test ends.
// If the test is not root, a user namespace comes first, in which it is root.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "e2e/process.h"

namespace blazedb::e2e {

// This machine or this user may not make namespaces: what() says why.
struct NoNamespaces : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class NetworkNamespace {
 public:
  // The first namespace, and further ones beside it. Throws NoNamespaces.
  NetworkNamespace() : NetworkNamespace(nullptr) {}
  explicit NetworkNamespace(const NetworkNamespace& first) : NetworkNamespace(&first) {}

  // The command that runs `words` in the namespace.
  std::vector<std::string> inside(const std::vector<std::string>& words) const;
  // Runs ip(8) with these words, split at spaces. Throws NoNamespaces.
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
  // The switch drops everything from and to the host; neither side is told.
  void lose(int host) const;
  void find(int host) const;
  // The interface of the host goes down; its system notices at once.
  void unplug(int host) const;
  void plug(int host) const;

 private:
  NetworkNamespace switch_;
  std::vector<NetworkNamespace> hosts_;
};

}  // namespace blazedb::e2e
