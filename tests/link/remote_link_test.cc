// Two engines, or more, over loopback.
#include "link/remote_link.h"

#include <gtest/gtest.h>

#include "link/hub_fixture.h"

namespace blazedb::link {
namespace {

using RemoteLinkTest = HubTest;

TEST_F(RemoteLinkTest, WhatIsWrittenAtOneEndIsAtTheOther) {
  hub.insert({{"from", "hub"}});
  listen();
  Client a(*this, 1);
  UUID before = a.replica.insert({{"from", "a"}});
  a.connect(*this, toHub());
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  EXPECT_EQ(hub.fetch(before)->string("from"), "a");
  EXPECT_EQ(a.replica.count(), 2u);

  UUID there = hub.insert({{"later", true}});
  UUID here = a.replica.insert({{"later", true}});
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  EXPECT_TRUE(a.replica.fetch(there));
  EXPECT_TRUE(hub.fetch(here));
  expectSame(a);
  EXPECT_TRUE(a.heard.waitFor(LinkState::live));
  EXPECT_EQ(a.link->status().ends[0].peer->name, "hub");
}

}  // namespace
}  // namespace blazedb::link
