// Who has knocked in vain, and how long the answer is kept back.
//
// A token has 256 bits and is not found by guessing. What those who try anyway cost is bounded: each attempt takes a
// connection and a handshake, and after a few failures its answer comes late. The delay is for whoever is refused, and
// for nobody else: what stands behind one address may be a whole office, and one device there with an old token must
// not keep the good ones out. So each token is looked at, whatever came before it from the same address.
//
// The same wrong token from the same address, as of a device that its supervisor starts again and again, waits longest
// at once; other tokens of that address begin anew. Not the tokens are remembered, but 64 bits of a hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace blazedb::link {

// Not thread-safe. Times are of a clock that does not go back.
class FailedKnocks {
 public:
  // How late to answer: 0 for the first few, then from 100 ms up to two seconds.
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
