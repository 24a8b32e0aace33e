// A file that is being opened or closed: a command for it waits until that is done.
#include "server/transition.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>

#include "db/open_database.h"

namespace blazedb::server {
namespace {

constexpr std::chrono::minutes kLong{5};

class TransitionTest : public FolderTest {
 protected:
  TransitionTest() { open("db"); }

  // Waits in another process, because a process does not wait for itself. Returns whether it waited.
  pid_t startWaiting(std::chrono::milliseconds timeMax) const {
    std::string file = path("db");
    pid_t child = fork();
    if (child == 0) _exit(waitForTransition(file, timeMax) ? 1 : 0);
    return child;
  }
  static bool waited(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
  }
};

TEST_F(TransitionTest, NobodyWaitsForAFileThatIsOpenOrFree) {
  EXPECT_FALSE(waited(startWaiting(kLong)));
  Transition transition({path("db"), path("nowhere")});
  transition.end();
  EXPECT_FALSE(waited(startWaiting(kLong)));
}

TEST_F(TransitionTest, WhoWaitsGoesOnAfterAWhileAnyway) {
  Transition transition({path("db")});
  EXPECT_TRUE(waited(startWaiting(std::chrono::milliseconds(1))));
  transition.end();
  transition.begin();
  EXPECT_TRUE(waited(startWaiting(std::chrono::milliseconds(1))));
}

TEST_F(TransitionTest, NobodyWaitsForHimself) {
  Transition transition({path("db")});
  EXPECT_FALSE(waitForTransition(path("db"), kLong));
}

TEST_F(TransitionTest, AnotherNameOfTheFileIsTheSameFile) {
  std::filesystem::create_symlink(path("db"), path("link"));
  Transition transition({path("link")});
  EXPECT_TRUE(waited(startWaiting(std::chrono::milliseconds(1))));
}

// The process that announces the transition is killed.
TEST_F(TransitionTest, AProcessThatIsKilledKeepsNobodyWaiting) {
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  std::string file = path("db");
  pid_t owner = fork();
  if (owner == 0) {
    Transition transition({file});
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  std::future<bool> here = std::async(std::launch::async, [&] { return waitForTransition(file, kLong); });
  kill(owner, SIGKILL);
  int status = 0;
  waitpid(owner, &status, 0);
  here.get();  // ends because the socket of the killed process is gone
  EXPECT_FALSE(waitForTransition(file, kLong));
  for (int end : ready) close(end);
}

}  // namespace
}  // namespace blazedb::server
