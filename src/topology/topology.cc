#include "blazedb/topology.h"

#include "db/access.h"
#include "topology/network.h"

namespace blazedb {

Topology::Topology() : network_(std::make_shared<topology::Network>()) {}

NodeId Topology::registerDatabase(const Database& database, const std::string& name, const RegisterOptions& options) {
  return network_->registerDatabase(db::Access::replicaOf(database), name, options);
}

ConnectionId Topology::connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options) {
  return network_->connectLocal(from, to, mode, options);
}

ConnectionId Topology::connectRemote(NodeId node, const RemoteNode& remote, const SyncPolicy& policy) {
  return network_->connectRemote(node, remote, policy);
}

ListenerInfo Topology::listen(NodeId node, const ListenOptions& options) { return network_->listen({node}, options); }
ListenerInfo Topology::listen(const std::vector<NodeId>& nodes, const ListenOptions& options) {
  return network_->listen(nodes, options);
}
ListenerInfo Topology::listenLocal(NodeId node, const std::string& socketPath, const ListenLocalOptions& options) {
  return network_->listenLocal(node, socketPath, options);
}
ConnectionId Topology::connectCrossApp(NodeId node, const std::string& socketPath, ConnectionMode mode,
                                       const CrossAppOptions& options) {
  return network_->connectCrossApp(node, socketPath, mode, options);
}
void Topology::reloadCertificate(ListenerId listener) { network_->reloadCertificate(listener); }
CertificateStatus Topology::certificate(ListenerId listener) const { return network_->certificate(listener); }
void Topology::stopListening(ListenerId listener) { network_->stopListening(listener); }

void Topology::pause(ConnectionId connection) { network_->pause(connection); }
void Topology::resume(ConnectionId connection) { network_->resume(connection); }
void Topology::disconnect(ConnectionId connection) { network_->disconnect(connection); }
void Topology::synchronize(std::chrono::milliseconds timeout) { network_->synchronize(timeout); }
std::vector<ConnectionStatus> Topology::connections() const { return network_->connections(std::nullopt); }
std::vector<ConnectionStatus> Topology::connections(NodeId node) const { return network_->connections(node); }
ConnectionStatus Topology::status(ConnectionId connection) const { return network_->status(connection); }
TopologyGraph Topology::graph() const { return network_->graph(); }

Subscription Topology::onStatus(ConnectionId connection, std::function<void(const ConnectionStatus&)> listener) {
  return network_->onStatus(connection, std::move(listener));
}

}  // namespace blazedb
