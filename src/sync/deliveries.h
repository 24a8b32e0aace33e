// What an exporter's store remembers of each importer: under which filter it was given what it has.
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
    // The id of the filter under which the importer was given what it has. Empty after mixFilters(). None where the
    // store does not know: the peer has never imported, or was told to sweep.
    std::optional<std::string> filter;
    // An importer whose cursor stands below was put back. It may have what the exporter has taken back since, or what
    // an earlier filter gave it, and the store no longer knows which.
    std::uint64_t floor = 0;
  };

  virtual ~Deliveries() = default;

  virtual Known known(const UUID& importer) const = 0;
  // The importer's cursor has moved under this filter. `floor` is the new floor; 0 leaves the one that there is.
  // Without a filter the peer imports no more, and the store forgets it.
  virtual void noteFilter(const UUID& importer, const std::optional<std::string>& filter, std::uint64_t floor) = 0;
  // From now on one part of what the importer has was given under one filter, and the rest under another. Takes a
  // position in the feed, which no cursor from before has reached.
  virtual void mixFilters(const UUID& importer) = 0;
  // The importer is about to sweep: what it has is not known any more, and every cursor is below the floor until
  // noteFilter() sets another one.
  virtual void forget(const UUID& importer) = 0;
};

}  // namespace blazedb::sync
