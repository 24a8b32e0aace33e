// Core listens, counts and finds connections under one lock. Arrival is one connection: it reads the Knock, asks the
// owner, and then runs the session of an admitted client.
#include "link/acceptor.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"
#include "blazedb/error.h"
#include "link/failed_knocks.h"
#include "link/failure.h"
#include "link/status_board.h"

namespace blazedb::link {
namespace {

using asio::ip::tcp;
using AnyAcceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

// The pause after accept() failed, most likely for want of file descriptors.
constexpr std::chrono::milliseconds kAcceptAgain{100};
// This many handshakes at once, as after a restart, leave holes in the heap that are hardly ever filled again, 20 KiB
// for each connection. The acceptor gives that memory back to the system once the storm is over.
constexpr std::size_t kStorm = 256;
constexpr std::chrono::milliseconds kStormOver{1000};

// With fewer files for connections the acceptor does not listen.
constexpr std::size_t kFilesMin = 16;

// Connections must leave files for the databases: a commit that gets no file descriptor fails, and its database with
// it. They must also leave files for the operator's commands, which can send a client away.
std::size_t filesForConnections(std::size_t kept) {
  rlimit limit{};
  std::size_t files = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : 1024;
  if (files < kept + kFilesMin)
    throw Error(ErrorCode::IoError, "this process may have " + std::to_string(files) +
                                        " files open, and to listen takes " + std::to_string(kept + kFilesMin) +
                                        ": raise the limit, with ulimit -n or LimitNOFILE");
  return files - kept;
}

asio::ip::address plainAddress(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

tcp::endpoint tcpEndpoint(const asio::generic::stream_protocol::endpoint& any) {
  tcp::endpoint endpoint;
  std::size_t size = std::min(any.size(), endpoint.capacity());
  std::memcpy(endpoint.data(), any.data(), size);
  endpoint.resize(size);
  return endpoint;
}

// Absent if the peer has gone already.
std::optional<PeerInfo> peerOf(Socket& socket, bool isLocal) {
  if (isLocal) {
    std::optional<Credentials> credentials = credentialsOf(socket.native_handle());
    if (!credentials) return std::nullopt;
    std::string text = credentials->text();
    return PeerInfo{std::move(text), 0, std::move(credentials)};
  }
  asio::error_code gone;
  tcp::endpoint from = tcpEndpoint(socket.remote_endpoint(gone));
  if (gone) return std::nullopt;
  socket.set_option(tcp::no_delay(true), gone);
  return PeerInfo{plainAddress(from.address()).to_string(), from.port()};
}

// Addresses whose failures count together: the owner of one IPv6 address has the 2^64 beside it as well.
std::string neighbourhood(const std::string& text) {
  asio::error_code failed;
  asio::ip::address address = asio::ip::make_address(text, failed);
  if (failed || !address.is_v6()) return text;
  asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

}  // namespace

class Acceptor::Arrival final : public Conversation {
 public:
  Arrival(std::shared_ptr<Core> core, std::uint64_t id, PeerInfo peer);

  Served served() const;
  const sync::Store* store() const { return guest_.store.get(); }
  bool waitSynchronized(std::uint64_t pingNumber, std::uint64_t feedEnd, std::int64_t deadlineUs) {
    bool reached = board_.waitSynchronized(pingNumber, feedEnd, deadlineUs);
    return reached || board_.status().state == LinkState::stopped;
  }

 protected:
  const sync::Store* storeFor(base::ByteView frame) override;
  void onFirstFrame(base::ByteView frame) override;
  void onStatus(const sync::SessionStatus& status) override;
  void onEnd(const sync::SessionStatus& status, const sync::Bye& why) override;
  void onClosed() override;

 private:
  LinkStatus statusOf(const sync::SessionStatus& session) const;
  void tellEnd(const sync::SessionStatus& session, const sync::Bye& why);
  void refuse(const sync::Bye& why, std::int64_t delayMs);

  std::shared_ptr<Core> core_;  // shared with the acceptor; released when closed
  std::uint64_t id_;
  PeerInfo peer_;
  std::optional<sync::Bye> refusal_;  // sent when refusalDue_ fires
  asio::steady_timer refusalDue_;
  // Written on the strand before other threads can find this arrival among the admitted.
  std::string database_;
  Guest guest_;
  StatusBoard board_;
};

class Acceptor::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Io& io, base::Clock& clock, AcceptorOptions options, Finder find, Admitter admit, Changed changed,
       Changed refused)
      : io_(io),
        clock_(clock),
        options_(std::move(options)),
        find_(std::move(find)),
        admit_(std::move(admit)),
        changed_(std::move(changed)),
        refused_(std::move(refused)),
        acceptor_(io.sockets()),
        again_(io.sockets()),
        afterStorm_(io.sockets()),
        fan_(io.makeStrand()) {
    options_.halfOpenMax = std::min(options_.halfOpenMax, arrivalsMax_ / 4);
    options_.admittedMax = std::min(options_.admittedMax, arrivalsMax_ / 4 * 3);
  }

