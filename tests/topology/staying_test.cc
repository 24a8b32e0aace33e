// Changes made here that a connection with a hub does not carry.
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "topology/remote_fixture.h"
#include "topology/staying_changes.h"

namespace blazedb {
namespace {

class StayingTest : public RemoteTest {
 protected:
  std::string someToken() { return token({.name = "some", .user = "ann", .collections = {"users"}}).secret; }
};

TEST_F(StayingTest, WhatATokenThatMayOnlyReadKeepsHereIsSaid) {
  UUID there = hub_.insert({{"n", 1}});
  Database reader = open("reader");
  std::optional<SyncEngine> reading =
      reader.enableSync(remote(token({.name = "r", .user = "ann", .mayWrite = false}).secret), kReadable);
  SyncEngine& sync = *reading;
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.status().pending, 0u);
  EXPECT_FALSE(sync.status().error);
  UUID here = reader.insert({{"n", 2}});
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  ConnectionStatus status = sync.status();
  EXPECT_EQ(status.state, ConnectionState::live);
  EXPECT_EQ(status.pending, 1u);
  EXPECT_EQ(status.error, ErrorCode::NotAllowed);
  EXPECT_NE(status.message.find("changes of 1 record "), std::string::npos) << status.message;
  EXPECT_EQ(sync.pendingChanges().count, 1u);
  hub_.insert({{"n", 3}});
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  EXPECT_EQ(reader.count(), 3u) << "the rest is done";
  reader.updateFields(there, {{"n", 4}});
  EXPECT_EQ(sync.status().pending, 2u);
  reading.reset();
  reader.enableSync(remote(token().secret), kReadable).synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(here));
  reader.enableSync(remote(token({.name = "r", .user = "ann", .mayWrite = false}).secret), kReadable)
      .synchronize(kPatience);
}

TEST_F(StayingTest, WhatATokenDoesNotGrantIsSaid) {
  Database client = open("client");
  std::optional<SyncEngine> sync = client.enableSync(remote(someToken()), kReadable);
  client.collection("users").insert({{"n", 1}});
  sync->synchronize(kPatience);
  EXPECT_FALSE(sync->status().error);
  UUID gone = client.collection("drafts").insert({{"n", 2}});
  EXPECT_ERROR(NotAllowed, sync->synchronize(kPatience));
  client.collection("drafts").remove(gone);
  sync->synchronize(kPatience);
  EXPECT_EQ(sync->status().pending, 0u);
  UUID kept = client.collection("drafts").insert({{"n", 3}});
  client.collection("drafts").updateFields(kept, {{"n", 4}});
  EXPECT_ERROR(NotAllowed, sync->synchronize(kPatience));
  ConnectionStatus status = sync->status();
  EXPECT_EQ(status.state, ConnectionState::live);
  EXPECT_EQ(status.pending, 1u);
  EXPECT_EQ(status.error, ErrorCode::NotAllowed);
  EXPECT_NE(status.message.find("does not grant the collection 'drafts'"), std::string::npos) << status.message;
  SyncEngine::Pending pending = sync->pendingChanges();
  ASSERT_EQ(pending.count, 1u);
  EXPECT_EQ(pending.changes[0].record, kept);
  client.collection("users").insert({{"n", 5}});
  EXPECT_ERROR(NotAllowed, sync->synchronize(kPatience));
  EXPECT_EQ(hub_.collection("users").count(), 2u) << "the rest is done";
  sync.reset();
  SyncPolicy named = kReadable;
  named.collections = {"users"};
  client.enableSync(remote(someToken()), named).synchronize(kPatience);
  // Once a wider token has brought it to the hub, the narrow one keeps nothing back.
  client.enableSync(remote(token().secret), kReadable).synchronize(kPatience);
  EXPECT_TRUE(hub_.collection("drafts").fetch(kept));
  client.enableSync(remote(someToken()), kReadable).synchronize(kPatience);
}

TEST_F(StayingTest, AListenerHearsOfWritesThatStay) {
  Database client = open("client");
  SyncPolicy receives = kReceives;
  for (const SyncPolicy& policy : {kReadable, receives}) {
    SyncEngine sync = client.enableSync(remote(someToken()), policy);
    sync.synchronize(kPatience);
    Watched watched(sync);
    auto hears = [&](const std::string& message) {
      watched.waitUntil([&](const ConnectionStatus& status) { return status.message.starts_with(message); });
    };
    UUID first = client.collection("drafts").insert({{"n", 1}});
    hears("changes of 1 record ");
    UUID second = client.collection("drafts").insert({{"n", 2}});
    hears("changes of 2 records ");
    client.collection("drafts").remove(first);
    client.collection("drafts").remove(second);
    watched.waitUntil([](const ConnectionStatus& status) { return status.message.empty(); });
  }
}

TEST_F(StayingTest, ADeleteThatATokenDoesNotGrantIsSaid) {
  UUID there = hub_.collection("drafts").insert({{"n", 1}});
  Database client = open("client");
  UUID here = client.collection("drafts").insert({{"n", 2}});
  client.enableSync(remote(token().secret), kReadable).synchronize(kPatience);
  SyncEngine sync = client.enableSync(remote(someToken()), kReadable);
  sync.synchronize(kPatience);
  client.collection("drafts").remove(there);
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  client.collection("drafts").remove(here);
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  EXPECT_EQ(sync.status().pending, 2u);
  EXPECT_EQ(sync.pendingChanges().count, 2u);
}

