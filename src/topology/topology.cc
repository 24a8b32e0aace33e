#include "blazedb/topology.h"

#include "base/typed.h"
#include "db/access.h"
#include "topology/network.h"

namespace blazedb {

Topology::Topology() : network_(base::typed([] { return std::make_shared<topology::Network>(); })) {}

NodeId Topology::registerDatabase(const Database& database, const std::string& name, const RegisterOptions& options) {
  return base::typed(&topology::Network::registerDatabase, network_, db::Access::replicaOf(database), name, options);
}

ConnectionId Topology::connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options) {
  return base::typed(&topology::Network::connectLocal, network_, from, to, mode, options);
}

ConnectionId Topology::connectRemote(NodeId node, const RemoteNode& remote, const SyncPolicy& policy) {
  return base::typed(&topology::Network::connectRemote, network_, node, remote, policy);
}

ListenerInfo Topology::listen(NodeId node, const ListenOptions& options) {
  return base::typed([&] { return network_->listen({node}, options); });
}
ListenerInfo Topology::listen(const std::vector<NodeId>& nodes, const ListenOptions& options) {
  return base::typed(&topology::Network::listen, network_, nodes, options);
}
ListenerInfo Topology::listenLocal(NodeId node, const std::string& socketPath, const ListenLocalOptions& options) {
  return base::typed([&] { return network_->listenLocal(node, socketPath, options); });
}
ConnectionId Topology::connectCrossApp(NodeId node, const std::string& socketPath, ConnectionMode mode,
                                       const CrossAppOptions& options) {
  return base::typed([&] { return network_->connectCrossApp(node, socketPath, mode, options); });
}
void Topology::reloadCertificate(ListenerId listener) {
  base::typed(&topology::Network::reloadCertificate, network_, listener);
}
CertificateStatus Topology::certificate(ListenerId listener) const {
  return base::typed(&topology::Network::certificate, network_, listener);
}
IssuerStatus Topology::issuer(ListenerId listener) const {
  return base::typed(&topology::Network::issuer, network_, listener);
}
void Topology::stopListening(ListenerId listener) {
  base::typed(&topology::Network::stopListening, network_, listener);
}

void Topology::pause(ConnectionId connection) { base::typed(&topology::Network::pause, network_, connection); }
void Topology::resume(ConnectionId connection) { base::typed(&topology::Network::resume, network_, connection); }
void Topology::disconnect(ConnectionId connection) {
  base::typed(&topology::Network::disconnect, network_, connection);
}
void Topology::synchronize(std::chrono::milliseconds timeout) {
  base::typed([&] { network_->synchronize(timeout); });
}
std::vector<ConnectionStatus> Topology::connections() const {
  return base::typed(&topology::Network::connections, network_, std::nullopt);
}
std::vector<ConnectionStatus> Topology::connections(NodeId node) const {
  return base::typed(&topology::Network::connections, network_, node);
}
ConnectionStatus Topology::status(ConnectionId connection) const {
  return base::typed(&topology::Network::status, network_, connection);
}
TopologyGraph Topology::graph() const { return base::typed(&topology::Network::graph, network_); }

Subscription Topology::onStatus(ConnectionId connection, std::function<void(const ConnectionStatus&)> listener) {
  return base::typed(&topology::Network::onStatus, network_, connection, std::move(listener));
}

}  // namespace blazedb
