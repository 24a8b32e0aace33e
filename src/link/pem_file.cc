#include "link/pem_file.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>

#include "base/descriptor.h"
#include "blazedb/error.h"

namespace blazedb::link {
namespace {

constexpr off_t kPemBytesMax = 16 << 20;  // a file with all public authorities has less than one MiB

[[noreturn]] void refuse(const std::string& path, const std::string& what, const std::string& mend) {
  throw Error(ErrorCode::InvalidArgument, path + " is not used: " + what + "; " + mend);
}

[[noreturn]] void failed(const std::string& what, int error) {
  throw Error(error == ENOSPC || error == EDQUOT ? ErrorCode::DiskFull : ErrorCode::IoError,
              what + ": " + std::strerror(error));
}

// Throws if the file has to be refused.
void look(const std::string& path, const struct stat& file, Holds holds) {
  if (!S_ISREG(file.st_mode)) refuse(path, "it is not a regular file", "name one that is");
  if (file.st_uid != 0 && file.st_uid != geteuid())
    refuse(path, "it belongs to another user (uid " + std::to_string(file.st_uid) + ")",
           "give it to this user or to root (chown), if it is the right one");
  if (file.st_mode & S_IWOTH) refuse(path, "everybody may write to it", "end that with: chmod o-w " + path);
  mode_t tooOpen = file.st_uid == 0 ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
  if (holds == Holds::key && (file.st_mode & tooOpen))
    refuse(path, "others may read this key", "end that with: chmod 600 " + path);
  if (file.st_size > kPemBytesMax)
    refuse(path, "it is too long for a file of certificates or keys", "name the right one");
}

}  // namespace

void PemFree::operator()(bio_st* bio) const { BIO_free_all(bio); }

Pem findPem(const std::string& path, Holds holds, SymbolicLinks links) {
  int noLinks = links == SymbolicLinks::refused ? O_NOFOLLOW : 0;
  base::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | noLinks));
  if (!file && errno == ENOENT) return nullptr;
  if (!file && errno == ELOOP && noLinks)
    refuse(path, "it is a symbolic link", "remove it, or name the files to use (--cert, --key)");
  if (!file) failed("cannot read " + path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) failed("cannot look at " + path, errno);
  look(path, status, holds);
  Pem contents(BIO_new(holds == Holds::key ? BIO_s_secmem() : BIO_s_mem()));
  if (!contents) throw std::bad_alloc();
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  bool kept = true;
  while (kept && (got = ::read(file.get(), buffer.data(), buffer.size())) > 0)
    kept = BIO_write(contents.get(), buffer.data(), static_cast<int>(got)) == got;
  int error = errno;
  explicit_bzero(buffer.data(), buffer.size());
  if (!kept) throw std::bad_alloc();
  if (got < 0) failed("cannot read " + path, error);
  return contents;
}

Pem readPem(const std::string& path, Holds holds, SymbolicLinks links) {
  Pem contents = findPem(path, holds, links);
  if (!contents) throw Error(ErrorCode::InvalidArgument, "there is no file " + path);
  return contents;
}

std::string readPublicText(const std::string& path) {
  Pem contents = readPem(path, Holds::certificates);
  char* text = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(contents.get(), &text));
  return {text, size};
}

void replacePem(const std::string& path, Holds holds, const Pem& contents) {
  std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // a crash may have left one
  mode_t mode = holds == Holds::key ? 0600 : 0644;
  base::Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) failed("cannot create " + fresh, errno);
  char* text = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(contents.get(), &text));
  errno = EIO;  // in case write() writes less than all of it
  bool written = ::fchmod(file.get(), mode) == 0 && ::write(file.get(), text, size) == static_cast<ssize_t>(size) &&
                 ::fsync(file.get()) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (!written) {
    int error = errno;
    ::unlink(fresh.c_str());
    failed("cannot write " + path, error);
  }
  std::string folder = std::filesystem::path(path).parent_path().string();
  base::Descriptor parent(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || ::fsync(parent.get()) != 0) failed("cannot write the folder of " + path, errno);
}

}  // namespace blazedb::link