  void listen() {
    if (options_.path.empty()) {
      listenOnPort();
    } else {
      file_.emplace(options_.path, options_.mode);
      asio::error_code failed;
      acceptor_.assign(asio::generic::stream_protocol(AF_UNIX, 0), file_->socket().get(), failed);
      if (failed) throw Error(ErrorCode::IoError, "cannot listen at " + options_.path + ": " + failed.message());
      file_->socket().release();
    }
    accept();
  }

  void listenOnPort() {
    tcp::endpoint endpoint = endpointToListenOn();
    if (!options_.tls && !options_.allowPlaintext && !endpoint.address().is_loopback())
      throw Error(
          ErrorCode::PlaintextForbidden,
          "without TLS a hub serves only clients of this machine: listen on 127.0.0.1, use TLS, or set allowPlaintext "
          "if the network itself is safe");
    asio::error_code failed;
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) closeOnExec(acceptor_.native_handle());
    if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed && endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) port_ = tcpEndpoint(acceptor_.local_endpoint(failed)).port();
    if (failed)
      throw Error(ErrorCode::IoError, "cannot listen on " + endpoint.address().to_string() + " port " +
                                          std::to_string(endpoint.port()) + ": " + failed.message());
  }

  std::uint16_t port() const { return port_; }

  void feedMoved(const sync::Store& store) {
    {
      base::Lock lock(movedMutex_);
      moved_.insert(&store);
      if (std::exchange(fanOutDue_, true)) return;
    }
    // Without the lock: the worker that this wakes takes it at once.
    try {
      fan_.post([self = shared_from_this()] { self->fanOut(); });
    } catch (...) {
      base::Lock lock(movedMutex_);
      fanOutDue_ = false;
      throw;
    }
  }

  std::vector<Served> served() const {
    std::vector<Served> all;
    for (const auto& arrival : admitted()) all.push_back(arrival->served());
    return all;
  }

  bool waitSynchronized(std::int64_t deadlineUs) {
    std::vector<std::shared_ptr<Arrival>> asked = admitted();
    std::vector<std::uint64_t> ends;
    ends.reserve(asked.size());
    for (const auto& arrival : asked) ends.push_back(arrival->store()->feedEnd());
    std::uint64_t number = 0;
    {
      base::Lock lock(mutex_);  // so that each client gets growing numbers, whichever thread asks
      number = ++lastPing_;
      for (const auto& arrival : asked) arrival->ping(number);
    }
    bool all = true;
    for (std::size_t i = 0; i < asked.size(); i++) all &= asked[i]->waitSynchronized(number, ends[i], deadlineUs);
    return all;
  }

  void setTls(std::shared_ptr<const TlsContext> tls) {
    base::Lock lock(mutex_);
    options_.tls = std::move(tls);
  }

  std::size_t stop(const std::function<bool(const Served&)>& which, const sync::Bye& why) {
    std::size_t count = 0;
    for (const auto& arrival : admitted()) {
      if (!which(arrival->served())) continue;
      arrival->stop(why);
      count++;
    }
    return count;
  }

  void stopAll() {
    file_.reset();
    base::Lock lock(mutex_);
    stopping_ = true;
    asio::error_code ignored;
    acceptor_.close(ignored);
    again_.cancel();
    afterStorm_.cancel();
    for (const auto& [id, arrival] : arrivals_)
      arrival->stop({ErrorCode::HubStopping, "the hub is stopping; the client tries again by itself"});
    while (!arrivals_.empty()) empty_.wait(lock);
  }

  // The arrivals'.
  Io& io() { return io_; }
  base::Clock& clock() { return clock_; }
  const AcceptorOptions& options() const { return options_; }
  bool compression() const { return options_.compression && options_.path.empty(); }

  const sync::Store* find(const Knock& knock) const { return find_(knock); }
  Admission admit(const Knock& knock, const PeerInfo& peer) { return admit_(knock, peer); }
  // How long to delay the answer to a refused client.
  std::int64_t delayOf(const sync::Bye& refusal, const Knock& knock, const PeerInfo& peer) {
    bool guessed = refusal.code == ErrorCode::WrongToken || refusal.code == ErrorCode::UnknownDatabase;
    if (peer.credentials || !guessed) return 0;
    base::Lock lock(mutex_);
    return failed_.note(neighbourhood(peer.address), knock.token, clock_.monotonicUs() / 1000);
  }
  // Returns false if the hub has as many clients as it may have.
  bool admitted(std::uint64_t id) {
    base::Lock lock(mutex_);
    if (admitted_.size() >= options_.admittedMax) return false;
    setUp(id);
    if (auto found = arrivals_.find(id); found != arrivals_.end()) admitted_.insert(*found);
    return true;
  }
  void closed(std::uint64_t id) {
    std::shared_ptr<Arrival> last;  // destroyed without the lock
    base::Lock lock(mutex_);
    setUp(id);
    admitted_.erase(id);
    if (auto found = arrivals_.find(id); found != arrivals_.end()) {
      last = std::move(found->second);
      arrivals_.erase(found);
    }
    if (arrivals_.empty()) empty_.notify_all();
  }
  const Changed& changed() const { return changed_; }
  const Changed& refused() const { return refused_; }

 private:
  tcp::endpoint endpointToListenOn() {
    asio::error_code failed;
    if (options_.address.empty()) {
      // One socket for both families, if the machine has both.
      tcp::socket probe(io_.sockets());
      probe.open(tcp::v6(), failed);
      return {failed ? tcp::v4() : tcp::v6(), options_.port};
    }
    asio::ip::address address = asio::ip::make_address(options_.address, failed);
    if (!failed) return {plainAddress(address), options_.port};
    auto found = tcp::resolver(io_.sockets()).resolve(options_.address, std::to_string(options_.port), failed);
    if (failed || found.empty())
      throw Error(ErrorCode::InvalidArgument,
                  "'" + options_.address + "' is not an address to listen on: " + failed.message());
    return found.begin()->endpoint();
  }

  std::vector<std::shared_ptr<Arrival>> admitted() const {
    base::Lock lock(mutex_);
    std::vector<std::shared_ptr<Arrival>> all;
    for (const auto& [id, arrival] : admitted_) all.push_back(arrival);
    return all;
  }

  // Runs on the thread of the sockets, except the first time.
  void accept() {
    acceptor_.async_accept([self = shared_from_this()](asio::error_code error, Socket socket) {
      base::Lock lock(self->mutex_);
      if (self->stopping_) return;
      if (!error) {
        base::contain([&] {
          self->mutex_.isHeld();
          self->welcome(std::move(socket));
        });
      }
      base::insist([&] {
        if (!error || error == asio::error::connection_aborted) return self->accept();
        self->again_.expires_after(kAcceptAgain);
        self->again_.async_wait([self](asio::error_code cancelled) {
          base::Lock held(self->mutex_);
          if (!cancelled && !self->stopping_) base::insist([&] { self->accept(); });
        });
      });
    });
  }

  void welcome(Socket socket) REQUIRES(mutex_) {
    std::optional<PeerInfo> peer = peerOf(socket, !options_.path.empty());
    if (!peer) return;
    // A refused client takes a file until it has got the reason.
    if (arrivals_.size() >= arrivalsMax_) {
      makeRoom();
      return turnAway(*peer, {ErrorCode::TooManyAttempts,
                              "the hub has as many connections as its limit of open files "
                              "allows; raise the limit with ulimit -n or LimitNOFILE"});
    }
    std::uint64_t id = ++lastId_;
    try {
      auto arrival = std::make_shared<Arrival>(shared_from_this(), id, *peer);
      arrivals_[id] = arrival;
      halfOpen_.insert(id);
      arrival->begin(std::move(socket),
                     [this](int fd) { return options_.tls ? options_.tls->accept(fd) : plainStream(fd); });
    } catch (const std::exception& error) {
      halfOpen_.erase(id);
      arrivals_.erase(id);
      return turnAway(*peer, failureOf(error));  // no memory for one more
    }
    storm_ |= halfOpen_.size() >= kStorm;
    if (halfOpen_.size() > options_.halfOpenMax) makeRoom();
  }

  // Closes the connection without telling the client why: that would take memory or files, which are short.
  void turnAway(const PeerInfo& peer, const sync::Bye& why) {
    LinkStatus status;
    status.state = LinkState::stopped;
    status.error = why;
    base::contain([&] {
      if (refused_) refused_({0, peer, {}, {}, status});
    });
  }

  void makeRoom() REQUIRES(mutex_) {
    if (halfOpen_.empty()) return;
    arrivals_.at(*halfOpen_.begin())->stop({ErrorCode::TooManyAttempts, "too many connections are being set up"});
    halfOpen_.erase(halfOpen_.begin());
  }

  // The connection is no longer being set up.
  void setUp(std::uint64_t id) REQUIRES(mutex_) {
    halfOpen_.erase(id);
    if (!halfOpen_.empty() || !std::exchange(storm_, false) || stopping_) return;
    base::contain([this] {
      afterStorm_.expires_after(kStormOver);
      afterStorm_.async_wait(onStrand(fan_, [](asio::error_code cancelled) {
#ifdef __GLIBC__
        if (!cancelled) malloc_trim(0);
#endif
      }));
    });
  }

  void fanOut() {
    std::set<const sync::Store*> moved;
    {
      base::Lock lock(movedMutex_);
      moved.swap(moved_);
      fanOutDue_ = false;
    }
    std::vector<std::shared_ptr<Arrival>> all;
    base::insist([&] { all = admitted(); });
    for (const auto& arrival : all)
      if (moved.contains(arrival->store())) arrival->feedMoved();
  }

  Io& io_;
  base::Clock& clock_;
  AcceptorOptions options_;
  const std::size_t arrivalsMax_ = filesForConnections(options_.filesKept);
  Finder find_;
  Admitter admit_;
  Changed changed_;
  Changed refused_;
  std::uint16_t port_ = 0;
  std::optional<SocketFile> file_;  // with a path

  mutable base::Mutex mutex_;
  AnyAcceptor acceptor_;
  asio::steady_timer again_;
  asio::steady_timer afterStorm_;
  bool storm_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::uint64_t lastId_ GUARDED_BY(mutex_) = 0;
  std::uint64_t lastPing_ GUARDED_BY(mutex_) = 0;
  // Shared with their pending steps.
  std::map<std::uint64_t, std::shared_ptr<Arrival>> arrivals_ GUARDED_BY(mutex_);
  std::set<std::uint64_t> halfOpen_ GUARDED_BY(mutex_);                            // those not yet admitted
  std::map<std::uint64_t, std::shared_ptr<Arrival>> admitted_ GUARDED_BY(mutex_);  // those admitted
  std::condition_variable_any empty_;
  FailedKnocks failed_ GUARDED_BY(mutex_);

  base::Mutex movedMutex_;
  std::set<const sync::Store*> moved_ GUARDED_BY(movedMutex_);
  bool fanOutDue_ GUARDED_BY(movedMutex_) = false;
  Strand fan_;
};

