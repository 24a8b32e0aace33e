// Rejected changes: records that one of two connected databases refused to take from the other.
//
// A refusal concerns one record; all others go on. The record stays in the database that sent it. That database sends
// it again, whole, at each new connection, when the record changes, and when the reason has passed. The entry leaves
// the list once the record is taken or no longer exists, or once all tokens of its client are revoked or expired.
#pragma once

#include <string>

#include "blazedb/error.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct RejectedChange {
  UUID peer;            // the replica id of the other database
  std::string with;     // the name of the peer's token, or its address; empty if neither is known
  bool byPeer = false;  // true: the peer refused this database's record; false: this database refused the peer's
  std::string collection;
  UUID record;
  ErrorCode code = ErrorCode::ClockSkew;  // ClockSkew: a time too far ahead; TooLarge: beyond 23 MiB when merged;
                                          // NotAllowed: a stamp that the peer may not bring
  std::string reason;                     // why, and what to do
  Date since;                             // when it was refused first
};

}  // namespace blazedb
