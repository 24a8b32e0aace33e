// A topology as text for people, for Graphviz and for programs.
#include <map>
#include <sstream>

#include "blazedb/topology.h"
#include "codec/json.h"

namespace blazedb {
namespace {

const char* nameOf(ConnectionState state) {
  switch (state) {
    case ConnectionState::connecting:
      return "connecting";
    case ConnectionState::catchingUp:
      return "catching up";
    case ConnectionState::live:
      return "live";
    case ConnectionState::offline:
      return "offline";
    case ConnectionState::stopped:
      return "stopped";
    case ConnectionState::paused:
      return "paused";
  }
  return "unknown";
}

const char* nameOf(ConnectionMode mode) {
  switch (mode) {
    case ConnectionMode::bidirectional:
      return "bidirectional";
    case ConnectionMode::readOnly:
      return "readOnly";
    case ConnectionMode::writeOnly:
      return "writeOnly";
  }
  return "unknown";
}

const char* arrowOf(ConnectionMode mode) {
  return mode == ConnectionMode::bidirectional ? "<->" : mode == ConnectionMode::readOnly ? "-->" : "<--";
}

const char* nameOf(SyncRole role) { return role == SyncRole::server ? "server" : "client"; }

const char* nameOf(SyncMode mode) {
  return mode == SyncMode::localOnly ? "localOnly" : mode == SyncMode::remoteOnly ? "remoteOnly" : "localAndRemote";
}

std::string describe(const ConnectionStatus& status) {
  std::ostringstream out;
  out << nameOf(status.state);
  if (status.state == ConnectionState::catchingUp) out << " " << status.done << "/" << status.total;
  if (status.verified)
    out << ", verified equal";
  else if (status.pending > 0)
    out << ", " << status.pending << " pending";
  if (status.rejected > 0) out << ", " << status.rejected << " rejected (" << status.rejection << ")";
  if (status.error) out << ": " << status.message;
  return out.str();
}

// The text for an end: a node of this topology, or an end elsewhere.
std::string endOf(const std::map<NodeId, const TopologyNode*>& nodes, NodeId id, const ConnectionStatus& status) {
  return id == NodeId{} ? status.remote : nodes.at(id)->name;
}

// For Graphviz. Names of nodes need no escape; names of tokens may.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::map<NodeId, const TopologyNode*> byId(const TopologyGraph& graph) {
  std::map<NodeId, const TopologyNode*> nodes;
  for (const TopologyNode& node : graph.nodes) nodes[node.id] = &node;
  return nodes;
}

}  // namespace

std::string TopologyGraph::visualize() const {
  std::ostringstream out;
  for (const TopologyNode& node : nodes)
    out << node.name << "  (" << nameOf(node.role) << ", " << node.records
        << (node.records == 1 ? " record)" : " records)") << "\n";
  auto known = byId(*this);
  for (const ConnectionStatus& status : connections)
    out << "  " << endOf(known, status.from, status) << " " << arrowOf(status.mode) << " "
        << endOf(known, status.to, status) << "  " << describe(status) << "\n";
  return out.str();
}

std::string TopologyGraph::toDot() const {
  std::ostringstream out;
  out << "digraph topology {\n";
  for (const TopologyNode& node : nodes)
    out << "  \"" << node.name << "\" [shape=" << (node.role == SyncRole::server ? "box" : "ellipse") << "];\n";
  auto known = byId(*this);
  for (const ConnectionStatus& status : connections) {
    const char* direction = status.mode == ConnectionMode::bidirectional ? "both"
                            : status.mode == ConnectionMode::readOnly    ? "forward"
                                                                         : "back";
    out << "  " << quoted(endOf(known, status.from, status)) << " -> " << quoted(endOf(known, status.to, status))
        << " [dir=" << direction << ", label=\"" << nameOf(status.state) << "\"];\n";
  }
  out << "}\n";
  return out.str();
}

std::string TopologyGraph::toJson() const {
  Array nodeList, connectionList;
  for (const TopologyNode& node : nodes)
    nodeList.push_back(Object{{"id", static_cast<std::int64_t>(node.id.value)},
                              {"name", node.name},
                              {"role", nameOf(node.role)},
                              {"syncMode", nameOf(node.syncMode)},
                              {"records", static_cast<std::int64_t>(node.records)}});
  for (const ConnectionStatus& status : connections) {
    Object line{{"id", static_cast<std::int64_t>(status.id.value)},
                {"from", static_cast<std::int64_t>(status.from.value)},
                {"to", static_cast<std::int64_t>(status.to.value)},
                {"remote", status.remote},
                {"mode", nameOf(status.mode)},
                {"state", nameOf(status.state)},
                {"done", static_cast<std::int64_t>(status.done)},
                {"total", static_cast<std::int64_t>(status.total)},
                {"pending", static_cast<std::int64_t>(status.pending)},
                {"bytes", static_cast<std::int64_t>(status.bytes)},
                {"repaired", static_cast<std::int64_t>(status.repaired)},
                {"rejected", static_cast<std::int64_t>(status.rejected)},
                {"verified", status.verified}};
    if (status.rejected > 0) line.set("rejection", status.rejection);
    if (status.error) {
      line.set("error", errorName(*status.error));
      line.set("message", status.message);
    }
    connectionList.push_back(std::move(line));
  }
  return codec::recordToJson({{"nodes", std::move(nodeList)}, {"connections", std::move(connectionList)}},
                             std::nullopt);
}

}  // namespace blazedb
