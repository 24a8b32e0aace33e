#include "link/dialling.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace blazedb::link {
namespace {

using asio::ip::tcp;

constexpr asio::steady_timer::duration kShareMin = std::chrono::seconds(1);

}  // namespace

Dialling::Dialling(Io& io, Strand strand, std::vector<tcp::endpoint> endpoints, asio::steady_timer::time_point deadline)
    : strand_(std::move(strand)),
      endpoints_(std::move(endpoints)),
      deadline_(deadline),
      socket_(io.sockets()),
      timer_(io.sockets()) {}

void Dialling::begin(Done done) {
  done_ = std::move(done);
  tryNext("it has no address");
}

void Dialling::stop() {
  done_ = nullptr;
  timer_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
}

void Dialling::tryNext(const std::string& failure) {
  asio::error_code ignored;
  socket_.close(ignored);
  if (tried_ == endpoints_.size()) return finish(std::nullopt, failure);
  asio::steady_timer::duration left = deadline_ - asio::steady_timer::clock_type::now();
  asio::steady_timer::duration share = std::max(kShareMin, left / static_cast<int>(endpoints_.size() - tried_));
  tried_++;
  timer_.expires_after(share);
  timer_.async_wait(ofThisTry([share](Dialling& self, asio::error_code cancelled) {
    auto waited = std::chrono::round<std::chrono::seconds>(share).count();
    if (!cancelled) self.tryNext("no answer within " + std::to_string(waited) + " s");
  }));
  socket_.async_connect(endpoints_[tried_ - 1], ofThisTry([](Dialling& self, asio::error_code error) {
                          if (error) return self.tryNext(error.message());
                          self.finish(std::move(self.socket_), {});
                        }));
}

void Dialling::finish(std::optional<tcp::socket> socket, const std::string& failure) {
  Done done = std::exchange(done_, nullptr);
  stop();
  done(std::move(socket), failure);
}

}  // namespace blazedb::link
