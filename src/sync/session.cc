// The greeting, the dispatch of frames, and the decisions that concern more than one part of a session.
#include "sync/session.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace blazedb::sync {

Session::Session(Store& store, SessionOptions options)
    : end_(store, std::move(options)), rest_(end_), sender_(end_, rest_), receiver_(end_, sender_, rest_) {}

// ----------------------------------------------------------------------------------------------------
// what the driver calls

void Session::start(std::int64_t wallMs, std::int64_t nowMs) {
  wallMs_ = wallMs;
  end_.nowMs = nowMs;
  const Terms& terms = end_.options.terms;
  Hello hello;
  hello.identity = end_.store.identity();
  hello.wallMs = wallMs;
  hello.sends = terms.sends;
  hello.receives = terms.receives;
  hello.chooses = terms.reads.chooses();
  hello.sweeps = terms.writes.mayErase;
  hello.scope = terms.scope;
  hello.teams = terms.teams;
  end_.say(encode(hello));
}

void Session::receive(base::ByteView frame, std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (stopped()) return;
  end_.status.bytesReceived += frame.size();
  end_.status.heardMs = nowMs;
  if (frame.size() > (greeted() ? base::kFrameBytesMax : base::kFrameBytesMaxBeforeHello))
    return end_.broken("a frame beyond the limit");
  std::optional<FrameType> type = typeOf(frame);
  if (!type) return end_.broken("a frame of no known type");
  if (!greeted() && *type != FrameType::hello && *type != FrameType::bye) return end_.broken("a frame before Hello");
  dispatch(*type, frame);
  receiver_.askAgain();
  answerPing();
  updateState();
}

void Session::feedMoved(std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (stopped()) return;
  send();
  updateState();
}

void Session::tick(std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (stopped()) return;
  send();
  sender_.announceIfDue();
  receiver_.saveCursorIfDue();
  rest_.step();
  if (atRest()) rest_.sendDigestIfDue(here());
  updateState();
}

std::optional<std::int64_t> Session::nextTickMs() const {
  if (stopped()) return std::nullopt;
  std::optional<std::int64_t> next;
  auto at = [&](std::optional<std::int64_t> ms) {
    if (ms) next = std::min(next.value_or(*ms), *ms);
  };
  at(sender_.nextTickMs());
  at(receiver_.nextTickMs());
  at(rest_.nextStepMs());
  if (atRest()) at(rest_.digestDueMs(here()));
  return next;
}

void Session::roomMade(std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (stopped()) return;
  sender_.answerIfRoom();
  if (sender_.wantsRoom()) send();
  answerPing();
  updateState();
}

void Session::ping(std::uint64_t number, std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (greeted() && !stopped()) end_.say(encode(Ping{number}));
}

void Session::settle(std::int64_t nowMs) {
  end_.nowMs = nowMs;
  if (stopped()) return;
  end_.settling = true;
  rest_.disturb();
  sender_.announceWithheld();
  receiver_.saveCursor();
  sender_.noteSaved(receiver_.savedTo());
}

// ----------------------------------------------------------------------------------------------------
// frames

void Session::dispatch(FrameType type, base::ByteView frame) {
  auto handle = [&](const auto& decoded, auto handler) {
    if (!decoded) return end_.broken("a frame that cannot be read");
    handler(*decoded);
  };
  switch (type) {
    case FrameType::hello:
      return handle(decodeHello(frame), [&](const Hello& hello) { onHello(hello); });
    case FrameType::subscribe:
      return handle(decodeSubscribe(frame), [&](const Subscribe& subscribe) {
        sender_.onSubscribe(subscribe, receiver_.askedFrom());
        send();
      });
    case FrameType::welcome:
      return handle(decodeWelcome(frame), [&](const Welcome& welcome) {
        receiver_.onWelcome(welcome);
        send();
      });
    case FrameType::batch:
      receiver_.onBatch(frame);
      return mergeHeld();
    case FrameType::ack:
      return handle(decodeAck(frame), [&](const Ack& ack) {
        sender_.onAck(ack, receiver_.savedTo());
        receiver_.peerAcknowledged();
        mergeHeld();
        end_.activity();
        send();
      });
    case FrameType::rejected:
      return handle(decodeRejected(frame),
                    [&](const Rejected& rejected) { receiver_.replace(sender_.onRejected(rejected)); });
    case FrameType::need:
      return handle(decodeNeed(frame), [&](const Need& need) { sender_.onNeed(need); });
    case FrameType::rows:
      return onRows(frame);
    case FrameType::digest:
      return handle(decodeDigest(frame), [&](const DigestFrame& digest) {
        if (atRest()) rest_.onDigest(digest, here());
      });
    case FrameType::buckets:
      return handle(decodeBuckets(frame), [&](const Buckets& buckets) {
        comparable() ? rest_.onBuckets(buckets) : end_.broken("Buckets out of place");
      });
    case FrameType::inventory:
      return handle(decodeInventory(frame), [&](const Inventory& inventory) {
        comparable() ? rest_.onInventory(inventory) : end_.broken("Inventory out of place");
      });
    case FrameType::ping:
      return handle(decodePing(frame), [&](const Ping& ping) { onPing(ping); });
    case FrameType::pong:
      return handle(decodePong(frame), [&](const Pong& pong) { end_.status.pong = pong; });
    case FrameType::bye:
      return onBye(decodeBye(frame).value_or(Bye{ErrorCode::ProtocolError, "the peer ended the connection"}));
  }
}

