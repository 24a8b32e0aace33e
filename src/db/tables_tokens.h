// tokens, subjects and replicas: what lets clients in, which of that is a user of an issuer, and which replicas have
// come with which token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "blazedb/rights.h"
#include "blazedb/token.h"
#include "db/statements.h"

namespace blazedb::db {

class TokenTable {
 public:
  explicit TokenTable(Statements& statements) : statements_(statements) {}

  // Returns its id. The hash of 32 bytes is that of its secret.
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

  // A user of an issuer, beside what its token says.
  struct Subject {
    std::int64_t token = 0;
    Date issued;  // when the issuer signed what is kept
    UserOptions options;
  };
  std::optional<Subject> subject(const std::string& issuer, const std::string& user);
  std::optional<Subject> subject(std::int64_t token);
  // Makes the token that is there one of this user, who is new. `options` as they are stored (encodedUser).
  void addSubject(const std::string& issuer, const std::string& user, std::int64_t token);
  // What the issuer says of the user now.
  void setSubject(const Subject& subject, base::ByteView options, const TokenOptions& token);

  // A token other than `token` with which the replica has connected, that is still valid and names another user or
  // none. Each user of an issuer is one of their own, whatever the name; and as their tokens end within hours, what has
  // come with one stays theirs also after its end.
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
  bool hasSubjects();
  void findIssuers(std::vector<Token>& tokens);

  Statements& statements_;
};

}  // namespace blazedb::db
