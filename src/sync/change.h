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

// All ages are 0 (record_state.h). The views point into the frame that was received, or into the row that is sent.
struct Change {
  std::string_view collection;
  UUID id;
  std::uint64_t position = 0;  // in the sender's feed
  bool complete = false;       // it has every cell that the sender holds; otherwise those since Cursor::complete
  bool endsTransaction = false;
  base::ByteView stamps;
  base::ByteView fields;
  bool left = false;  // the sender gave the record up and takes it back from its readers; no stamps and no fields
};

}  // namespace blazedb::sync