TEST_F(StayingTest, WhatCameFromAnotherDatabaseAndIsNotGrantedIsSaid) {
  Database other = open("other"), client = open("client");
  other.collection("drafts").insert({{"n", 1}});
  Topology here;
  NodeId node = here.registerDatabase(client, "client");
  here.connectLocal(here.registerDatabase(other, "other"), node, ConnectionMode::bidirectional);
  here.connectRemote(node, remote(someToken()), kReadable);
  EXPECT_ERROR(NotAllowed, here.synchronize(kPatience));
}

TEST_F(StayingTest, WhatHasLostStaysNowhere) {
  UUID won = hub_.insert({{"n", 1}}), lost = hub_.insert({{"n", 1}});
  Database client = open("client");
  SyncEngine sync = client.enableSync(remote(token().secret), kReceives);
  sync.synchronize(kPatience);
  sync.pause();
  client.remove(won);
  hub_.updateFields(won, {{"n", 2}});
  client.updateFields(lost, {{"n", 3}});
  hub_.remove(lost);
  client.remove(client.insert({{"n", 4}}));
  sync.resume();
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.status().pending, 0u);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  EXPECT_TRUE(diff(hub_, client).empty());
}

TEST_F(StayingTest, AFieldThatIsLeftOutStaysUnsaid) {
  UUID id = hub_.insert({{"n", 1}});
  Database client = open("client");
  SyncPolicy policy = kReceives;
  policy.excludeFields = {"draft"};
  SyncEngine sync = client.enableSync(remote(token().secret), policy);
  sync.synchronize(kPatience);
  client.updateFields(id, {{"draft", "mine"}});
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
}

TEST_F(StayingTest, WhatANarrowTokenHasSentIsNotPendingAfterARestart) {
  std::string some = someToken();
  std::optional<Database> client = open("client");
  {
    SyncEngine sync = client->enableSync(remote(some), kReadable);
    std::promise<void> live;
    bool told = false;  // by then it is noted which hub was found there
    Subscription watching = sync.onStatus([&](const ConnectionStatus& now) {
      if (now.state == ConnectionState::live && !std::exchange(told, true)) live.set_value();
    });
    client->collection("users").insert({{"n", 1}});
    sync.synchronize(kPatience);
    ASSERT_EQ(live.get_future().wait_for(kPatience), std::future_status::ready);
  }
  client.reset();
  topology_.stopListening(listening_.id);
  client = open("client");
  SyncEngine sync = client->enableSync(remote(some), kReadable);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  EXPECT_EQ(sync.status().pending, 0u);
  client->collection("users").insert({{"n", 2}});
  client->collection("drafts").insert({{"n", 3}});
  EXPECT_EQ(sync.pendingChanges().count, 2u);
}

TEST_F(StayingTest, InReadOnlyModeEverythingComesAndWhatStaysIsSaid) {
  UUID there = hub_.insert({{"n", 1}});
  Database client = open("client");
  Topology here;
  NodeId node = here.registerDatabase(client, "client");
  ConnectionId id = here.connectRemote(node, remote(token().secret), kReceives);
  here.synchronize(kPatience);
  EXPECT_TRUE(client.fetch(there));
  EXPECT_FALSE(here.status(id).error);
  client.insert({{"n", 2}});
  client.updateFields(there, {{"n", 3}});
  hub_.insert({{"n", 4}});
  EXPECT_ERROR(NotAllowed, here.synchronize(kPatience));
  EXPECT_EQ(client.count(), 3u) << "the rest is done";
  EXPECT_EQ(hub_.count(), 2u);
  EXPECT_EQ(hub_.fetch(there)->integer("n"), 1);
  ConnectionStatus status = here.status(id);
  EXPECT_EQ(status.state, ConnectionState::live);
  EXPECT_EQ(status.pending, 2u);
  EXPECT_EQ(status.error, ErrorCode::NotAllowed);
  EXPECT_EQ(status.message.find("changes of 2 records cannot get to the hub"), 0u) << status.message;
  EXPECT_NE(status.message.find("readOnly"), std::string::npos) << status.message;
  EXPECT_FALSE(client.info().readOnlySource) << "it is not bound, as with a token that may only read";
}

TEST_F(StayingTest, WhatANarrowTokenHasBroughtDoesNotStayUnderOneThatMayOnlyRead) {
  Database client = open("client");
  client.collection("users").insert({{"n", 1}});
  client.enableSync(remote(someToken()), kReadable).synchronize(kPatience);
  UUID kept = client.collection("drafts").insert({{"n", 2}});
  SyncEngine sync = client.enableSync(remote(token({.name = "r", .user = "ann", .mayWrite = false}).secret), kReadable);
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  SyncEngine::Pending pending = sync.pendingChanges();
  ASSERT_EQ(pending.count, 1u);
  EXPECT_EQ(pending.changes[0].record, kept);
  EXPECT_EQ(sync.status().pending, 1u);
}

TEST_F(StayingTest, BeyondTheNumberThatIsCountedNoneIsForgotten) {
  constexpr std::size_t kMany = topology::StayingChanges::kCountedMax;
  Database client = open("client");
  SyncEngine sync = client.enableSync(remote(someToken()), kReadable);
  sync.synchronize(kPatience);
  std::vector<Record> many(kMany + 5, Record{{"n", 1}});
  std::vector<UUID> ids = client.collection("drafts").insertMany(many);
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  EXPECT_EQ(sync.status().pending, kMany);
  EXPECT_NE(sync.status().message.find("at least"), std::string::npos) << sync.status().message;
  client.transaction([&](Transaction& transaction) {
    for (std::size_t i = 0; i < kMany; i++) transaction.collection("drafts").remove(ids[i]);
  });
  EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
  EXPECT_EQ(sync.status().pending, 5u);
}

}  // namespace
}  // namespace blazedb
