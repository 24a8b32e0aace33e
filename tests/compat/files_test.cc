// Files that an earlier version has written (with make.sh) open, and sync with each other and with new files.
#include <map>

#include "blazedb/cross_app.h"
#include "blazedb/topology.h"
#include "db/open_database.h"

namespace blazedb {
namespace {

using Contents = std::map<std::string, std::map<UUID, Record>>;

class Files : public FolderTest {
 protected:
  Files() {
    for (const auto& file : std::filesystem::directory_iterator(BLAZEDB_SOURCE_DIR "/tests/compat/files"))
      std::filesystem::copy(file, folder_);
  }

  // One of those files; `name` as in make.sh.
  Database earlier(const std::string& name) const {
    DatabaseOptions options;
    options.createIfMissing = false;
    return Database::open("", path(name), kPassword, options);
  }
  static Contents contentsOf(const Database& database) {
    Contents contents;
    for (const CollectionInfo& info : database.collections())
      database.collection(info.name).forEach([&](const Record& record) {
        contents[info.name][*record.id()] = record;
        return true;
      });
    return contents;
  }
  // Connects them until both have everything. Returns how many records moved.
  static std::uint64_t sync(const Database& a, const Database& b) {
    Topology topology;
    ConnectionId connection = topology.connectLocal(topology.registerDatabase(a, "a"),
                                                    topology.registerDatabase(b, "b"), ConnectionMode::bidirectional);
    topology.synchronize();
    return topology.status(connection).done;
  }
  // The record with this title in the default collection; an empty one if there is none.
  static Record titled(const Database& database, const std::string& title) {
    for (const Record& record : database.fetchAll())
      if (record.string("title") == title) return record;
    return {};
  }
};

TEST_F(Files, AreSoundAndHaveWhatWasWritten) {
  Database hub = earlier("hub"), client = earlier("client"), shared = earlier("shared"), app = earlier("app"),
           copy = earlier("copy"), late = earlier("late");
  for (Database* database : {&hub, &client, &shared, &app, &copy, &late}) {
    EXPECT_TRUE(database->verify().problems.empty()) << database->info().path;
    EXPECT_TRUE(database->info().unusedLog.empty());
  }
  EXPECT_EQ(hub.collection("notes").count(), 30u);
  EXPECT_EQ(hub.count(), 2u);
  EXPECT_EQ(titled(hub, "narrowed").size(), 1u) << "its other field was removed";
  EXPECT_EQ(titled(hub, "changed at the hub").integer("stars"), 3);
  ASSERT_EQ(hub.tokens().size(), 1u);
  EXPECT_EQ(hub.tokens()[0].options.name, "laptop");

  EXPECT_EQ(client.collection("notes").count(), 30u);
  EXPECT_EQ(titled(client, "unsent").size(), 1u) << "from the log";
  EXPECT_EQ(titled(client, "of both").string("by"), "client, later");
  ASSERT_EQ(client.conflicts().size(), 1u);
  EXPECT_EQ(client.conflicts()[0].lost, Value(2));
  EXPECT_EQ(titled(copy, "of both").string("by"), "client");

  EXPECT_EQ(shared.collection("open").count(), 9u);
  EXPECT_EQ(app.collection("open").count(), 10u);
  EXPECT_EQ(app.info().readOnlySource, shared.info().replica);

  EXPECT_EQ(late.collection("open").count(), 9u);
  EXPECT_EQ(late.info().readOnlySource, std::nullopt) << "it was released";
  ASSERT_EQ(late.rejectedChanges().size(), 1u);
  EXPECT_EQ(late.rejectedChanges()[0].record, titled(late, "refused").id());
  EXPECT_EQ(late.rejectedChanges()[0].code, ErrorCode::ClockSkew);
  EXPECT_TRUE(late.rejectedChanges()[0].byPeer);
}

TEST_F(Files, SyncWithNewOnes) {
  for (const char* name : {"hub", "client", "shared", "late"}) {
    Database old = earlier(name), fresh = open("fresh_" + std::string(name));
    UUID mine = fresh.insert({{"made", "today"}});
    sync(old, fresh);
    EXPECT_TRUE(old.fetch(mine)) << name;
    EXPECT_EQ(contentsOf(old), contentsOf(fresh)) << name;
  }
}

TEST_F(Files, GoOnWhereTheyWere) {
  Database hub = earlier("hub"), client = earlier("client");
  EXPECT_LT(sync(hub, client), 10u) << "each remembers how far the other was";
  EXPECT_EQ(contentsOf(hub), contentsOf(client));
  EXPECT_EQ(titled(hub, "unsent").size(), 1u);
  EXPECT_EQ(titled(hub, "changed at the hub").string("by"), "client, later");
}

TEST_F(Files, ACopyWithANewIdJoinsThem) {
  Database hub = earlier("hub"), copy = earlier("copy");
  copy.renewReplicaId();
  sync(hub, copy);
  EXPECT_EQ(contentsOf(hub), contentsOf(copy));
  EXPECT_EQ(hub.count(), 2u) << "what was deleted stays deleted";
}

TEST_F(Files, AnAppFollowsWhatItWasGiven) {
  Database shared = earlier("shared"), app = earlier("app");
  AppGroup group = "compat";
  group.root = (folder_ / "groups").string();
  CrossAppSyncCoordinator sharing(shared, group, {.collections = {"open"}});
  sharing.enable();
  SyncEngine sync = connectToSharedDatabase(app, group, "shared", AccessMode::readOnly);
  sync.synchronize();
  EXPECT_EQ(contentsOf(app)["open"], contentsOf(shared)["open"]);
  EXPECT_EQ(app.collection("open").count(), 9u);
  EXPECT_EQ(app.collection("private").count(), 0u);
}

}  // namespace
}  // namespace blazedb
