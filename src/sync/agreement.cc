#include "sync/agreement.h"

#include <utility>

#include "sync/frames.h"

namespace blazedb::sync {

Agreement agree(const Terms& mine, const Hello& its) {
  Terms both = mine;
  both.sends = mine.sends && its.receives;
  both.receives = mine.receives && its.sends;
  both.scope = intersect(mine.scope, its.scope);
  // A hub gives this end what its user may read, and so decides what it holds.
  if (its.chooses && both.relation == Relation::equals && both.writes.mayErase) both.relation = Relation::importer;
  return {std::move(both), {its.identity.replica, its.identity.incarnation}, its.sweeps, its.chooses};
}

}  // namespace blazedb::sync
