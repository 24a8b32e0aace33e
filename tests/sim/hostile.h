// A peer with a weak token that sends what the token does not cover: well-formed frames, at random.
//
// It knows what an insider knows: the ids of other peers' records, the hub's incarnation, and the clock. Whatever it
// claims of other peers' records, its token never allows. In its own collection it writes as any client does, also
// parts of records that the hub has refused.
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

// What the token allows.
enum class Weakness {
  reads,        // only reading
  ownOnly,      // one collection of its own, in both directions
  writesAsAny,  // everything, as a client: no server's authority, no wrong clock, no removal except by a delete
};

// The options of the hub's session with a peer that has such a token.
sync::SessionOptions rights(Weakness weakness);

class HostilePeer {
 public:
  static constexpr const char* kOwnCollection = "scratch";

  // The records and stamps that the peer lies about.
  struct Targets {
    std::vector<Key> held;  // records of other peers that the hub holds
    std::int64_t wallMs = 0;
  };

  HostilePeer(Dice& dice, Weakness weakness, const UUID& replica);

  base::Bytes hello(const Targets& targets) const;
  // Call it with each frame of the hub.
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
  std::uint64_t hub_ = 0;  // the hub's incarnation
  bool subscribed_ = false;
  bool welcomed_ = false;
  std::uint64_t sent_ = 0;
  std::deque<std::uint64_t> unacknowledged_;
  std::vector<sync::RecordKey> asked_;    // what the hub has asked for
  std::vector<sync::RecordKey> refused_;  // its own records that the hub has refused
};

}  // namespace blazedb::sim
