// Counts failed knocks, and says how long to delay the answer to a refused client.
//
// Nobody finds a token of 256 bits by guessing. This bounds what guessing costs the hub: each attempt takes a
// connection and a handshake, and after a few failures its answer comes late. Only refused clients are delayed. A whole
// office may share one address, and one device there with an old token must not keep the others out. So the hub checks
// every token, whatever came from that address before.
//
// A device that its supervisor starts again and again repeats the same wrong token from the same address: it gets the
// longest delay at once. Other tokens of that address start with none. This remembers 64 bits of a hash, not the
// tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace blazedb::link {

// Not thread-safe. The times come from a clock that does not go back.
class FailedKnocks {
 public:
  // Notes a failure. Returns the delay of its answer: 0 for the first few, then from 100 ms up to two seconds.
  std::int64_t note(const std::string& address, base::ByteView token, std::int64_t nowMs);

 private:
  struct Failures {
    int count = 0;
    std::int64_t lastMs = 0;
  };
  std::int64_t noteOne(std::pair<std::string, std::size_t> who, std::int64_t nowMs, int free);

  std::map<std::pair<std::string, std::size_t>, Failures> failures_;
};

}  // namespace blazedb::link
