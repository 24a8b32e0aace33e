// Every end of a conversation has a reason, and both ends get it as long as the stream carries anything.
#include <gtest/gtest.h>

#include "link/hub_fixture.h"
#include "link/raw_guest.h"

namespace blazedb::link {
namespace {

class Ends : public HubTest {
 protected:
  // The hub's reason, as reported to its owner.
  sync::Bye hubsReason() {
    sync::Bye why;
    EXPECT_TRUE(hubHeard.wait([&](const LinkStatus& status) {
      if (status.error) why = *status.error;
      return status.error.has_value();
    }));
    return why;
  }
};

TEST_F(Ends, AFrameThatIsTooLongIsAnswered) {
  listen(nullptr);
  RawGuest stranger(acceptor->port());
  stranger.socket().send(base::Bytes{1, 0, 1, 0});  // 65537 bytes will follow
  std::optional<sync::Bye> bye = stranger.bye();
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->code, ErrorCode::ProtocolError);
  EXPECT_NE(bye->text.find("beyond the limit"), std::string::npos) << bye->text;

  RawGuest guest(acceptor->port(), 5, clock);
  guest.socket().send(base::Bytes{1, 0, 0x80, 1});  // 24 MiB and one byte will follow
  bye = guest.bye();
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->code, ErrorCode::ProtocolError);
  EXPECT_EQ(hubsReason().text, bye->text);
}

TEST_F(Ends, WhatCannotBeUnpackedIsAnswered) {
  listen(nullptr);
  RawGuest guest(acceptor->port(), 5, clock, 0, kCanZstd);
  guest.socket().send(base::Bytes{4, 0, 0, 0x80, 1, 2, 3, 4});
  std::optional<sync::Bye> bye = guest.bye();
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->code, ErrorCode::ProtocolError);
  EXPECT_EQ(hubsReason().text, bye->text);
}

// What came before the fault is kept.
TEST_F(Ends, WhatCameBeforeTheFaultIsAnsweredFirst) {
  listen(nullptr);
  RawGuest guest(acceptor->port(), 5, clock, 0, kCanZstd);
  base::Bytes both{2, 0, 0, 0};
  base::append(both, sync::encode(sync::Ping{7}));
  base::append(both, base::Bytes{4, 0, 0, 0x80, 1, 2, 3, 4});
  guest.socket().send(both);
  bool pong = false, bye = false;
  while (std::optional<base::Bytes> frame = guest.next()) {
    pong |= sync::typeOf(*frame) == sync::FrameType::pong;
    bye |= sync::decodeBye(*frame).has_value();
  }
  EXPECT_TRUE(pong);
  EXPECT_TRUE(bye);
}

// Without TLS and with it.
TEST_F(Ends, WhoGoesBeforeHeIsLetInIsTalkedOfUnlessHeHasSaidNothing) {
  for (const auto& tls : {std::shared_ptr<const TlsContext>(), hubTls()}) {
    refusals = 0;
    listen(tls);
    { RawSocket silent = RawSocket::connect(acceptor->port()); }
    {
      RawSocket brief = RawSocket::connect(acceptor->port());
      brief.send(base::Bytes{22});  // the first byte of TLS; without TLS, a part of a length
    }
    EXPECT_EQ(hubRefused.waitForError(), ErrorCode::Offline);
    stopListening();  // the hub has handled every guest
    EXPECT_EQ(refusals, 1);
  }
}

TEST_F(Ends, WhoLeavesInOrderIsToldFromWhoIsGone) {
  listen();
  Client client(*this, 1);
  client.connect(*this, toHub());
  ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
  client.disconnect();
  std::optional<bool> left;
  auto ended = [&](const LinkStatus& status) {
    if (status.error) left = status.left;
    return status.error.has_value();
  };
  EXPECT_TRUE(hubHeard.wait(ended));
  EXPECT_EQ(left, true);
  stopListening();
  listen(nullptr);
  { RawGuest gone(acceptor->port(), 5, clock); }
  EXPECT_TRUE(hubHeard.wait(ended));
  EXPECT_EQ(left, false);
}

TEST_F(Ends, AHubWhoseDiskIsFullSaysSoAndNotWhereItIs) {
  listen();
  Client client(*this, 1);
  client.connect(*this, toHub());
  ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
  hub.files.failAt(test::SimFileSystem::Operation::write, 1, storage::IoStatus::noSpace);
  client.replica.insert({{"n", 1}});
  std::optional<sync::Bye> told;
  EXPECT_TRUE(client.heard.wait([&](const LinkStatus& status) {
    told = status.error;
    return status.error.has_value();
  }));
  EXPECT_EQ(told->code, ErrorCode::DiskFull);
  EXPECT_NE(told->text.find("the other end"), std::string::npos) << told->text;
  EXPECT_EQ(told->text.find(test::Replica::kPath), std::string::npos) << told->text;
  sync::Bye reason = hubsReason();
  EXPECT_EQ(reason.code, ErrorCode::DiskFull);
  EXPECT_NE(reason.text, told->text) << "the hub's operator may know more";
  EXPECT_TRUE(client.link->waitSynchronized(soonUs())) << "there is room again";
}

}  // namespace
}  // namespace blazedb::link
