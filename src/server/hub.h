// A hub: databases that one process keeps open for clients on other machines, and for commands on this one.
//
// It puts together a topology that listens (admission by token, revocation), control sockets, a log, and checks of its
// health. It adds the order in which they begin and end: clients are admitted when everything else runs, and the
// databases close when nothing uses them any more.
#pragma once

#include <condition_variable>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "blazedb/remote.h"
#include "blazedb/topology.h"
#include "server/control_server.h"
#include "server/guest_log.h"
#include "server/log.h"

namespace blazedb::server {

class Hub {
 public:
  // Offers each database under its own name. Listens when it returns. `log` must outlive it; `run` as ControlServer
  // says. Throws Error: AlreadyExists (two of one name), DuplicateReplica, and what Topology::listen and ControlServer
  // give.
  Hub(std::vector<Database> databases, const ListenOptions& options, Log& log, ControlServer::Run run);
  // Says goodbye to the clients, lets commands end, and closes the databases.
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  const std::vector<Database>& databases() const { return databases_; }
  ListenerInfo listener() const { return listener_; }

  // Reads certificate and key again, and the keys of the issuer, for new connections. If they cannot be used, logs why
  // and keeps the old ones. Tokens are not read again: each is checked in its database.
  void reload();

  // Whether every database can be read, its latest write was kept, and the certificate is valid; and how many clients
  // are connected. Thread-safe; quick. The log tells of problems by itself too.
  struct Health {
    bool fine = true;
    std::uint64_t databases = 0;
    std::uint64_t clients = 0;
    std::uint64_t rejected = 0;  // records that a database or one of its clients has not taken
    std::string problem;         // of the first that has one; names it
    std::string warning;         // about the certificate, from 30 days before its end; empty: none
  };
  Health health() const;

 private:
  Health ofDatabases() const;
  void watch();
  std::string look();
  void logCertificate();
  void logIssuer();

  std::vector<Database> databases_;
  Log& log_;
  GuestLog guests_;
  ControlServer control_;
  Topology topology_;
  ListenerInfo listener_;

  CertificateStatus toldOfCertificate_;  // the watcher's, once there is one

  base::Mutex mutex_;
  std::condition_variable_any wake_;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread watcher_;
};

}  // namespace blazedb::server
