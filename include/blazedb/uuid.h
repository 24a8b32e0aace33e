// UUID: 16 bytes that name a record, a replica, a node.
//
// Record ids are version 7 (RFC 9562): the first 48 bits are milliseconds since 1970. Ids that are made later therefore
// sort later, and a bulk load appends to its index instead of scattering over it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "blazedb/export.h"

namespace blazedb {

struct BLAZEDB_API UUID {
  std::array<std::uint8_t, 16> bytes{};

  // Makes a new id from the system's clock and randomness. Ids of one process sort in the order in which they were
  // made. Thread-safe. Throws Error(IoError) if the system gives no randomness.
  static UUID generate();

  // The id of a name within a namespace, version 5 (RFC 9562): the same for the same two arguments, everywhere. A
  // namespace is any UUID that the application has chosen. Thread-safe.
  static UUID fromName(const UUID& space, std::string_view name);

  // Reads the 36-character form "01890a5d-ac96-774b-bcce-b302099a8057", in upper or lower case. Anything else gives
  // std::nullopt.
  static std::optional<UUID> parse(std::string_view text);

  // The 36-character form in lower case.
  std::string toString() const;

  bool isNil() const { return *this == UUID{}; }
  friend auto operator<=>(const UUID&, const UUID&) = default;
};

}  // namespace blazedb

template <>
struct BLAZEDB_API std::hash<blazedb::UUID> {
  std::size_t operator()(const blazedb::UUID& id) const noexcept;
};
