#include "link/name_lookup.h"

#include <asio/io_context.hpp>
#include <mutex>
#include <thread>
#include <utility>

#include "base/contain.h"

namespace blazedb::link {

using asio::ip::tcp;

Addresses askSystem(const std::string& host, std::uint16_t port) {
  asio::io_context unused;
  asio::error_code failed;
  Addresses addresses;
  for (const auto& entry : tcp::resolver(unused).resolve(host, std::to_string(port), failed))
    addresses.endpoints.push_back(entry.endpoint());
  if (failed) addresses.failure = failed.message();
  return addresses;
}

struct NameLookup::State {
  Ask ask;
  std::mutex mutex;
  Done done;
  bool asking = false;
};

NameLookup::NameLookup(Ask ask) : state_(std::make_shared<State>()) { state_->ask = std::move(ask); }

void NameLookup::begin(Done done) {
  std::lock_guard lock(state_->mutex);
  state_->done = std::move(done);
  if (state_->asking) return;
  std::thread([state = state_] {
    Addresses addresses;
    if (!base::contain([&] { addresses = state->ask(); })) addresses.failure = "no memory";  // too short to allocate
    std::lock_guard held(state->mutex);
    state->asking = false;
    // If `done` throws for want of memory, its owner has a timer.
    if (Done asked = std::exchange(state->done, nullptr)) base::contain(asked, addresses);
  }).detach();
  state_->asking = true;
}

void NameLookup::stop() {
  std::lock_guard lock(state_->mutex);
  state_->done = nullptr;
}

}  // namespace blazedb::link
