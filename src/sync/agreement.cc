#include "sync/agreement.h"

#include <utility>

#include "sync/frames.h"

namespace blazedb::sync {

Agreement agree(const Terms& mine, const Hello& its) {
  Terms both = mine;
  both.sends = mine.sends && its.receives;
  both.receives = mine.receives && its.sends;
  both.scope = intersect(mine.scope, its.scope);
  // A hub gives this end what its user may read, or the records of the teams asked for, and so decides what it holds.
  bool peerChooses = its.chooses || mine.teams;
  if (peerChooses && both.relation == Relation::equals && both.writes.mayErase) both.relation = Relation::importer;
  return {std::move(both), {its.identity.replica, its.identity.incarnation}, its.sweeps, peerChooses, 0};
}

}  // namespace blazedb::sync
