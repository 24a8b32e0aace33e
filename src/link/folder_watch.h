// Notices that a name appears in a folder: whoever waits for the socket of another app then connects at once.
//
// Linux tells by inotify. Where that has nothing to give (a folder that is not there yet, a user with too many watches)
// nobody is told, and links try again when they would have anyway.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "link/io.h"

namespace blazedb::link {

// Shared by its owner and what waits for the folder. Everything runs on the strand.
class FolderWatch : public std::enable_shared_from_this<FolderWatch> {
 public:
  // `appeared` is called on the strand when a file of that path has come, or has got another mode.
  FolderWatch(Io& io, Strand strand, const std::string& path, std::function<void()> appeared);

  // Watches from here on, if it does not and the folder is there.
  void begin();
  // Afterwards `appeared` is not called any more.
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
