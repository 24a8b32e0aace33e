// Whom a replica lets in: what a hub asks it about the tokens of its clients (blazedb/token.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "blazedb/error.h"
#include "blazedb/token.h"
#include "blazedb/uuid.h"

namespace blazedb::replica {

// Thread-safe. All but tokenRevision() may read from storage, and throw Error where that fails.
class TokenCheck {
 public:
  virtual ~TokenCheck() = default;

  // The token with this secret. Throws Error: WrongToken where there is none or it is revoked, ExpiredToken.
  virtual Token checkToken(std::string_view secret) const = 0;
  // Why a token that was good is no longer; none: it still is.
  virtual std::optional<Error> refusalOf(std::int64_t token) const = 0;
  // Another number after each change of the tokens: a token that was good is asked about again when this has changed,
  // or when its time is over. Quick.
  virtual std::uint64_t tokenRevision() const = 0;

  // Whether the replica may come with this token: the reason where not. It may not where it belongs to a token of
  // another user that is still good. What is remembered of the replicas of one token is bounded: beyond 256 of them, or
  // a MiB of their scopes, what is known of the one that was not seen for longest is forgotten, and it begins anew.
  // `scopeBytes`: of the scope that will be added.
  virtual std::optional<Error> admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) = 0;
};

}  // namespace blazedb::replica
