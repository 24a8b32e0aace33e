// Tokens that an issuer signs: JSON Web Tokens (RFC 7519) as signed text (RFC 7515), header.payload.signature.
//
// Checked in this order, so that nothing is believed before its time (RFC 8725 lists the attacks):
//   1. The size, the form, and the header: strict JSON without a member that is given twice.
//   2. The key: one of the issuer's, by `kid` if both sides have it. The header must name the algorithm of that key; it
//      never chooses one, so `none`, and the public key taken for a password (HS256), are no choices. Keys and
//      addresses of keys in the header (jwk, jku, x5u) are not looked at. What the header calls critical is refused.
//   3. The signature.
//   4. The payload: `iss`, `aud`, `exp`, `nbf`, `iat`, and then who it is.
// A refusal says what is wrong, and repeats nothing of the token.
#pragma once

#include <string_view>

#include "blazedb/remote.h"
#include "replica/token_check.h"
#include "topology/issuer_keys.h"

namespace blazedb::topology {

// Whether the text has the form of a signed token. A token of createToken never has.
bool looksSigned(std::string_view text);

// What a token says that one of the keys has signed. It ends at `exp` and the leeway. Throws Error: WrongToken,
// ExpiredToken, ClockSkew (`nbf` or `iat` are in the future: one of the clocks is wrong, and trying again helps).
replica::SignedToken checkSigned(std::string_view text, const IssuerKeys& keys, const IssuerOptions& issuer, Date now);

}  // namespace blazedb::topology
