// http://127.0.0.1:PORT/healthz, for whatever watches over the daemon: 200 while all is well, 503 otherwise.
//
// On loopback alone, and with nothing in it that would tell another user of the machine what is stored. Every user of
// the machine may ask, and whoever asks and says nothing more takes a file of the process: so there are few at a time,
// a few seconds each, and where there are more the one that has been there for longest goes. One thread carries them
// all; nothing waits for one of them.
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
  // Port 0: one that is free. `hub` must outlive it. Throws Error(IoError) where the port is taken.
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
    std::string answer;  // what is left to say
  };

  void listen(std::uint16_t port);
  void run();
  void admit();
  // Does what can be done without waiting. False: this one is through.
  bool serve(Visitor& visitor) const;
  std::string answerTo(const std::string& request) const;

  const server::Hub& hub_;
  int listener_ = -1;
  int wake_ = -1;  // readable when it is time to end
  std::uint16_t port_ = 0;
  std::list<Visitor> visitors_;  // of the thread; in the order in which they came
  std::thread thread_;
};

}  // namespace blazedb::cli
