// TokenCheck: what a listener asks a replica about those who connect: their tokens (blazedb/token.h), and what their
// users may do (blazedb/rights.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/rights.h"
#include "blazedb/token.h"
#include "blazedb/uuid.h"
#include "sync/rights.h"

namespace blazedb::replica {

// What the policies of one moment let a user do.
struct UserGrant {
  std::shared_ptr<const sync::Rights> rights;  // absent: no policy concerns the user
  // Names all that the rights say, and the user's teams: if it changes, connections have to begin anew.
  std::string name;
};

// What an issuer says of a user in a token that it has signed, once the hub has verified that.
struct SignedToken {
  std::string issuer;
  std::string user;
  std::vector<UUID> teams = {};  // ascending
  UserOptions options = {};      // bounded as Users::put says
  Date expires = {};
  std::optional<Date> issued = {};
};

// Thread-safe. All but tokenRevision() may read from storage, and throw Error if that fails.
class TokenCheck {
 public:
  virtual ~TokenCheck() = default;

  // The token with this secret. Throws Error: WrongToken (there is none, or it is revoked), ExpiredToken.
  virtual Token checkToken(std::string_view secret) const = 0;
  // The token that the store keeps for this user of this issuer, which is made if there is none. What it grants becomes
  // what is shown now, unless the store has seen what the issuer has signed for the user later: the last word of the
  // issuer holds, whichever token a device presents. Throws Error: WrongToken (it is revoked), ExpiredToken.
  virtual Token admitSigned(const SignedToken& shown) = 0;
  // What the user of a token may do. No rights: the token alone says what it may do.
  virtual UserGrant grantOf(std::int64_t token) const = 0;
  // The rights of the same user, for reading the records of these teams alone. `refused`: how many of them the user is
  // not in; nothing is read of these.
  virtual std::shared_ptr<const sync::Rights> rightsWithin(std::int64_t token, const std::vector<UUID>& teams,
                                                           std::size_t& refused) const = 0;
  // What a user may do who comes without a token.
  virtual UserGrant grantOf(const std::string& user) const = 0;
  // A token that was valid, as it is now. Throws Error: WrongToken (it is revoked), ExpiredToken.
  virtual Token tokenOf(std::int64_t token) const = 0;
  // A number that changes with each change of the tokens, policies, users and teams by which a client may do something
  // else than before. A hub asks again about its clients' tokens when it has changed, and about a token when its time
  // is over: that of a signed one may have become longer. Quick.
  virtual std::uint64_t tokenRevision() const = 0;
  // `listener` runs after each change of tokenRevision(), on the thread that makes it: it must be quick and must not
  // call the replica. Returns the number that removes it; removing waits for a call that has begun.
  virtual int addRevisionListener(std::function<void()> listener) = 0;
  virtual void removeRevisionListener(int id) = 0;

  // The reason why the replica may not connect with this token; none if it may. It may not if it came with a token of
  // another user that is still valid. The store remembers at most 256 replicas of one token, and a MiB of their scopes;
  // beyond that it forgets the replica that was not seen for longest, which then starts again at 0. `scopeBytes`: the
  // size of the scope that will be added.
  virtual std::optional<Error> admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) = 0;
};

}  // namespace blazedb::replica
