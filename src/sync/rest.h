// What a session does while both ends are at rest: it compares digests, and repairs what differs.
//
// Both ends send their digests once nothing has moved for a while. Equal digests prove that the two hold the same: a
// status then says "in sync". If they differ, Comparison finds the records.
//
// Rest does not know whether the two ends are at rest. The session knows, and calls Rest only then.
#pragma once

#include <cstdint>
#include <optional>

#include "sync/comparison.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Rest {
 public:
  // Where both feeds stand. The result of a comparison holds as long as neither moves.
  struct Place {
    std::uint64_t feedEnd = 0;  // of this replica
    std::uint64_t applied = 0;  // what this replica has applied of the peer's feed
    friend bool operator==(const Place&, const Place&) = default;
  };

  explicit Rest(ThisEnd& end);

  // Records move between the two ends: drops a comparison that is under way.
  void disturb() { comparison_.drop(end_.nowMs); }
  // One of the two ends refused a record: they do not hold the same, although neither feed has moved.
  void unverify() { verifiedAt_.reset(); }
  bool verified(const Place& here) const { return verifiedAt_ == here; }

  // These three must be called only at rest.
  void onDigest(const DigestFrame& theirs, const Place& here);
  void sendDigestIfDue(const Place& here);
  // When the next digest is due, std::nullopt for never.
  std::optional<std::int64_t> digestDueMs(const Place& here) const;

  void onBuckets(const Buckets& theirs);
  void onInventory(const Inventory& theirs);
  // Whether the latest answer of this end covers the record, so that the peer may send it as a repair.
  bool expects(const RecordKey& key) const { return comparison_.expects(key); }

  // Does one slice of the comparison, if there is one and its time has come.
  void step();
  // When step() has something to do; it may be past. std::nullopt for never.
  std::optional<std::int64_t> nextStepMs() const;

 private:
  void sendDigest(const Place& here);

  ThisEnd& end_;
  std::optional<Place> sentAt_;
  std::optional<Place> readAt_;  // where the peer's latest digest was compared
  std::optional<Place> verifiedAt_;
  Comparison comparison_;
};

}  // namespace blazedb::sync
