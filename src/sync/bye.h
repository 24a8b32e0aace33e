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

// The receiver has not taken this record. Everything else goes on.
struct Rejection {
  RecordKey key;
  std::optional<Bye> why;  // none: it has been taken since, or is gone
};

struct Rejected {
  bool all = false;  // everything that is rejected; otherwise what has changed
  std::vector<Rejection> records;
};

// Nothing of a batch was merged, and the conversation has to end.
struct Refusal {
  enum class Reason : std::uint8_t {
    outsideScope,     // the peer sent what the link does not carry
    unreadable,       // a record cannot be decoded, or has more fields than any record has
    tooManySetAside,  // a record has to be set aside, and the store remembers no more of these
  };
  Reason reason;
  RecordKey record;  // the first of this kind
  Bye why;           // as the peer is told
};

}  // namespace blazedb::sync
