#include "topology/shared_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "base/contain.h"
#include "base/descriptor.h"
#include "blazedb/error.h"
#include "topology/app_group.h"
#include "topology/shared_note.h"

namespace blazedb::topology {
namespace {

constexpr std::uint32_t kChanges =
    IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr int kFirstLookMs = 5;
constexpr int kLookTimes = 4;  // each after this many times the wait before
constexpr int kLastLookMs = 1280;
constexpr int kFolderAgainMs = 1000;  // if there is none, and none can be made

class Watch {
 public:
  Watch(AppGroup group, std::function<void()> look)
      : group_(std::move(group)), look_(std::move(look)), ended_(eventfd(0, EFD_CLOEXEC)) {
    watchFolder();
  }

  void run() {
    int nextLookMs = base::contain(look_) ? -1 : kFirstLookMs;
    for (;;) {
      // Without a folder changes_ is -1, which poll ignores.
      std::array<pollfd, 2> waits = {{{changes_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}}};
      int ready = poll(waits.data(), waits.size(), changes_ ? nextLookMs : kFolderAgainMs);
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0 || waits[1].revents != 0) return;
      std::uint32_t happened = waits[0].revents != 0 ? takeEvents() : 0;
      if (!changes_ || (happened & kFolderGone)) goOnElsewhere();
      bool looked = base::contain(look_);
      if ((happened & IN_CLOSE_WRITE) || (!looked && nextLookMs < 0))
        nextLookMs = kFirstLookMs;
      else if (nextLookMs >= kLastLookMs)
        nextLookMs = looked ? -1 : kLastLookMs;
      else if (nextLookMs > 0)
        nextLookMs *= kLookTimes;
    }
  }

  void end() {
    std::uint64_t one = 1;
    while (write(ended_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

 private:
  // The folder is not kept open: the kernel does not report that an open folder was removed.
  void watchFolder() {
    AppGroupFolder folder(group_, AppGroupFolder::IfMissing::make);
    changes_ = base::Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!changes_ || inotify_add_watch(changes_.get(), folder.path().c_str(),
                                       kChanges | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK) < 0)
      throw Error(ErrorCode::IoError, "cannot watch " + folder.path() + ": " + std::strerror(errno));
  }

  // The folder may have been replaced by another one of the same name.
  void goOnElsewhere() {
    try {
      watchFolder();
    } catch (const std::exception&) {
      changes_ = base::Descriptor();
    }
  }

  std::uint32_t takeEvents() {
    alignas(inotify_event) char buffer[4096];
    std::uint32_t happened = 0;
    for (ssize_t got = 0; (got = read(changes_.get(), buffer, sizeof buffer)) > 0;)
      for (ssize_t at = 0; at < got;) {
        inotify_event event;
        std::memcpy(&event, buffer + at, sizeof event);
        happened |= event.mask;
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    return happened;
  }

  AppGroup group_;
  std::function<void()> look_;
  base::Descriptor ended_;
  base::Descriptor changes_;
};

}  // namespace

Subscription watchGroup(AppGroup group, std::function<void()> look) {
  // Shared by the thread and the subscription, which may end in the callback.
  auto watch = std::make_shared<Watch>(std::move(group), std::move(look));
  auto thread = std::make_shared<std::thread>([watch] { watch->run(); });  // std::function wants a copy
  return Subscription([watch, thread] {
    watch->end();
    if (thread->get_id() == std::this_thread::get_id())
      thread->detach();
    else
      thread->join();
  });
}

Subscription watchShared(const AppGroup& group, std::function<void(const std::vector<SharedDatabase>&)> listener) {
  std::optional<std::vector<SharedDatabase>> told;
  return watchGroup(group, [group, listener = std::move(listener), told]() mutable {
    std::vector<SharedDatabase> now;
    try {
      now = sharedIn(AppGroupFolder(group, AppGroupFolder::IfMissing::refuse));
    } catch (const Error&) {
      // If apps cannot meet there, nothing is shared.
    }
    if (told == now) return;
    told = now;
    base::contain(listener, now);
  });
}

}  // namespace blazedb::topology
