#include "storage/posix_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

namespace fs = std::filesystem;

class PosixFileSystemTest : public ::testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string pattern = (fs::temp_directory_path() / "blazedb-posix-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~PosixFileSystemTest() override { fs::remove_all(folder); }

  std::unique_ptr<DatabaseFile> create(const std::string& name) {
    return DatabaseFile::create(files, random, folder / name, someKey(), {},
                                [](Connection& connection) { connection.execute("CREATE TABLE notes(body)"); });
  }
  std::unique_ptr<DatabaseFile> open(const std::string& name) {
    return DatabaseFile::open(files, random, folder / name, someKey());
  }
  std::set<std::string> names() {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.insert(entry.path().filename());
    return found;
  }

  fs::path folder;
  PosixFileSystem files;
  base::SystemRandom random;
};

TEST_F(PosixFileSystemTest, ADatabaseLivesInOneFileThatOnlyItsOwnerMayRead) {
  auto file = create("a");
  file->writer().execute("INSERT INTO notes VALUES('x')");
  EXPECT_EQ(names(), (std::set<std::string>{"a", "a-owner", "a-wal"}));
  for (const char* name : {"a", "a-wal", "a-owner"})
    EXPECT_EQ(fs::status(folder / name).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  file.reset();
  EXPECT_EQ(names(), std::set<std::string>{"a"});
  EXPECT_EQ(numberOf(open("a")->writer(), "SELECT count(*) FROM notes"), 1);
}

TEST_F(PosixFileSystemTest, ASecondOpenerInTheSameProcessLearnsThePid) {
  auto file = create("a");
  try {
    open("a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::DatabaseInUse);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(::getpid())), std::string::npos);
  }
  file.reset();
  open("a");
}

TEST_F(PosixFileSystemTest, AnOpenerInAnotherProcessLearnsThePidAndTheLockDiesWithItsOwner) {
  create("a");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t owner = ::fork();
  if (owner == 0) {
    auto file = open("a");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    open("a");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::DatabaseInUse);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(owner)), std::string::npos);
  }
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  open("a");
}

