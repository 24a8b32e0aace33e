#include "health_page.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <vector>

#include "blazedb/error.h"
#include "codec/json.h"
#include "text.h"

namespace blazedb::cli {
namespace {

using std::chrono::steady_clock;

constexpr const char* kAddress = "127.0.0.1";
constexpr std::size_t kVisitorsMax = 16;
constexpr std::size_t kRequestBytesMax = 4096;
constexpr std::chrono::seconds kTime{5};
// The wait after an accept that failed, most likely because the process has no more file descriptors.
constexpr int kAcceptAgainMs = 100;

std::string response(const std::string& status, const std::string& content, const std::string& type) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(content.size()) +
         "\r\nConnection: close\r\n\r\n" + content;
}

}  // namespace

HealthPage::HealthPage(const server::Hub& hub, std::uint16_t port) : hub_(hub) {
  listen(port);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { run(); });
}

HealthPage::~HealthPage() {
  eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
  ::close(listener_);
}

void HealthPage::listen(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* address = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof at;
  int yes = 1;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (listener_ < 0 || ::bind(listener_, address, size) != 0 || ::listen(listener_, SOMAXCONN) != 0 ||
      ::getsockname(listener_, address, &size) != 0) {
    if (listener_ >= 0) ::close(listener_);
    throw Error(ErrorCode::IoError, "the health page cannot listen on " + std::string(kAddress) + ":" +
                                        std::to_string(port) + "; choose another --healthz-port");
  }
  port_ = ntohs(at.sin_port);
}

void HealthPage::run() {
  std::vector<pollfd> waits;
  waits.reserve(2 + kVisitorsMax);
  for (;;) {
    waits.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
    for (const Visitor& visitor : visitors_)
      waits.push_back({visitor.fd, static_cast<short>(visitor.answer.empty() ? POLLIN : POLLOUT), 0});
    // The oldest visitor expires first.
    int waitMs = -1;
    if (!visitors_.empty()) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(visitors_.front().until - steady_clock::now());
      waitMs = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    if (::poll(waits.data(), waits.size(), waitMs) < 0 && errno != EINTR) break;
    if (waits[0].revents != 0) break;
    auto now = steady_clock::now();
    std::size_t at = 2;
    visitors_.remove_if([&](Visitor& visitor) {
      bool stays = now < visitor.until && (waits[at].revents == 0 || serve(visitor));
      at++;
      if (!stays) ::close(visitor.fd);
      return !stays;
    });
    if (waits[1].revents != 0) admit();
  }
  for (const Visitor& visitor : visitors_) ::close(visitor.fd);
}

void HealthPage::admit() {
  int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    pollfd wake{wake_, POLLIN, 0};
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(&wake, 1, kAcceptAgainMs);
    return;
  }
  if (visitors_.size() >= kVisitorsMax) {
    ::close(visitors_.front().fd);
    visitors_.pop_front();
  }
  try {
    visitors_.push_back({fd, steady_clock::now() + kTime, {}, {}});
  } catch (const std::bad_alloc&) {
    ::close(fd);
  }
}

bool HealthPage::serve(Visitor& visitor) const try {
  if (visitor.answer.empty()) {
    char buffer[kRequestBytesMax];
    ssize_t got = ::recv(visitor.fd, buffer, sizeof buffer, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0 || visitor.asked.size() + static_cast<std::size_t>(got) > kRequestBytesMax) return false;
    visitor.asked.append(buffer, static_cast<std::size_t>(got));
    if (visitor.asked.find("\r\n\r\n") == std::string::npos) return true;
    visitor.answer = answerTo(visitor.asked);
  }
  ssize_t sent = ::send(visitor.fd, visitor.answer.data(), visitor.answer.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  visitor.answer.erase(0, static_cast<std::size_t>(sent));
  return !visitor.answer.empty();
} catch (const std::exception&) {
  return false;  // for example, out of memory
}

std::string HealthPage::answerTo(const std::string& request) const {
  if (!request.starts_with("GET /healthz ")) return response("404 Not Found", "", "text/plain");
  server::Hub::Health health = hub_.health();
  Object answer{{"status", health.fine ? "ok" : "failing"},
                {"databases", jsonNumber(health.databases)},
                {"clients", jsonNumber(health.clients)},
                {"rejected", jsonNumber(health.rejected)}};
  if (!health.warning.empty()) answer.set("warning", "the certificate needs attention; see the log");
  return response(health.fine ? "200 OK" : "503 Service Unavailable", codec::valueToJson(answer) + "\n",
                  "application/json");
}

}  // namespace blazedb::cli
