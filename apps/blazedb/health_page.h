// http://127.0.0.1:PORT/healthz, for whatever watches over the daemon: 200 while all is well, 503 otherwise.
//
// On loopback alone, and with nothing in it that would tell another user of the machine what is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/hub.h"

namespace blazedb::cli {

class HealthPage {
 public:
  // Port 0: one that is free. `hub` must outlive it. Throws Error(IoError) where the port is taken.
  HealthPage(const server::Hub& hub, std::uint16_t port);
  ~HealthPage();
  HealthPage(const HealthPage&) = delete;
  HealthPage& operator=(const HealthPage&) = delete;

  std::uint16_t port() const;

 private:
  struct Running;
  std::unique_ptr<Running> running_;  // so that its library, a large one, is seen by one file
};

}  // namespace blazedb::cli
