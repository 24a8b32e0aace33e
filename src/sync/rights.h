// What the user behind a peer may do with records, one by one.
//
// The policies of a database say it (blazedb/rights.h). Sender and receiver ask nothing else: the feed, repairs and
// answers to Need go through mayRead(), and every change of the peer through refusalOf().
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "sync/bye.h"

namespace blazedb::sync {

// Immutable; any thread may ask. Fields are those of a record as they are stored (codec/fields.h).
class Rights {
 public:
  virtual ~Rights() = default;

  // Names what mayRead() chooses: another choice has another name. Empty if that is every record.
  virtual const std::string& choice() const = 0;
  // A deleted record comes with the fields that it had.
  virtual bool mayRead(const std::string& collection, const UUID& id, base::ByteView fields) const = 0;
  // Why the user may not make `after` of `before`; none if it may. Absent: there is no live record.
  virtual std::optional<Bye> refusalOf(const std::string& collection, const UUID& id,
                                       std::optional<base::ByteView> before,
                                       std::optional<base::ByteView> after) const = 0;
};

}  // namespace blazedb::sync
