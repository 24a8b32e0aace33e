// Rejected changes: records that one of two connected databases has not taken from the other.
//
// A record is refused for itself alone; everything else goes on. It stays where it was written, and is sent again as a
// whole: at each new connection, when it changes, and when what was wrong with it is over. Once it is taken, or no
// longer there, nothing is listed any more; nor is what was settled with a client whose tokens are all revoked or over.
#pragma once

#include <string>

#include "blazedb/error.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct RejectedChange {
  UUID peer;            // the replica id of the other database
  std::string with;     // what it is called here: its token, or its address; empty where neither is known
  bool byPeer = false;  // true: it has refused this database's record; false: this one has refused the peer's
  std::string collection;
  UUID record;
  ErrorCode code = ErrorCode::ClockSkew;  // ClockSkew: a time too far ahead; TooLarge: beyond 23 MiB when merged;
                                          // NotAllowed: a stamp that the peer may not bring
  std::string reason;                     // with what to do
  Date since;
};

}  // namespace blazedb
