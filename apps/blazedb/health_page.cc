#include "health_page.h"

#define CPPHTTPLIB_USE_POLL  // select() is for file descriptors below 1024, and a hub has more
#include <httplib.h>

#include <atomic>
#include <thread>

#include "blazedb/error.h"
#include "codec/json.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr const char* kAddress = "127.0.0.1";
constexpr std::size_t kThreads = 2;
constexpr int kSecondsToAsk = 5;

}  // namespace

struct HealthPage::Running {
  httplib::Server http;
  int port = 0;
  std::atomic<bool> over{false};
  std::thread thread;
};

HealthPage::HealthPage(const server::Hub& hub, std::uint16_t port) : running_(std::make_unique<Running>()) {
  httplib::Server& http = running_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http.set_keep_alive_max_count(1);
  http.set_read_timeout(kSecondsToAsk);
  http.set_write_timeout(kSecondsToAsk);
  http.set_payload_max_length(0);
  http.Get("/healthz", [&hub](const httplib::Request&, httplib::Response& response) {
    server::Hub::Health health = hub.health();
    response.status = health.fine ? 200 : 503;
    Object answer{{"status", health.fine ? "ok" : "failing"},
                  {"databases", jsonNumber(health.databases)},
                  {"clients", jsonNumber(health.clients)}};
    if (!health.warning.empty()) answer.set("warning", "the certificate needs attention; see the log");
    response.set_content(codec::valueToJson(answer) + "\n", "application/json");
  });
  running_->port = port == 0 ? http.bind_to_any_port(kAddress) : http.bind_to_port(kAddress, port) ? port : -1;
  if (running_->port < 0)
    throw Error(ErrorCode::IoError, "the health page cannot listen on " + std::string(kAddress) + ":" +
                                        std::to_string(port) + "; choose another --healthz-port");
  running_->thread = std::thread([this, &http] {
    http.listen_after_bind();
    running_->over = true;
  });
}

HealthPage::~HealthPage() {
  // A stop before it has begun would be overlooked.
  while (!running_->http.is_running() && !running_->over) std::this_thread::yield();
  running_->http.stop();
  running_->thread.join();
}

std::uint16_t HealthPage::port() const { return static_cast<std::uint16_t>(running_->port); }

}  // namespace blazedb::cli
