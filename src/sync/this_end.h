// What the parts of a session share: the store, what was agreed, the time, the status, and the frames that go out.
//
// Sender, Receiver and Rest each hold a reference to the one ThisEnd of their session. It decides nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

// Once this many positions wait, the sender announces at once what it withheld, and the receiver saves at once a cursor
// that came without data. Otherwise a bulk copy that is killed would later send back what it had brought.
inline constexpr std::uint64_t kFarBehind = 1000;

class ThisEnd {
 public:
  ThisEnd(Store& s, SessionOptions o) : store(s), options(std::move(o)) {}
  ThisEnd(const ThisEnd&) = delete;

  Store& store;
  const SessionOptions options;
  SessionStatus status;
  Agreement agreement;     // made when the peer's Hello comes; must not be read before
  std::int64_t nowMs = 0;  // the driver's time in the present call
  std::int64_t lastActivityMs = 0;
  bool settling = false;          // the conversation is about to end: begin nothing new
  std::optional<Bye> refusedWhy;  // of the latest change that the peer refuses

  const Peer& peer() const { return agreement.peer; }
  bool stopped() const { return status.state == SessionState::stopped; }
  void activity() { lastActivityMs = nowMs; }

  // What the store has noted of the changes that the peer refuses.
  void noteRefused(const Store::Noted& noted) {
    status.refused = noted.count;
    refusedWhy = noted.why;
    if (noted.gaveBack) status.gaveBackTo = store.feedEnd();
  }

  void say(base::Bytes frame) {
    status.bytesSent += frame.size();
    outBytes_ += frame.size();
    out_.push_back(std::move(frame));
  }
  // Whether so many more bytes may wait in the driver.
  bool hasRoom(std::size_t bytes) const { return !options.hasRoom || options.hasRoom(outBytes_ + bytes); }
  bool hasFrames() const { return !out_.empty(); }
  std::vector<base::Bytes> takeFrames() {
    outBytes_ = 0;
    return std::exchange(out_, {});
  }

  // Says Bye and stops. Does nothing if the conversation has stopped already.
  void stop(ErrorCode code, const std::string& text) {
    if (stopped()) return;
    say(encode(Bye{code, text}));
    status.ended = Bye{code, text};
    status.state = SessionState::stopped;
  }
  // Stops because the peer breaks the protocol: it sent `what`.
  void broken(const char* what) { stop(ErrorCode::ProtocolError, std::string("the peer sent ") + what); }

 private:
  std::vector<base::Bytes> out_;
  std::size_t outBytes_ = 0;
};

}  // namespace blazedb::sync
