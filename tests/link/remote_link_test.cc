// Two engines, or more, over loopback.
#include "link/remote_link.h"

#include <gtest/gtest.h>

#include "link/hub_fixture.h"

namespace blazedb::link {
namespace {

using RemoteLinkTest = HubTest;

TEST_F(RemoteLinkTest, WhatIsWrittenAtOneEndIsAtTheOther) {
  listen();
  Client a(*this, 1);
  expectBothWays(a, toHub());
  EXPECT_TRUE(a.heard.waitFor(LinkState::live));
  EXPECT_EQ(a.link->status().ends[0].peer->name, "hub");
}

}  // namespace
}  // namespace blazedb::link
