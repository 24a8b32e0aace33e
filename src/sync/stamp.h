// Stamps: who wrote a value and when, in an order that every replica agrees on.
//
//   (authority, time, writer), compared in that order; the highest stamp wins, field by field.
//
//   time       A 64-bit hybrid logical clock: 48 bits of milliseconds since 1970, 16 bits of counter. It never goes
//              back, not even after a restart, and it moves past every stamp that the replica has accepted. Each
//              operation takes one time.
//   authority  The time of the latest write by a *server* that the writer had seen on the record, 0 if none. A server
//              writes its own time.
//   writer     The incarnation that wrote: a random id, new at each writable open. No crash, copy or restore can make
//              the same stamp for two different values.
//
// So a server's write beats every write to the same field that had not seen it. A client that has seen it can build on
// it. Between two clients, or two servers, the later time wins. Three numbers and one comparison make merging a join of
// a semilattice: no vectors, no siblings, no history. Hybrid clocks: Kulkarni et al., "Logical Physical Clocks", 2014.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace blazedb::sync {

enum class Role : std::uint8_t { client = 0, server = 1 };

struct Stamp {
  std::uint64_t authority = 0;
  std::uint64_t time = 0;
  std::uint64_t writer = 0;

  bool present() const { return time != 0; }
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

class HybridClock {
 public:
  // The latest time that was given out or observed.
  std::uint64_t last() const { return last_; }
  void observe(std::uint64_t time) { last_ = std::max(last_, time); }
  // A time later than every earlier one. A counter that overflows runs into the milliseconds, so times still ascend.
  std::uint64_t next(std::int64_t wallMs) {
    last_ = std::max(last_ + 1, fromWall(wallMs));
    return last_;
  }

  static std::uint64_t fromWall(std::int64_t wallMs) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(wallMs, 0)) << 16;
  }
  static std::int64_t toWall(std::uint64_t time) { return static_cast<std::int64_t>(time >> 16); }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace blazedb::sync
