// A conversation is its step(): take frames, let the session do what is due, send, keep alive, watch the memory. The
// rest is what a step calls, and the ways to end.
#include "link/conversation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/contain.h"
#include "link/failure.h"

namespace blazedb::link {
namespace {

// A step takes this much from one peer, then the others have their turn.
constexpr std::size_t kFramesAtOnce = 256;
constexpr std::size_t kBytesAtOnce = 1u << 20;
constexpr std::int64_t kTurnMs = 20;
// The memory of a waiting frame beside its bytes.
constexpr std::size_t kAnswerOverheadBytes = 64;

// What this end tells the peer of its own failure: no names and no paths.
sync::Bye toldOf(const sync::Bye& why) {
  const std::string more = "; its log says more. The connection is tried again by itself";
  if (why.code == ErrorCode::DiskFull) return {why.code, "the disk of the other end is full; make room there" + more};
  if (why.code == ErrorCode::FilterFailed) return {why.code, "the export filter of the other end has failed" + more};
  return {ErrorCode::IoError,
          "the other end could not go on with its database (" + std::string(errorName(why.code)) + ")" + more};
}

}  // namespace

Conversation::Conversation(Io& io, Strand strand, base::Clock& clock, const Timing& timing)
    : strand_(std::move(strand)),
      clock_(clock),
      io_(io),
      timing_(timing),
      place_([this] {
        if (auto self = weak_from_this().lock()) self->schedule();
      }),
      held_(io.incoming()),
      timer_(io.sockets()) {}

Conversation::~Conversation() {
  if (turns_) turns_->leave(place_);
}

void Conversation::begin(Socket socket, const Channel::MakeStream& makeStream) {
  begunMs_ = nowMs();
  channel_ = std::make_shared<Channel>(io_, clock_, std::move(socket), makeStream);
  wakeAt(begunMs_ + timing_.admitMs);
  try {
    channel_->start([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->schedule();
    });
  } catch (...) {
    timer_.cancel();
    throw;
  }
  schedule();
}

void Conversation::feedMoved() {
  moved_ = true;
  schedule();
}

void Conversation::ping(std::uint64_t number) {
  pingWanted_ = number;
  schedule();
}

void Conversation::stop(const sync::Bye& why) {
  {
    base::Lock lock(stopMutex_);
    if (!stopWanted_) stopWanted_ = why;
  }
  schedule();
}

std::optional<sync::Bye> Conversation::stopWanted() {
  base::Lock lock(stopMutex_);
  return stopWanted_;
}

bool Conversation::closed() const { return !channel_ || channel_->closed(); }

// If there is no memory to post a step, the timer brings the next one.
void Conversation::schedule() {
  if (scheduled_.exchange(true)) return;
  if (!base::contain([&] { strand_.post([self = shared_from_this()] { self->step(); }); })) scheduled_ = false;
}

void Conversation::step() {
  scheduled_ = false;  // first: whatever happens from here on schedules another step
  std::shared_ptr<Turns> turns = turns_;
  bool waits = !ended_ && turns && !turns->take(place_);
  if (!ended_) {
    try {
      waits ? waitForTurn() : talk();
    } catch (const std::exception& error) {
      fail(error);
    }
  }
  if (turns && (!waits || ended_)) turns->leave(place_);
  if (ended_ && channel_->closed() && !std::exchange(toldClosed_, true)) onClosed();
}

// Until there is a turn, an end that is not admitted yet can only be given up. A session waits: it has to save what it
// knows before it ends.
void Conversation::waitForTurn() {
  if (session_) return wakeAt(nowMs() + timing_.pingMs);  // there may be no memory to tell it that its turn has come
  if (std::optional<sync::Bye> stopping = stopWanted()) return leave(*stopping);
  if (std::optional<sync::Bye> broken = channel_->ended()) return drop(*broken);
  keepAlive(nowMs());
}

void Conversation::talk() {
  std::int64_t now = nowMs();
  if (std::optional<sync::Bye> stopping = stopWanted()) return leave(*stopping);

  std::optional<sync::Bye> broken = channel_->ended();
  sync::SessionState before = session_ ? session_->status().state : sync::SessionState::connecting;
  bool took = takeFrames(now);
  if (ended_) return;
  keepAlive(now);
  if (ended_) return;
  if (session_) {
    session_->roomMade(now);
    // A peer that does not read its answers gets no further ticks, which would make more of them.
    if (auto due = session_->nextTickMs(); due && now >= *due && !tooMuchWaits()) session_->tick(now);
    if (moved_.exchange(false)) session_->feedMoved(now);
    if (std::uint64_t wanted = pingWanted_; wanted > pingNumber_ && session_->status().peer) {
      pingNumber_ = wanted;
      session_->ping(pingNumber_, now);
    }
  }
  if (session_) {
    // Before the answers are sent: a peer that has them may ask for the status of this end.
    if (!session_->stopped() && session_->status().state != before) onStatus(session_->status());
    std::uint64_t bytesSent = session_->status().bytesSent;
    sendAnswers();
    if (bytesSent != std::exchange(saidBytes_, bytesSent)) {
      saidMs_ = now;
      keepsContext_ = true;
    }
    if (session_->stopped()) return finish(session_->status().ended.value_or(sync::Bye{}));
    makeWay(now);
    if (ended_) return;
    onStatus(session_->status());
  }
  if (broken && !took) return drop(*broken);
  if (broken) schedule();
  if (session_ && !tooMuchWaits())
    if (auto due = session_->nextTickMs()) wakeAt(*due);
}

// Hands the frames that have come to the session, until many answers wait: a peer that does not read its answers has to
// wait with its questions. Returns whether any frame had come.
bool Conversation::takeFrames(std::int64_t now) {
  std::size_t frames = 0, bytes = 0;
  bool full = false;
  while (!ended_ && !stopWanted()) {
    full = tooMuchWaits();
    if (full) break;  // the channel wakes this conversation when most answers are sent
    if (frames == kFramesAtOnce || bytes >= kBytesAtOnce || (frames > 0 && nowMs() >= now + kTurnMs)) {
      schedule();
      break;
    }
    std::optional<base::Bytes> frame;
    if (!first_.empty())
      frame = std::exchange(first_, {});
    else
      frame = channel_->take();
    if (!frame) {
      if (std::optional<sync::Bye> fault = channel_->fault()) leave(*fault);
      break;
    }
    frames++;
    bytes += frame->size();
    if (!session_ && !turns_) {
      if (const sync::Store* store = storeFor(*frame)) {
        turns_ = io_.turnsOf(store);
        first_ = std::move(*frame);
        schedule();
        break;
      }
    }
    if (!session_) {
      onFirstFrame(*frame);
      continue;
    }
    peerSaidBye_ |= sync::typeOf(*frame) == sync::FrameType::bye;
    session_->receive(*frame, now);
    for (base::Bytes& answer : session_->takeFrames()) addAnswer(std::move(answer));
  }
  if (frames > 0) {
    tookMs_ = now;
    askedMs_.reset();
  }
  return frames > 0 || full;
}

void Conversation::addAnswer(base::Bytes frame) {
  answersBytes_ += frame.size() + kAnswerOverheadBytes;
  answers_.push_back(std::move(frame));
}

// Sends what the session has said.
void Conversation::sendAnswers() {
  for (base::Bytes& frame : session_->takeFrames()) addAnswer(std::move(frame));
  channel_->send(std::exchange(answers_, {}));
  answersBytes_ = 0;
}

void Conversation::keepAlive(std::int64_t now) {
  if (!session_) {
    if (now >= begunMs_ + timing_.admitMs)
      return leave(
          {ErrorCode::Timeout, "the connection was not set up within " + std::to_string(timing_.admitMs) + " ms"});
    return wakeAt(begunMs_ + timing_.admitMs);
  }
  std::int64_t aliveMs = std::max(channel_->aliveMs(), tookMs_);
  if (now < aliveMs + timing_.pingMs) {
    askedMs_.reset();
    wakeAt(aliveMs + timing_.pingMs);
  } else if (!askedMs_) {
    askedMs_ = now;
    session_->ping(pingNumber_, now);
    wakeAt(now + timing_.deadMs - timing_.pingMs);
  } else if (now >= *askedMs_ + timing_.deadMs - timing_.pingMs) {
    return drop({ErrorCode::Offline,
                 "the peer has sent nothing for " + std::to_string((now - aliveMs + 500) / 1000) + " seconds"});
  } else {
    wakeAt(*askedMs_ + timing_.deadMs - timing_.pingMs);
  }
  if (keepsContext_) {
    if (now >= saidMs_ + timing_.forgetMs) {
      channel_->forget();
      keepsContext_ = false;
    } else {
      wakeAt(saidMs_ + timing_.forgetMs);
    }
  }
}

// Ends a conversation that holds much memory that others wait for, and is slow with it.
void Conversation::makeWay(std::int64_t now) {
  bool fits = held_.ask(session_->heldBytes());
  held_.set(session_->heldBytes());
  if (!fits)
    return leave(
        {ErrorCode::Timeout,
         "the other end has no memory left for what this connection makes it keep; the connection is tried again by "
         "itself"});
  if (!held_.beyondItsOwn()) heldSinceMs_.reset();
  if (held_.beyondItsOwn() && !heldSinceMs_) heldSinceMs_ = now;
  std::optional<std::int64_t> since = channel_->slowSinceMs();
  if (heldSinceMs_) since = std::min(since.value_or(now), *heldSinceMs_);
  if (!since) return;
  if (now < *since + timing_.slowMs) return wakeAt(*since + timing_.slowMs);
  if (io_.incoming().isScarce() || io_.outgoing().isScarce())
    return leave(
        {ErrorCode::Timeout,
         "the other end is short of memory, and this connection held much of it and was too slow; the connection is "
         "tried again by itself"});
  wakeAt(now + timing_.slowMs);
}

void Conversation::say(const base::Bytes& frame) { channel_->send({frame}); }

void Conversation::admit(const base::Bytes& frame) {
  channel_->admit();
  say(frame);
}

void Conversation::open(sync::Store& store, const sync::SessionOptions& options, bool compression) {
  channel_->admit();
  if (compression) channel_->allowCompression();
  sync::SessionOptions withRoom = options;
  withRoom.hasRoom = [this](std::size_t bytes) { return channel_->hasRoom(answersBytes_ + bytes); };
  session_ = std::make_unique<sync::Session>(store, std::move(withRoom));
  session_->start(clock_.wallMs(), nowMs());
}

void Conversation::leave(const sync::Bye& why) {
  try {
    if (session_) {
      session_->settle(nowMs());
      session_->stop(why.code, why.text);
      sendAnswers();
    } else {
      say(sync::encode(why));
    }
  } catch (const std::exception&) {
    say(sync::encode(why));  // the peer sends again what the store failed to save
  }
  finish(why);
}

// Ends after an exception: the session cannot be used any more.
void Conversation::fail(const std::exception& error) {
  sync::Bye why{ErrorCode::OutOfMemory, {}};
  base::contain([&] {
    why = failureOf(error);
    say(sync::encode(toldOf(why)));  // if there is no memory for it, the peer sees the stream end
  });
  finish(why);
}

// Ends without a Bye: the stream is broken.
void Conversation::drop(const sync::Bye& why) {
  if (session_) session_->settle(nowMs());
  finish(why);
}

void Conversation::finish(const sync::Bye& why) {
  if (std::exchange(ended_, true)) return;
  sync::SessionStatus status;
  base::contain([&] {
    if (session_) status = session_->status();
  });
  session_.reset();
  held_.set(0);
  answers_ = {};
  timer_.cancel();
  if (!base::contain([&] { channel_->close(); })) channel_->abort();
  onEnd(status, why);
}

// Makes sure that a step comes at this time at the latest.
void Conversation::wakeAt(std::int64_t ms) {
  if (timerMs_ && *timerMs_ <= ms) return;
  timerMs_ = ms;
  timer_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(ms - nowMs(), 0)));
  timer_.async_wait(onStrand(strand_, [self = shared_from_this()](asio::error_code cancelled) {
    if (cancelled) return;
    self->timerMs_.reset();
    self->moved_ = true;  // a commit may have had no memory to schedule a step
    self->step();
  }));
}

}  // namespace blazedb::link
