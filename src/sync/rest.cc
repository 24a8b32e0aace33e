#include "sync/rest.h"

#include <algorithm>
#include <vector>

namespace blazedb::sync {

Rest::Rest(ThisEnd& end)
    : end_(end), comparison_(end.store, end.agreement, end.options.digestDelayMs, [&end](base::Bytes frame) {
        end.say(std::move(frame));
      }) {}

void Rest::sendDigest(const Place& here) {
  if (sentAt_ == here) return;
  sentAt_ = here;
  end_.say(encode(DigestFrame{here.feedEnd, here.applied, end_.store.digests()}));
}

std::optional<std::int64_t> Rest::digestDueMs(const Place& here) const {
  if (comparison_.asking() || sentAt_ == here) return std::nullopt;
  return std::max(end_.lastActivityMs + end_.options.digestDelayMs, comparison_.pausedUntilMs());
}

void Rest::sendDigestIfDue(const Place& here) {
  if (std::optional<std::int64_t> due = digestDueMs(here); due && end_.nowMs >= *due) sendDigest(here);
}

void Rest::onDigest(const DigestFrame& theirs, const Place& here) {
  // The digests describe the same state only if neither feed has moved since. One comparison of a state is enough.
  if (theirs.feedEnd != here.applied || theirs.applied != here.feedEnd || readAt_ == here) return;
  readAt_ = here;
  std::vector<DigestLine> mine = end_.store.digests();
  if (mine == theirs.collections) {
    verifiedAt_ = here;
    return comparison_.foundEqual(end_.nowMs);
  }
  sendDigest(here);  // before anything moves, so that the peer finds the difference too
  comparison_.begin(mine, theirs.collections, end_.nowMs);
}

void Rest::onBuckets(const Buckets& theirs) {
  if (!comparison_.onBuckets(theirs, end_.nowMs)) return end_.broken("Buckets out of place");
  end_.activity();
}

void Rest::onInventory(const Inventory& theirs) {
  if (!comparison_.onInventory(theirs, end_.nowMs)) return end_.broken("Inventory out of place");
  end_.activity();
}

std::optional<std::int64_t> Rest::nextStepMs() const { return end_.settling ? std::nullopt : comparison_.nextStepMs(); }

void Rest::step() {
  std::optional<std::int64_t> due = nextStepMs();
  if (!due || end_.nowMs < *due) return;
  comparison_.step(end_.nowMs);
  end_.status.repaired = comparison_.repaired();
  end_.activity();
}

}  // namespace blazedb::sync