Acceptor::Arrival::Arrival(std::shared_ptr<Core> core, std::uint64_t id, PeerInfo peer)
    : Conversation(core->io(), core->io().makeStrand(), core->clock(), core->options().timing),
      core_(std::move(core)),
      id_(id),
      peer_(std::move(peer)),
      refusalDue_(core_->io().sockets()),
      board_(core_->clock(), [this](const LinkStatus& status) {
        if (core_->changed()) core_->changed()({id_, peer_, database_, guest_.label, status});
      }) {}

Served Acceptor::Arrival::served() const { return {id_, peer_, database_, guest_.label, board_.status()}; }

const sync::Store* Acceptor::Arrival::storeFor(base::ByteView frame) {
  std::optional<Knock> knock = decodeKnock(frame);
  return knock ? core_->find(*knock) : nullptr;
}

void Acceptor::Arrival::onFirstFrame(base::ByteView frame) {
  if (refusal_) return;
  std::optional<Knock> knock = decodeKnock(frame);
  if (!knock) return leave({ErrorCode::ProtocolError, "this is a BlazeDB hub, and the first frame was no Knock"});
  if (knock->version > kLinkVersion)
    return leave({ErrorCode::ProtocolTooNew, "this hub speaks an older protocol; update BlazeDB there"});
  database_ = knock->database;
  Admission admission = core_->admit(*knock, peer_);
  if (const auto* refusal = std::get_if<sync::Bye>(&admission))
    return refuse(*refusal, core_->delayOf(*refusal, *knock, peer_));
  guest_ = std::move(std::get<Guest>(admission));
  if (!core_->admitted(id_)) {
    guest_ = {};
    return leave({ErrorCode::TooManyAttempts,
                  "the hub has as many clients as its limit of open files allows; raise that there, with ulimit -n or "
                  "LimitNOFILE"});
  }
  bool compression = core_->compression() && (knock->capabilities & kCanZstd);
  admit(encode(Admit{kLinkVersion, compression ? kCanZstd : 0}));
  // Moved: what the session holds ends with the session.
  sync::SessionOptions session = std::move(guest_.session);
  open(*guest_.store, session, compression);
}

