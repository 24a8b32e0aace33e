// In this order: what a token grants a client (termsOf, meeting), the certificate, admission, the events for the owner,
// and the patrol with the questions that it asks on other threads.
#include "topology/token_listener.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <set>
#include <sstream>
#include <utility>

#include "base/contain.h"
#include "blazedb/error.h"
#include "codec/date_text.h"
#include "link/failure.h"
#include "link/pem_file.h"
#include "topology/signed_token.h"

namespace blazedb::topology {
namespace {

constexpr std::int64_t kCareMs = 60'000;  // between two looks at the hub's own certificate
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kScopeBytesMax = 16u << 10;  // that a client may ask for

constexpr std::chrono::minutes kLeewayMax{10};

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// The label of a guest: the token that admitted it, when that expires, what its user may do (UserGrant::name), and the
// revision at which all that was checked.
struct Bearer {
  std::int64_t token = 0;
  std::uint64_t revision = 0;
  std::int64_t expiresUs = kNever;
  std::string grant = "-";
  std::string name;  // of the token, for people

  static Bearer of(const Token& token, std::uint64_t revision, const std::string& grant) {
    const std::string& name = token.options.name;
    return {token.id, revision, endOf(token), grant, name.empty() ? "token " + std::to_string(token.id) : name};
  }
  static Bearer of(const std::string& label) {
    Bearer bearer;
    std::istringstream in(label);
    in >> bearer.token >> bearer.revision >> bearer.expiresUs >> bearer.grant;
    in.get();
    std::getline(in, bearer.name);
    return bearer;
  }
  std::string label() const {
    return std::to_string(token) + " " + std::to_string(revision) + " " + std::to_string(expiresUs) + " " + grant +
           " " + name;
  }
  static std::int64_t endOf(const Token& token) {
    return token.options.expires ? token.options.expires->microseconds : kNever;
  }
};

std::string hostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

void requireNames(const IssuerOptions& issuer) {
  for (const std::string* text : {&issuer.issuer, &issuer.audience})
    if (text->empty())
      throw Error(ErrorCode::InvalidArgument,
                  "the keys of an issuer go with its name (iss), and with the hub's name there (aud): give all three");
  if (issuer.leeway < std::chrono::seconds(0) || issuer.leeway > kLeewayMax)
    throw Error(ErrorCode::InvalidArgument, "the clocks of issuer and hub may be 0 to 600 seconds apart");
}

// The pin that clients know stays valid for as long as the key is there.
link::OwnCertificate ownBeside(const Listener::Offer& offer) {
  if (offer.replica->path().empty())
    throw Error(ErrorCode::InvalidArgument, "'" + offer.name +
                                                "' is in no file beside which the hub could keep a certificate of its "
                                                "own: name the files of a certificate and its key");
  std::string beside = (std::filesystem::path(offer.replica->path()).parent_path() / offer.name).string();
  return {beside + ".hub-cert.pem", beside + ".hub-key.pem", {hostName(), "localhost", "127.0.0.1", "::1"}};
}

sync::Terms termsOf(const TokenOptions& token, std::shared_ptr<const sync::Rights> rights,
                    const replica::Replica& offered) {
  sync::Terms terms;
  terms.sends = token.mayRead;
  terms.receives = token.mayWrite && !offered.source();  // a read-only replica receives from its source alone
  terms.writes.mayBeServer = terms.writes.mayErase = token.role == SyncRole::server;
  bool relays = token.mayRelay || terms.writes.mayBeServer;
  terms.writes.trust = relays ? sync::StampTrust::relayed : sync::StampTrust::own;
  if (rights) terms.relation = sync::Relation::exporter;
  terms.reads.rights = rights;
  terms.writes.rights = std::move(rights);
  if (!token.collections.empty()) terms.scope = sync::makeScope(token.collections, {});
  return terms;
}

// Checks, as far as possible, that the client is the replica that it claims: a replica belongs to a token, and is
// connected once. Then narrows what it may read to the teams that it asks for.
auto meeting(std::shared_ptr<replica::Replica> replica, std::int64_t token,
             std::shared_ptr<ConnectedReplicas> connected) {
  auto seat = std::make_shared<std::shared_ptr<void>>();  // the session's; shared with copies of the function
  return [replica = std::move(replica), token, connected = std::move(connected), seat](
             const sync::Hello& peer, sync::Agreement& agreement) -> std::optional<sync::Bye> {
    const sync::Identity& identity = peer.identity;
    std::size_t scopeBytes = sync::encode(peer.scope).size();
    if (scopeBytes > kScopeBytesMax)
      return sync::Bye{ErrorCode::TooLarge, "the scope asked for has " + std::to_string(scopeBytes) +
                                                " bytes, and a hub takes 16 KiB; name fewer collections and fields"};
    *seat = connected->take({identity.replica, identity.incarnation});
    if (!*seat)
      return sync::Bye{ErrorCode::DuplicateReplica,
                       "the replica " + identity.replica.toString() +
                           " is connected already. Where two files are copies of each other, give one an id of its own "
                           "(blazedb renew FILE); else the other connection ends within half a minute"};
    try {
      if (std::optional<Error> refused = replica->tokenCheck().admitReplica(token, identity.replica, scopeBytes))
        return link::failureOf(*refused);
      // What it was given once may be more or less than what it gets now.
      const auto [filter, floor] = replica->store().deliveries().known(identity.replica);
      if (filter || floor > 0) agreement.relation = sync::Relation::exporter;
      if (peer.teams) {
        agreement.relation = sync::Relation::exporter;
        agreement.reads.rights = replica->tokenCheck().rightsWithin(token, *peer.teams, agreement.teamsRefused);
      }
    } catch (const Error& error) {
      return link::failureOf(error);
    }
    return std::nullopt;
  };
}

}  // namespace

TokenListener::TokenListener(link::Io& io, base::Clock& clock, std::vector<Offer> offers, const ListenOptions& options)
    : Listener(std::move(offers)), clock_(clock), options_(options) {
  if (options_.certificateFile.empty() != options_.keyFile.empty())
    throw Error(ErrorCode::InvalidArgument, "a certificate and its key go together: name both files, or none");
  readIssuerKeys();
  for (const Offer& offer : offers_) connected_[offer.name] = std::make_shared<ConnectedReplicas>();
  link::AcceptorOptions accept;
  accept.address = options_.host;
  accept.port = options_.port;
  accept.allowPlaintext = options_.allowPlaintext;
  if (options_.useTLS) {
    if (options_.certificateFile.empty()) own_ = ownBeside(offers_[0]);
    accept.tls = tlsContext();
    caredMs_ = clock_.monotonicUs() / 1000;
  }
  auto refused = [this](const link::Served& served) {
    options_.onEvent({ListenerEvent::Kind::refused, served.database, "somebody at " + served.peer.address,
                      served.status.error->code, served.status.error->text});
  };
  if (options_.onEvent)
    open(
        io, clock_, accept, [this](const Guest& guest) { tell(guest); }, refused);
  else
    open(io, clock_, accept);
  beginPatrol([this] {
    base::contain([this] { endRevoked(); });
    careForCertificate();
  });
}

void TokenListener::close() {
  endPatrol();
  asking_.clear();  // waits for the answers
  Listener::close();
}

// The certificate for new connections.
std::shared_ptr<const link::TlsContext> TokenListener::tlsContext() {
  if (own_) note(own_->care(clock_.wallMs()));
  const std::string& certificate = own_ ? own_->certificateFile : options_.certificateFile;
  const std::string& key = own_ ? own_->keyFile : options_.keyFile;
  auto context = link::TlsContext::forServer({certificate, key, options_.clientCaFile, own_.has_value()});
  base::Lock lock(mutex_);
  shown_ = context->shown();
  return context;
}

void TokenListener::note(const link::OwnCertificate::Cared& cared) {
  using Care = link::OwnCertificate::Care;
  base::Lock lock(mutex_);
  if (cared.what == Care::made) news_ = "it was made, with a key of its own";
  if (cared.what == Care::renewed) news_ = "it was made again, for the same key: " + cared.why;
  if (cared.what == Care::keyLost) {
    news_ = "it was made again, with a new key";
    lost_ = "its key, " + own_->keyFile + ", was gone: there is a new one, and clients must be told the new pin";
  }
}

// Throws InvalidArgument, and leaves the keys as they are.
void TokenListener::readIssuerKeys() {
  if (!options_.issuer) return;
  const IssuerOptions& issuer = *options_.issuer;
  requireNames(issuer);
  std::string text = link::readPublicText(issuer.keysFile);
  std::shared_ptr<const IssuerKeys> keys;
  try {
    keys = std::make_shared<const IssuerKeys>(text);
  } catch (const Error& error) {
    throw Error(error.code(), issuer.keysFile + " is not used: " + link::failureOf(error).text);
  }
  base::Lock lock(mutex_);
  issuerKeys_ = std::move(keys);
}

IssuerStatus TokenListener::issuer() const {
  base::Lock lock(mutex_);
  if (!issuerKeys_) return {};
  return {options_.issuer->keysFile, issuerKeys_->keys().size(), issuerKeys_->unused()};
}

// Reads each that can be read, whatever is wrong with the other.
void TokenListener::reload() {
  std::optional<Error> failure;
  try {
    if (options_.useTLS) acceptor_->setTls(tlsContext());
  } catch (const Error& error) {
    failure = error;
  }
  try {
    readIssuerKeys();
  } catch (const Error& error) {
    if (failure) throw Error(failure->code(), link::failureOf(*failure).text + "; " + link::failureOf(error).text);
    throw;
  }
  if (failure) throw *failure;
}

// If it fails, the listener goes on showing the present certificate, and there is time to mend the new one.
void TokenListener::careForCertificate() {
  std::int64_t nowMs = clock_.monotonicUs() / 1000;
  if (!own_ || nowMs < caredMs_ + kCareMs) return;
  caredMs_ = nowMs;
  std::string failure;
  try {
    link::OwnCertificate::Cared cared = own_->care(clock_.wallMs(), false);
    note(cared);
    if (cared.what != link::OwnCertificate::Care::none) acceptor_->setTls(tlsContext());
  } catch (const std::exception& error) {
    failure = error.what();
  }
  base::Lock lock(mutex_);
  failure_ = failure;
}

CertificateStatus TokenListener::certificate() const {
  if (!options_.useTLS) return {};
  base::Lock lock(mutex_);
  CertificateStatus status;
  status.file = own_ ? own_->certificateFile : options_.certificateFile;
  status.pin = shown_.pin;
  status.from = {shown_.fromMs * 1000};
  status.until = {shown_.untilMs * 1000};
  status.news = news_;
  std::int64_t nowMs = clock_.wallMs();
  status.valid = nowMs >= shown_.fromMs && nowMs < shown_.untilMs;
  std::string dates = "it is valid from " + codec::toDateText(status.from) + " to " + codec::toDateText(status.until);
  if (!status.valid)
    status.warning = "no client can connect: " + dates + "; renew it, or set the clock of this machine right";
  else if (shown_.untilMs <= nowMs + link::kCertificateSoonOverMs)
    status.warning = "it ends in " + std::to_string((shown_.untilMs - nowMs) / kDayMs) + " days: " + dates +
                     "; renew it, and have it read again (SIGHUP)";
  for (const std::string& more : {lost_, failure_})
    if (!more.empty()) status.warning += (status.warning.empty() ? "" : "; ") + more;
  return status;
}

ListenerInfo TokenListener::info() const {
  base::Lock lock(mutex_);
  return {{}, options_.host, acceptor_->port(), shown_.pin};
}

const Listener::Offer* TokenListener::find(const std::string& name) const {
  auto found = std::find_if(offers_.begin(), offers_.end(), [&](const Offer& offer) { return offer.name == name; });
  return found == offers_.end() ? nullptr : &*found;
}

// Throws WrongToken, ExpiredToken, ClockSkew.
Token TokenListener::tokenFor(std::string_view shown, replica::TokenCheck& tokens) const {
  if (!options_.issuer || !looksSigned(shown)) return tokens.checkToken(shown);
  std::shared_ptr<const IssuerKeys> keys;
  {
    base::Lock lock(mutex_);
    keys = issuerKeys_;
  }
  return tokens.admitSigned(checkSigned(shown, *keys, *options_.issuer, {clock_.wallMs() * 1000}));
}

link::Admission TokenListener::admit(const link::Knock& knock, const link::PeerInfo&) const {
  const Offer* offer = find(knock.database);
  if (!offer)
    return sync::Bye{ErrorCode::UnknownDatabase,
                     "there is no database '" + knock.database + "' here; ask the operator of the hub for its name"};
  try {
    replica::TokenCheck& tokens = offer->replica->tokenCheck();
    std::uint64_t revision = tokens.tokenRevision();  // first: the patrol asks again about what changes meanwhile
    Token token = tokenFor(base::textOf(knock.token), tokens);
    sync::SessionOptions session;
    replica::UserGrant grant = tokens.grantOf(token.id);
    session.terms = termsOf(token.options, std::move(grant.rights), *offer->replica);
    if (!session.terms.sends && !session.terms.receives)
      return sync::Bye{ErrorCode::ReadOnlyReplica,
                       "'" + offer->name +
                           "' is a read-only replica, and the token may only write: no data could flow in either "
                           "direction; ask for a token that may read, or connect with the source of the replica"};
    session.acceptRemovals = options_.acceptRemovals;
    session.meet = meeting(offer->replica, token.id, connected_.at(offer->name));
    return offer->guest(std::move(session), Bearer::of(token, revision, grant.name).label());
  } catch (const Error& error) {
    return link::failureOf(error);
  }
}

std::string TokenListener::nameOf(const link::Served& served) const {
  return Bearer::of(served.label).name + " at " + served.peer.address;
}

// A client counts as connected once its replica is known. A client that is sent away before was refused.
void TokenListener::tell(const Guest& guest) {
  const link::LinkStatus& status = guest.served.status;
  ListenerEvent event{ListenerEvent::Kind::connected, guest.served.database, guest.name, {}, {}};
  if (status.state == link::LinkState::stopped) return tellEnd(status, std::move(event), guest.served.id);
  const sync::SessionStatus& session = status.ends[0];
  if (!session.peer) return;
  bool isNew = false, rejects = false;
  {
    base::Lock lock(mutex_);
    auto [told, added] = told_.try_emplace(guest.served.id);
    std::optional<ErrorCode> reason;
    if (session.reason) reason = session.reason->code;
    isNew = added;
    rejects = reason && told->second != reason;
    told->second = reason;
  }
  if (isNew) options_.onEvent(event);
  if (!rejects) return;
  event.kind = ListenerEvent::Kind::rejected;
  event.error = session.reason->code;
  event.message = session.reason->text;
  event.records = session.setAside + session.refused;
  options_.onEvent(event);
}

void TokenListener::tellEnd(const link::LinkStatus& status, ListenerEvent event, std::uint64_t id) {
  {
    base::Lock lock(mutex_);
    bool wasKnown = told_.erase(id) > 0 || status.ends[0].peer || status.left;
    event.kind = wasKnown ? ListenerEvent::Kind::gone : ListenerEvent::Kind::refused;
  }
  if (!status.left) event.error = status.error->code;
  event.message = status.error->text;
  options_.onEvent(event);
}

void TokenListener::endRevoked() {
  for (auto each = asking_.begin(); each != asking_.end();) {
    if (each->second.answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      ++each;
      continue;
    }
    std::future<Good> answer = std::move(each->second.answer);
    each = asking_.erase(each);
    for (const auto& [token, found] : answer.get()) good_[token] = found;
  }
  std::int64_t nowUs = clock_.wallMs() * 1000;
  std::map<const Offer*, std::set<std::int64_t>> doubtful;
  Good good;
  for (const link::Served& guest : acceptor_->served()) {
    const Offer* offer = find(guest.database);
    Bearer bearer = Bearer::of(guest.label);
    Found found{bearer.revision, bearer.expiresUs};
    if (auto known = good_.find({offer, bearer.token}); known != good_.end()) found = good.insert(*known).first->second;
    if (asking_.contains(offer)) continue;
    if (found.expiresUs <= nowUs || found.revision != offer->replica->tokenCheck().tokenRevision())
      doubtful[offer].insert(bearer.token);
  }
  good_ = std::move(good);
  for (const auto& [offer, tokens] : doubtful) {
    std::packaged_task<Good()> task([this, offer = offer, tokens = tokens] { return ask(offer, tokens); });
    std::future<Good> answer = task.get_future();
    std::jthread thread([this, task = std::move(task)]() mutable {
      task();
      patrol_.wake();
    });
    asking_[offer] = {std::move(answer), std::move(thread)};
  }
}

// On a thread of its own. Ends the connections of tokens that are no longer good, and those that began under other
// rights. Returns the good ones.
TokenListener::Good TokenListener::ask(const Offer* offer, const std::set<std::int64_t>& ids) {
  const replica::TokenCheck& tokens = offer->replica->tokenCheck();
  Good good;
  for (std::int64_t id : ids) {
    std::uint64_t revision = tokens.tokenRevision();  // first, as in admit()
    std::optional<Error> refusal;
    std::string grant;
    try {
      std::int64_t expiresUs = Bearer::endOf(tokens.tokenOf(id));
      grant = tokens.grantOf(id).name;
      good[{offer, id}] = {revision, expiresUs};
    } catch (const Error& error) {
      refusal = error;  // a token that cannot be read grants nothing
    }
    acceptor_->stop(
        [&](const link::Served& served) {
          Bearer bearer = Bearer::of(served.label);
          return served.database == offer->name && bearer.token == id && (refusal || bearer.grant != grant);
        },
        refusal ? link::failureOf(*refusal)
                : sync::Bye{ErrorCode::RightsChanged, "the rights of this client have changed; it connects again"});
  }
  return good;
}

}  // namespace blazedb::topology
