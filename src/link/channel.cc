// A state machine under one lock: handshake, open, then flushing and draining the last bytes. run() does what the
// socket allows now, and waits for the socket if there is more.
#include "link/channel.h"

#include <sys/socket.h>

#include <array>
#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/contain.h"
#include "link/failure.h"

namespace blazedb::link {
namespace {

constexpr std::size_t kInboxBytes = 1u << 20;
constexpr std::size_t kReadBytes = 16u << 10;
// After this much of one connection the others have their turn.
constexpr std::size_t kReadAtOnce = 256u << 10;
// An outbox beyond this is full: the owner is woken when it has gone out.
constexpr std::size_t kOutboxHigh = 256u << 10;
constexpr std::chrono::milliseconds kLastMoment{1000};
constexpr std::size_t kPaceBytes = 1u << 20;
// The memory of a waiting packet beside its bytes: a list node, and the allocator's rounding.
constexpr std::size_t kPacketOverhead = 112;

std::size_t costOf(const Packet& packet) { return packet.payload.size() + kPacketOverhead; }

}  // namespace

void Channel::Pace::moved(std::size_t more, std::int64_t nowMs) {
  bytes += more;
  if (bytes < kPaceBytes && sinceMs != 0) return;
  bytes = 0;
  sinceMs = nowMs;
}

Channel::Channel(Io& io, base::Clock& clock, Socket socket, const MakeStream& makeStream)
    : io_(io),
      clock_(clock),
      inShare_(io.incoming()),
      outShare_(io.outgoing()),
      socket_(std::move(socket)),
      splitter_(base::kFrameBytesMaxBeforeHello) {
  closeOnExec(socket_.native_handle());
  asio::error_code failed;
  socket_.native_non_blocking(true, failed);
  stream_ = makeStream(socket_.native_handle());
  aliveMs_ = clock_.monotonicUs() / 1000;
}

void Channel::start(std::function<void()> wake) {
  wake_ = std::move(wake);
  {
    base::Lock lock(mutex_);
    inShare_.setWaiter(weak_from_this());
    outShare_.setWaiter(weak_from_this());
  }
  readSoon();
}

// The share that gives memory back calls this, so it must not throw. If reading does not go on for want of memory, the
// owner's timer ends the conversation.
void Channel::roomMade() {
  base::contain([&] { readSoon(); });
  if (wake_) wake_();
}

void Channel::readSoon() {
  asio::post(io_.sockets(), [self = shared_from_this()] { self->run(true); });
}

void Channel::send(const std::vector<base::Bytes>& frames) {
  base::Bytes chunk;
  for (const base::Bytes& frame : frames) packer_.pack(frame, chunk);
  put(std::move(chunk));
}

// An empty chunk gives back the memory that was asked for.
void Channel::put(base::Bytes chunk) {
  bool empty = chunk.empty();
  {
    base::Lock lock(mutex_);
    if (phase_ != Phase::handshaking && phase_ != Phase::open) return;
    if (outbox_.empty()) outPace_ = {};
    outboxBytes_ += chunk.size();
    if (!empty) outbox_.push_back(std::move(chunk));
    outShare_.set(outboxBytes_);
  }
  if (!empty) run(false);
}

bool Channel::hasRoom(std::size_t bytes) {
  base::Lock lock(mutex_);
  return outShare_.ask(outboxBytes_ + bytes);
}

std::optional<base::Bytes> Channel::take() {
  for (;;) {
    Packet packet;
    bool again = false;
    {
      base::Lock lock(mutex_);
      if (inbox_.empty()) return std::nullopt;
      packet = std::move(inbox_.front());
      inbox_.pop_front();
      inboxBytes_ -= costOf(packet);
      inShare_.shrinkTo(inboxBytes_ + incoming());  // keeps the memory for the frame that is coming
      again = paused_ && inboxBytes_ <= inboxBytesMax_ / 2;
      if (again) {
        paused_ = false;
        inPace_.moved(0, clock_.monotonicUs() / 1000);
      }
    }
    if (again) readSoon();
    std::optional<base::Bytes> frame = unpacker_.unpack(std::move(packet));
    if (!frame) {
      base::Lock lock(mutex_);
      blame("a frame that cannot be unpacked");
      dropInbox();
      return std::nullopt;
    }
    if (!frame->empty()) return frame;
  }
}

void Channel::admit() {
  base::Lock lock(mutex_);
  splitter_.setFrameBytesMax(base::kFrameBytesMax);
  inboxBytesMax_ = kInboxBytes;
}

void Channel::allowCompression() {
  packer_.allowCompression();
  unpacker_.allowCompression();
}

void Channel::forget() {
  base::Bytes chunk;
  packer_.forget(chunk);
  put(std::move(chunk));
}

std::optional<sync::Bye> Channel::ended() const {
  base::Lock lock(mutex_);
  return ended_;
}

std::optional<sync::Bye> Channel::fault() const {
  base::Lock lock(mutex_);
  return fault_;
}

bool Channel::isFull(std::size_t more) const {
  std::size_t bytes = more;
  {
    base::Lock lock(mutex_);
    bytes += outboxBytes_;
  }
  return bytes > base::kInFlightBytesMax || (bytes > kOutboxHigh && io_.outgoing().isScarce());
}

std::optional<std::int64_t> Channel::slowSinceMs() const {
  base::Lock lock(mutex_);
  std::optional<std::int64_t> since;
  if (phase_ != Phase::open) return since;
  if (outboxBytes_ > kOwnBytes) since = outPace_.sinceMs;
  if (readsLarge_ && !paused_) since = std::min(since.value_or(inPace_.sinceMs), inPace_.sinceMs);
  return since;
}

std::uint64_t Channel::bytes() const {
  base::Lock lock(mutex_);
  return bytes_;
}

std::int64_t Channel::aliveMs() const {
  base::Lock lock(mutex_);
  return aliveMs_;
}

bool Channel::heard() const {
  base::Lock lock(mutex_);
  return stream_->heard();
}

bool Channel::closed() const {
  base::Lock lock(mutex_);
  return phase_ == Phase::closed;
}

void Channel::close() {
  {
    base::Lock lock(mutex_);
    dropInbox();
    if (phase_ == Phase::handshaking) shut();
    if (phase_ != Phase::open) return;
    phase_ = Phase::flushing;
    lastMoment_.emplace(io_.sockets(), kLastMoment);
    lastMoment_->async_wait([self = shared_from_this()](asio::error_code) { self->abort(); });
  }
  run(false);
}

void Channel::abort() {
  {
    base::Lock lock(mutex_);
    shut();
  }
  run(false);
}

// Does what can be done now, and waits for the socket if there is more.
void Channel::run(bool mayRead) {
  bool wake = false;
  {
    base::Lock lock(mutex_);
    try {
      advance(mayRead);
      wait();
    } catch (const std::exception& error) {
      bool said = base::contain([&] {
        mutex_.isHeld();
        end(failureOf(error));
      });
      if (!said) shut();
    }
    wake = std::exchange(news_, false);
  }
  if (wake && wake_) wake_();
}

void Channel::advance(bool mayRead) {
  wantRead_ = readArmed_;
  wantWrite_ = writeArmed_;
  if (phase_ == Phase::handshaking) {
    handshake();
    // OpenSSL may have read data together with the end of the handshake: the socket will not become readable for that.
    if (phase_ == Phase::open && !mayRead) readSoon();
  }
  if (phase_ == Phase::open || phase_ == Phase::flushing) write();
  if (phase_ == Phase::open && mayRead) read();
  if ((phase_ == Phase::flushing || phase_ == Phase::draining) && mayRead) discard();
}

void Channel::handshake() {
  if (progressed(stream_->handshake())) phase_ = Phase::open;
}

void Channel::write() {
  bool wasHigh = outboxBytes_ > kOutboxHigh;
  while (!outbox_.empty()) {
    base::ByteView rest = base::ByteView(outbox_.front()).subspan(outboxUsed_);
    StreamResult result = stream_->write(rest);
    if (!progressed(result)) break;
    if (std::exchange(full_, false)) aliveMs_ = clock_.monotonicUs() / 1000;
    outboxUsed_ += result.bytes;
    outboxBytes_ -= result.bytes;
    outShare_.giveBack(result.bytes);
    outPace_.moved(result.bytes, clock_.monotonicUs() / 1000);
    bytes_ += result.bytes;
    if (outboxUsed_ < outbox_.front().size()) continue;
    outbox_.pop_front();
    outboxUsed_ = 0;
  }
  if (phase_ == Phase::closed) return;
  if (!outbox_.empty()) {
    full_ = true;
    outPace_.moved(0, clock_.monotonicUs() / 1000);
  }
  if (wasHigh && outboxBytes_ <= kOutboxHigh) news_ = true;
  if (outboxBytes_ == 0 && phase_ == Phase::flushing) {
    // Ends only this direction: closing a socket with unread data would make the kernel drop what it has sent.
    stream_->end();
    ::shutdown(socket_.native_handle(), SHUT_WR);
    phase_ = Phase::draining;
    wantRead_ = true;
  }
}

void Channel::read() {
  std::array<std::uint8_t, kReadBytes> buffer;
  for (std::size_t count = 0;;) {
    if (!mayRead()) {
      paused_ = true;
      inPace_ = {};
      return;
    }
    if (std::exchange(paused_, false)) {
      inPace_.moved(0, clock_.monotonicUs() / 1000);
      news_ |= readsLarge_;  // the owner watches the progress of a large frame
    }
    StreamResult result = stream_->read(buffer);
    if (!progressed(result)) return;
    aliveMs_ = clock_.monotonicUs() / 1000;
    bytes_ += result.bytes;
    inPace_.moved(result.bytes, aliveMs_);
    split({buffer.data(), result.bytes});
    bool wasLarge = std::exchange(readsLarge_, splitter_.announced() > kOwnBytes);
    if (!readsLarge_) inPace_ = {};
    if (readsLarge_ && !wasLarge) news_ = true;  // the owner watches the progress of a large frame
    if (phase_ == Phase::closed) return;
    count += result.bytes;
    if (count >= kReadAtOnce) return readSoon();
  }
}

// A frame gets room for all of it or is not read. Otherwise two connections could wait for each other's half.
bool Channel::mayRead() {
  return inboxBytes_ < inboxBytesMax_ && !fault_ && inShare_.ask(inboxBytes_ + incoming() + kReadBytes);
}

void Channel::split(base::ByteView bytes) {
  splitter_.append(bytes);
  while (std::optional<Packet> packet = splitter_.next()) {
    inboxBytes_ += costOf(*packet);
    inbox_.push_back(std::move(*packet));
    news_ = true;
  }
  if (splitter_.fault()) blame(splitter_.fault());
}

void Channel::blame(const std::string& what) {
  fault_ = sync::Bye{ErrorCode::ProtocolError, "the peer sent " + what};
  news_ = true;
}

// Gives the memory of the inbox to other connections.
void Channel::dropInbox() {
  splitter_ = Splitter(base::kFrameBytesMax);
  inbox_.clear();
  inboxBytes_ = 0;
  inShare_.giveUp();
}

void Channel::discard() {
  std::array<std::uint8_t, kReadBytes> buffer;
  for (std::size_t count = 0; count < kReadAtOnce;) {
    StreamResult result = stream_->read(buffer);
    if (result.outcome == Outcome::wantRead || result.outcome == Outcome::wantWrite) {
      wantRead_ = true;
      return;
    }
    if (result.outcome != Outcome::done) return shut();
    count += result.bytes;
  }
  readSoon();
}

bool Channel::progressed(const StreamResult& result) {
  switch (result.outcome) {
    case Outcome::done:
      return true;
    case Outcome::wantRead:
      wantRead_ = true;
      return false;
    case Outcome::wantWrite:
      wantWrite_ = true;
      return false;
    case Outcome::closed:
      end({ErrorCode::Offline, "the peer has closed the connection"});
      return false;
    case Outcome::failed:
      end(stream_->failure());
      return false;
  }
  return false;
}

void Channel::wait() {
  if (phase_ == Phase::closed) return;
  auto ready = [this](bool& armed) {
    return [self = shared_from_this(), &armed](asio::error_code) {
      {
        base::Lock lock(self->mutex_);
        armed = false;
      }
      self->run(true);
    };
  };
  if (wantRead_ && !readArmed_) {
    readArmed_ = true;
    socket_.async_wait(Socket::wait_read, ready(readArmed_));
  }
  if (wantWrite_ && !writeArmed_) {
    writeArmed_ = true;
    socket_.async_wait(Socket::wait_write, ready(writeArmed_));
  }
}

void Channel::end(sync::Bye why) {
  if (!ended_) ended_ = std::move(why);
  shut();
}

void Channel::shut() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (!ended_) {
    ended_ = sync::Bye{ErrorCode::Offline, {}};
    base::contain([&] {
      mutex_.isHeld();
      ended_->text = "the connection was closed here";
    });
  }
  news_ = true;
  outbox_.clear();
  outboxBytes_ = 0;
  outShare_.giveUp();
  if (lastMoment_) lastMoment_->cancel();
  asio::error_code ignored;
  socket_.close(ignored);
}

}  // namespace blazedb::link
