#include "server/hub.h"

#include <chrono>
#include <utility>

#include "base/contain.h"
#include "blazedb/error.h"

namespace blazedb::server {
namespace {

// How late the log tells of clients that come and go, and of problems.
constexpr std::chrono::seconds kBetweenLooks{1};

}  // namespace

Hub::Hub(std::vector<Database> databases, const ListenOptions& options, Log& log, ControlServer::Run run)
    : databases_(std::move(databases)),
      log_(log),
      guests_(log),
      control_(databases_, std::move(run), std::chrono::seconds(5),
               [this](const Database& database, const std::string& who, const sync::Bye& why) {
                 guests_.noteCommand(database.name(), who, why);
               }) {
  std::vector<NodeId> nodes;
  for (const Database& database : databases_) {
    nodes.push_back(topology_.registerDatabase(database, database.name()));
    log_.say(Level::info, "a database is open",
             {{"database", database.name()},
              {"path", database.path()},
              {"role", database.role() == SyncRole::server ? "server" : "client"}});
  }
  ListenOptions listen = options;
  listen.onEvent = [this](const ListenerEvent& event) { guests_.note(event); };
  listener_ = topology_.listen(nodes, listen);
  log_.say(Level::info, "listening", {{"host", listener_.host}, {"port", listener_.port}, {"pin", listener_.pin}});
  logCertificate();
  logIssuer();
  watcher_ = std::thread([this] { watch(); });
}

Hub::~Hub() {
  {
    base::Lock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
  }
  watcher_.join();
  guests_.tell();
  log_.say(Level::info, "stopping");
  topology_.stopListening(listener_.id);
}

void Hub::reload() {
  try {
    topology_.reloadCertificate(listener_.id);
    log_.say(Level::info, "the certificate was read again");
  } catch (const Error& error) {
    log_.say(Level::error, "a certificate or a key cannot be used; the old one stays", {{"reason", error.what()}});
  }
  logIssuer();
}

void Hub::logIssuer() {
  IssuerStatus issuer = topology_.issuer(listener_.id);
  if (issuer.file.empty()) return;
  log_.say(issuer.unused.empty() ? Level::info : Level::warning, "keys of the issuer are in use",
           {{"file", issuer.file}, {"keys", static_cast<long>(issuer.keys)}, {"unused", issuer.unused}});
}

Hub::Health Hub::health() const {
  Health health = ofDatabases();
  health.clients = topology_.connections().size();
  CertificateStatus certificate = topology_.certificate(listener_.id);
  health.warning = certificate.warning;
  health.fine = health.problem.empty() && certificate.valid;
  return health;
}

Hub::Health Hub::ofDatabases() const {
  Health health;
  health.databases = databases_.size();
  for (const Database& database : databases_) {
    std::string wrong;
    try {
      DatabaseInfo info = database.info();
      wrong = info.writeProblem;
      health.rejected += info.rejected;
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    if (health.problem.empty() && !wrong.empty()) health.problem = database.name() + ": " + wrong;
  }
  return health;
}

// Whatever fails here, the hub goes on serving the databases that can be read.
void Hub::watch() {
  bool fine = true;
  base::Lock lock(mutex_);
  while (!ending_) {
    if (wake_.wait_for(lock, kBetweenLooks) == std::cv_status::no_timeout) continue;
    lock.unlock();
    base::contain([&] {
      std::string wrong = look();
      if (std::exchange(fine, wrong.empty()) == fine) return;
      if (fine)
        log_.say(Level::info, "all is well again");
      else
        log_.say(Level::error, "something is wrong", {{"reason", wrong}});
    });
    lock.lock();
  }
}

// The problem; empty if there is none.
std::string Hub::look() {
  try {
    guests_.tell();
    logCertificate();
    return ofDatabases().problem;
  } catch (const std::exception& error) {
    return error.what();
  }
}

// A warning that counts the days is another one each day.
void Hub::logCertificate() {
  CertificateStatus now = topology_.certificate(listener_.id);
  if (now.news != toldOfCertificate_.news && !now.news.empty())
    log_.say(Level::info, "the hub's own certificate",
             {{"what", now.news}, {"file", now.file}, {"until", now.until}, {"pin", now.pin}});
  if (now.warning != toldOfCertificate_.warning && !now.warning.empty())
    log_.say(Level::warning, "the certificate needs attention", {{"reason", now.warning}, {"file", now.file}});
  toldOfCertificate_ = std::move(now);
}

}  // namespace blazedb::server
