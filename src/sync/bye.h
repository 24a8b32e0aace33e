// Why a conversation ends, and why a record was not taken, in words that can cross a link.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/error.h"
#include "sync/change.h"

namespace blazedb::sync {

struct Bye {
  ErrorCode code = ErrorCode::Offline;
  std::string text;
};

// The receiver refused this record. Everything else goes on.
struct Rejection {
  RecordKey key;
  std::optional<Bye> why;  // none: the receiver has taken it since, or the sender no longer holds it
};

struct Rejected {
  bool all = false;  // `records` lists everything that is set aside; otherwise what has changed
  std::vector<Rejection> records;
};

// Nothing of a batch was merged, and the conversation has to end.
struct Refusal {
  enum class Reason : std::uint8_t {
    outsideScope,     // the peer sent a record that the link does not carry
    unreadable,       // a record cannot be decoded, or has more fields than a record may have
    tooManySetAside,  // a record has to be set aside, and the store has as many of these as it remembers
  };
  Reason reason;
  RecordKey record;  // the first of this kind
  Bye why;           // sent to the peer
};

}  // namespace blazedb::sync
