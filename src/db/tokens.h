// Tokens (blazedb/token.h), and the replicas that come with them. Thread-safe.
//
// The file has BLAKE2b-256 of a secret and not the secret: who reads the file, or a backup, cannot connect with what he
// finds. The secret is 256 random bits, so that the hash needs no salt and no stretching. What a stranger sends is
// hashed first; the index is searched with the first eight bytes of the hash, the rest is compared in constant time, so
// that the time of an answer tells at most something about a hash, of which nobody can choose the bytes.
//
// A replica belongs to the token that it came with first, and to others that name the same user: whoever poses as it
// could move the cursor on its feed past changes that it has yet to send, and say that it has what it was never sent.
//
// Whoever has a token can come with ever new replica ids and scopes, and for each of them something is written down. So
// that a stranger cannot fill the file, what is remembered for a token is bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/token.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"
#include "replica/token_check.h"

namespace blazedb::db {

class Tokens final : public replica::TokenCheck {
 public:
  // `name`: of the database, for errors.
  Tokens(GroupCommit& writer, ReaderPool& readers, Shared& shared, const Environment& environment,
         const std::string& name)
      : writer_(writer), readers_(readers), shared_(shared), environment_(environment), name_(name) {}

  // As Database says.
  NewToken create(const TokenOptions& options);
  std::vector<Token> all() const;
  void revoke(std::int64_t id);
  Token checkToken(std::string_view secret) const override;

  std::optional<Error> refusalOf(std::int64_t token) const override;
  std::uint64_t tokenRevision() const override { return revision_.load(); }
  std::optional<Error> admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) override;

 private:
  GroupCommit& writer_;
  ReaderPool& readers_;
  Shared& shared_;
  const Environment environment_;
  const std::string& name_;
  std::atomic<std::uint64_t> revision_{0};
};

}  // namespace blazedb::db
