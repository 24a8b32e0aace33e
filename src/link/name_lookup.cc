#include "link/name_lookup.h"

#include <asio/io_context.hpp>
#include <thread>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"

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
  base::Mutex mutex;
  Done done GUARDED_BY(mutex);
  bool asking GUARDED_BY(mutex) = false;
};

NameLookup::NameLookup(Ask ask) : state_(std::make_shared<State>()) { state_->ask = std::move(ask); }

void NameLookup::begin(Done done) {
  base::Lock lock(state_->mutex);
  state_->done = std::move(done);
  if (state_->asking) return;
  std::thread([state = state_] {
    Addresses addresses;
    if (!base::contain([&] { addresses = state->ask(); })) addresses.failure = "no memory";  // too short to allocate
    base::Lock held(state->mutex);
    state->asking = false;
    // If `done` throws for want of memory, its owner has a timer.
    if (Done asked = std::exchange(state->done, nullptr)) base::contain(asked, addresses);
  }).detach();
  state_->asking = true;
}

void NameLookup::stop() {
  base::Lock lock(state_->mutex);
  state_->done = nullptr;
}

}  // namespace blazedb::link
