#include "topology/listener.h"

#include "blazedb/error.h"

namespace blazedb::topology {

void Listener::open(link::Io& io, base::Clock& clock, const link::AcceptorOptions& options) {
  acceptor_ = std::make_unique<link::Acceptor>(
      io, clock, options, [this](const link::Knock& knock, const link::PeerInfo& peer) { return admit(knock, peer); },
      [](const link::Served&) {});
  for (Offer& offer : offers_)
    offer.feedListener = offer.engine->addFeedListener(
        [acceptor = acceptor_.get(), engine = offer.engine.get()] { acceptor->feedMoved(*engine); });
}

void Listener::close() {
  for (const Offer& offer : offers_) offer.engine->removeFeedListener(offer.feedListener);
  acceptor_.reset();
}

std::vector<Listener::Guest> Listener::guests() const {
  std::vector<Guest> guests;
  for (link::Served& served : acceptor_->served()) {
    const Offer* offer = find(served.database);
    if (!offer) continue;
    std::string name = nameOf(served);
    guests.push_back({offer->node, std::move(name), std::move(served)});
  }
  return guests;
}

bool Listener::dismiss(std::uint64_t number) {
  return acceptor_->stop([&](const link::Served& served) { return served.id == number; },
                         {ErrorCode::Offline, "disconnected by the hub"}) > 0;
}

}  // namespace blazedb::topology
