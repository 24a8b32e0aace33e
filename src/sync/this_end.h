// What the parts of a session share: the store, what was agreed, the time, the status, and the frames that go out.
//
// Sender, Receiver and Rest each hold a reference to the one ThisEnd of their session. It decides nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "sync/agreement.h"
#include "sync/frames.h"
#include "sync/session_options.h"
#include "sync/session_status.h"
#include "sync/store.h"

namespace blazedb::sync {

// The sender announces what it withheld, and the receiver saves a cursor that no data came with, without a delay once
// so many positions are waiting: a bulk copy that is killed must not send back what it had brought.
inline constexpr std::uint64_t kFarBehind = 1000;

class ThisEnd {
 public:
  ThisEnd(Store& s, SessionOptions o) : store(s), options(std::move(o)) {}
  ThisEnd(const ThisEnd&) = delete;

  Store& store;
  const SessionOptions options;
  SessionStatus status;
  Agreement agreement;     // made when the peer's Hello comes; until then nobody asks it
  std::int64_t nowMs = 0;  // as the driver said in the call that is being served
  std::int64_t lastActivityMs = 0;
  bool settling = false;  // the conversation is about to end: nothing new is begun

  const Peer& peer() const { return agreement.peer; }
  bool stopped() const { return status.state == SessionState::stopped; }
  void activity() { lastActivityMs = nowMs; }

  void say(base::Bytes frame) {
    status.bytesSent += frame.size();
    outBytes_ += frame.size();
    out_.push_back(std::move(frame));
  }
  // May so many bytes more wait in the driver?
  bool hasRoom(std::size_t bytes) const { return !options.hasRoom || options.hasRoom(outBytes_ + bytes); }
  std::vector<base::Bytes> takeFrames() {
    outBytes_ = 0;
    return std::exchange(out_, {});
  }

  // Says Bye and stops. Does nothing in a conversation that has stopped already.
  void stop(ErrorCode code, const std::string& text) {
    if (stopped()) return;
    say(encode(Bye{code, text}));
    status.ended = Bye{code, text};
    status.state = SessionState::stopped;
  }
  // The peer breaks the protocol: it sent what is named here.
  void broken(const char* what) { stop(ErrorCode::ProtocolError, std::string("the peer sent ") + what); }

 private:
  std::vector<base::Bytes> out_;
  std::size_t outBytes_ = 0;
};

}  // namespace blazedb::sync