void Acceptor::Arrival::refuse(const sync::Bye& why, std::int64_t delayMs) {
  if (delayMs == 0) return leave(why);
  refusal_ = why;
  refusalDue_.expires_after(std::chrono::milliseconds(delayMs));
  refusalDue_.async_wait([self = shared_from_this(), why](asio::error_code cancelled) {
    if (!cancelled) self->stop(why);
  });
}

void Acceptor::Arrival::onStatus(const sync::SessionStatus& status) { board_.put(statusOf(status)); }

// If there is no memory to tell the owner, the owner does not learn how the conversation ended.
void Acceptor::Arrival::onEnd(const sync::SessionStatus& session, const sync::Bye& why) {
  base::contain([&] { tellEnd(session, why); });
}

void Acceptor::Arrival::tellEnd(const sync::SessionStatus& session, const sync::Bye& why) {
  refusalDue_.cancel();
  LinkStatus status = statusOf(session);
  status.state = LinkState::stopped;
  status.error = refusal_.value_or(why);
  status.left = peerSaidBye() && status.error->code == ErrorCode::Offline;
  if (guest_.store) return board_.put(status);
  // A client that left without a byte only looked whether a hub listens.
  bool looked = status.error->code == ErrorCode::Offline && !heard();
  if (looked || status.error->code == ErrorCode::HubStopping) return;
  if (core_->refused()) core_->refused()({id_, peer_, database_, {}, status});
}

