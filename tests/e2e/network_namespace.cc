#include "e2e/network_namespace.h"

#include <unistd.h>

#include <sstream>

namespace blazedb::e2e {
namespace {

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> holderWords(const NetworkNamespace* first) {
  std::vector<std::string> words = {"/usr/bin/unshare", "--net"};
  if (!first && geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  words.push_back("/bin/cat");
  return first ? first->inside(words) : words;
}

std::string portOf(int host) { return "port" + std::to_string(host); }

}  // namespace

NetworkNamespace::NetworkNamespace(const NetworkNamespace* first) : holder_(holderWords(first), {.hasInput = true}) {
  try {
    holder_.write("here\n");
    holder_.readUntil("here");
  } catch (const std::runtime_error& error) {
    throw NoNamespaces(error.what());
  }
}

std::vector<std::string> NetworkNamespace::inside(const std::vector<std::string>& words) const {
  std::vector<std::string> enter = {"/usr/bin/nsenter", "--target", pid(), "--net"};
  if (geteuid() != 0) enter.insert(enter.end(), {"--user", "--preserve-credentials"});
  return joined(std::move(enter), words);
}

void NetworkNamespace::ip(const std::string& words) const {
  std::vector<std::string> all = {"/usr/sbin/ip"};
  std::istringstream in(words);
  for (std::string word; in >> word;) all.push_back(word);
  Result result = Process(inside(all)).wait();
  if (result.status != 0) throw NoNamespaces("ip " + words + ": " + result.err);
}

SwitchedNetwork::SwitchedNetwork(int hosts) {
  switch_.ip("link add switch type bridge");
  switch_.ip("link set switch up");
  hosts_.reserve(static_cast<std::size_t>(hosts));
  for (int host = 0; host < hosts; host++) {
    const NetworkNamespace& made = hosts_.emplace_back(switch_);
    switch_.ip("link add " + portOf(host) + " type veth peer name cable netns " + made.pid());
    switch_.ip("link set " + portOf(host) + " up");
    find(host);
    made.ip("link set lo up");
    made.ip("address add " + addressOf(host) + "/24 dev cable");
    plug(host);
  }
}

std::vector<std::string> SwitchedNetwork::onHost(int host, const std::vector<std::string>& words) const {
  return hosts_.at(static_cast<std::size_t>(host)).inside(words);
}

void SwitchedNetwork::lose(int host) const { switch_.ip("link set " + portOf(host) + " nomaster"); }
void SwitchedNetwork::find(int host) const { switch_.ip("link set " + portOf(host) + " master switch"); }
void SwitchedNetwork::unplug(int host) const { hosts_.at(static_cast<std::size_t>(host)).ip("link set cable down"); }
void SwitchedNetwork::plug(int host) const { hosts_.at(static_cast<std::size_t>(host)).ip("link set cable up"); }

}  // namespace blazedb::e2e
