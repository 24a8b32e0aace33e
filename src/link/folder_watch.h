// Notices that a name appears in a folder, so that a link that waits for the socket of another app connects at once.
//
// It uses Linux's inotify. If that gives nothing (the folder does not exist yet, the user has too many watches), links
// simply try again at their usual times.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "link/io.h"

namespace blazedb::link {

// Shared by its owner and by the pending wait. Must be used on the strand only.
class FolderWatch : public std::enable_shared_from_this<FolderWatch> {
 public:
  // `appeared` is called on the strand when a file appears at `path`, or its mode changes.
  FolderWatch(Io& io, Strand strand, const std::string& path, std::function<void()> appeared);

  // Starts watching. Does nothing if it watches already, or if there is no such folder.
  void begin();
  // `appeared` is not called after this.
  void stop();

 private:
  void wait();
  bool read();

  Strand strand_;
  std::string folder_, name_;
  std::function<void()> appeared_;
  asio::posix::stream_descriptor inotify_;
};

}  // namespace blazedb::link