void Acceptor::Arrival::onClosed() {
  std::shared_ptr<Core> core = core_;
  core->closed(id_);
}

LinkStatus Acceptor::Arrival::statusOf(const sync::SessionStatus& session) const {
  LinkStatus status;
  status.state = linkStateOf(session.state);
  status.ends[0] = session;
  status.bytes = bytes();
  status.repaired = session.repaired;
  return status;
}

Acceptor::Acceptor(Io& io, base::Clock& clock, AcceptorOptions options, Finder find, Admitter admit, Changed changed,
                   Changed refused)
    : core_(std::make_shared<Core>(io, clock, std::move(options), std::move(find), std::move(admit), std::move(changed),
                                   std::move(refused))) {
  core_->listen();
}

Acceptor::~Acceptor() { stop(); }

std::uint16_t Acceptor::port() const { return core_->port(); }
void Acceptor::feedMoved(const sync::Store& store) { core_->feedMoved(store); }
std::vector<Served> Acceptor::served() const { return core_->served(); }
bool Acceptor::waitSynchronized(std::int64_t deadlineUs) { return core_->waitSynchronized(deadlineUs); }
void Acceptor::setTls(std::shared_ptr<const TlsContext> tls) { core_->setTls(std::move(tls)); }
std::size_t Acceptor::stop(const std::function<bool(const Served&)>& which, const sync::Bye& why) {
  return core_->stop(which, why);
}
void Acceptor::stop() { core_->stopAll(); }

}  // namespace blazedb::link
