// The list of what an app group shares: notes of processes that live, that died, and that lie.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include "db/open_database.h"
#include "topology/shared_note.h"

namespace blazedb::topology {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
const std::string kFine = R"({"pid":1,"program":"p","collections":[],"readOnly":true})";

// One byte of a note (src/topology/shared_note.h).
bool lock(int file, off_t byte, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_start = byte;
  lock.l_len = 1;
  return fcntl(file, F_OFD_SETLK, &lock) == 0;
}

// Another process, which shares a database of this name until it is killed.
class Sharer {
 public:
  Sharer(const AppGroup& group, const std::string& name) {
    std::array<int, 2> ready;
    if (pipe(ready.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      SharedNote note(AppGroupFolder(group, AppGroupFolder::IfMissing::make), name);
      note.publish({.collections = {"notes"}});
      if (write(ready[1], "!", 1) == 1) pause();
      _exit(1);
    }
    close(ready[1]);
    char shares = 0;
    if (read(ready[0], &shares, 1) != 1) throw std::runtime_error("it does not share");
    close(ready[0]);
  }
  ~Sharer() { killed(); }
  Sharer(const Sharer&) = delete;
  void killed() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// The lists that a listener got, for the thread that waits for one.
class Told {
 public:
  auto listener() {
    return [this](const std::vector<SharedDatabase>& now) {
      std::lock_guard lock(mutex_);
      EXPECT_TRUE(times_ == 0 || namesOf(now) != now_) << "it is told again what it knows";
      now_ = namesOf(now);
      times_++;
      changed_.notify_all();
    };
  }
  // Fails if that does not happen.
  void expect(const std::vector<std::string>& names) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return times_ > 0 && now_ == names; });
    EXPECT_EQ(now_, names);
  }
  int times() {
    std::lock_guard lock(mutex_);
    return times_;
  }

 private:
  static std::vector<std::string> namesOf(const std::vector<SharedDatabase>& shared) {
    std::vector<std::string> names;
    for (const SharedDatabase& one : shared) names.push_back(one.name);
    return names;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> now_;
  int times_ = 0;
};

class SharedDatabasesTest : public FolderTest {
 protected:
  SharedDatabasesTest() {
    group_.root = folder_;
    open();
  }
  AppGroupFolder open() const { return {group_, AppGroupFolder::IfMissing::make}; }
  std::string in(const std::string& name) const { return folder_ / "app" / name; }
  std::vector<SharedDatabase> list() const { return listSharedDatabases(group_); }
  void write(const std::string& name, const std::string& content) const { std::ofstream(in(name)) << content; }
  // Gives it to the user nobody, whose notes root does not remove.
  void giveToNobody(const std::string& name) const {
    ASSERT_EQ(lchown(in(name).c_str(), kNobody, static_cast<gid_t>(-1)), 0);
  }
  void leaveSocket(const std::string& name) const {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    in(name).copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }

