// tokens and replicas: what lets clients in, and which replicas have come with which token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "blazedb/token.h"
#include "db/statements.h"

namespace blazedb::db {

class TokenTable {
 public:
  explicit TokenTable(Statements& statements) : statements_(statements) {}

  // Returns its id.
  std::int64_t add(const TokenOptions& options, base::ByteView hash, Date created);
  // Oldest first.
  std::vector<Token> all();
  std::optional<Token> find(std::int64_t id);
  // The tokens whose hash begins like this one, each with its hash.
  struct Hashed {
    base::Bytes hash;
    Token token;
  };
  std::vector<Hashed> like(base::ByteView hash);
  // A token that is revoked already keeps its time. Returns false if there is none.
  bool revoke(std::int64_t id, Date when);

  // A token other than `token` with which the replica has connected, that is still valid and names another user or
  // none.
  std::optional<std::int64_t> otherOwner(const UUID& replica, std::int64_t token, Date now);
  // Stores that the replica has connected with the token.
  void noteReplica(std::int64_t token, const UUID& replica, std::int64_t nowMs);
  void removeReplica(std::int64_t token, const UUID& replica);
  // What the file remembers of the replicas of a token: their number, and the bytes of their scopes, each of which
  // costs `rowBytes` more.
  struct Remembered {
    std::int64_t replicas = 0;
    std::int64_t bytes = 0;
  };
  Remembered remembered(std::int64_t token, std::int64_t rowBytes);
  // The replica of the token that has been away for longest; `last` only if there is no other.
  std::optional<UUID> longestUnseen(std::int64_t token, const UUID& last);
  // Replicas that have not connected since `ms`, and that have no cursor left.
  bool anyUnseenSince(std::int64_t ms);
  void removeUnseenSince(std::int64_t ms);

 private:
  Statements& statements_;
};

}  // namespace blazedb::db
