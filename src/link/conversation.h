// Conversation: one session over one channel. The base of both ends of a link between processes: the client's
// (remote_link.cc) knocks, the hub's (acceptor.cc) admits.
//
// Everything runs on a strand of the workers, one step after the other. A step takes the frames that have come, lets
// the session do what is due, sends what the session says, and schedules the next step. However often the feed moves
// between two steps, one step follows. Once the store is known, a step needs one of the store's turns (turns.h).
//
// An end that has heard nothing for ten seconds sends a Ping, and gives up when nothing has come for thirty. That finds
// a connection that broke without notice. An end stops reading from a peer that does not read its answers, and gives up
// in the same way.
//
// All conversations of a process share their memory (budget.h). Answers to the peer are made when there is room. If
// there is no room for frames that the peer makes this end hold, the conversation ends. A conversation that holds much
// while others wait must get on with a megabyte in ten seconds.
//
// Every end of a conversation has a reason, and both ends get it as long as the stream works. Of a failure at this end
// the peer is told only the kind and what helps.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "link/channel.h"
#include "link/io.h"
#include "sync/session.h"

namespace blazedb::link {

struct Timing {
  std::int64_t admitMs = 5000;    // from the connection to Admit
  std::int64_t pingMs = 10'000;   // of silence until this end sends a Ping
  std::int64_t deadMs = 30'000;   // of silence until this end gives up
  std::int64_t forgetMs = 5'000;  // without a frame until the channel frees the memory of compression
  std::int64_t slowMs = 10'000;   // without progress, with much memory that others wait for, until this end gives up
};

// Shared by its owner and its pending steps.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  virtual ~Conversation();

  // Starts with a connected socket. Must be called once.
  void begin(Socket socket, const Channel::MakeStream& makeStream);

  // Any thread may call these.
  void feedMoved();
  // Asks the peer for the end of its feed. The peer sends a Pong with this number, or a higher one, after this call.
  // Numbers must grow.
  void ping(std::uint64_t number);
  // Tells the peer why, and ends.
  void stop(const sync::Bye& why);
  bool closed() const;

 protected:
  Conversation(Io& io, Strand strand, base::Clock& clock, const Timing& timing);

  // Called with a first frame that may have come, before onFirstFrame and without a turn: must not read from a store.
  // Returns the store that onFirstFrame will use; none if it uses none.
  virtual const sync::Store* storeFor(base::ByteView frame) = 0;
  // Called with the first frame, before there is a session. Must call open() or leave(), now or later.
  virtual void onFirstFrame(base::ByteView frame) = 0;
  // Called after each step that changed something.
  virtual void onStatus(const sync::SessionStatus& status) = 0;
  // Called once, when the session is gone and its store no longer used. `status` is the session's last. Must not throw.
  virtual void onEnd(const sync::SessionStatus& status, const sync::Bye& why) = 0;
  // Called after onEnd, when the connection is closed too.
  virtual void onClosed() {}

  // Must be called on the strand.
  void say(const base::Bytes& frame);
  // Says the frame that admits the peer, which may send large frames as soon as it has it.
  void admit(const base::Bytes& frame);
  // Starts the session.
  void open(sync::Store& store, const sync::SessionOptions& options, bool compression);
  void leave(const sync::Bye& why);   // tells the peer, and ends
  void finish(const sync::Bye& why);  // ends; the peer has been told, or cannot be
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
  void waitForTurn();
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
  std::shared_ptr<Channel> channel_;  // shared with pending operations on the socket

  std::atomic<bool> scheduled_ = false;
  std::atomic<bool> moved_ = false;
  std::atomic<std::uint64_t> pingWanted_ = 0;
  base::Mutex stopMutex_;
  std::optional<sync::Bye> stopWanted_ GUARDED_BY(stopMutex_);

  // The strand's.
  std::shared_ptr<Turns> turns_;  // shared with the other conversations about the same store
  Turns::Place place_;
  base::Bytes first_;  // the first frame, until there is a turn for it
  std::unique_ptr<sync::Session> session_;
  Budget::Share held_;  // what the session holds
  std::optional<std::int64_t> heldSinceMs_;
  std::vector<base::Bytes> answers_;
  std::size_t answersBytes_ = 0;
  std::uint64_t saidBytes_ = 0;
  asio::steady_timer timer_;
  std::optional<std::int64_t> timerMs_;  // when it fires
  std::int64_t begunMs_ = 0;
  std::int64_t tookMs_ = 0;  // when a frame was last taken
  std::int64_t saidMs_ = 0;  // when a frame was last sent
  std::optional<std::int64_t> askedMs_;
  std::uint64_t pingNumber_ = 0;
  bool keepsContext_ = false;
  bool ended_ = false;
  bool peerSaidBye_ = false;
  bool toldClosed_ = false;
};

}  // namespace blazedb::link
