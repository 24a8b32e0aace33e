// One record as it crosses a link.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "blazedb/uuid.h"

namespace blazedb::sync {

struct RecordKey {
  std::string collection;
  UUID id;
  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

// All ages are 0 (record_state.h). Views into the frame that it came in, or into the row that is being sent.
struct Change {
  std::string_view collection;
  UUID id;
  std::uint64_t position = 0;  // in the sender's feed
  bool complete = false;       // every cell that the sender holds; otherwise what changed since Cursor::complete
  bool endsTransaction = false;
  base::ByteView stamps;
  base::ByteView fields;
  bool left = false;  // the sender no longer holds it, and takes it back from its readers; no stamps and no fields
};

}  // namespace blazedb::sync