void Session::onHello(const Hello& hello) {
  if (greeted()) return end_.broken("Hello twice");
  if (hello.version > kProtocolVersion)
    return stop(ErrorCode::ProtocolTooNew, "the peer speaks a newer protocol; update BlazeDB here");
  Identity self = end_.store.identity();
  if (hello.identity.replica == self.replica)
    return stop(
        ErrorCode::DuplicateReplica,
        "both files carry the replica id " + self.replica.toString() +
            ": one is a copy of the other. Give the copy an id of its own with renewReplicaId() (blazedb renew FILE)");
  // Not by std::abs of the difference: a peer could make it overflow.
  if (hello.wallMs < wallMs_ - base::kClockSkewMsMax || hello.wallMs > wallMs_ + base::kClockSkewMsMax)
    return stop(ErrorCode::ClockSkew, "the clocks of '" + self.name + "' and '" + hello.identity.name +
                                          "' are more than five minutes apart; set them right and connect again");
  const Terms& mine = end_.options.terms;
  if (hello.identity.role == Role::server && hello.sends && mine.receives && !mine.writes.mayBeServer)
    return stop(
        ErrorCode::NotAllowed,
        "'" + hello.identity.name + "' has the role server, and may write to '" + self.name +
            "' as a client only; give the database the role client (blazedb set FILE --role client), or allow it more "
            "(a token of role server, or between apps, blazedb share --relay)");
  Agreement agreement = agree(mine, hello);
  if (agreement.scope.collections && agreement.scope.collections->empty())
    return stop(ErrorCode::NotAllowed, "none of the collections asked for is granted");
  if (end_.options.meet) {
    if (std::optional<Bye> refusal = end_.options.meet(hello, agreement)) return stop(refusal->code, refusal->text);
  } else if (hello.teams) {
    return stop(ErrorCode::NotSupported, "this database is shared without users, who could be in teams");
  }
  end_.agreement = std::move(agreement);
  end_.status.peer = hello.identity;
  end_.status.scope = end_.agreement.scope;
  end_.status.sending = end_.agreement.sends;
  end_.status.receiving = end_.agreement.receives;
  sender_.begin();
  receiver_.begin();
  end_.activity();
}

// Rows answer a Need of the receiver, or repair records that differed at rest.
void Session::onRows(base::ByteView frame) {
  std::optional<Rows> rows = decodeRows(frame);
  if (!rows) return end_.broken("rows that cannot be read");
  if (rows->answer ? !receiver_.welcomed() : !comparable()) return end_.broken("Rows out of place");
  end_.activity();
  if (!rows->answer) {
    for (const Change& change : rows->changes)
      if (!rest_.expects({std::string(change.collection), change.id})) return end_.broken("Rows that nobody asked for");
    if (receiver_.repair(std::move(rows->changes))) send();
    return;
  }
  bool again = receiver_.askingAgain();
  if (!receiver_.onAnswer(*rows, frame)) return;
  mergeHeld();
  if (again) send();
}

// A barrier waits for the answer, so this end first sends everything that it would otherwise leave for a moment, and
// hears again of what it has set aside.
void Session::onPing(const Ping& ping) {
  send();
  sender_.onPing();
  pinged_ = ping.number;
}

void Session::answerPing() {
  if (!pinged_ || stopped() || receiver_.asksAgain()) return;
  if (std::optional<std::uint64_t> end = sender_.endForPeer(maySend()))
    end_.say(encode(Pong{*std::exchange(pinged_, std::nullopt), *end}));
}

void Session::onBye(const Bye& bye) {
  end_.status.ended = bye;
  end_.status.state = SessionState::stopped;
  receiver_.saveCursor();
}

// ----------------------------------------------------------------------------------------------------
// what concerns more than one part

bool Session::sweepsFirst() const {
  Identity self = end_.store.identity();
  const Identity& peer = *end_.status.peer;
  if (self.role != peer.role) return self.role == Role::client;
  return self.replica < peer.replica;
}

bool Session::maySend() const {
  if (!sender_.subscribed()) return false;
  if (!end_.agreement.receives) return true;
  if (!receiver_.welcomed()) return false;
  if (!receiver_.sweeping()) return true;
  return sender_.peerSweeps() && !sweepsFirst();
}

void Session::sendWhatMay() {
  if (!stopped() && !end_.settling && maySend()) sender_.send();
}

// The receiver asks before the sender sends, so that the peer can answer while it takes the batches.
void Session::send() {
  receiver_.askAgain();
  sendWhatMay();
}

// After each batch the sender sends, so that the two directions share the link.
void Session::mergeHeld() {
  while (receiver_.mergeNext()) sendWhatMay();
}

bool Session::comparable() const { return end_.agreement.comparable() && sender_.subscribed() && receiver_.welcomed(); }

bool Session::atRest() const { return comparable() && end_.status.refused == 0 && sender_.idle() && receiver_.idle(); }

void Session::updateState() {
  if (stopped()) return;
  sender_.noteSaved(receiver_.savedTo());
  SessionStatus& status = end_.status;
  status.acknowledgedTo = sender_.acknowledgedTo();
  bool known =
      greeted() && (!receiver_.catchingUp() || receiver_.welcomed()) && (!end_.agreement.sends || sender_.subscribed());
  bool catchingUp = receiver_.catchingUp() || sender_.catchingUp();
  status.state = !known ? SessionState::connecting : catchingUp ? SessionState::catchingUp : SessionState::live;
  status.verified = rest_.verified(here());
  status.setAside = receiver_.setAside();
  status.toReplace = receiver_.toReplace();
  status.reason = receiver_.why();
  status.ofTeams = receiver_.aboutTeams();
}

}  // namespace blazedb::sync
