// Tokens (blazedb/token.h), and the replicas that come with them. Thread-safe.
//
// The file has BLAKE2b-256 of a secret and not the secret, so a reader of the file or of a backup cannot connect with
// what is in it. The secret is 256 random bits: the hash needs no salt and no stretching. What a client sends is hashed
// first. The index is searched with the first eight bytes of the hash, and the rest is compared in constant time. So
// the time of an answer tells at most something about a hash, whose bytes no client can choose.
//
// A user of an issuer (topology/signed_token.h) has one token, too, which holds what the issuer said last: so such a
// user is listed, revoked, and remembered with its replicas as the bearer of a secret is. It has the hash of no secret.
//
// A replica belongs to the token with which it connected first, and to other tokens of the same user. A client that
// posed as another replica could move the cursor on that replica's feed past changes that are yet to be sent, and could
// acknowledge what that replica never got.
//
// The holder of a token can connect with ever new replica ids and scopes, and the file remembers something of each.
// What it remembers for one token is bounded, so that no client can fill the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/token.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"
#include "db/revision.h"
#include "db/rights.h"
#include "replica/token_check.h"

namespace blazedb::db {

class TokenTable;

class Tokens final : public replica::TokenCheck {
 public:
  // `name`: that of the database, for errors.
  // `revision` changes with each change that is made here.
  Tokens(GroupCommit& writer, ReaderPool& readers, Shared& shared, const Rights& rights, Revision& revision,
         const Environment& environment, const std::string& name)
      : writer_(writer),
        readers_(readers),
        shared_(shared),
        rights_(rights),
        revision_(revision),
        environment_(environment),
        name_(name) {}

  // As Database says.
  NewToken create(const TokenOptions& options);
  std::vector<Token> all() const;
  void revoke(std::int64_t id);
  Token checkToken(std::string_view secret) const override;
  Token admitSigned(const replica::SignedToken& shown) override;

  replica::UserGrant grantOf(std::int64_t token) const override;
  std::shared_ptr<const sync::Rights> rightsWithin(std::int64_t token, const std::vector<UUID>& teams,
                                                   std::size_t& refused) const override;
  replica::UserGrant grantOf(const std::string& user) const override;
  Token tokenOf(std::int64_t token) const override;
  std::uint64_t tokenRevision() const override { return revision_.now(); }
  int addRevisionListener(Listener listener) override { return revision_.listeners().add(std::move(listener)); }
  void removeRevisionListener(int id) override { revision_.listeners().remove(id); }
  std::optional<Error> admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) override;

 private:
  Token addSubject(TokenTable& table, const replica::SignedToken& shown);
  bool note(const replica::SignedToken& shown, Statements& statements, std::int64_t& id);

  GroupCommit& writer_;
  ReaderPool& readers_;
  Shared& shared_;
  const Rights& rights_;
  Revision& revision_;
  const Environment environment_;
  const std::string& name_;
};

}  // namespace blazedb::db
