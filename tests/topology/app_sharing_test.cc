// CrossAppSyncCoordinator and connectToSharedDatabase, both ends in one process. tests/e2e has them in several.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <tuple>

#include "blazedb/cross_app.h"
#include "db/open_database.h"
#include "topology/watched.h"

namespace blazedb {
namespace {

class AppSharingTest : public FolderTest {
 protected:
  AppSharingTest() { group_.root = (folder_ / "groups").string(); }

  SyncEngine attach(const Database& database, AccessMode mode = AccessMode::readOnly,
                    const ConnectOptions& options = {}) const {
    return connectToSharedDatabase(database, group_, "Notes", mode, options);
  }
  std::string in(const std::string& name) const { return group_.root + "/" + group_.name + "/" + name; }

  AppGroup group_ = "group.com.yourapp.blazedb";
  Database notes_ = open("Notes"), mine_ = open("mine");
};

const ExportPolicy kWritable{.readOnly = false};

TEST_F(AppSharingTest, TheOtherAppHasWhatIsShared) {
  UUID note = notes_.collection("notes").insert({{"title", "Hello"}});
  notes_.collection("private").insert({{"title", "diary"}});
  CrossAppSyncCoordinator sharing(notes_, group_, {.collections = {"notes"}});
  EXPECT_FALSE(sharing.enabled());
  sharing.enable();
  sharing.enable();
  EXPECT_TRUE(sharing.enabled());
  SyncEngine sync = attach(mine_);
  sync.synchronize(kPatience);
  EXPECT_EQ(mine_.collection("notes").fetch(note)->string("title"), "Hello");
  EXPECT_EQ(mine_.collection("private").count(), 0u);
  EXPECT_EQ(mine_.info().readOnlySource, notes_.info().replica);
  ASSERT_EQ(listSharedDatabases(group_).size(), 1u);
  EXPECT_EQ(listSharedDatabases(group_)[0].collections, std::vector<std::string>{"notes"});
  sharing.disable();
  EXPECT_FALSE(sharing.enabled());
  EXPECT_TRUE(listSharedDatabases(group_).empty());
}

TEST_F(AppSharingTest, WhatIsWrittenOutsideOfWhatIsSharedIsSaid) {
  CrossAppSyncCoordinator sharing(notes_, group_, {.collections = {"notes"}, .fields = {{"title"}}, .readOnly = false});
  sharing.enable();
  UUID note = mine_.collection("notes").insert({{"title", "Hello"}});
  mine_.collection("drafts").insert({{"title", "diary"}});
  std::optional<SyncEngine> sync = attach(mine_, AccessMode::readWrite);
  EXPECT_ERROR(NotAllowed, sync->synchronize(kPatience));
  EXPECT_TRUE(notes_.collection("notes").fetch(note)) << "the rest is done";
  EXPECT_EQ(sync->status().pending, 1u);
  EXPECT_NE(sync->status().message.find("does not share the collection 'drafts'"), std::string::npos)
      << sync->status().message;
  sync.reset();
  sync = attach(mine_, AccessMode::readWrite, {.collections = {"notes"}});
  sync->synchronize(kPatience);
  EXPECT_FALSE(sync->status().error);
  mine_.collection("notes").updateFields(note, {{"title", "Good morning"}, {"text", "hidden"}});
  EXPECT_ERROR(NotAllowed, sync->synchronize(kPatience));
  EXPECT_EQ(*notes_.collection("notes").fetch(note), (Record{{"title", "Good morning"}}));
  ConnectionStatus status = sync->status();
  EXPECT_EQ(status.pending, 1u);
  EXPECT_EQ(sync->pendingChanges().count, 1u);
  EXPECT_NE(status.message.find("does not share all fields of the collection 'notes'"), std::string::npos)
      << status.message;
  mine_.collection("notes").unset(note, {"text"});
  sync->synchronize(kPatience);
  EXPECT_EQ(sync->status().pending, 0u);
}

TEST_F(AppSharingTest, WhatStopsMatchingTheFilterLeaves) {
  ExportPolicy policy;
  policy.filter = {"pinned", [](const std::string&, const Record& note) { return note.boolean("pinned") == true; }};
  CrossAppSyncCoordinator sharing(notes_, group_, policy);
  sharing.enable();
  SyncEngine sync = attach(mine_);
  UUID pinned = notes_.insert({{"pinned", true}}), other = notes_.insert({{"pinned", false}});
  sync.synchronize(kPatience);
  EXPECT_TRUE(mine_.fetch(pinned));
  EXPECT_FALSE(mine_.fetch(other));
  notes_.updateFields(pinned, {{"pinned", false}});
  notes_.updateFields(other, {{"pinned", true}});
  sharing.synchronize(kPatience);
  EXPECT_FALSE(mine_.fetch(pinned));
  EXPECT_TRUE(mine_.fetch(other));
}

TEST_F(AppSharingTest, AFilterMayBeAnExpression) {
  ExportPolicy policy;
  policy.filter = ExportFilter::where("pinned OR stock > $stock", {{"stock", 5}});
  EXPECT_EQ(policy.filter->id, ExportFilter::where("pinned OR stock > $stock", {{"stock", 5}}).id);
  EXPECT_NE(policy.filter->id, ExportFilter::where("pinned OR stock > $stock", {{"stock", 6}}).id);
  CrossAppSyncCoordinator sharing(notes_, group_, policy);
  sharing.enable();
  SyncEngine sync = attach(mine_);
  UUID pinned = notes_.insert({{"pinned", true}}), counted = notes_.insert({{"stock", 5}}), other = notes_.insert({});
  notes_.increment(counted, "stock", 3);
  sync.synchronize(kPatience);
  EXPECT_TRUE(mine_.fetch(pinned));
  EXPECT_EQ(mine_.fetch(counted)->integer("stock"), 8);
  EXPECT_FALSE(mine_.fetch(other));
  notes_.increment(counted, "stock", -3);
  notes_.updateFields(other, {{"pinned", true}});
  sharing.synchronize(kPatience);
  EXPECT_FALSE(mine_.fetch(counted));
  EXPECT_TRUE(mine_.fetch(other));
  EXPECT_ERROR(InvalidPolicy, ExportFilter::where("until > now()"));
  EXPECT_ERROR(InvalidArgument, ExportFilter::where("pinned ="));
  EXPECT_ERROR(InvalidArgument, ExportFilter::where("stock > $stock"));
}

TEST_F(AppSharingTest, WhoeverIsFirstWaits) {
  SyncEngine sync = attach(mine_);
  ConnectionStatus waiting = Watched(sync).waitFor(ConnectionState::offline);
  EXPECT_EQ(waiting.error, ErrorCode::Offline);
  EXPECT_NE(waiting.message.find("Notes.sock"), std::string::npos) << waiting.message;
  EXPECT_FALSE(std::filesystem::exists(group_.root)) << "the name of the group may be mistyped";
  UUID id = notes_.insert({{"n", 1}});
  CrossAppSyncCoordinator sharing(notes_, group_);
  sharing.enable();
  sync.synchronize(kPatience);
  EXPECT_TRUE(mine_.fetch(id));
}

TEST_F(AppSharingTest, GoesOnWhenItIsSharedAgain) {
  CrossAppSyncCoordinator sharing(notes_, group_, kWritable);
  sharing.enable();
  SyncEngine sync = attach(mine_, AccessMode::readWrite);
  sync.synchronize(kPatience);
  sharing.disable();
  UUID here = mine_.insert({{"n", 1}}), there = notes_.insert({{"n", 2}});
  Watched(sync).waitFor(ConnectionState::offline);
  EXPECT_EQ(sync.pendingChanges().count, 1u);
  sharing.enable();
  sync.synchronize(kPatience);
  EXPECT_TRUE(notes_.fetch(here));
  EXPECT_TRUE(mine_.fetch(there));
}

// A program that cleans up does not check whether a socket is in use.
TEST_F(AppSharingTest, IsSharedAgainWhenWhatOthersLookForIsRemoved) {
  CrossAppSyncCoordinator sharing(notes_, group_, kWritable);
  sharing.enable();
  SyncEngine sync = attach(mine_, AccessMode::readWrite);
  sync.synchronize(kPatience);
  const std::string folder = group_.root + "/" + group_.name;
  for (const std::string& removed : {in("Notes.sock"), in("Notes.json"), folder, group_.root}) {
    // The sharer may make new files meanwhile.
    std::error_code inTheWay;
    EXPECT_TRUE(comes([&] { return std::filesystem::remove_all(removed, inTheWay) != 0 && !inTheWay; })) << removed;
    auto isShared = [&] {
      std::vector<SharedDatabase> all = listSharedDatabases(group_);
      return all.size() == 1 && all[0].alive && std::filesystem::exists(in("Notes.sock"));
    };
    EXPECT_TRUE(comes([&] {
      try {
        return isShared();
      } catch (const Error&) {
        return false;  // the folder does not exist
      }
    })) << removed;
    EXPECT_TRUE(sharing.enabled());
    UUID here = mine_.insert({{"n", 1}}), there = notes_.insert({{"n", 2}});
    EXPECT_TRUE(comes([&] { return notes_.fetch(here) && mine_.fetch(there); })) << removed;
  }
}

TEST_F(AppSharingTest, AWriterIsRefusedWhereItIsSharedReadOnly) {
  CrossAppSyncCoordinator sharing(notes_, group_);
  sharing.enable();
  mine_.insert({{"n", 1}});
  SyncEngine sync = attach(mine_, AccessMode::readWrite);
  std::string message = test::messageOf([&] { sync.synchronize(kPatience); });
  EXPECT_NE(message.find("NotAllowed"), std::string::npos) << message;
  EXPECT_NE(message.find("'Notes' is shared read-only"), std::string::npos) << message;
  EXPECT_EQ(sync.status().state, ConnectionState::stopped);
}

TEST_F(AppSharingTest, AReadOnlyImporterHasNoWritesOfItsOwnUnlessItGivesThemUp) {
  UUID own = mine_.insert({{"n", 1}});
  CrossAppSyncCoordinator sharing(notes_, group_);
  sharing.enable();
  EXPECT_ERROR(HasOwnWrites, attach(mine_).synchronize(kPatience));
  attach(mine_, AccessMode::readOnly, {.adopt = true}).synchronize(kPatience);
  EXPECT_FALSE(mine_.fetch(own));
  EXPECT_ERROR(ReadOnlyReplica, mine_.insert({{"n", 2}}));
}

// The exporter's synchronize(), with one importer that writes and one that only receives.
TEST_F(AppSharingTest, TheSharerCanWaitForAllThatAreConnected) {
  Database third = open("third");
  CrossAppSyncCoordinator sharing(notes_, group_, kWritable);
  sharing.enable();
  SyncEngine writes = attach(mine_, AccessMode::readWrite), reads = attach(third);
  writes.synchronize(kPatience);
  reads.synchronize(kPatience);
  EXPECT_EQ(sharing.connections().size(), 2u);
  for (int round = 0; round < 20; round++) {
    UUID there = mine_.insert({{"round", round}}), here = notes_.insert({{"round", round}});
    sharing.synchronize(kPatience);
    EXPECT_TRUE(notes_.fetch(there));
    EXPECT_TRUE(mine_.fetch(here));
    EXPECT_TRUE(third.fetch(here));
  }
  EXPECT_ERROR(Timeout, {
    notes_.transaction([&](Transaction&) {  // nothing can be merged meanwhile
      mine_.insert({{"n", 1}});
      sharing.synchronize(std::chrono::milliseconds(50));
    });
  });
  writes.pause();
  reads.pause();
  sharing.synchronize(kPatience);  // no importer is left to wait for
}

TEST_F(AppSharingTest, NothingIsSharedAnyMoreWhereTheSharerWaitsForAnAppThatIsBusy) {
  CrossAppSyncCoordinator sharing(notes_, group_, kWritable);
  sharing.enable();
  SyncEngine sync = attach(mine_, AccessMode::readWrite);
  Watched(sync).waitUntil([](const ConnectionStatus& status) { return status.verified; });
  auto bytes = [&] { return sharing.connections().at(0).bytes; };
  std::future<std::optional<ErrorCode>> waits;
  mine_.transaction([&](Transaction&) {  // nothing can be merged meanwhile
    std::uint64_t atRest = bytes();
    notes_.insert({{"n", 1}});
    ASSERT_TRUE(comes([&] { return bytes() > atRest; }));
    std::uint64_t sent = bytes();
    waits = std::async(std::launch::async, [&] { return test::errorOf([&] { sharing.synchronize(2 * kPatience); }); });
    ASSERT_TRUE(comes([&] { return bytes() > sent; }));  // the importer was asked
    sharing.disable();
    EXPECT_TRUE(listSharedDatabases(group_).empty());
    ASSERT_EQ(waits.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(waits.get(), std::nullopt);  // no importer is left to wait for
    sharing.enable();
  });
  sync.synchronize(kPatience);
  EXPECT_EQ(mine_.count(), 1u);
}

TEST_F(AppSharingTest, TheSharerHearsOfAppsThatComeAndGo) {
  CrossAppSyncCoordinator sharing(notes_, group_);
  std::promise<ConnectionStatus> came, went;
  std::atomic<bool> hasCome = false;
  Subscription watch = sharing.onStatus([&](const ConnectionStatus& status) {
    if (status.state == ConnectionState::live && !hasCome.exchange(true)) came.set_value(status);
    if (status.state == ConnectionState::stopped) went.set_value(status);
    throw std::runtime_error("not today");
  });
  sharing.enable();
  {
    SyncEngine sync = attach(mine_);
    ConnectionStatus status = came.get_future().get();
    EXPECT_EQ(status.remote, "pid " + std::to_string(getpid()) + " (uid " + std::to_string(geteuid()) + ")");
  }
  ConnectionStatus end = went.get_future().get();
  EXPECT_FALSE(end.error) << "it has left in order";
  EXPECT_NE(end.message.find("disconnected"), std::string::npos) << end.message;
  EXPECT_TRUE(sharing.connections().empty());
}

TEST_F(AppSharingTest, AnAppSharesWhatItHasAttached) {
  Database last = open("last");
  CrossAppSyncCoordinator sharing(notes_, group_), further(mine_, group_);
  sharing.enable();
  further.enable();
  SyncEngine first = attach(mine_);
  SyncEngine second = connectToSharedDatabase(last, group_, "mine", AccessMode::readOnly);
  UUID id = notes_.insert({{"n", 1}});
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_TRUE(last.fetch(id));
  CrossAppSyncCoordinator writable(mine_, group_, kWritable);
  further.disable();
  EXPECT_ERROR(ReadOnlyReplica, writable.enable());
  EXPECT_FALSE(writable.enabled());
  further.enable();  // the name is free again
}

TEST_F(AppSharingTest, TwoDatabasesOfOneNameAreNotSharedAtOnce) {
  Database other = Database::open("Notes", path("other"), kPassword, cheap());
  CrossAppSyncCoordinator first(notes_, group_), second(other, group_);
  first.enable();
  EXPECT_ERROR(AlreadyExists, second.enable());
  first.disable();
  second.enable();
}

TEST_F(AppSharingTest, WhatIsInTheWayOfTheSocketIsLeftAlone) {
  CrossAppSyncCoordinator sharing(notes_, group_);
  sharing.enable();
  sharing.disable();
  std::ofstream(in("Notes.sock")) << "precious";
  std::string message = test::messageOf([&] { sharing.enable(); });
  EXPECT_NE(message.find(in("Notes.sock")), std::string::npos) << message;
  EXPECT_TRUE(std::filesystem::exists(in("Notes.sock")));
  EXPECT_FALSE(std::filesystem::exists(in("Notes.json")));
  EXPECT_NE(Watched(*std::make_unique<SyncEngine>(attach(mine_)))
                .waitFor(ConnectionState::offline)
                .message.find("not a socket"),
            std::string::npos);
}

TEST_F(AppSharingTest, NobodyIsConnectedThroughAFolderThatHasBecomeUnsafe) {
  std::filesystem::create_directories(group_.root + "/" + group_.name);
  SyncEngine sync = attach(mine_);
  Watched watched(sync);
  watched.waitFor(ConnectionState::offline);
  CrossAppSyncCoordinator sharing(notes_, group_);
  chmod((group_.root + "/" + group_.name).c_str(), 0777);
  EXPECT_ERROR(UnsafeFolder, sharing.enable());
  EXPECT_ERROR(UnsafeFolder, attach(open("another")));
  // The socket of another program in its place.
  Topology stranger;
  stranger.listenLocal(stranger.registerDatabase(notes_, "Notes"), in("Notes.sock"));
  EXPECT_EQ(watched.waitFor(ConnectionState::stopped).error, ErrorCode::UnsafeFolder);
}

TEST_F(AppSharingTest, OnlyTheProgramsThatAreNamedMeet) {
  AppGroup strict = group_;
  strict.executables = {"/bin/sh"};
  CrossAppSyncCoordinator sharing(notes_, group_);
  sharing.enable();
  EXPECT_ERROR(NotAllowed, connectToSharedDatabase(mine_, strict, "Notes").synchronize(kPatience));
  sharing.disable();
  CrossAppSyncCoordinator careful(notes_, strict);
  careful.enable();
  EXPECT_ERROR(NotAllowed, attach(mine_).synchronize(kPatience));
}

TEST_F(AppSharingTest, WhatCannotBeIsSaidAtOnce) {
  EXPECT_ERROR(InvalidArgument, CrossAppSyncCoordinator(notes_, "no name").enable());
  EXPECT_ERROR(InvalidArgument, std::ignore = connectToSharedDatabase(mine_, group_, "../Notes"));
  EXPECT_ERROR(InvalidArgument, std::ignore = connectToSharedDatabase(mine_, group_, std::string(100, 'n')));
  EXPECT_ERROR(InvalidPolicy, CrossAppSyncCoordinator(notes_, group_, {.collections = {"no name"}}).enable());
  AppGroup unknown = group_;
  unknown.unixGroup = "no-such-unix-group";
  EXPECT_ERROR(InvalidArgument, CrossAppSyncCoordinator(notes_, unknown).enable());
}

}  // namespace
}  // namespace blazedb
