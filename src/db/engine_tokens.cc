// Tokens (blazedb/token.h).
//
// The file has BLAKE2b-256 of a secret and not the secret: who reads the file, or a backup, cannot connect with what he
// finds. The secret is 256 random bits, so that the hash needs no salt and no stretching. What a stranger sends is
// hashed first; the index is searched with the first eight bytes of the hash, the rest is compared in constant time, so
// that the time of an answer tells at most something about a hash, of which nobody can choose the bytes.
#include <algorithm>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"
#include "codec/base64.h"
#include "codec/text.h"
#include "crypto/hash.h"
#include "crypto/secret_bytes.h"
#include "db/engine.h"

namespace blazedb::db {
namespace {

constexpr std::string_view kSecretPrefix = "blz_";  // so that people and scanners of leaks know one when they see it
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTextBytesMax = 128;
constexpr std::size_t kSearchedBytes = 8;
constexpr std::size_t kNamesMax = 1000;

// Bits of tokens.rights.
constexpr std::int64_t kMayRead = 1;
constexpr std::int64_t kMayWrite = 2;
constexpr std::int64_t kMayRelay = 4;

#define BLAZEDB_TOKEN_COLUMNS \
  "id, hash, name, user, role, rights, collections, teams, created_us, expires_us, revoked_us"

base::Bytes packed(const std::vector<std::string>& texts) {
  base::Bytes out;
  for (const std::string& text : texts) base::appendSized(out, base::viewOf(text));
  return out;
}

std::vector<std::string> unpacked(base::ByteView bytes) {
  base::Reader in(bytes);
  std::vector<std::string> texts;
  while (in.ok() && !in.atEnd()) texts.emplace_back(base::textOf(in.sized()));
  if (!in.ok())
    throw Error(ErrorCode::DamagedPage, "a token in the database cannot be decoded; restore the file from a backup");
  return texts;
}

Token tokenAt(storage::Statement& row) {
  Token token;
  token.id = row.integer(0);
  token.options.name = row.text(2);
  token.options.user = row.text(3);
  token.options.role = row.integer(4) == 1 ? SyncRole::server : SyncRole::client;
  token.options.mayRead = (row.integer(5) & kMayRead) != 0;
  token.options.mayWrite = (row.integer(5) & kMayWrite) != 0;
  token.options.mayRelay = (row.integer(5) & kMayRelay) != 0;
  token.options.collections = unpacked(row.blob(6));
  token.options.teams = unpacked(row.blob(7));
  token.created = {row.integer(8)};
  if (!row.isNull(9)) token.options.expires = Date{row.integer(9)};
  if (!row.isNull(10)) token.revoked = Date{row.integer(10)};
  return token;
}

void requireText(const std::string& text, const char* what) {
  if (text.size() > kTextBytesMax || !codec::isOneLine(text))
    throw Error(
        ErrorCode::InvalidArgument,
        std::string(what) + " of a token is up to 128 bytes of UTF-8 on one line, not " + codec::printable(text));
}

void requireSound(const TokenOptions& options, Date now) {
  requireText(options.name, "the name");
  requireText(options.user, "the user");
  for (const std::string& team : options.teams) requireText(team, "a team");
  for (const std::string& name : options.collections) base::requireName(name, "collection");
  if (options.collections.size() > kNamesMax || options.teams.size() > kNamesMax)
    throw Error(ErrorCode::TooLarge, "a token names up to 1000 collections, and as many teams");
  if (!options.mayRead && !options.mayWrite)
    throw Error(ErrorCode::InvalidArgument, "a token that may neither read nor write is of no use");
  if (options.expires && *options.expires <= now)
    throw Error(ErrorCode::InvalidArgument, "the token would have expired already");
}

std::string newSecret(base::Random& random) {
  crypto::SecretBytes bytes(kSecretBytes);
  random.fill(bytes.span());
  std::string text = codec::toBase64(bytes.view());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find('='));
  return std::string(kSecretPrefix) + text;
}

std::optional<Error> refusal(const Token& token, Date now) {
  if (token.revoked) return Error(ErrorCode::WrongToken, "the token is revoked; ask for a new one");
  if (token.options.expires && *token.options.expires <= now)
    return Error(ErrorCode::ExpiredToken,
                 "the token has expired, by the hub's clock; ask for a new one, or have that clock set right");
  return std::nullopt;
}

}  // namespace

