// One session over one channel: what the two ends of a link between processes have in common.
//
// Everything here runs on a strand of the workers, one step after the other; a step takes what has come, lets the
// session do what is due, sends what it says, and sees to it that the next step comes in time. However often the feed
// moves between two steps, one step follows.
//
// A channel that breaks without a word is found out by asking: whoever has heard nothing for ten seconds says Ping, and
// gives up when nothing has come for thirty. A peer that does not read what it is sent is not listened to either, and
// ends in the same way.
//
// All conversations of a process share what they may hold in memory (budget.h). What a session makes its peer wait for
// is made when there is room; what a peer makes it keep ends the conversation where there is none. Who holds much while
// others wait has to get on with a megabyte of it in ten seconds.
//
// Whatever ends a conversation has a reason. Both ends hear it as long as the stream carries anything: of what went
// wrong in here the peer is told the kind and what helps, and no more.
//
// There are two kinds: the client's (remote_link.cc) knocks, the hub's (acceptor.cc) admits.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "link/channel.h"
#include "link/io.h"
#include "sync/session.h"

namespace blazedb::link {

struct Timing {
  std::int64_t admitMs = 5000;    // from the connection to Admit
  std::int64_t pingMs = 10'000;   // of silence, until the peer is asked
  std::int64_t deadMs = 30'000;   // of silence, until it is given up
  std::int64_t forgetMs = 5'000;  // without a frame, until the channel gives up what compression keeps
  std::int64_t slowMs = 10'000;   // with much in memory that others wait for, until it is given up
};

// Shared by its owner and the steps that are on their way.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  virtual ~Conversation() = default;

  // Begins with a connected socket. Once.
  void begin(Socket socket, const Channel::MakeStream& makeStream);

  // From any thread.
  void feedMoved();
  // Asks the peer for the end of its feed. A Pong with this number, or a higher one, was said after this call. Numbers
  // grow.
  void ping(std::uint64_t number);
  // Says why, and ends.
  void stop(const sync::Bye& why);
  bool closed() const;

 protected:
  Conversation(Io& io, Strand strand, base::Clock& clock, const Timing& timing);

  // The first frame, before there is a session: whoever gets it calls open(), or leave().
  virtual void onFirstFrame(base::ByteView frame) = 0;
  // After each step that changed something.
  virtual void onStatus(const sync::SessionStatus& status) = 0;
  // Once: the session is gone, and with it the last use of its store. `status` is what it was. Throws nothing.
  virtual void onEnd(const sync::SessionStatus& status, const sync::Bye& why) = 0;
  // After onEnd: the connection is closed too.
  virtual void onClosed() {}

  // On the strand.
  void say(const base::Bytes& frame);
  void open(sync::Store& store, const sync::SessionOptions& options, bool compression);
  void leave(const sync::Bye& why);  // tells the peer, and ends
  void finish(const sync::Bye& why);
  std::uint64_t bytes() const { return channel_ ? channel_->bytes() : 0; }
  bool heard() const { return channel_ && channel_->heard(); }
  // Whether the peer has said why it ends.
  bool peerSaidBye() const { return peerSaidBye_; }

  Strand strand_;
  base::Clock& clock_;

 private:
  void schedule();
  std::optional<sync::Bye> stopWanted();
  void step();
  void talk();
  bool takeFrames(std::int64_t now);
  void addAnswer(base::Bytes frame);
  bool tooMuchWaits() const { return channel_->isFull(answersBytes_); }
  void sendAnswers();
  void keepAlive(std::int64_t now);
  void makeWay(std::int64_t now);
  void drop(const sync::Bye& why);
  void fail(const std::exception& error);
  void wakeAt(std::int64_t ms);
  std::int64_t nowMs() const { return clock_.monotonicUs() / 1000; }

  Io& io_;
  Timing timing_;
  std::shared_ptr<Channel> channel_;  // shared with what waits for the socket

  std::atomic<bool> scheduled_ = false;
  std::atomic<bool> moved_ = false;
  std::atomic<std::uint64_t> pingWanted_ = 0;
  std::mutex stopMutex_;
  std::optional<sync::Bye> stopWanted_;

  // The strand's.
  std::unique_ptr<sync::Session> session_;
  Budget::Share held_;  // by the session
  std::optional<std::int64_t> heldSinceMs_;
  std::vector<base::Bytes> answers_;
  std::size_t answersBytes_ = 0;
  std::uint64_t saidBytes_ = 0;
  asio::steady_timer timer_;
  std::optional<std::int64_t> timerMs_;  // when it goes off
  std::int64_t begunMs_ = 0;
  std::int64_t tookMs_ = 0;  // frames
  std::int64_t saidMs_ = 0;  // frames
  std::optional<std::int64_t> askedMs_;
  std::uint64_t pingNumber_ = 0;
  bool keepsContext_ = false;
  bool ended_ = false;
  bool peerSaidBye_ = false;
  bool toldClosed_ = false;
};

}  // namespace blazedb::link
