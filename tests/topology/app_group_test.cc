// The folder of an app group, as a careless or hostile user may have left it.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "db/open_database.h"
#include "topology/app_group.h"

namespace blazedb::topology {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

class AppGroupTest : public FolderTest {
 protected:
  AppGroup group(const std::string& name = "group.com.example.app") const {
    AppGroup named(name);
    named.root = root_;
    return named;
  }
  AppGroupFolder make() const { return {group(), AppGroupFolder::IfMissing::make}; }
  void expectUnsafe(const std::string& what, const std::string& mend) const {
    std::string message = test::messageOf([&] { make(); });
    EXPECT_TRUE(message.starts_with("UnsafeFolder: ")) << message;
    EXPECT_NE(message.find(what), std::string::npos) << message;
    EXPECT_NE(message.find(mend), std::string::npos) << message;
  }
  static mode_t modeOf(const std::string& path) {
    struct stat is {};
    return stat(path.c_str(), &is) == 0 ? is.st_mode & 07777 : 0;
  }

  const std::string root_ = folder_ / "root";
  const std::string path_ = root_ + "/group.com.example.app";
};

TEST_F(AppGroupTest, IsMadeForItsUserAlone) {
  mode_t before = umask(0);
  AppGroupFolder made = make();
  umask(before);
  EXPECT_EQ(made.path(), path_);
  EXPECT_EQ(modeOf(path_), 0700u);
  EXPECT_EQ(modeOf(root_), 0700u);
  EXPECT_EQ(made.socketPath("Notes"), path_ + "/Notes.sock");
}

TEST_F(AppGroupTest, IsMadeForItsUserWhateverTheUmask) {
  for (mode_t mask : {0177u, 0777u}) {
    mode_t before = umask(mask);
    AppGroupFolder made = make();
    umask(before);
    EXPECT_EQ(modeOf(path_), 0700u);
    EXPECT_EQ(modeOf(root_), 0700u);
    fs::remove_all(root_);
  }
}

TEST_F(AppGroupTest, IsMendedWhereAnEarlierRunHasLeftItsUserOut) {
  make();
  chmod(path_.c_str(), 0600);
  chmod(root_.c_str(), 0400);
  make();
  EXPECT_EQ(modeOf(path_), 0700u);
  EXPECT_EQ(modeOf(root_), 0700u);
}

TEST_F(AppGroupTest, IsNotMadeByWhoOnlyLooks) {
  EXPECT_ERROR(NoSuchGroup, listSharedDatabases(group()));
  EXPECT_FALSE(fs::exists(root_));
  make();
  EXPECT_TRUE(listSharedDatabases(group()).empty());
  EXPECT_ERROR(NoSuchGroup, listSharedDatabases(group("another")));
}

TEST_F(AppGroupTest, HasANameThatIsNoPath) {
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "../up", "a b", "gr\xC3\xBC\x6E"})
    EXPECT_ERROR(InvalidArgument, AppGroupFolder(group(name), AppGroupFolder::IfMissing::make)) << name;
  EXPECT_ERROR(InvalidArgument, AppGroupFolder(group(std::string(129, 'a')), AppGroupFolder::IfMissing::make));
  for (const char* name : {"", "..", "a/b"}) EXPECT_ERROR(InvalidArgument, make().socketPath(name)) << name;
}

TEST_F(AppGroupTest, SaysThatThePathOfASocketIsTooLong) {
  std::string message = test::messageOf([&] { make().socketPath(std::string(128, 'n')); });
  EXPECT_NE(message.find("InvalidArgument"), std::string::npos) << message;
  EXPECT_NE(message.find("at most 107 bytes"), std::string::npos) << message;
  std::string fits(107 - path_.size() - std::string("/.sock").size(), 'n');
  EXPECT_EQ(make().socketPath(fits).size(), 107u);
  EXPECT_ERROR(InvalidArgument, make().socketPath(fits + "n"));
}

