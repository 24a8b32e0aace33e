#include "db/tokens.h"

#include <array>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"
#include "codec/base64.h"
#include "codec/text.h"
#include "crypto/hash.h"
#include "crypto/secret_bytes.h"
#include "db/tables_rights.h"
#include "db/tables_tokens.h"

namespace blazedb::db {
namespace {

constexpr std::string_view kSecretPrefix = "blz_";  // so that people and scanners of leaks know one when they see it
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTextBytesMax = 128;
constexpr std::size_t kNamesMax = 1000;

// How much the file remembers of the replicas of one token.
constexpr std::int64_t kReplicasMax = 256;
constexpr std::int64_t kScopesBytesMax = 1 << 20;
constexpr std::int64_t kRowBytes = 256;  // what a scope costs beside its bytes

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
  return std::string(kSecretPrefix) + codec::toBase64Url(bytes.view());
}

Date now(base::Clock& clock) { return {clock.wallMs() * 1000}; }

std::optional<Error> refusal(const Token& token, Date now) {
  bool isSigned = !token.issuer.empty();
  if (token.revoked && isSigned)
    return Error(ErrorCode::WrongToken, "this hub does not let this user in any more; ask its operator");
  if (token.revoked) return Error(ErrorCode::WrongToken, "the token is revoked; ask for a new one");
  if (token.options.expires && *token.options.expires <= now)
    return Error(ErrorCode::ExpiredToken,
                 "the token has expired, by the hub's clock; ask for a new one, or have that clock set right");
  return std::nullopt;
}

// Whether the file has what is shown already, or what was signed later, or keeps the user out. `id`: of the user's
// token; unchanged if there is none.
bool isKept(const replica::SignedToken& shown, Statements& statements, std::int64_t& id) {
  TokenTable table(statements);
  std::optional<TokenTable::Subject> subject = table.subject(shown.issuer, shown.user);
  if (!subject) return false;
  id = subject->token;
  std::optional<Token> token = table.find(id);
  if (!token || token->revoked || (shown.issued && *shown.issued < subject->issued)) return true;
  std::vector<std::string> teams;
  for (const UUID& team : shown.teams) teams.push_back(team.toString());
  return shown.issued.value_or(Date()) == subject->issued && shown.expires == token->options.expires &&
         teams == token->options.teams && shown.options.roles == subject->options.roles &&
         shown.options.claims == subject->options.claims;
}

}  // namespace

NewToken Tokens::create(const TokenOptions& options) {
  Date created = now(environment_.clock);
  requireSound(options, created);
  // One by one: if a part of a nested list throws, gcc 12 destroys the parts before it twice.
  NewToken made;
  made.token.options = options;
  made.token.created = created;
  made.secret = newSecret(environment_.random);
  auto hash = crypto::hash256(base::viewOf(made.secret));
  writer_.write(Durability::full, [&](Changes& changes) {
    made.token.id = TokenTable(changes.tables().statements()).add(options, hash, created);
  });
  revision_.next();
  return made;
}

std::vector<Token> Tokens::all() const { return TokenTable(readers_.lease()->statements()).all(); }

void Tokens::revoke(std::int64_t id) {
  writer_.write(Durability::full, [&](Changes& changes) {
    if (!TokenTable(changes.tables().statements()).revoke(id, now(environment_.clock)))
      throw Error(ErrorCode::NotFound, "there is no token " + std::to_string(id) + "; `blazedb token list` shows them");
  });
  revision_.next();
}

Token Tokens::checkToken(std::string_view secret) const {
  auto hash = crypto::hash256(base::viewOf(secret));
  std::optional<Token> found;
  for (TokenTable::Hashed& each : TokenTable(readers_.lease()->statements()).like(hash))
    if (crypto::equalInConstantTime(each.hash, hash)) found = std::move(each.token);
  if (!found) throw Error(ErrorCode::WrongToken, "'" + name_ + "' knows no such token; ask for one");
  if (std::optional<Error> refused = refusal(*found, now(environment_.clock))) throw *refused;
  return std::move(*found);
}

