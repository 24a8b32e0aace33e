// The listeners of a network: finds them by number, and ends them.
#include "blazedb/error.h"
#include "topology/network.h"
#include "topology/token_listener.h"

namespace blazedb::topology {

ListenerInfo Network::add(ListenerPtr listener, ListenerId id) {
  ListenerInfo info = listener->info();
  info.id = id;
  listeners_[info.id] = std::move(listener);
  return info;
}

ListenerInfo Network::listen(const std::vector<NodeId>& nodes, const ListenOptions& options) {
  base::Lock lock(mutex_);
  if (nodes.empty()) throw Error(ErrorCode::InvalidArgument, "there is no node to listen for");
  std::vector<Listener::Offer> offers;
  for (NodeId id : nodes) {
    const Node& offered = node(id);
    refuseLocalOnly(offered);
    offers.push_back({id, offered.name, offered.replica});
  }
  ListenOptions own = options;
  if (options.onEvent)
    own.onEvent = [weak = std::weak_ptr(callbacks_), listener = options.onEvent](const ListenerEvent& event) {
      if (auto callbacks = weak.lock()) callbacks->post([listener, event] { listener(event); });
    };
  return add(std::make_shared<TokenListener>(io(), clock_, std::move(offers), own), {nextId_++});
}

std::map<ListenerId, Network::ListenerPtr> Network::listeners() const {
  base::Lock lock(mutex_);
  return listeners_;
}

Network::ListenerPtr Network::listener(ListenerId id) const {
  base::Lock lock(mutex_);
  auto found = listeners_.find(id);
  if (found == listeners_.end())
    throw Error(ErrorCode::NotFound, "no listener " + std::to_string(id.value) + " in this topology");
  return found->second;
}

void Network::reloadCertificate(ListenerId id) { listener(id)->reload(); }
CertificateStatus Network::certificate(ListenerId id) const { return listener(id)->certificate(); }
IssuerStatus Network::issuer(ListenerId id) const { return listener(id)->issuer(); }

void Network::stopListening(ListenerId id) {
  ListenerPtr closing = listener(id);
  {
    base::Lock lock(mutex_);
    if (listeners_.erase(id) == 0) return;  // another thread ends it
  }
  closing->close();
}

void Network::synchronize(ListenerId id, std::chrono::milliseconds timeout) {
  std::map<ListenerId, ListenerPtr> all = listeners();
  auto found = all.find(id);
  if (found == all.end()) return;
  if (found->second->waitSynchronized(clock_.monotonicUs() + std::chrono::microseconds(timeout).count())) return;
  std::string behind;
  for (const ConnectionStatus& status : connections(std::nullopt))
    if (!status.verified) behind += (behind.empty() ? "" : ", ") + status.remote;
  throw Error(ErrorCode::Timeout, "not in sync yet with " + (behind.empty() ? "all that are connected" : behind));
}

}  // namespace blazedb::topology
