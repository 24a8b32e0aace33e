#include "sync/restamp.h"

#include <map>

namespace blazedb::sync {
namespace {

// Calls `visit` with stamp, over and position of base, tomb, floor and each cell.
template <class State, class Visit>
void eachStamp(State& state, Visit&& visit) {
  visit(state.base.stamp, state.base.over, state.base.position);
  visit(state.tomb.stamp, state.tomb.over, state.tomb.position);
  visit(state.floor.stamp, state.floor.over, state.floor.position);
  for (auto& cell : state.cells) visit(cell.stamp, cell.over, cell.position);
}

}  // namespace

bool fromTheFuture(const RecordState& state, std::uint64_t limit) {
  bool found = false;
  eachStamp(state, [&](const Stamp& stamp, const Stamp&, std::uint64_t) { found = found || stamp.time > limit; });
  return found;
}

void observePresent(const RecordState& state, std::uint64_t limit, HybridClock& clock) {
  eachStamp(state, [&](const Stamp& stamp, const Stamp&, std::uint64_t) {
    if (stamp.time <= limit) clock.observe(stamp.time);
    if (stamp.authority <= limit) clock.observe(stamp.authority);
  });
}

void restamp(RecordState& state, const Restamping& how, HybridClock& clock, std::uint64_t position) {
  std::map<Stamp, Stamp> mended;  // old to new, in the order of the old ones
  std::uint64_t authority = 0;
  eachStamp(state, [&](const Stamp& stamp, const Stamp&, std::uint64_t) {
    if (stamp.time > how.limit) mended[stamp] = {};
    if (stamp.authority <= how.limit) authority = std::max(authority, stamp.authority);
  });
  for (auto& [old, fresh] : mended) {
    std::uint64_t time = clock.next(how.wallMs);
    bool keeps = old.authority <= how.limit;
    fresh = {keeps ? old.authority : how.role == Role::server ? time : authority, time, how.writer};
  }
  eachStamp(state, [&](Stamp& stamp, Stamp& over, std::uint64_t& changed) {
    if (over.time > how.limit) over = {};
    auto found = mended.find(stamp);
    if (found == mended.end()) return;
    stamp = found->second;
    changed = position;
  });
}

}  // namespace blazedb::sync
