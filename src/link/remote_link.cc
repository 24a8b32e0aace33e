// Core owns the link's state and its attempts to connect. Dialogue is the conversation of one attempt: it knocks, and
// tells Core what becomes of it.
#include "link/remote_link.h"

#include <asio/ip/tcp.hpp>
#include <atomic>
#include <condition_variable>
#include <system_error>
#include <utility>

#include "base/contain.h"
#include "link/dialling.h"
#include "link/failure.h"
#include "link/folder_watch.h"
#include "link/handshake.h"
#include "link/host_name.h"
#include "link/name_lookup.h"
#include "link/retry.h"
#include "link/status_board.h"

namespace blazedb::link {
namespace {

using asio::ip::tcp;

}  // namespace

class RemoteLink::Dialogue final : public Conversation {
 public:
  Dialogue(std::shared_ptr<Core> core, const Strand& strand);

  void knock();

 protected:
  const sync::Store* storeFor(base::ByteView frame) override;
  void onFirstFrame(base::ByteView frame) override;
  void onStatus(const sync::SessionStatus& status) override;
  void onEnd(const sync::SessionStatus& status, const sync::Bye& why) override;

 private:
  std::shared_ptr<Core> core_;  // shared with the link; released at the end
  bool admitted_ = false;
};

// Everything runs on the strand, unless it says otherwise.
class RemoteLink::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Io& io, sync::Store& store, base::Clock& clock, base::Random& random, RemoteOptions options, Listener listener)
      : io_(io),
        store_(store),
        clock_(clock),
        random_(random),
        options_(std::move(options)),
        board_(clock, std::move(listener)),
        strand_(io.makeStrand()),
        host_(options_.host),
        lookup_([host = host_.dialled, port = options_.port] { return askSystem(host, port); }),
        timer_(io.sockets()),
        retry_(isLocal() ? kLastLocalRetryMs : kLastRetryMs) {}

  bool isLocal() const { return !options_.path.empty(); }
  // From any thread.
  template <class Task>
  void post(Task task) {
    strand_.post([self = shared_from_this(), task] { self->doOrBreak(task); });
  }
  void feedMoved() {
    base::Lock lock(mutex_);
    if (dialogue_) dialogue_->feedMoved();
  }
  std::uint64_t ping() {
    base::Lock lock(mutex_);
    pings_++;
    if (dialogue_) dialogue_->ping(pings_);
    return pings_;
  }
  // The board changes at once: a caller that resumes and then waits must not see the link as paused. It changes before
  // the link does, or what the link has put meanwhile would be overwritten.
  void wantPaused(bool paused) {
    if (paused) pausesWanted_++;
    pausedWanted_ = paused;
    board_.expect(paused);
    base::insist([&] { post(&Core::pauseOrResume); });
  }
  void waitUntilGone() {
    base::Lock lock(mutex_);
    while (!gone_) goneChanged_.wait(lock);
  }
  StatusBoard& board() { return board_; }
  sync::Store& store() { return store_; }

 private:
  // A handler for one attempt. It does nothing once a later attempt has begun.
  template <class Body>
  auto ofAttempt(std::uint64_t attempt, Body body) {
    return onStrand(strand_, [self = shared_from_this(), attempt, body](asio::error_code error) {
      if (attempt == self->attempt_) self->doOrBreak([&](Core& core) { body(core, error); });
    });
  }
  // A failure here, for want of memory for example, counts as a broken connection: it is tried again.
  template <class Task>
  void doOrBreak(Task task) noexcept {
    try {
      std::invoke(task, *this);
    } catch (const std::exception& error) {
      base::insist([&] { broke(failureOf(error)); });
    }
  }

 public:
  void connect() {
    if (stopping_ || paused_ || dialogue_) return;
    std::uint64_t attempt = ++attempt_;
    status_.state = LinkState::connecting;
    status_.error.reset();
    board_.put(status_);
    if (isLocal()) return connectToPath();
    timer_.expires_after(std::chrono::milliseconds(options_.connectMs));
    timer_.async_wait(ofAttempt(attempt, [](Core& self, asio::error_code cancelled) {
      if (!cancelled) self.failed("no answer within " + std::to_string(self.options_.connectMs) + " ms");
    }));
    asio::error_code notAnAddress;
    asio::ip::address address = asio::ip::make_address(host_.dialled, notAnAddress);
    if (!notAnAddress) return connectTo({tcp::endpoint(address, options_.port)});
    try {
      lookup_.begin([self = shared_from_this(), attempt](const Addresses& addresses) {
        self->strand_.post(
            [self, attempt, addresses] { self->doOrBreak([&](Core& core) { core.found(attempt, addresses); }); });
      });
    } catch (const std::system_error& noThread) {
      failed(noThread.what());
    }
  }

  // A pause ends the conversation also if the caller has resumed by the time that this runs: the caller may have
  // changed meanwhile what the next conversation has to see.
  void pauseOrResume() {
    if (std::uint64_t wanted = pausesWanted_; wanted != pauses_) {
      pauses_ = wanted;
      pause();
    }
    if (!pausedWanted_) resume();
  }
  void pause() {
    paused_ = true;
    again_ = false;
    interrupt({ErrorCode::Offline, "the peer has paused"});
  }
  void resume() {
    retry_.reset();
    bool wasPaused = std::exchange(paused_, false);
    if (dialogue_)
      again_ = wasPaused;
    else if (wasPaused || status_.state != LinkState::connecting)
      connect();
  }
  // The network has changed, or the socket has appeared: the peer may be reachable now.
  void surroundingsChanged() {
    if (status_.state == LinkState::offline) resume();
  }
  void end() {
    stopping_ = true;
    if (watch_) watch_->stop();
    base::insist([this] { interrupt({ErrorCode::Offline, "the peer has disconnected"}); });
  }

  // The conversation calls these.
  void admitted(Dialogue& dialogue) {
    base::Lock lock(mutex_);
    if (pings_ > 0) dialogue.ping(pings_);
  }
  void talked(const sync::SessionStatus& session, std::uint64_t bytes) {
    noteSession(session, bytes);
    status_.state = linkStateOf(session.state);
    status_.error.reset();
    status_.leavesOut = session.sending && session.scope != options_.session.terms.scope;
    retry_.note(status_, {store_.feedEnd(), 0}, nowMs());
    board_.put(status_);
  }
  void ended(const sync::SessionStatus& session, std::uint64_t bytes, const sync::Bye& why) {
    {
      base::Lock lock(mutex_);
      dialogue_.reset();
    }
    if (stopping_) return goneNow();
    doOrBreak([&](Core&) {
      noteSession(session, bytes);
      bytesBefore_ = status_.bytes;
      repairedBefore_ = status_.repaired;
      if (std::exchange(again_, false)) return connect();
      if (paused_) return rest();
      broke(why);
    });
  }

  const RemoteOptions& options() const { return options_; }
  bool compression() const { return options_.compression && !isLocal(); }
  Io& io() { return io_; }
  base::Clock& clock() { return clock_; }

 private:
  // Does not wait: only the kernel has to answer.
  void connectToPath() {
    if (!watch_)
      watch_ = std::make_shared<FolderWatch>(io_, strand_, options_.path, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->doOrBreak(&Core::surroundingsChanged);
      });
    watch_->begin();  // before the attempt, so that a socket that appears meanwhile is noticed
    Dialled dialled = dial(options_.path);
    if (!dialled.socket) return failed(dialled.failure);
    std::optional<Credentials> listener = credentialsOf(dialled.socket.get());
    if (!listener) return failed("no process listens there any more");
    if (auto refusal = options_.checkListener ? options_.checkListener(*listener) : refuseStranger(*listener))
      return broke({refusal->code, "not connected to " + options_.path + ": " + refusal->text});
    Socket socket(io_.sockets());
    asio::error_code error;
    socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), dialled.socket.get(), error);
    if (error) return failed(error.message());
    dialled.socket.release();
    talk(std::move(socket));
  }

  void found(std::uint64_t attempt, const Addresses& addresses) {
    if (attempt != attempt_) return;
    if (addresses.endpoints.empty()) return failed(addresses.failure);
    connectTo(addresses.endpoints);
  }

  void connectTo(std::vector<tcp::endpoint> endpoints) {
    for (const tcp::endpoint& endpoint : endpoints)
      if (!options_.tls && !options_.allowPlaintext && !endpoint.address().is_loopback())
        return broke({ErrorCode::PlaintextForbidden,
                      "without TLS a client connects only to this machine, and " + host_.shown +
                          " is another one; use TLS, or set allowPlaintext if the network itself is safe"});
    attempt_++;  // the timer of this attempt no longer counts
    timer_.cancel();
    dialling_ = std::make_shared<Dialling>(io_, strand_, std::move(endpoints), timer_.expiry());
    dialling_->begin([self = shared_from_this()](std::optional<tcp::socket> socket, const std::string& failure) {
      self->doOrBreak([&](Core& core) {
        if (!socket) return core.failed(failure);
        asio::error_code ignored;
        socket->set_option(tcp::no_delay(true), ignored);
        core.talk(Socket(std::move(*socket)));
      });
    });
  }

  void talk(Socket socket) {
    auto dialogue = std::make_shared<Dialogue>(shared_from_this(), strand_);
    dialogue->begin(std::move(socket), [this](int fd) {
      return options_.tls ? options_.tls->connect(fd, host_.verified) : plainStream(fd);
    });
    dialling_.reset();
    {
      base::Lock lock(mutex_);
      dialogue_ = dialogue;
    }
    if (!base::contain([&] { dialogue->knock(); })) dialogue->stop({ErrorCode::OutOfMemory, "no memory"});
  }

  void failed(const std::string& what) {
    std::string where = isLocal() ? options_.path : host_.shown + ":" + std::to_string(options_.port);
    broke({ErrorCode::Offline, "cannot connect to " + where + ": " + what});
  }

  void broke(const sync::Bye& why) {
    std::uint64_t attempt = ++attempt_;
    giveUp();
    status_.error = why;
    status_.state = worthRetrying(why.code) ? LinkState::offline : LinkState::stopped;
    status_.nextTryMs = status_.state == LinkState::offline ? retry_.nextDelayMs(why.code, random_, nowMs()) : 0;
    if (status_.state == LinkState::offline) {
      timer_.expires_after(std::chrono::milliseconds(status_.nextTryMs));
      timer_.async_wait(ofAttempt(attempt, [](Core& self, asio::error_code cancelled) {
        if (!cancelled) self.connect();
      }));
    }
    board_.put(status_);
  }

  void interrupt(const sync::Bye& why) {
    attempt_++;
    giveUp();
    if (dialogue_)
      dialogue_->stop(why);
    else if (stopping_)
      goneNow();
    else
      rest();
  }

  void giveUp() {
    lookup_.stop();
    timer_.cancel();
    if (dialling_) dialling_->stop();
    dialling_.reset();
  }

  void rest() {
    status_.state = LinkState::paused;
    status_.error.reset();
    board_.put(status_);
  }

  void goneNow() {
    base::Lock lock(mutex_);
    gone_ = true;
    goneChanged_.notify_all();
  }

  std::int64_t nowMs() const { return clock_.monotonicUs() / 1000; }

  void noteSession(const sync::SessionStatus& session, std::uint64_t bytes) {
    status_.ends[0] = session;
    status_.bytes = bytesBefore_ + bytes;
    status_.repaired = repairedBefore_ + session.repaired;
  }

  Io& io_;
  sync::Store& store_;
  base::Clock& clock_;
  base::Random& random_;
  RemoteOptions options_;
  StatusBoard board_;
  Strand strand_;

  base::Mutex mutex_;
  std::shared_ptr<Dialogue> dialogue_;  // shared with its pending steps; written on the strand only
  std::uint64_t pings_ GUARDED_BY(mutex_) = 0;
  bool gone_ GUARDED_BY(mutex_) = false;
  std::condition_variable_any goneChanged_;

  const HostName host_;
  NameLookup lookup_;
  std::shared_ptr<Dialling> dialling_;  // until it is connected; shared with its pending operations
  asio::steady_timer timer_;            // ends the lookup of this attempt, or the wait for the next one
  std::shared_ptr<FolderWatch> watch_;  // of the socket; shared with its pending wait
  std::uint64_t attempt_ = 0;
  Retry retry_;
  bool stopping_ = false;
  std::atomic<bool> pausedWanted_ = false;
  std::atomic<std::uint64_t> pausesWanted_ = 0;
  std::uint64_t pauses_ = 0;  // how many of these have begun
  bool paused_ = false;
  bool again_ = false;  // connect as soon as this conversation has ended
  LinkStatus status_;
  std::uint64_t bytesBefore_ = 0;
  std::uint64_t repairedBefore_ = 0;
};

