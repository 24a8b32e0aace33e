#include "topology/token_listener.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "blazedb/error.h"
#include "link/certificate.h"
#include "link/retry.h"

namespace blazedb::topology {
namespace {

constexpr std::chrono::milliseconds kPatrol{250};

// The label of a guest is the number of its token, and what people call it.
std::string labelOf(const Token& token) { return std::to_string(token.id) + " " + token.options.name; }
std::int64_t tokenOf(const std::string& label) { return std::stoll(label); }

std::string hostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

sync::SessionOptions rightsOf(const TokenOptions& token) {
  sync::SessionOptions options;
  options.sends = token.mayRead;
  options.receives = token.mayWrite;
  options.peerMayBeServer = options.peerMayErase = token.role == SyncRole::server;
  if (!token.collections.empty()) options.scope = sync::makeScope(token.collections, {});
  return options;
}

}  // namespace

TokenListener::TokenListener(link::Io& io, base::Clock& clock, std::vector<Offer> offers, const ListenOptions& options)
    : Listener(std::move(offers)), clock_(clock), options_(options) {
  if (options_.certificateFile.empty() != options_.keyFile.empty())
    throw Error(ErrorCode::InvalidArgument, "a certificate and its key go together: name both files, or none");
  link::AcceptorOptions accept;
  accept.address = options_.host;
  accept.port = options_.port;
  accept.allowPlaintext = options_.allowPlaintext;
  if (options_.useTLS) accept.tls = tlsContext();
  open(io, clock_, accept);
  patrol_ = std::thread([this] { patrol(); });
}

void TokenListener::close() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (patrol_.joinable()) patrol_.join();
  Listener::close();
}

// Without a certificate one is made, once, and kept beside the database: the pin that clients were told stays good.
std::shared_ptr<const link::TlsContext> TokenListener::tlsContext() {
  if (options_.certificateFile.empty()) {
    std::string beside = (std::filesystem::path(offers_[0].engine->path()).parent_path() / offers_[0].name).string();
    options_.certificateFile = beside + ".hub-cert.pem";
    options_.keyFile = beside + ".hub-key.pem";
    if (!std::filesystem::exists(options_.certificateFile))
      link::makeSelfSigned(options_.certificateFile, options_.keyFile, {hostName(), "localhost", "127.0.0.1", "::1"},
                           clock_.wallMs());
  }
  std::string pin = link::pinOfFile(options_.certificateFile);
  auto context = link::TlsContext::forServer({options_.certificateFile, options_.keyFile, options_.clientCaFile});
  std::lock_guard lock(mutex_);
  pin_ = pin;
  return context;
}

void TokenListener::reload() {
  if (options_.useTLS) acceptor_->setTls(tlsContext());
}

ListenerInfo TokenListener::info() const {
  std::lock_guard lock(mutex_);
  return {{}, options_.host, acceptor_->port(), pin_};
}

const Listener::Offer* TokenListener::find(const std::string& name) const {
  auto found = std::find_if(offers_.begin(), offers_.end(), [&](const Offer& offer) { return offer.name == name; });
  return found == offers_.end() ? nullptr : &*found;
}

link::Admission TokenListener::admit(const link::Knock& knock, const link::PeerInfo&) const {
  const Offer* offer = find(knock.database);
  if (!offer)
    return sync::Bye{ErrorCode::UnknownDatabase,
                     "there is no database '" + knock.database + "' here; ask whoever runs the hub for its name"};
  try {
    Token token = offer->engine->checkToken(base::textOf(knock.token));
    return link::Guest{offer->engine, rightsOf(token.options), labelOf(token)};
  } catch (const Error& error) {
    return link::failureOf(error);
  }
}

std::string TokenListener::nameOf(const link::Served& served) const {
  return served.label.substr(served.label.find(' ') + 1) + " at " + served.peer.address;
}

void TokenListener::patrol() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPatrol, [&] { return stopping_; })) {
    lock.unlock();
    endRevoked();
    lock.lock();
  }
}

void TokenListener::endRevoked() {
  std::map<std::pair<std::string, std::int64_t>, std::optional<Error>> refusals;  // of tokens that are in use
  for (const link::Served& served : acceptor_->served())
    refusals.try_emplace({served.database, tokenOf(served.label)}, std::nullopt);
  for (auto& [token, refusal] : refusals) {
    try {
      refusal = find(token.first)->engine->refusalOf(token.second);
    } catch (const Error& error) {
      refusal = error;  // what cannot be read is not granted
    }
    if (!refusal) continue;
    acceptor_->stop(
        [&, wanted = token](const link::Served& served) {  // clang 14 cannot capture the binding itself
          return served.database == wanted.first && tokenOf(served.label) == wanted.second;
        },
        link::failureOf(*refusal));
  }
}

}  // namespace blazedb::topology
