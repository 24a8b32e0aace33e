#include "topology/listener.h"

#include "blazedb/error.h"

namespace blazedb::topology {

void Listener::open(link::Io& io, base::Clock& clock, const link::AcceptorOptions& options, Changed changed) {
  acceptor_ = std::make_unique<link::Acceptor>(
      io, clock, options, [this](const link::Knock& knock, const link::PeerInfo& peer) { return admit(knock, peer); },
      [this, changed = std::move(changed)](const link::Served& served) {
        if (!changed) return;
        if (std::optional<Guest> one = guest(served)) changed(*one);
      });
  for (Offer& offer : offers_)
    offer.feedListener = offer.engine->addFeedListener(
        [acceptor = acceptor_.get(), engine = offer.engine.get()] { acceptor->feedMoved(*engine); });
}

void Listener::close() {
  for (const Offer& offer : offers_) offer.engine->removeFeedListener(offer.feedListener);
  acceptor_->stop();
}

std::vector<Listener::Guest> Listener::guests() const {
  std::vector<Guest> guests;
  for (const link::Served& served : acceptor_->served()) {
    if (served.status.state == link::LinkState::stopped) continue;  // it is on its way out
    if (std::optional<Guest> one = guest(served)) guests.push_back(std::move(*one));
  }
  return guests;
}

std::optional<Listener::Guest> Listener::guest(const link::Served& served) const {
  const Offer* offer = find(served.database);
  if (!offer) return std::nullopt;
  return Guest{offer->node, nameOf(served), served};
}

bool Listener::dismiss(std::uint64_t number) {
  return acceptor_->stop([&](const link::Served& served) { return served.id == number; },
                         {ErrorCode::Offline, "disconnected by the hub"}) > 0;
}

}  // namespace blazedb::topology