RemoteLink::Dialogue::Dialogue(std::shared_ptr<Core> core, const Strand& strand)
    : Conversation(core->io(), strand, core->clock(), core->options().timing), core_(std::move(core)) {}

void RemoteLink::Dialogue::knock() {
  const RemoteOptions& options = core_->options();
  Knock knock;
  knock.database = options.database;
  knock.token = options.token;
  knock.capabilities = core_->compression() ? kCanZstd : 0;
  say(encode(knock));
}

const sync::Store* RemoteLink::Dialogue::storeFor(base::ByteView) { return &core_->store(); }

void RemoteLink::Dialogue::onFirstFrame(base::ByteView frame) {
  if (std::optional<sync::Bye> bye = sync::decodeBye(frame)) return finish(*bye);
  std::optional<Admit> admit = decodeAdmit(frame);
  if (!admit)
    return leave({ErrorCode::ProtocolError, core_->isLocal()
                                                ? "the process that listens there is not BlazeDB; check the path"
                                                : "no BlazeDB hub listens there; check the port, and useTLS"});
  if (admit->version > kLinkVersion)
    return leave({ErrorCode::ProtocolTooNew, "the hub speaks a newer protocol; update BlazeDB here"});
  bool compression = core_->compression() && (admit->capabilities & kCanZstd);
  open(core_->store(), core_->options().session, compression);
  admitted_ = true;
  core_->admitted(*this);
}

