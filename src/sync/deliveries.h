// What an exporter's store remembers of each importer: the filter under which it was given its records.
//
// A filter can change between two conversations, and an importer's file can be put back to an earlier state. In both
// cases the exporter has to go through everything again, or has to have the importer sweep. It finds out by comparing
// the filter and the position that are kept here with those of the new conversation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "blazedb/uuid.h"

namespace blazedb::sync {

class Deliveries {
 public:
  struct Known {
    // The id of that filter. Empty after mixFilters(). Absent if the store does not know: the peer has never imported,
    // or was told to sweep.
    std::optional<std::string> filter;
    // If the importer's cursor is below this position, its file was put back. It may then hold records that the
    // exporter has taken back since, or that an earlier filter gave it, and the store no longer knows which.
    std::uint64_t floor = 0;
  };

  virtual ~Deliveries() = default;

  virtual Known known(const UUID& importer) const = 0;
  // Notes that the importer's cursor has moved under this filter. `floor` is the new floor; absent: the old one stays.
  // Without a filter the store knows no more of it than the floor.
  virtual void noteFilter(const UUID& importer, const std::optional<std::string>& filter,
                          std::optional<std::uint64_t> floor) = 0;
  // Notes that from now on the importer may hold records under another filter than the one that is known. Takes a
  // position in the feed, which no earlier cursor has reached. It is on the disk when this returns.
  virtual void mixFilters(const UUID& importer) = 0;
  // Notes that the importer is about to sweep, or to get everything without a filter: the store no longer knows what it
  // holds, and every cursor is below the floor until noteFilter() sets another one. Takes a position in the feed, as
  // mixFilters() does. It is on the disk when this returns.
  virtual void forget(const UUID& importer) = 0;
};

}  // namespace blazedb::sync