  AppGroup group_ = "app";
};

TEST_F(SharedDatabasesTest, AreListedWithWhatTheirProcessSays) {
  Sharer sharer(group_, "Notes");
  std::vector<SharedDatabase> shared = list();
  ASSERT_EQ(shared.size(), 1u);
  EXPECT_EQ(shared[0].name, "Notes");
  EXPECT_EQ(shared[0].user, geteuid());
  EXPECT_TRUE(shared[0].alive);
  EXPECT_TRUE(shared[0].readable);
  EXPECT_EQ(shared[0].pid, sharer.pid());
  EXPECT_EQ(shared[0].program, "topology_tests");
  EXPECT_EQ(shared[0].collections, std::vector<std::string>{"notes"});
  EXPECT_TRUE(shared[0].readOnly);
}

TEST_F(SharedDatabasesTest, AreListedOnceTheyAreShared) {
  SharedNote note(open(), "Notes");
  EXPECT_TRUE(list().empty());
  note.publish({.readOnly = false});
  ASSERT_EQ(list().size(), 1u);
  EXPECT_FALSE(list()[0].readOnly);
}

TEST_F(SharedDatabasesTest, ANameIsSharedOnce) {
  SharedNote ours(open(), "Ours");
  Sharer sharer(group_, "Theirs");
  EXPECT_ERROR(AlreadyExists, SharedNote(open(), "Ours"));
  EXPECT_ERROR(AlreadyExists, SharedNote(open(), "Theirs"));
  sharer.killed();
  SharedNote theirs(open(), "Theirs");
}

TEST_F(SharedDatabasesTest, OneThatHasEndedIsGone) {
  {
    SharedNote note(open(), "Notes");
    note.publish({});
  }
  EXPECT_TRUE(fs::is_empty(folder_ / "app"));
}

TEST_F(SharedDatabasesTest, WhatADeadProcessHasLeftIsTakenAway) {
  Sharer dead(group_, "Dead"), alive(group_, "Alive");
  leaveSocket("Dead.sock");
  leaveSocket("Alive.sock");
  dead.killed();
  ASSERT_EQ(list().size(), 1u);
  EXPECT_EQ(list()[0].name, "Alive");
  EXPECT_FALSE(fs::exists(in("Dead.sock")));
  EXPECT_FALSE(fs::exists(in("Dead.json")));
  EXPECT_TRUE(fs::exists(in("Alive.sock")));
}

TEST_F(SharedDatabasesTest, WhatIsNoSocketIsNotTakenAway) {
  Sharer dead(group_, "Dead");
  write("Dead.sock", "precious");
  dead.killed();
  EXPECT_TRUE(list().empty());
  EXPECT_TRUE(fs::exists(in("Dead.sock")));
}

// Two sharers start at once, while a third process removes what was left.
TEST_F(SharedDatabasesTest, OneOfManyGetsTheName) {
  for (int round = 0; round < 50; round++) {
    write("Notes.json", "left over");
    std::atomic<int> got = 0, refused = 0;
    std::atomic<bool> over = false;
    std::thread cleaner([&] {
      while (!over) list();
    });
    std::vector<std::unique_ptr<SharedNote>> notes(4);
    std::vector<std::thread> sharers;
    for (std::unique_ptr<SharedNote>& note : notes)
      sharers.emplace_back([&] {
        try {
          note = std::make_unique<SharedNote>(open(), "Notes");
          got++;
        } catch (const Error& error) {
          refused += error.code() == ErrorCode::AlreadyExists;
        }
      });
    for (std::thread& sharer : sharers) sharer.join();
    over = true;
    cleaner.join();
    EXPECT_EQ(got, 1);
    EXPECT_EQ(refused, 3);
    EXPECT_TRUE(fs::exists(in("Notes.json")));
  }
}

// The process that held the lock before has removed the file that this one has opened.
TEST_F(SharedDatabasesTest, OneThatHasWaitedTakesTheNameAndNotAnOldFile) {
  write("Notes.json", "left over");
  int file = ::open(in("Notes.json").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(lock(file, 1, F_WRLCK));
  std::unique_ptr<SharedNote> note;
  std::thread sharer([&] { note = std::make_unique<SharedNote>(open(), "Notes"); });
  auto openFiles = [&] {
    int count = 0;
    for (const auto& one : fs::directory_iterator("/proc/self/fd")) {
      std::error_code closed;
      count += fs::read_symlink(one.path(), closed) == in("Notes.json");
    }
    return count;
  };
  while (openFiles() < 2 || openFiles() < 2) std::this_thread::yield();  // at first it only looks, for a moment
  fs::remove(in("Notes.json"));
  close(file);
  sharer.join();
  note->publish({});
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(SharedDatabasesTest, WhatIsNoNoteIsNotListed) {
  fs::create_symlink("/etc/passwd", in("link.json"));
  fs::create_directory(in("folder.json"));
  ASSERT_EQ(mkfifo(in("pipe.json").c_str(), 0600), 0);
  write(".hidden.json", "{}");
  write("other.txt", "{}");
  EXPECT_TRUE(list().empty());
}

TEST_F(SharedDatabasesTest, ANoteThatLiesIsListedAsUnreadable) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can leave what belongs to another user";
  for (const std::string& content :
       {std::string("{"), std::string("[]"), std::string(100'000, ' '), std::string(60'000, '['),
        std::string(R"({"pid":"1","program":"p","collections":[],"readOnly":true})"),
        std::string(R"({"pid":1,"program":"p","collections":["../up"],"readOnly":true})"),
        std::string(R"({"pid":1,"program":"p","readOnly":true})"), kFine + std::string(70'000, ' ')}) {
    write("Lies.json", content);
    giveToNobody("Lies.json");
    ASSERT_EQ(list().size(), 1u) << content.substr(0, 80);
    EXPECT_FALSE(list()[0].readable) << content.substr(0, 80);
    EXPECT_FALSE(list()[0].alive);
    EXPECT_EQ(list()[0].user, kNobody);
    EXPECT_TRUE(list()[0].collections.empty());
    fs::remove(in("Lies.json"));
  }
  write("Fine.json", kFine);
  giveToNobody("Fine.json");
  EXPECT_TRUE(list()[0].readable);
}

TEST_F(SharedDatabasesTest, TheNameOfAProgramIsPrintable) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can leave what belongs to another user";
  write("Notes.json", R"({"pid":1,"program":"a\u001b[2Jb","collections":[],"readOnly":true})");
  giveToNobody("Notes.json");
  EXPECT_EQ(list()[0].program, "a\\x1b[2Jb");
}

TEST_F(SharedDatabasesTest, WhatIsInTheWayIsLeftAloneAndSaid) {
  fs::create_symlink(folder_ / "elsewhere", in("link.json"));
  fs::create_directory(in("folder.json"));
  ASSERT_EQ(mkfifo(in("pipe.json").c_str(), 0600), 0);
  for (const char* name : {"link", "folder", "pipe"}) {
    std::string message = test::messageOf([&] { SharedNote(open(), name); });
    EXPECT_TRUE(message.starts_with("UnsafeFolder")) << message;
    EXPECT_NE(message.find("rm " + in(name) + ".json"), std::string::npos) << message;
    EXPECT_TRUE(fs::exists(fs::symlink_status(in(name) + ".json")));
  }
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

TEST_F(SharedDatabasesTest, ANoteOfAnotherUserIsInTheWay) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can leave what belongs to another user";
  write("Notes.json", "{}");
  giveToNobody("Notes.json");
  EXPECT_ERROR(UnsafeFolder, SharedNote(open(), "Notes"));
}

TEST_F(SharedDatabasesTest, AWatchTellsWhatComesAndGoes) {
  Sharer sharer(group_, "Killed");
  Told told;
  Subscription watch = watchSharedDatabases(group_, told.listener());
  told.expect({"Killed"});
  {
    SharedNote note(open(), "Ended");
    EXPECT_EQ(told.times(), 1);
    note.publish({});
    told.expect({"Ended", "Killed"});
  }
  told.expect({"Killed"});
  sharer.killed();
  told.expect({});
  EXPECT_TRUE(fs::is_empty(folder_ / "app"));
}

// A process that ends first closes its files, which the watch notices, and then releases its locks, which it does not
// notice.
TEST_F(SharedDatabasesTest, AWatchLooksAgainAfterAFileWasClosed) {
  Told told;
  Subscription watch = watchSharedDatabases(group_, told.listener());
  // It comes with its lock: the watch removes a note that nobody has locked.
  const std::string beside = (folder_ / "beside").string();
  int file = ::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_TRUE(lock(file, 0, F_WRLCK));
  ASSERT_EQ(::write(file, kFine.data(), kFine.size()), std::ssize(kFine));
  ASSERT_EQ(::rename(beside.c_str(), in("Ending.json").c_str()), 0);
  told.expect({"Ending"});
  close(::open(in("Ending.json").c_str(), O_RDWR | O_CLOEXEC));
  SharedNote other(open(), "Other");
  other.publish({});
  told.expect({"Ending", "Other"});
  ASSERT_TRUE(lock(file, 0, F_UNLCK));
  told.expect({"Other"});
  close(file);
}

TEST_F(SharedDatabasesTest, AWatchMayBeThereFirst) {
  fs::remove(folder_ / "app");
  Told told;
  Subscription watch = watchSharedDatabases(group_, told.listener());
  told.expect({});
  Sharer sharer(group_, "Notes");
  told.expect({"Notes"});
}

TEST_F(SharedDatabasesTest, AWatchGoesOnInANewFolder) {
  Told told;
  Subscription watch = watchSharedDatabases(group_, told.listener());
  {
    Sharer sharer(group_, "Before");
    told.expect({"Before"});
    fs::remove_all(folder_ / "app");
    told.expect({});
  }
  SharedNote note(open(), "After");
  note.publish({});
  told.expect({"After"});
}

TEST_F(SharedDatabasesTest, AWatchMayEndInItsListener) {
  Subscription watch;
  std::mutex assigned;
  std::condition_variable ended;
  bool hasEnded = false;
  {
    std::unique_lock lock(assigned);
    watch = watchSharedDatabases(group_, [&](const auto&) {
      std::lock_guard inner(assigned);
      watch.reset();
      hasEnded = true;
      ended.notify_all();
      throw std::runtime_error("not today");
    });
    ended.wait(lock, [&] { return hasEnded; });
  }
}

}  // namespace
}  // namespace blazedb::topology
