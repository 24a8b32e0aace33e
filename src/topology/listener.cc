#include "topology/listener.h"

#include "blazedb/error.h"

namespace blazedb::topology {
namespace {

// Open files that are kept from clients. For a database: the file and its log for the writer, eight idle readers and a
// few busy ones, the lock, the socket for commands. For the process: sixteen commands, each with a reader and the files
// of a backup or an export; health, log, name lookups, and the polling of sockets.
constexpr std::size_t kFilesOfADatabase = 32;
constexpr std::size_t kFilesOfAProcess = 128;

}  // namespace

void Listener::open(link::Io& io, base::Clock& clock, const link::AcceptorOptions& options, Changed changed,
                    link::Acceptor::Changed refused) {
  link::AcceptorOptions withFiles = options;
  withFiles.filesKept = kFilesOfAProcess + kFilesOfADatabase * offers_.size();
  acceptor_ = std::make_unique<link::Acceptor>(
      io, clock, withFiles,
      [this](const link::Knock& knock) -> const sync::Store* {
        const Offer* offer = find(knock.database);
        return offer ? &offer->replica->store() : nullptr;
      },
      [this](const link::Knock& knock, const link::PeerInfo& peer) { return admit(knock, peer); },
      [this, changed = std::move(changed)](const link::Served& served) {
        if (!changed) return;
        if (std::optional<Guest> one = guest(served)) changed(*one);
      },
      std::move(refused));
  try {
    for (Offer& offer : offers_)
      offer.feedListener = offer.replica->addFeedListener(
          [acceptor = acceptor_.get(), store = &offer.replica->store()] { acceptor->feedMoved(*store); });
  } catch (...) {
    Listener::close();  // while admit() can still be called
    throw;
  }
}

void Listener::close() {
  for (const Offer& offer : offers_) offer.replica->removeFeedListener(offer.feedListener);
  acceptor_->stop();
}

void Listener::beginPatrol(std::function<void()> round) try {
  patrol_.begin(std::move(round));
  for (Offer& offer : offers_)
    offer.revisionListener = offer.replica->tokenCheck().addRevisionListener([this] { patrol_.wake(); });
} catch (...) {
  endPatrol();
  Listener::close();
  throw;
}

void Listener::endPatrol() {
  for (const Offer& offer : offers_) offer.replica->tokenCheck().removeRevisionListener(offer.revisionListener);
  patrol_.end();
}

std::vector<Listener::Guest> Listener::guests() const {
  std::vector<Guest> guests;
  for (const link::Served& served : acceptor_->served()) {
    if (served.status.state == link::LinkState::stopped) continue;  // it is ending
    if (std::optional<Guest> one = guest(served)) guests.push_back(std::move(*one));
  }
  return guests;
}

std::optional<Listener::Guest> Listener::guest(const link::Served& served) const {
  const Offer* offer = find(served.database);
  if (!offer) return std::nullopt;
  return Guest{offer->node, nameOf(served), served};
}

link::Guest Listener::Offer::guest(sync::SessionOptions session, std::string label) const {
  return {std::shared_ptr<sync::Store>(replica, &replica->store()), std::move(session), std::move(label)};
}

bool Listener::dismiss(std::uint64_t number) {
  return acceptor_->stop([&](const link::Served& served) { return served.id == number; },
                         {ErrorCode::Offline, "disconnected by the hub"}) > 0;
}

}  // namespace blazedb::topology
