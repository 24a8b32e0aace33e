#include "link/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "base/contain.h"

namespace blazedb::link {
namespace {

// IN_ATTRIB: a socket gets its mode when its process starts to listen (unix_socket.h).
constexpr std::uint32_t kComing = IN_CREATE | IN_MOVED_TO | IN_ATTRIB;
constexpr std::uint32_t kGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

}  // namespace

FolderWatch::FolderWatch(Io& io, Strand strand, const std::string& path, std::function<void()> appeared)
    : strand_(std::move(strand)),
      folder_(std::filesystem::path(path).parent_path().string()),
      name_(std::filesystem::path(path).filename().string()),
      appeared_(std::move(appeared)),
      inotify_(io.sockets()) {}

void FolderWatch::begin() {
  if (inotify_.is_open()) return;
  int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return;
  if (::inotify_add_watch(fd, folder_.c_str(), kComing | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) < 0) {
    ::close(fd);
    return;
  }
  inotify_.assign(fd);
  wait();
}

void FolderWatch::stop() {
  appeared_ = nullptr;
  asio::error_code ignored;
  inotify_.close(ignored);
}

void FolderWatch::wait() {
  inotify_.async_wait(asio::posix::stream_descriptor::wait_read,
                      onStrand(strand_, [self = shared_from_this()](asio::error_code error) {
                        if (error || !self->inotify_.is_open()) return;
                        bool appeared = self->read();
                        if (self->inotify_.is_open()) base::insist([&] { self->wait(); });
                        if (appeared && self->appeared_) self->appeared_();
                      }));
}

// Reads the events. Returns whether one of them concerns the name.
bool FolderWatch::read() {
  alignas(inotify_event) char buffer[4096];
  bool appeared = false, gone = false;
  for (;;) {
    ssize_t got = ::read(inotify_.native_handle(), buffer, sizeof buffer);
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + sizeof event;
      appeared |= (event.mask & IN_Q_OVERFLOW) || (event.len > 0 && (event.mask & kComing) && name_ == name);
      gone |= (event.mask & kGone) != 0;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  // Another folder may take its place: begin() looks again.
  asio::error_code ignored;
  if (gone) inotify_.close(ignored);
  return appeared;
}

}  // namespace blazedb::link
