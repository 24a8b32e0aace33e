// In a separate network namespace, where an interface can come up without disturbing anything.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <future>

#include "link/io.h"

namespace blazedb::link {
namespace {

constexpr int kMayNot = 77;

int noticesThatLoopbackComesUp() {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return kMayNot;
  Io io;
  std::promise<void> told;
  int id = io.network().add([&] { told.set_value(); });
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &loopback) != 0) return kMayNot;
  bool heard = told.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready;
  io.network().remove(id);
  return heard ? 0 : 1;
}

TEST(NetworkWatch, TellsWhenAnInterfaceComesUp) {
  pid_t child = fork();
  if (child == 0) _exit(noticesThatLoopbackComesUp());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kMayNot) GTEST_SKIP() << "no network namespaces here";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace blazedb::link
