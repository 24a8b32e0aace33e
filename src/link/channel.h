// Frames both ways over one connected socket.
//
// The thread of the sockets reads, and finds the packets; whoever has the channel takes the frames in them, one by one,
// on a thread of its own, and is woken when there is something to take. A packet stays as it came until then: what a
// frame expands to takes memory only while it is looked at. Sending is tried at once on the sender's thread, because
// that saves a change of threads on the way of every commit; what the socket does not take is sent when it can.
//
// Both directions are bounded. Reading stops while a megabyte of packets is waiting to be taken, and the owner is told
// how much it has sent that is not yet on its way, so that it can stop answering. All channels of a process share a
// budget: what is beyond a channel's own little is asked for before it is read, or made (budget.h).
//
// A peer that breaks the framing is not read any more, but it can still be told so: fault() is no end.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <algorithm>
#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "link/budget.h"
#include "link/framing.h"
#include "link/io.h"
#include "link/stream.h"
#include "sync/bye.h"

namespace blazedb::link {

using Socket = asio::generic::stream_protocol::socket;

// Shared by its owner and by what waits for its socket; it is gone when both have let go.
class Channel : public Budget::Waiter, public std::enable_shared_from_this<Channel> {
 public:
  using MakeStream = std::function<std::unique_ptr<Stream>(int fd)>;

  // Takes a connected socket over. Throws what `makeStream` does.
  Channel(Io& io, base::Clock& clock, Socket socket, const MakeStream& makeStream);

  // Begins. `wake` is called on any thread, and is quick: when frames have come, when the channel has ended, and when
  // much of what was waiting has gone out, or there is room again.
  void start(std::function<void()> wake);

  // These are the owner's, from one thread at a time.
  //
  // Frames may be sent at once; they wait for the end of the handshake.
  void send(const std::vector<base::Bytes>& frames);
  // The next frame that has come; none: nothing is waiting.
  std::optional<base::Bytes> take();
  // From now on frames may be large, and compressed if both ends can.
  void admit(bool compression);
  // Gives up what compression keeps, until the next frame.
  void forget();
  // May so much more be sent? False: `wake` is called when it may.
  bool hasRoom(std::size_t bytes);

  // From any thread.
  //
  // Why nothing more comes or goes; what has come before can still be taken.
  std::optional<sync::Bye> ended() const;
  // What the peer did that makes what follows unreadable; what came before can still be taken.
  std::optional<sync::Bye> fault() const;
  // Whether, with so many more, as many bytes wait for the socket as there may be now.
  bool isFull(std::size_t more) const;
  // Since when it has held more than its own, in either direction, and not got on with it; none: it has not.
  std::optional<std::int64_t> slowSinceMs() const;
  // All bytes so far, both ways, as framed.
  std::uint64_t bytes() const;
  // When the peer last showed a sign of life: a byte came, or the socket took one after it had been full.
  std::int64_t aliveMs() const;
  // Whether the peer has said anything at all.
  bool heard() const;
  // Sends what is waiting, for a second at most, then ends the connection. Nothing that comes is looked at any more.
  void close();
  void roomMade() override;
  // Ends it at once.
  void abort();
  bool closed() const;

 private:
  enum class Phase : std::uint8_t { handshaking, open, flushing, draining, closed };

  void run(bool mayRead);
  void readSoon();
  void advance(bool mayRead);
  void handshake();
  void write();
  void read();
  void dropInbox();
  void discard();
  void split(base::ByteView bytes);
  void blame(const std::string& what);
  void put(base::Bytes chunk);
  // Whether a result lets the caller go on; else it has noted what is waited for, or the end.
  bool progressed(const StreamResult& result);
  void wait();
  void end(sync::Bye why);
  void shut();
  bool mayRead();
  std::size_t incoming() const { return std::max(splitter_.pending(), splitter_.announced()); }

  Io& io_;
  base::Clock& clock_;
  std::function<void()> wake_;

  // The owner's.
  Packer packer_;
  Unpacker unpacker_;

  // How one direction gets on. It begins anew with each megabyte.
  struct Pace {
    std::size_t bytes = 0;
    std::int64_t sinceMs = 0;
    void moved(std::size_t more, std::int64_t nowMs);
  };

  mutable std::mutex mutex_;
  Budget::Share inShare_, outShare_;
  Pace inPace_, outPace_;
  Phase phase_ = Phase::handshaking;
  Socket socket_;
  std::unique_ptr<Stream> stream_;
  Splitter splitter_;
  std::list<Packet> inbox_;
  std::size_t inboxBytes_ = 0;
  std::size_t inboxBytesMax_ = base::kFrameBytesMaxBeforeHello;
  bool readsLarge_ = false;        // a frame beyond its own share
  bool paused_ = false;            // not read, until less is waiting
  std::list<base::Bytes> outbox_;  // as the inbox, it holds nothing while it is empty: a deque would
  std::size_t outboxBytes_ = 0;
  std::size_t outboxUsed_ = 0;  // of its first
  bool full_ = false;           // the owner waits for the outbox
  bool wantRead_ = false, wantWrite_ = false;
  bool readArmed_ = false, writeArmed_ = false;
  bool news_ = false;  // wake() is due
  std::optional<sync::Bye> fault_;
  std::optional<sync::Bye> ended_;
  std::optional<asio::steady_timer> lastMoment_;
  std::uint64_t bytes_ = 0;
  std::int64_t aliveMs_ = 0;
};

}  // namespace blazedb::link