void RemoteLink::Dialogue::onStatus(const sync::SessionStatus& status) { core_->talked(status, bytes()); }

void RemoteLink::Dialogue::onEnd(const sync::SessionStatus& status, const sync::Bye& why) {
  sync::Bye reason{why.code, {}};
  base::contain([&] {
    reason.text = why.text;
    if (!admitted_ && reason.code == ErrorCode::Offline && !core_->isLocal())
      reason.text += ", before it admitted this client; if that happens again, check the port, and useTLS at both ends";
  });
  std::exchange(core_, nullptr)->ended(status, bytes(), reason);
}

RemoteLink::RemoteLink(Io& io, sync::Store& store, base::Clock& clock, base::Random& random, RemoteOptions options,
                       Listener listener)
    : core_(std::make_shared<Core>(io, store, clock, random, std::move(options), std::move(listener))) {
  if (!core_->isLocal())
    networkListener_ = io.network().add([core = core_] { core->post(&Core::surroundingsChanged); });
  try {
    core_->post(&Core::connect);
  } catch (...) {
    io.network().remove(networkListener_);
    throw;
  }
}

void RemoteLink::end() {
  core_->io().network().remove(networkListener_);
  core_->board().close();
  base::insist([this] { core_->post(&Core::end); });
  core_->waitUntilGone();
}

void RemoteLink::feedMoved() { core_->feedMoved(); }
LinkStatus RemoteLink::status() const { return core_->board().status(); }
void RemoteLink::pause() { core_->wantPaused(true); }
void RemoteLink::resume() { core_->wantPaused(false); }

bool RemoteLink::waitAcknowledged(int, std::uint64_t position, std::int64_t deadlineUs) {
  return core_->board().wait(deadlineUs, [&](const LinkStatus& status) {
    return status.ends[0].acknowledgedTo >= position && status.state != LinkState::offline;
  });
}

bool RemoteLink::waitSynchronized(std::int64_t deadlineUs) {
  std::uint64_t mine = core_->store().feedEnd();
  return core_->board().waitSynchronized(core_->ping(), mine, deadlineUs);
}

}  // namespace blazedb::link
