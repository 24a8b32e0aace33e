#include "topology/signed_token.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "blazedb/error.h"
#include "codec/base64.h"
#include "codec/fields.h"
#include "codec/json.h"
#include "codec/text.h"
#include "link/handshake.h"

namespace blazedb::topology {
namespace {

constexpr std::size_t kTextBytesMax = 128;
constexpr std::size_t kNamesMax = 1000;
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
constexpr std::int64_t kMicroseconds = 1'000'000;

// What the payload says beside the claims about the user.
constexpr std::string_view kNoClaims[] = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "teams", "roles"};

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::WrongToken, "the token is not taken: " + why);
}

// The three parts of a signed token.
struct Parts {
  std::string_view header, payload, signature, signedText;
};

std::optional<Parts> partsOf(std::string_view text) {
  std::size_t first = text.find('.'), second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1),
               text.substr(0, second)};
}

Object objectOf(std::string_view part, const char* which) {
  std::optional<base::Bytes> json = codec::fromBase64Url(part);
  if (!json) refuse(std::string("its ") + which + " is no base64url without padding");
  try {
    Value value = codec::valueFromJson(base::textOf(*json));
    if (const auto* object = value.as<Object>()) return *object;
  } catch (const Error&) {
    // The reason would repeat names of the token.
  }
  refuse(std::string("its ") + which +
         " is no object of JSON as BlazeDB reads it: each name once, integers of 64 bits, sound $uuid, "
         "$date and $bytes, and no deep nesting");
}

// Throws unless one of the keys has signed it.
void requireSignature(const Parts& parts, const Object& header, const IssuerKeys& keys) {
  std::optional<std::string> algorithm = header.string("alg"), id = header.string("kid");
  if (header.contains("crit")) refuse("its header says that something is critical (crit) which this hub does not know");
  if (!algorithm || (header.contains("kid") && !id)) refuse("its header does not say how it is signed (alg, kid)");
  std::optional<base::Bytes> signature = codec::fromBase64Url(parts.signature);
  bool known = false, fits = false;
  for (const IssuerKeys::Key& each : keys.keys()) {
    if (id && !each.id.empty() && *id != each.id) continue;
    known = true;
    if (*algorithm != each.key.algorithm()) continue;
    fits = true;
    if (signature && each.key.verifies(base::viewOf(parts.signedText), *signature)) return;
  }
  if (!known)
    refuse(
        "it is signed with a key that this hub does not know; get a new one, or have the hub read the issuer's keys "
        "again (SIGHUP)");
  if (!fits) refuse("the algorithm in its header is not that of the issuer's key");
  refuse("its signature is not the issuer's; get a new one");
}

// A time in seconds since 1970, whole or not; none if it is absent.
std::optional<Date> timeIn(const Object& payload, const char* name) {
  const Value* value = payload.find(name);
  if (!value) return std::nullopt;
  if (const auto* whole = value->as<std::int64_t>(); whole && *whole >= 0 && *whole <= kSecondsMax)
    return Date{*whole * kMicroseconds};
  if (const auto* real = value->as<double>(); real && *real >= 0 && *real <= static_cast<double>(kSecondsMax))
    return Date{std::llround(*real * static_cast<double>(kMicroseconds))};
  refuse(std::string("`") + name + "` is no time in seconds since 1970");
}

void requireAudience(const Object& payload, const IssuerOptions& issuer) {
  if (payload.string("iss") != issuer.issuer) refuse("it is not from the issuer of this hub (iss)");
  const Value& audience = payload["aud"];
  const auto* one = audience.as<std::string>();
  bool isMeant = one && *one == issuer.audience;
  if (const auto* several = audience.as<Array>())
    isMeant = std::find(several->begin(), several->end(), Value(issuer.audience)) != several->end();
  if (!isMeant) refuse("it is not for this hub (aud); ask the issuer for one that is");
}

void requireTime(const Object& payload, const IssuerOptions& issuer, Date now, replica::SignedToken& token) {
  std::int64_t leeway = std::chrono::microseconds(issuer.leeway).count();
  std::optional<Date> end = timeIn(payload, "exp"), begin = timeIn(payload, "nbf");
  token.issued = timeIn(payload, "iat");
  if (!end) refuse("it does not say when it ends (exp)");
  token.expires = {end->microseconds + leeway};
  if (token.expires <= now)
    throw Error(
        ErrorCode::ExpiredToken,
        "the token has expired, by the hub's clock; get a new one from its issuer, or have that clock set right");
  for (const std::optional<Date>& from : {begin, token.issued})
    if (from && from->microseconds > now.microseconds + leeway)
      throw Error(ErrorCode::ClockSkew,
                  "the token is not valid yet, by the hub's clock: have that clock, or the issuer's, set right");
}

// As the names of users and roles in a database.
void requireText(const std::string* text, const std::string& what) {
  bool isFine = text && !text->empty() && text->size() <= kTextBytesMax && codec::isOneLine(*text);
  if (!isFine || text->front() == ' ' || text->back() == ' ')
    refuse(what + " is 1 to 128 bytes on one line, without blanks at the ends");
}

// The elements of a list, each read once; empty if it is absent.
template <class T, class ReadOne>
std::vector<T> listIn(const Object& payload, const char* name, const char* what, ReadOne readOne) {
  std::vector<T> all;
  const Value* value = payload.find(name);
  if (!value) return all;
  const auto* list = value->as<Array>();
  if (!list || list->size() > kNamesMax) refuse(std::string("`") + name + "` is a list of up to 1000 " + what);
  for (const Value& each : *list) all.push_back(readOne(each.as<std::string>()));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void readUser(const Object& payload, replica::SignedToken& token) {
  const auto* user = payload["sub"].as<std::string>();
  requireText(user, "the name of its user (`sub`)");
  token.user = *user;
  token.teams = listIn<UUID>(payload, "teams", "ids of teams", [](const std::string* text) {
    std::optional<UUID> id = text ? UUID::parse(*text) : std::nullopt;
    if (!id) refuse("`teams` has something that is no UUID");
    return *id;
  });
  token.options.roles = listIn<std::string>(payload, "roles", "names", [](const std::string* text) {
    requireText(text, "each of its `roles`");
    return *text;
  });
  token.options.claims = payload;
  for (std::string_view name : kNoClaims) token.options.claims.erase(name);
  base::Bytes stored;
  if (std::optional<Error> error = codec::encodeFields(stored, {{"claims", token.options.claims}}))
    refuse("a record could not hold its claims: names have 1 to 128 bytes, and nesting has its bounds");
}

}  // namespace

bool looksSigned(std::string_view text) {
  auto isUsual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return partsOf(text) && std::all_of(text.begin(), text.end(), isUsual);
}

replica::SignedToken checkSigned(std::string_view text, const IssuerKeys& keys, const IssuerOptions& issuer, Date now) {
  if (text.size() > link::kTokenBytesMax)
    refuse("it has more than 8,192 bytes; ask its issuer for one with less in it");
  std::optional<Parts> parts = partsOf(text);
  if (!parts) refuse("it has not the three parts of a signed token");
  requireSignature(*parts, objectOf(parts->header, "header"), keys);
  Object payload = objectOf(parts->payload, "payload");
  replica::SignedToken token;
  requireAudience(payload, issuer);
  requireTime(payload, issuer, now, token);
  token.issuer = issuer.issuer;
  readUser(payload, token);
  return token;
}

}  // namespace blazedb::topology
