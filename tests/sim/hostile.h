// A peer with a weak token that says what the token does not cover: well-formed frames, at random.
//
// It knows what an insider knows: the ids of records that are not its own, the hub's incarnation, and the clock. What
// it claims of records of others is never anything that its token lets it do; in a collection of its own it
// writes like anybody, also parts of what the hub has refused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/oracle.h"
#include "sim/random.h"
#include "sync/frames.h"
#include "sync/session.h"

namespace blazedb::sim {

// What its token allows.
enum class Weakness {
  reads,        // nothing but reading
  ownOnly,      // a collection of its own, both ways
  writesAsAny,  // everything, as a client: no server's authority, no false clock, no delete but by a delete
};

// The options of the hub's session with the bearer of such a token.
sync::SessionOptions rights(Weakness weakness);

class HostilePeer {
 public:
  static constexpr const char* kOwnCollection = "scratch";

  // What there is to lie about.
  struct Targets {
    std::vector<Key> held;  // records of others that the hub holds
    std::int64_t wallMs = 0;
  };

  HostilePeer(Dice& dice, Weakness weakness, const UUID& replica);

  base::Bytes hello(const Targets& targets) const;
  // To be told of each frame of the hub.
  void heard(const base::Bytes& frame);
  base::Bytes next(const Targets& targets);

 private:
  base::Bytes subscribe();
  base::Bytes welcome();
  base::Bytes batch(const Targets& targets);
  base::Bytes rows(const Targets& targets);
  base::Bytes ack();
  base::Bytes need(const Targets& targets);
  base::Bytes digest();
  base::Bytes buckets();
  base::Bytes inventory(const Targets& targets);

  void addChange(const Targets& targets, sync::BatchWriter& to, std::uint64_t position, sync::RecordKey key);
  sync::RecordKey anyKey(const Targets& targets);
  sync::Stamp anyStamp(const Targets& targets, bool honest);
  sync::Cursor anyCursor();
  std::string anyCollection();
  std::uint64_t anyPosition();

  Dice& dice_;
  Weakness weakness_;
  UUID replica_;
  std::uint64_t incarnation_;
  std::uint64_t hub_ = 0;  // its incarnation
  bool subscribed_ = false;
  bool welcomed_ = false;
  std::uint64_t sent_ = 0;
  std::deque<std::uint64_t> unacknowledged_;
  std::vector<sync::RecordKey> asked_;    // by the hub
  std::vector<sync::RecordKey> refused_;  // by the hub, of its own
};

}  // namespace blazedb::sim
