// Carries frames both ways over one connected socket.
//
// The thread of the sockets reads and finds the packets. It wakes the channel's owner, which takes the frames one by
// one on a thread of its own. A packet stays compressed until then, so an expanded frame takes memory only while the
// owner handles it. send() first tries the socket on the caller's thread, which saves every commit a change of threads.
// What the socket does not take is sent when it can be.
//
// Both directions are bounded. Reading stops while a megabyte of packets waits to be taken. The owner can ask how much
// it has sent that still waits for the socket, and stop answering. All channels of a process share a budget (budget.h):
// a channel asks for memory beyond its own before it reads or makes data.
//
// If the peer breaks the framing, the channel stops reading but can still send: fault() does not end it.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <algorithm>
#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "link/budget.h"
#include "link/framing.h"
#include "link/io.h"
#include "link/stream.h"
#include "sync/bye.h"

namespace blazedb::link {

using Socket = asio::generic::stream_protocol::socket;

// Shared by its owner and by pending operations on its socket.
class Channel : public Budget::Waiter, public std::enable_shared_from_this<Channel> {
 public:
  using MakeStream = std::function<std::unique_ptr<Stream>(int fd)>;

  // Takes a connected socket over. Throws what `makeStream` throws.
  Channel(Io& io, base::Clock& clock, Socket socket, const MakeStream& makeStream);

  // Starts. The channel calls `wake` on any thread when frames have come, when it has ended, when most of the waiting
  // bytes have gone out, and when there is room again. `wake` must be quick.
  void start(std::function<void()> wake);

  // The owner calls these, from one thread at a time.
  //
  // Sends frames. May be called at once: frames wait for the end of the handshake.
  void send(const std::vector<base::Bytes>& frames);
  // The next frame that has come; none if nothing waits.
  std::optional<base::Bytes> take();
  // From now on the peer may send large frames. Called before the peer is told so.
  void admit();
  // From now on frames may be compressed.
  void allowCompression();
  // Frees the memory of compression until the next frame.
  void forget();
  // Whether so many more bytes may be sent. After a false the channel calls `wake` when they may.
  bool hasRoom(std::size_t bytes);

  // Any thread may call these.
  //
  // Why nothing more comes or goes. Frames that came before can still be taken.
  std::optional<sync::Bye> ended() const;
  // What the peer did to make the rest unreadable. Frames that came before can still be taken.
  std::optional<sync::Bye> fault() const;
  // Whether, with `more` bytes, as many would wait for the socket as may wait now.
  bool isFull(std::size_t more) const;
  // Since when the channel holds more than its own in a direction without progress; none if it does not.
  std::optional<std::int64_t> slowSinceMs() const;
  // All bytes so far in both directions, as framed.
  std::uint64_t bytes() const;
  // When the peer last showed a sign of life: a byte came, or the socket took one after it had been full.
  std::int64_t aliveMs() const;
  // Whether any byte has come from the peer.
  bool heard() const;
  // Sends what waits, for a second at most, then ends the connection. Ignores what still comes.
  void close();
  void roomMade() override;
  // Ends the connection at once.
  void abort();
  bool closed() const;

 private:
  enum class Phase : std::uint8_t { handshaking, open, flushing, draining, closed };

  void run(bool mayRead);
  void readSoon();
  void advance(bool mayRead) REQUIRES(mutex_);
  void handshake() REQUIRES(mutex_);
  void write() REQUIRES(mutex_);
  void read() REQUIRES(mutex_);
  void dropInbox() REQUIRES(mutex_);
  void discard() REQUIRES(mutex_);
  void split(base::ByteView bytes) REQUIRES(mutex_);
  void blame(const std::string& what) REQUIRES(mutex_);
  void put(base::Bytes chunk);
  // Whether the caller can go on. Otherwise it has noted what to wait for, or the end.
  bool progressed(const StreamResult& result) REQUIRES(mutex_);
  void wait() REQUIRES(mutex_);
  void end(sync::Bye why) REQUIRES(mutex_);
  void shut() REQUIRES(mutex_);
  bool mayRead() REQUIRES(mutex_);
  std::size_t incoming() const REQUIRES(mutex_) { return std::max(splitter_.pending(), splitter_.announced()); }

  Io& io_;
  base::Clock& clock_;
  std::function<void()> wake_;

  // The owner's.
  Packer packer_;
  Unpacker unpacker_;

  // The progress of one direction. It starts again with each megabyte.
  struct Pace {
    std::size_t bytes = 0;
    std::int64_t sinceMs = 0;
    void moved(std::size_t more, std::int64_t nowMs);
  };

  mutable base::Mutex mutex_;
  Budget::Share inShare_ GUARDED_BY(mutex_);
  Budget::Share outShare_ GUARDED_BY(mutex_);
  Pace inPace_ GUARDED_BY(mutex_);
  Pace outPace_ GUARDED_BY(mutex_);
  Phase phase_ GUARDED_BY(mutex_) = Phase::handshaking;
  Socket socket_ GUARDED_BY(mutex_);
  std::unique_ptr<Stream> stream_ GUARDED_BY(mutex_);
  Splitter splitter_ GUARDED_BY(mutex_);
  std::list<Packet> inbox_ GUARDED_BY(mutex_);
  std::size_t inboxBytes_ GUARDED_BY(mutex_) = 0;
  std::size_t inboxBytesMax_ GUARDED_BY(mutex_) = base::kFrameBytesMaxBeforeHello;
  bool readsLarge_ GUARDED_BY(mutex_) = false;        // a frame larger than its own share is coming
  bool paused_ GUARDED_BY(mutex_) = false;            // does not read until less is waiting
  std::list<base::Bytes> outbox_ GUARDED_BY(mutex_);  // a list, as the inbox, because an empty deque holds memory
  std::size_t outboxBytes_ GUARDED_BY(mutex_) = 0;
  std::size_t outboxUsed_ GUARDED_BY(mutex_) = 0;  // how much of the first was written
  bool full_ GUARDED_BY(mutex_) = false;           // the owner waits for the outbox
  bool wantRead_ GUARDED_BY(mutex_) = false;
  bool wantWrite_ GUARDED_BY(mutex_) = false;
  bool readArmed_ GUARDED_BY(mutex_) = false;
  bool writeArmed_ GUARDED_BY(mutex_) = false;
  bool news_ GUARDED_BY(mutex_) = false;  // call wake_
  std::optional<sync::Bye> fault_ GUARDED_BY(mutex_);
  std::optional<sync::Bye> ended_ GUARDED_BY(mutex_);
  std::optional<asio::steady_timer> lastMoment_ GUARDED_BY(mutex_);
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::int64_t aliveMs_ GUARDED_BY(mutex_) = 0;
};

}  // namespace blazedb::link
