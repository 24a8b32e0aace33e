#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "blazedb/error.h"

namespace blazedb::base {

std::uint64_t Random::next64() {
  std::uint64_t value = 0;
  fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(ErrorCode::IoError, std::string("the system gave no randomness: ") + std::strerror(errno));
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace blazedb::base
