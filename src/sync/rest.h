// What a session does while both ends are at rest: it compares digests, finds where they differ, and repairs that.
//
// Both ends tell each other their digests once nothing has moved for a while. Equal digests are the proof that the two
// hold the same; that is what "in sync" in a status means. A difference is located by Comparison.
//
// Rest does not see whether the two ends are at rest. The session knows that, and asks Rest for nothing before.
#pragma once

#include <cstdint>
#include <optional>

#include "sync/comparison.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Rest {
 public:
  // Where both feeds stand. What was found out about the two ends counts for as long as neither moves.
  struct Place {
    std::uint64_t feedEnd = 0;  // of this replica
    std::uint64_t applied = 0;  // what this replica has applied of the peer's feed
    friend bool operator==(const Place&, const Place&) = default;
  };

  explicit Rest(ThisEnd& end);

  // Records move between the two ends: a comparison that is under way is of no use any more.
  void disturb() { comparison_.drop(end_.nowMs); }
  // One of the two ends has not taken a record: they are not the same, although neither feed has moved.
  void unverify() { verifiedAt_.reset(); }
  bool verified(const Place& here) const { return verifiedAt_ == here; }

  // Each of these three to be called only at rest.
  void onDigest(const DigestFrame& theirs, const Place& here);
  void sendDigestIfDue(const Place& here);
  // When the next digest is due, std::nullopt for never.
  std::optional<std::int64_t> digestDueMs(const Place& here) const;

  void onBuckets(const Buckets& theirs);
  void onInventory(const Inventory& theirs);
  // Has the latest answer told of this record, so that the peer may send it as a repair?
  bool expects(const RecordKey& key) const { return comparison_.expects(key); }

  // One slice of the comparison, where there is one and its time has come.
  void step();
  // When that is; it may be past. std::nullopt for never.
  std::optional<std::int64_t> nextStepMs() const;

 private:
  void sendDigest(const Place& here);

  ThisEnd& end_;
  std::optional<Place> sentAt_;
  std::optional<Place> readAt_;  // the peer's digest
  std::optional<Place> verifiedAt_;
  Comparison comparison_;
};

}  // namespace blazedb::sync
