#include "sync/agreement.h"

#include <utility>

#include "sync/frames.h"

namespace blazedb::sync {

Agreement agree(const Terms& mine, const Hello& its) {
  Terms both = mine;
  both.sends = mine.sends && its.receives;
  both.receives = mine.receives && its.sends;
  both.scope = intersect(mine.scope, its.scope);
  return {std::move(both), {its.identity.replica, its.identity.incarnation}, its.sweeps, its.chooses};
}

}  // namespace blazedb::sync
