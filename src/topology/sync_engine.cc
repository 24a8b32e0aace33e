#include "blazedb/remote.h"

#include <filesystem>

#include "base/typed.h"
#include "blazedb/database.h"
#include "blazedb/error.h"
#include "blazedb/topology.h"
#include "db/access.h"
#include "link/certificate.h"
#include "topology/sync_handle.h"

namespace blazedb {

CertificatePinningConfig CertificatePinningConfig::fromFile(const std::string& path) {
  return base::typed([&] {
    if (!std::filesystem::exists(path)) throw Error(ErrorCode::IoError, "there is no file " + path);
    return fromSpki(link::pinOfFile(path));
  });
}

CertificatePinningConfig CertificatePinningConfig::fromSpki(const std::string& pin) {
  return base::typed([&] { return fromSpki(std::vector<std::string>{pin}); });
}

CertificatePinningConfig CertificatePinningConfig::fromSpki(const std::vector<std::string>& pins) {
  return base::typed([&] {
    if (pins.empty())
      throw Error(ErrorCode::InvalidArgument,
                  "there is no pin in the list; CertificatePinningConfig() is for a hub whose certificate an authority "
                  "has signed");
    for (const std::string& pin : pins)
      if (!link::isPin(pin))
        throw Error(ErrorCode::InvalidArgument,
                    "'" + pin + "' is not a pin: sha256/ and the base64 of 32 bytes, as blazedb serve prints it");
    CertificatePinningConfig config;
    config.pins_ = pins;
    return config;
  });
}

SyncEngine Database::enableSync(const RemoteNode& remote, const SyncPolicy& policy) const {
  return base::typed([&] {
    auto handle = std::make_shared<topology::SyncHandle>(db::Access::replicaOf(*this));
    handle->connection = handle->network.connectRemote(handle->node, remote, policy);
    return SyncEngine(std::move(handle));
  });
}

SyncEngine::SyncEngine(std::shared_ptr<topology::SyncHandle> handle) : handle_(std::move(handle)) {}

void SyncEngine::synchronize(std::chrono::milliseconds timeout) {
  base::typed([&] { handle_->network.synchronize(timeout); });
}
void SyncEngine::pause() { base::typed(&topology::Network::pause, handle_->network, handle_->connection); }
void SyncEngine::resume() { base::typed(&topology::Network::resume, handle_->network, handle_->connection); }
ConnectionStatus SyncEngine::status() const {
  return base::typed(&topology::Network::status, handle_->network, handle_->connection);
}
SyncEngine::Pending SyncEngine::pendingChanges(std::size_t limit) const {
  return base::typed(&topology::Network::pending, handle_->network, handle_->connection, limit);
}
Subscription SyncEngine::onStatus(std::function<void(const ConnectionStatus&)> listener) {
  return base::typed(&topology::Network::onStatus, handle_->network, handle_->connection, std::move(listener));
}

}  // namespace blazedb