replica::UserGrant Tokens::grantOf(std::int64_t id) const { return rights_.grantOf(tokenOf(id)); }

std::shared_ptr<const sync::Rights> Tokens::rightsWithin(std::int64_t id, const std::vector<UUID>& teams,
                                                         std::size_t& refused) const {
  return rights_.rightsWithin(tokenOf(id), teams, refused);
}

replica::UserGrant Tokens::grantOf(const std::string& user) const {
  Token token;
  token.options.user = user;
  return rights_.grantOf(token);
}

Token Tokens::tokenOf(std::int64_t id) const {
  std::optional<Token> token = TokenTable(readers_.lease()->statements()).find(id);
  if (!token) throw Error(ErrorCode::WrongToken, "the token is no longer known; ask for a new one");
  if (std::optional<Error> refused = refusal(*token, now(environment_.clock))) throw *refused;
  return std::move(*token);
}

Token Tokens::admitSigned(const replica::SignedToken& shown) {
  std::int64_t id = 0;
  bool changesRights = false;
  if (!isKept(shown, readers_.lease()->statements(), id))
    writer_.write(Durability::normal,
                  [&](Changes& changes) { changesRights = note(shown, changes.tables().statements(), id); });
  if (changesRights) revision_.next();
  return tokenOf(id);
}

Token Tokens::addSubject(TokenTable& table, const replica::SignedToken& shown) {
  std::array<std::uint8_t, 32> ofNoSecret;
  environment_.random.fill(ofNoSecret);
  Token token;
  token.issuer = shown.issuer;
  token.options.name = token.options.user = shown.user;
  token.id = table.add(token.options, ofNoSecret, now(environment_.clock));
  table.addSubject(shown.issuer, shown.user, token.id);
  return token;
}

// Returns whether clients that are connected with the token may do something else now, or for a shorter time.
bool Tokens::note(const replica::SignedToken& shown, Statements& statements, std::int64_t& id) {
  if (isKept(shown, statements, id)) return false;  // another client of the user was first
  TokenTable table(statements);
  bool isNew = id == 0;
  Token token = isNew ? addSubject(table, shown) : table.find(id).value_or(Token());
  id = token.id;
  std::string before = isNew ? "" : rights_.grantOf(token, statements).name;
  std::optional<Date> end = std::exchange(token.options.expires, shown.expires);
  token.options.teams.clear();
  for (const UUID& team : shown.teams) token.options.teams.push_back(team.toString());
  table.setSubject({id, shown.issued.value_or(Date()), {}}, encodedUser(shown.options), token.options);
  return !isNew && (shown.expires < end || rights_.grantOf(token, statements).name != before);
}

std::optional<Error> Tokens::admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) {
  if (std::optional<std::int64_t> other =
          TokenTable(readers_.lease()->statements()).otherOwner(replica, token, now(environment_.clock)))
    return Error(ErrorCode::DuplicateReplica,
                 "the replica " + replica.toString() + " belongs to the token " + std::to_string(*other) +
                     ", which is still good and does not name the same user (blazedb token create --user). Is the "
                     "file a copy? Give it an id of its own (blazedb renew FILE); else have that token revoked");
  writer_.write(Durability::normal, [&](Changes& changes) {
    WriteTables& tables = changes.tables();
    TokenTable table(tables.statements());
    table.noteReplica(token, replica, environment_.clock.wallMs());
    while (true) {
      TokenTable::Remembered sums = table.remembered(token, kRowBytes);
      std::int64_t bytes = sums.bytes + static_cast<std::int64_t>(scopeBytes) + kRowBytes;
      if (sums.replicas <= kReplicasMax && bytes <= kScopesBytesMax) return;
      std::optional<UUID> victim = table.longestUnseen(token, replica);
      if (!victim) return;
      forgetPeer(changes, shared_.peers, *victim);
      if (*victim == replica) return;
      table.removeReplica(token, *victim);
    }
  });
  return std::nullopt;
}

}  // namespace blazedb::db
