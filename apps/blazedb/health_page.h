// http://127.0.0.1:PORT/healthz, for a monitor of the daemon: 200 while server::Hub::Health is fine, 503 otherwise.
//
// It listens on loopback only, and its answer does not tell other users of the machine what is stored. Every user of
// the machine may connect, and an idle connection holds a file descriptor of the process. Each connection is therefore
// closed after a few seconds. Few may be open at a time: a new one beyond that closes the oldest. One thread serves all
// connections and blocks on none of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "server/hub.h"

namespace blazedb::cli {

class HealthPage {
 public:
  // Port 0: any free port. `hub` must outlive the page. Throws Error(IoError) if the port is taken.
  HealthPage(const server::Hub& hub, std::uint16_t port);
  ~HealthPage();
  HealthPage(const HealthPage&) = delete;
  HealthPage& operator=(const HealthPage&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  struct Visitor {
    int fd = -1;
    std::chrono::steady_clock::time_point until;
    std::string asked;
    std::string answer;  // the part that is not sent yet
  };

  void listen(std::uint16_t port);
  void run();
  void admit();
  // Receives or sends what it can without blocking. Returns false when the connection is finished.
  bool serve(Visitor& visitor) const;
  std::string answerTo(const std::string& request) const;

  const server::Hub& hub_;
  int listener_ = -1;
  int wake_ = -1;  // readable when it is time to end
  std::uint16_t port_ = 0;
  std::list<Visitor> visitors_;  // used by the thread only; oldest first
  std::thread thread_;
};

}  // namespace blazedb::cli