TEST_F(AppGroupTest, IsRefusedBehindASymbolicLink) {
  fs::create_directory(folder_ / "elsewhere");
  fs::create_directory(root_);
  fs::create_symlink(folder_ / "elsewhere", path_);
  expectUnsafe("symbolic link", "rm " + path_);
  fs::remove_all(root_);
  fs::create_symlink(folder_ / "elsewhere", root_);
  expectUnsafe("symbolic link", "realpath");
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

TEST_F(AppGroupTest, IsRefusedWhereItIsAFile) {
  fs::create_directory(root_);
  std::ofstream(path_) << "not a folder";
  expectUnsafe("no folder", "rm " + path_);
}

TEST_F(AppGroupTest, IsRefusedWhereOthersMayWrite) {
  make();
  for (mode_t mode : {0707u, 01777u}) {
    chmod(path_.c_str(), mode);
    expectUnsafe("everybody may write there", "chmod o-w " + path_);
  }
  chmod(path_.c_str(), 0770);
  expectUnsafe("may write there", "chmod g-w " + path_);
  chmod(path_.c_str(), 0755);
  make();
}

TEST_F(AppGroupTest, IsRefusedWhereOthersMayWriteAboveIt) {
  make();
  chmod(root_.c_str(), 0777);
  expectUnsafe("everybody may write there", "chmod o-w " + root_);
  chmod(root_.c_str(), 01777);  // as with /tmp
  make();
}

TEST_F(AppGroupTest, IsLookedAtEachTime) {
  make();
  listSharedDatabases(group());
  chmod(path_.c_str(), 0777);
  EXPECT_ERROR(UnsafeFolder, listSharedDatabases(group()));
  EXPECT_ERROR(UnsafeFolder, watchSharedDatabases(group(), [](const auto&) {}).reset());
}

TEST_F(AppGroupTest, IsRefusedWhereItBelongsToAnotherUserUnlessHeIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  make();
  ASSERT_EQ(chown(path_.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
  expectUnsafe("belongs to another user (uid 65534)", "sudo rm -r " + path_);
  AppGroup trusting = group();
  trusting.users = {kNobody};
  AppGroupFolder(trusting, AppGroupFolder::IfMissing::refuse);
  ASSERT_EQ(chown(path_.c_str(), 0, static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(chown(root_.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
  expectUnsafe("belongs to another user (uid 65534)", "choose another root");
}

TEST_F(AppGroupTest, BelongsToTheUnixGroupOfItsMembers) {
  const struct group* own = getgrgid(getegid());
  if (!own) GTEST_SKIP() << "this user's group has no name";
  AppGroup shared = group();
  shared.unixGroup = own->gr_name;
  EXPECT_EQ(AppGroupFolder(shared, AppGroupFolder::IfMissing::make).members(), getegid());
  EXPECT_EQ(modeOf(path_) & 0777, 0770u);
  expectUnsafe("may write there", "chmod g-w " + path_);  // for an app that does not name the unix group
  for (mode_t mode : {0770u, 02750u, 0600u}) {
    chmod(path_.c_str(), mode);
    AppGroupFolder(shared, AppGroupFolder::IfMissing::make);
    EXPECT_EQ(modeOf(path_), 03770u);
  }
  shared.unixGroup = "no-such-unix-group";
  EXPECT_ERROR(InvalidArgument, AppGroupFolder(shared, AppGroupFolder::IfMissing::make));
}

TEST_F(AppGroupTest, IsNotTakenFromAnotherUnixGroup) {
  const struct group* own = getgrgid(getegid());
  if (!own || geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  make();
  ASSERT_EQ(chown(path_.c_str(), static_cast<uid_t>(-1), kNobody), 0);
  AppGroup shared = group();
  shared.unixGroup = own->gr_name;
  std::string message = test::messageOf([&] { AppGroupFolder(shared, AppGroupFolder::IfMissing::make); });
  EXPECT_NE(message.find("chgrp " + shared.unixGroup + " " + path_ + " && chmod 3770 " + path_), std::string::npos)
      << message;
}

TEST_F(AppGroupTest, IsInTheFolderOfTheSessionWhereNoRootIsGiven) {
  std::string before = getenv("XDG_RUNTIME_DIR") ? getenv("XDG_RUNTIME_DIR") : "";
  setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
  EXPECT_EQ(AppGroupFolder("group.com.example.app", AppGroupFolder::IfMissing::make).path(),
            (folder_ / "blazedb/group.com.example.app").string());
  EXPECT_EQ(listAppGroups(), std::vector<std::string>{"group.com.example.app"});
  // Apps cannot meet in a folder that depends on the working folder of each app.
  setenv("XDG_RUNTIME_DIR", "run", 1);
  EXPECT_NE(test::messageOf([] { listAppGroups(); }).find("no "), std::string::npos);
  EXPECT_FALSE(fs::exists("run"));
  unsetenv("XDG_RUNTIME_DIR");
  if (!fs::exists("/run/user/" + std::to_string(geteuid()))) {
    std::string message = test::messageOf([] { listAppGroups(); });
    EXPECT_NE(message.find("XDG_RUNTIME_DIR is not set"), std::string::npos) << message;
    EXPECT_NE(message.find("give the app group a root"), std::string::npos) << message;
  }
  if (!before.empty()) setenv("XDG_RUNTIME_DIR", before.c_str(), 1);
}

TEST_F(AppGroupTest, IsListedWithTheOthersOfItsRoot) {
  EXPECT_ERROR(NotFound, listAppGroups(root_));
  make();
  AppGroupFolder(group("another"), AppGroupFolder::IfMissing::make);
  fs::create_directory(root_ + "/.hidden");
  std::ofstream(root_ + "/file") << "";
  EXPECT_EQ(listAppGroups(root_), (std::vector<std::string>{"another", "group.com.example.app"}));
}

}  // namespace
}  // namespace blazedb::topology
