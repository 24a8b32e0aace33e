// Two sessions over real engines; the test carries every frame.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "blazedb/error.h"
#include "support/conversation.h"
#include "sync/session.h"

namespace blazedb::sync {

using base::Bytes;
using test::Conversation;
using test::PassingStore;
using test::Replica;
using test::uuidOf;

inline constexpr std::int64_t kMinute = 60'000;
inline constexpr std::int64_t kHour = 60 * kMinute;

class SessionTest : public testing::Test {
 protected:
  // Runs a conversation from its beginning to rest; it then ends.
  Conversation synced() { return synced(a, b); }
  Conversation synced(Replica& first, Replica& second) {
    Conversation talk(first, second, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.live());
    EXPECT_TRUE(talk.verified());
    return talk;
  }
  void expectSame(Replica& first, Replica& second) { EXPECT_EQ(first->digests(), second->digests()); }

  // A session of `a` that has exchanged Hello with a made-up peer.
  std::unique_ptr<Session> greeted(SessionOptions options = {}, bool peerSends = true, bool peerReceives = true) {
    auto session = std::make_unique<Session>(*a.engine, options);
    session->start(a.clock.wallMs(), now);
    Hello hello;
    hello.identity = {uuidOf(99), 12345, Role::client, "other"};
    hello.wallMs = a.clock.wallMs();
    hello.sends = peerSends;
    hello.receives = peerReceives;
    session->receive(encode(hello), now);
    EXPECT_FALSE(session->stopped());
    session->takeFrames();
    return session;
  }
  // A session that has also agreed where both feeds start.
  std::unique_ptr<Session> talking() {
    auto session = greeted();
    session->receive(encode(Subscribe{}), now);
    session->receive(encode(Welcome{}), now);
    EXPECT_FALSE(session->stopped());
    return session;
  }
  void expectProtocolError(Session& session, const Bytes& frame) {
    session.receive(frame, now);
    ASSERT_TRUE(session.stopped());
    EXPECT_EQ(session.status().ended->code, ErrorCode::ProtocolError);
    std::vector<Bytes> said = session.takeFrames();
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(decodeBye(said.back())->code, ErrorCode::ProtocolError) << "the peer is told";
  }

  std::int64_t now = 0;
  Replica a{"A", now, 1};
  Replica b{"B", now, 2};
};

}  // namespace blazedb::sync