// A child process that waits until this object is destroyed.
class IdleChild {
 public:
  explicit IdleChild(const std::function<void()>& first = {}) {
    if (::pipe(ready_) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ != 0) {
      char byte;
      ready = ::read(ready_[0], &byte, 1) == 1;
      return;
    }
    if (first) first();
    if (::write(ready_[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ~IdleChild() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(ready_[0]);
    ::close(ready_[1]);
  }
  IdleChild(const IdleChild&) = delete;

  bool ready = false;

 private:
  int ready_[2];
  pid_t pid_;
};

// The log would lie beside one name, and a process that uses the other name would not see it: acknowledged writes would
// be lost.
TEST_F(PosixFileSystemTest, AFileOfTwoNamesIsRefusedByBothUntilOneIsLeft) {
  auto file = create("a");
  ASSERT_EQ(::link((folder / "a").c_str(), (folder / "b").c_str()), 0);
  EXPECT_ERROR(open("b"), DatabaseInUse);
  file->writer().execute("CREATE TABLE later(n)");
  file.reset();
  for (const char* name : {"a", "b"}) {
    try {
      open(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::IoError);
      EXPECT_NE(std::string(error.what()).find(std::string(folder / name) + " has another name"), std::string::npos)
          << error.what();
    }
  }
  ASSERT_EQ(::unlink((folder / "b").c_str()), 0);
  open("a")->writer().execute("SELECT n FROM later");
}

TEST_F(PosixFileSystemTest, AChildThatDoesNothingKeepsNoLock) {
  auto file = create("a");
  IdleChild child;
  ASSERT_TRUE(child.ready);
  file.reset();
  open("a");
}

TEST_F(PosixFileSystemTest, AChildThatEndsTakesNoLockFromItsParent) {
  create("a");
  std::unique_ptr<FileLock> lock;
  std::int64_t owner = 0;
  ASSERT_EQ(files.lock(folder / "a", Access::readWrite, lock, owner), IoStatus::ok);
  IdleChild child([&] { lock.reset(); });
  ASSERT_TRUE(child.ready);
  std::unique_ptr<FileLock> second;
  EXPECT_EQ(files.lock(folder / "a", Access::readWrite, second, owner), IoStatus::inUse);
  EXPECT_EQ(owner, ::getpid());
}

TEST_F(PosixFileSystemTest, APidThatMeansNothingHereIsNotShown) {
  auto file = create("a");
  auto shown = [&](const std::string& note) {
    std::ofstream(folder / "a-owner", std::ios::trunc) << note;
    std::unique_ptr<FileLock> lock;
    std::int64_t owner = 0;
    EXPECT_EQ(files.lock(folder / "a", Access::readWrite, lock, owner), IoStatus::inUse);
    return owner;
  };
  EXPECT_EQ(shown("1\n"), 1) << "of an earlier version";
  EXPECT_EQ(shown("1\nelsewhere 4026531836\n"), 0);
  EXPECT_EQ(shown("no pid"), 0);
  EXPECT_EQ(shown("-1\n"), 0);
  pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  EXPECT_EQ(shown(std::to_string(gone) + "\n"), 0);
  fs::remove(folder / "a-owner");
  ASSERT_EQ(::mkfifo((folder / "a-owner").c_str(), 0600), 0);
  std::unique_ptr<FileLock> lock;
  std::int64_t owner = 0;
  EXPECT_EQ(files.lock(folder / "a", Access::readWrite, lock, owner), IoStatus::inUse)
      << "and does not wait for somebody";
}

// Links that other users may put beside a database if they may write in its folder.
TEST_F(PosixFileSystemTest, NoLinkBesideADatabaseIsFollowed) {
  create("a");
  std::ofstream(folder / "precious") << "precious";
  for (const char* name : {"a-wal", "a-owner"}) {
    fs::create_symlink(folder / "precious", folder / name);
    std::optional<ErrorCode> error = errorOf([&] { open("a")->writer().execute("INSERT INTO notes VALUES('x')"); });
    EXPECT_EQ(error == ErrorCode::IoError, std::string(name) == "a-wal");
    EXPECT_EQ(std::ifstream(folder / "precious").rdbuf()->sgetc(), 'p');
    EXPECT_EQ(fs::file_size(folder / "precious"), 8u);
    fs::remove(folder / name);
    fs::create_symlink(folder / "absent", folder / name);
    errorOf([&] { open("a")->writer().execute("INSERT INTO notes VALUES('x')"); });
    EXPECT_FALSE(fs::exists(folder / "absent"));
    fs::remove(folder / name);
    fs::create_hard_link(folder / "precious", folder / name);
    errorOf([&] { open("a")->writer().execute("INSERT INTO notes VALUES('x')"); });
    EXPECT_EQ(fs::file_size(folder / "precious"), 8u);
    fs::remove(folder / name);
  }
}

TEST_F(PosixFileSystemTest, NoOpenWaitsForAnybody) {
  create("a");
  for (const char* name : {"a-owner", "a-wal", "b"}) {
    ASSERT_EQ(::mkfifo((folder / name).c_str(), 0600), 0);
    std::optional<ErrorCode> error = errorOf([&] { open(std::string(name) == "b" ? "b" : "a"); });
    EXPECT_EQ(error.has_value(), std::string(name) != "a-owner") << name;
    fs::remove(folder / name);
  }
  EXPECT_EQ(errorOf([&] { open("a"); }), std::nullopt);
}

TEST_F(PosixFileSystemTest, AFolderInTheWayIsNamed) {
  create("a");
  for (const char* name : {"a-wal", "b"}) {
    fs::create_directory(folder / name);
    try {
      open(std::string(name) == "b" ? "b" : "a");
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::IoError);
      EXPECT_NE(std::string(error.what()).find(std::string(folder / name)), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(": it is a folder"), std::string::npos) << error.what();
    }
    fs::remove(folder / name);
  }
  EXPECT_EQ(errorOf([&] { open("a"); }), std::nullopt);
}

// Only root can try.
TEST_F(PosixFileSystemTest, WhatRootLeavesBesideADatabaseBelongsToItsOwner) {
  create("a");
  struct stat info;
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((folder / "a").c_str(), 1234, 2345), 0);
  }
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  ASSERT_EQ(::stat((folder / "a").c_str(), &info), 0);
  uid_t owner = info.st_uid;
  gid_t group = info.st_gid;
  auto file = open("a");
  file->writer().execute("INSERT INTO notes VALUES('x')");
  for (const char* name : {"a-wal", "a-owner"}) {
    ASSERT_EQ(::stat((folder / name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, owner) << name;
    EXPECT_EQ(info.st_gid, group) << name;
    EXPECT_EQ(info.st_mode & 0777, 0640u) << name;
  }
  file.reset();
  if (::geteuid() != 0) return;
  std::ofstream(folder / "a-wal") << "of somebody else";
  ASSERT_EQ(::chown((folder / "a-wal").c_str(), 4321, 4321), 0);
  EXPECT_ERROR(open("a"), IoError);
}

TEST_F(PosixFileSystemTest, AKilledMakerLeavesNothing) {
  create("a")->writer().execute("INSERT INTO notes VALUES(randomblob(1000000))");
  for (bool copies : {false, true}) {
    pid_t maker = ::fork();
    if (maker == 0) {
      auto die = [] { ::raise(SIGKILL); };
      if (copies)
        open("a")->backup(folder / "b", {}, [&](std::uint64_t, std::uint64_t) { return die(), true; });
      else
        DatabaseFile::create(files, random, folder / "b", someKey(), {}, [&](Connection&) { die(); });
    }
    int status = 0;
    ::waitpid(maker, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    std::set<std::string> left = names();
    left.erase("a-owner");
    left.erase("a-wal");
    EXPECT_EQ(left, std::set<std::string>{"a"});
  }
}

// The log must be found, whichever name the file is opened by.
TEST_F(PosixFileSystemTest, ASymbolicLinkLeadsToTheSameFileAndWal) {
  auto file = create("a");
  fs::create_symlink(folder / "a", folder / "b");
  EXPECT_ERROR(open("b"), DatabaseInUse);
  file.reset();
  file = open("b");
  file->writer().execute("INSERT INTO notes VALUES('x')");
  EXPECT_TRUE(names().contains("a-wal"));
  EXPECT_FALSE(names().contains("b-wal"));
  EXPECT_EQ(file->filePath(), fs::canonical(folder / "a"));
}

TEST_F(PosixFileSystemTest, RelativePathsSurviveAChangeOfFolder) {
  fs::path before = fs::current_path();
  fs::current_path(folder);
  auto file = DatabaseFile::create(files, random, "a", someKey(), {},
                                   [](Connection& connection) { connection.execute("CREATE TABLE notes(body)"); });
  fs::current_path(before);
  file->writer().execute("INSERT INTO notes VALUES('x')");
  file.reset();
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(PosixFileSystemTest, CreatingNeverReplacesAFile) {
  std::ofstream(folder / "a") << "precious";
  EXPECT_ERROR(create("a"), AlreadyExists);
  EXPECT_EQ(names(), std::set<std::string>{"a"});
  std::unique_ptr<File> file;
  EXPECT_EQ(files.createBeside(folder / "a", folder / "a", file), IoStatus::exists);
  ASSERT_EQ(files.createBeside(folder / "a", folder / "b", file), IoStatus::ok);
  EXPECT_EQ(files.rename(folder / "b", folder / "a"), IoStatus::exists);
  EXPECT_EQ(files.rename(folder / "b", folder / "c"), IoStatus::ok);
  EXPECT_EQ(names(), (std::set<std::string>{"a", "c"}));
}

TEST_F(PosixFileSystemTest, WhatTheSystemRefusesIsAnError) {
  EXPECT_ERROR(create("no/such/folder/a"), IoError);
  EXPECT_ERROR(open("absent"), NotFound);
  fs::create_directory(folder / "d");
  EXPECT_ERROR(open("d"), IoError);
  std::unique_ptr<File> file;
  EXPECT_EQ(files.open(folder / "absent", Access::readWrite, file), IoStatus::absent);
  EXPECT_EQ(files.remove(folder / "absent"), IoStatus::absent);
}

TEST_F(PosixFileSystemTest, AReadBeyondTheEndGivesZeros) {
  std::unique_ptr<File> file;
  ASSERT_EQ(files.createBeside(folder / "a", folder / "a", file), IoStatus::ok);
  ASSERT_EQ(file->writeAt(3, base::Bytes{1, 2}), IoStatus::ok);
  base::Bytes bytes(8, 9);
  EXPECT_EQ(file->readAt(0, bytes), IoStatus::shortRead);
  EXPECT_EQ(bytes, (base::Bytes{0, 0, 0, 1, 2, 0, 0, 0}));
  EXPECT_EQ(file->truncate(4), IoStatus::ok);
  std::uint64_t size = 0;
  EXPECT_EQ(file->size(size), IoStatus::ok);
  EXPECT_EQ(size, 4u);
}

// SQLite never uses the page that holds its lock byte, at 1 GiB: there is a hole in the file. Zeros grow it fast.
TEST_F(PosixFileSystemTest, ADatabaseGrowsBeyondTheLockByteAtOneGiB) {
  CreateOptions options;
  options.pageBytes = 65536;
  auto file = DatabaseFile::create(files, random, folder / "a", someKey(), options,
                                   [](Connection& connection) { connection.execute("CREATE TABLE notes(body)"); });
  file->setDurable(false);
  for (int mebibytes = 0; mebibytes <= 1024; mebibytes += 64) {
    file->writer().execute("INSERT INTO notes VALUES(zeroblob(67108864))");
    file->checkpoint();
  }
  file->writer().execute("INSERT INTO notes VALUES('beyond')");
  file.reset();
  EXPECT_GT(fs::file_size(folder / "a"), 1ull << 30);
  file = open("a");
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 18);
  EXPECT_TRUE(file->verifyPages().empty());
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes WHERE body = 'beyond'"), 1);
}

}  // namespace
}  // namespace blazedb::storage