NewToken Engine::createToken(const TokenOptions& options) {
  Date now{environment_.clock.wallMs() * 1000};
  requireSound(options, now);
  // One by one: where a part of a nested list throws, gcc 12 destroys the parts before it twice.
  NewToken made;
  made.token.options = options;
  made.token.created = now;
  made.secret = newSecret(environment_.random);
  auto hash = crypto::hash256(base::viewOf(made.secret));
  base::Bytes collections = packed(options.collections), teams = packed(options.teams);
  write(Durability::full, [&](Changes&) {
    storage::Statement insert = file_->writer().prepare(
        "INSERT INTO tokens(hash, name, user, role, rights, collections, teams, created_us, expires_us) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    insert.bindBlob(1, hash).bindText(2, options.name).bindText(3, options.user);
    insert.bind(4, options.role == SyncRole::server ? 1 : 0);
    insert.bind(
        5, (options.mayRead ? kMayRead : 0) | (options.mayWrite ? kMayWrite : 0) | (options.mayRelay ? kMayRelay : 0));
    insert.bindBlob(6, collections).bindBlob(7, teams).bind(8, now.microseconds);
    if (options.expires) insert.bind(9, options.expires->microseconds);
    insert.run();
    made.token.id = file_->writer().lastInsertRow();
  });
  tokenRevision_.fetch_add(1);
  return made;
}

std::vector<Token> Engine::tokens() const {
  ReaderPool::Lease reader = readers_.lease();
  storage::Statement select = reader.connection().prepare("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens ORDER BY id");
  std::vector<Token> all;
  while (select.step()) all.push_back(tokenAt(select));
  return all;
}

void Engine::revokeToken(std::int64_t id) {
  write(Durability::full, [&](Changes&) {
    storage::Statement revoke =
        file_->writer().prepare("UPDATE tokens SET revoked_us = ifnull(revoked_us, ?2) WHERE id = ?1");
    revoke.bind(1, id).bind(2, environment_.clock.wallMs() * 1000);
    revoke.run();
    if (file_->writer().changes() == 0)
      throw Error(ErrorCode::NotFound, "there is no token " + std::to_string(id) + "; `blazedb token list` shows them");
  });
  tokenRevision_.fetch_add(1);
}

Token Engine::checkToken(std::string_view secret) const {
  auto hash = crypto::hash256(base::viewOf(secret));
  base::Bytes from(hash.begin(), hash.begin() + kSearchedBytes), to = from;
  to.resize(hash.size(), 0xFF);
  ReaderPool::Lease reader = readers_.lease();
  storage::Statement select =
      reader.connection().prepare("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens WHERE hash BETWEEN ?1 AND ?2");
  select.bindBlob(1, from).bindBlob(2, to);
  std::optional<Token> found;
  while (select.step())
    if (crypto::equalInConstantTime(select.blob(1), hash)) found = tokenAt(select);
  if (!found) throw Error(ErrorCode::WrongToken, "'" + name_ + "' knows no such token; ask for one");
  if (std::optional<Error> refused = refusal(*found, {environment_.clock.wallMs() * 1000})) throw *refused;
  return std::move(*found);
}

std::optional<Error> Engine::refusalOf(std::int64_t id) const {
  ReaderPool::Lease reader = readers_.lease();
  storage::Statement select = reader.connection().prepare("SELECT " BLAZEDB_TOKEN_COLUMNS " FROM tokens WHERE id = ?1");
  select.bind(1, id);
  if (!select.step()) return Error(ErrorCode::WrongToken, "the token is no longer known; ask for a new one");
  return refusal(tokenAt(select), {environment_.clock.wallMs() * 1000});
}

}  // namespace blazedb::db
