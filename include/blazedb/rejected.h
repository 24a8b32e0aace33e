// Rejected changes: what one of two connected databases refused to take from the other.
//
// A refusal concerns one record; all others go on. There are two kinds.
//
// PermissionDenied: the policies of the peer do not let this database's user make the change. The change leaves the
// record, which is then as the peer has it, and waits in the list. It goes back into the record, and to the peer, once
// the policies allow it. Database::retry() makes it again as a new write, Database::discard() gives it up.
//
// Any other code: the record stays in the database that sent it. That database sends it again, whole, at each new
// connection, when the record changes, and when the reason has passed. The entry leaves the list once the record is
// taken or no longer exists, or once all tokens of its client are revoked or expired.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct RejectedChange {
  std::int64_t id = 0;  // for retry() and discard(); 0 if the record has stayed as it was written. A change that goes
                        // back and is refused again gets another one
  UUID peer;            // the replica id of the other database
  std::string with;     // the name of the peer's token, or its address; empty if neither is known
  bool byPeer = false;  // true: the peer refused this database's record; false: this database refused the peer's
  std::string collection;
  UUID record;
  ErrorCode code = ErrorCode::ClockSkew;  // ClockSkew: a time too far ahead; TooLarge: beyond 23 MiB when merged;
                                          // NotAllowed: a stamp that the peer may not bring; PermissionDenied: the user
                                          // may not make this change
  std::string reason;                     // why, and what to do
  Date since;                             // when it was refused first
  // With an `id`: what was refused.
  bool inserts = false, deletes = false;
  Object fields = {};                            // that the change set
  std::vector<std::string> unset = {};           // fields that it removed
  std::map<std::string, Value> increments = {};  // of counters
};

}  // namespace blazedb
