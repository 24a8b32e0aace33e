#include "base/new_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

namespace blazedb::base {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public ::testing::Test {
 protected:
  NewFileTest() {
    std::string pattern = (fs::temp_directory_path() / "blazedb-new-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    target = folder / "a";
  }
  ~NewFileTest() override { fs::remove_all(folder); }

  static void write(NewFile& file, std::string_view text) {
    ASSERT_TRUE(file.good());
    ASSERT_EQ(::write(file.descriptor(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string content() { return {std::istreambuf_iterator<char>(std::ifstream(target).rdbuf()), {}}; }
  std::set<std::string> names() {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.insert(entry.path().filename());
    return found;
  }

  fs::path folder;
  std::string target;
};

TEST_F(NewFileTest, ItIsThereWhenItIsComplete) {
  {
    NewFile file(target);
    write(file, "all of it");
    EXPECT_TRUE(names().empty());
    EXPECT_EQ(file.publish(), 0);
    EXPECT_EQ(names(), std::set<std::string>{"a"});
  }
  EXPECT_EQ(content(), "all of it");
  EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(NewFileTest, NothingRemainsWithoutThat) {
  { NewFile(target).good(); }
  EXPECT_TRUE(names().empty());
}

TEST_F(NewFileTest, ANameThatIsTakenIsLeftAloneUnlessItIsToBeReplaced) {
  std::ofstream(target) << "precious";
  {
    NewFile file(target);
    write(file, "new");
    EXPECT_EQ(file.publish(), EEXIST);
    EXPECT_EQ(content(), "precious");
    EXPECT_EQ(file.replace(), 0);
  }
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(NewFileTest, AMakerThatIsKilledLeavesNothing) {
  pid_t maker = ::fork();
  if (maker == 0) {
    NewFile file(target);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(maker, &status, 0), maker);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(names().empty());
}

// The files that NewFile makes on a file system without unnamed files.
TEST_F(NewFileTest, WhatWasLeftUnderANameIsRemovedByTheNextOneUnlessItIsBeingMade) {
  std::string left = target + "-new-0123456789abcdef";
  for (const std::string& name : {left, left + "-wal", target + "-new-fedcba9876543210", target + "-news",
                                  target + "-new-0123456789abcdeg", target + "-new-0123456789abcdef0"})
    std::ofstream{name} << "x";
  fs::create_directory(target + "-new-00000000000000ff");
  Descriptor making(::open((target + "-new-fedcba9876543210").c_str(), O_RDONLY));
  ASSERT_EQ(::flock(making.get(), LOCK_EX), 0);
  NewFile file(target);
  EXPECT_EQ(names(), (std::set<std::string>{"a-new-00000000000000ff", "a-new-0123456789abcdef0",
                                            "a-new-0123456789abcdeg", "a-new-fedcba9876543210", "a-news"}));
}

TEST_F(NewFileTest, AFolderThatIsNotThereIsAnError) {
  NewFile file(folder / "no" / "a");
  EXPECT_FALSE(file.good());
}

TEST_F(NewFileTest, RenamingNeverReplaces) {
  std::ofstream(target) << "precious";
  std::ofstream(target + "b") << "b";
  EXPECT_EQ(renameNew(target + "b", target), EEXIST);
  EXPECT_EQ(renameNew(target + "b", target + "c"), 0);
  EXPECT_EQ(renameNew(target + "absent", target + "d"), ENOENT);
  EXPECT_EQ(names(), (std::set<std::string>{"a", "ac"}));
}

}  // namespace
}  // namespace blazedb::base
