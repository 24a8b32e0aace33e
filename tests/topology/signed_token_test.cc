// Signed tokens: what is taken, and that every known way to be let in without the issuer's word is closed.
#include "topology/signed_token.h"

#include <gtest/gtest.h>

#include <functional>

#include "codec/text.h"
#include "support/errors.h"
#include "topology/signing_key.h"

namespace blazedb::topology {
namespace {

using test::SigningKey;

constexpr std::int64_t kNow = 1'800'000'000;  // seconds

const SigningKey& rsa() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}

class SignedTokenTest : public testing::Test {
 protected:
  static Object payload() {
    return {{"iss", "https://login.example.com"},
            {"aud", "notes"},
            {"sub", "ann"},
            {"exp", static_cast<long>(kNow + 300)},
            {"iat", static_cast<long>(kNow)}};
  }
  static Object with(const std::string& name, Value value) {
    Object changed = payload();
    changed.set(name, std::move(value));
    return changed;
  }
  static Object without(const std::string& name) {
    Object changed = payload();
    changed.erase(name);
    return changed;
  }
  replica::SignedToken check(const std::string& token, const std::vector<Object>& keys) const {
    return checkSigned(token, IssuerKeys(SigningKey::set(keys)), issuer_, {kNow * 1'000'000});
  }
  replica::SignedToken read(const Object& payload) const { return check(key_.token(payload), {key_.jwk()}); }
  // The reason of a refusal; fails if it has another code.
  static std::string refusal(const std::function<void()>& body, ErrorCode code = ErrorCode::WrongToken) {
    try {
      body();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_TRUE(codec::isOneLine(error.what()));
      return error.what();
    }
    return "it was taken";
  }
  std::string refusalOf(const std::string& token, const std::vector<Object>& keys) const {
    return refusal([&] { check(token, keys); });
  }
  std::string refusalOf(const Object& payload, ErrorCode code = ErrorCode::WrongToken) const {
    return refusal([&] { read(payload); }, code);
  }

  IssuerOptions issuer_{.keysFile = {}, .issuer = "https://login.example.com", .audience = "notes"};
  SigningKey key_ = SigningKey::ed25519();
};

#define EXPECT_SAYS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

TEST_F(SignedTokenTest, SaysWhoItIsWithAnyOfTheThreeAlgorithms) {
  UUID north = UUID::generate(), south = UUID::generate();
  Object claims = payload();
  claims.set("teams", Array{north.toString(), south.toString(), north.toString()});
  claims.set("roles", Array{"editor", "auditor"});
  claims.set("region", "EU");
  claims.set("jti", "another one each time");
  for (const SigningKey& key : {rsa(), SigningKey::p256(), key_}) {
    replica::SignedToken token = check(key.token(claims, "one"), {key.jwk("one")});
    EXPECT_EQ(token.issuer, issuer_.issuer) << key.algorithm();
    EXPECT_EQ(token.user, "ann");
    EXPECT_EQ(token.teams, (std::vector<UUID>{north, south}));
    EXPECT_EQ(token.options.roles, (std::vector<std::string>{"auditor", "editor"}));
    EXPECT_EQ(token.options.claims, (Object{{"region", "EU"}}));
    EXPECT_EQ(token.expires, (Date{(kNow + 360) * 1'000'000}));
    EXPECT_EQ(token.issued, (Date{kNow * 1'000'000}));
  }
}

TEST_F(SignedTokenTest, OneChangedCharacterAnywhereIsRefused) {
  for (const SigningKey& key : {SigningKey::p256(), key_}) {
    std::string token = key.token(payload(), "one");
    for (std::size_t i = 0; i < token.size(); i++) {
      std::string wrong = token;
      wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
      EXPECT_NE(refusalOf(wrong, {key.jwk("one")}), "it was taken") << i;
    }
  }
}

TEST_F(SignedTokenTest, TheKeySaysTheAlgorithm) {
  std::string text = codec::valueToJson(payload());
  auto named = [&](const std::string& algorithm, const SigningKey& key) {
    return key.token(R"({"alg":")" + algorithm + R"("})", text);
  };
  for (const char* algorithm : {"none", "None", "HS256", "RS256", "ES256", "PS256", "RS512", "eddsa", ""})
    EXPECT_SAYS(refusalOf(named(algorithm, key_), {key_.jwk()}), "the algorithm in its header is not that")
        << algorithm;
  for (const char* algorithm : {"none", "HS256", "RS384", "PS256", "EdDSA"})
    EXPECT_SAYS(refusalOf(named(algorithm, rsa()), {rsa().jwk()}), "the algorithm in its header is not that");
  // The header's algorithm is that of another key.
  SigningKey other = SigningKey::p256();
  EXPECT_SAYS(refusalOf(named("ES256", key_), {key_.jwk(), other.jwk()}), "its signature is not the issuer's");
  std::string unsignedText = SigningKey::partOf(R"({"alg":"none"})") + "." + SigningKey::partOf(text) + ".";
  EXPECT_TRUE(looksSigned(unsignedText));
  EXPECT_SAYS(refusalOf(unsignedText, {key_.jwk()}), "the algorithm in its header is not that");
  std::string noSignature = SigningKey::partOf(R"({"alg":"EdDSA"})") + "." + SigningKey::partOf(text) + ".";
  EXPECT_SAYS(refusalOf(noSignature, {key_.jwk()}), "its signature is not the issuer's");
}

TEST_F(SignedTokenTest, AKeyThatTheTokenBringsIsNoKey) {
  SigningKey thief = SigningKey::ed25519();
  Object header{{"alg", "EdDSA"}, {"jwk", thief.jwk()}, {"jku", "https://example.com/keys"}, {"x5u", "file:///k"}};
  std::string token = thief.token(codec::valueToJson(header), codec::valueToJson(payload()));
  EXPECT_SAYS(refusalOf(token, {key_.jwk()}), "its signature is not the issuer's");
}

TEST_F(SignedTokenTest, KeysAreChosenByTheirIdIfBothSidesHaveOne) {
  SigningKey other = SigningKey::ed25519();
  EXPECT_EQ(check(key_.token(payload()), {other.jwk("a"), key_.jwk("b")}).user, "ann");
  EXPECT_EQ(check(key_.token(payload(), "x"), {other.jwk("a"), key_.jwk()}).user, "ann");
  EXPECT_EQ(check(key_.token(payload(), "x"), {other.jwk("x"), rsa().jwk("x"), key_.jwk("x")}).user, "ann");
  EXPECT_SAYS(refusalOf(key_.token(payload(), "x"), {key_.jwk("a")}), "a key that this hub does not know");
  EXPECT_SAYS(refusalOf(key_.token(payload(), "a"), {other.jwk("a"), key_.jwk("b")}), "its signature is not");
  EXPECT_SAYS(refusalOf(key_.token(R"({"alg":"EdDSA","kid":1})", codec::valueToJson(payload())), {key_.jwk("a")}),
              "how it is signed");
}

TEST_F(SignedTokenTest, AnEs256SignatureIsTwoNumbersOf32Bytes) {
  SigningKey key = SigningKey::p256();
  std::string text = SigningKey::partOf(R"({"alg":"ES256"})") + "." + SigningKey::partOf(codec::valueToJson(payload()));
  auto with = [&](const Bytes& signature) { return text + "." + codec::toBase64Url(signature); };
  EXPECT_EQ(check(with(key.sign(text)), {key.jwk()}).user, "ann");
  Bytes longer = key.sign(text);
  longer.insert(longer.begin(), 0);
  for (const Bytes& wrong : {key.signedByOpenSsl(text), longer, Bytes(64), Bytes(64, 0xFF), Bytes()})
    EXPECT_SAYS(refusalOf(with(wrong), {key.jwk()}), "its signature is not the issuer's");
}

TEST_F(SignedTokenTest, WhatIsCriticalAndUnknownIsRefused) {
  std::string text = codec::valueToJson(payload());
  for (const char* header : {R"({"alg":"EdDSA","crit":["exp"]})", R"({"alg":"EdDSA","crit":[]})",
                             R"({"alg":"EdDSA","crit":["b64"],"b64":false})"})
    EXPECT_SAYS(refusalOf(key_.token(header, text), {key_.jwk()}), "critical");
}

TEST_F(SignedTokenTest, OneReadingOnly) {
  std::string text = codec::valueToJson(payload()), header = R"({"alg":"EdDSA"})";
  std::string good = key_.token(header, text);
  EXPECT_EQ(check(good, {key_.jwk()}).user, "ann");
  for (const std::string& wrong :
       {R"({"sub":"eve",)" + text.substr(1), text + " {}", std::string("[]"), std::string("{"), std::string(),
        std::string(R"({"$date":"2026-11-22T10:00:00Z"})"), text + std::string(1, '\0'), "\xFF" + text,
        R"({"deep":)" + std::string(100, '[') + std::string(100, ']') + "," + text.substr(1)})
    EXPECT_SAYS(refusalOf(key_.token(header, wrong), {key_.jwk()}),
                "its payload is no object of JSON as BlazeDB reads it");
  EXPECT_SAYS(refusalOf(key_.token(R"({"alg":"none","alg":"EdDSA"})", text), {key_.jwk()}),
              "its header is no object of JSON as BlazeDB reads it");
  EXPECT_SAYS(refusalOf(good.substr(0, good.rfind('.')), {key_.jwk()}), "three parts");
  EXPECT_SAYS(refusalOf(good + ".", {key_.jwk()}), "three parts");
  EXPECT_SAYS(refusalOf(SigningKey::partOf(header) + "=" + good.substr(good.find('.')), {key_.jwk()}), "base64url");
  EXPECT_SAYS(refusalOf(good + "=", {key_.jwk()}), "its signature is not the issuer's");
  EXPECT_SAYS(refusalOf(key_.token(with("long", std::string(7000, 'a'))), {key_.jwk()}), "8,192 bytes");
  EXPECT_FALSE(looksSigned("blz_abc"));
  EXPECT_FALSE(looksSigned("a.b"));
  EXPECT_FALSE(looksSigned("a.b.c.d.e"));
  EXPECT_FALSE(looksSigned("a.b.c "));
  EXPECT_TRUE(looksSigned(good));
}

TEST_F(SignedTokenTest, IsForThisHubAndFromItsIssuer) {
  EXPECT_EQ(read(with("aud", Array{"mail", "notes"})).user, "ann");
  for (const Value& wrong : {Value("mail"), Value(), Value(Array{}), Value(Array{"mail"}), Value("notes "), Value(1),
                             Value(Array{Array{"notes"}}), Value(Object{{"notes", true}})})
    EXPECT_SAYS(refusalOf(with("aud", wrong)), "not for this hub (aud)");
  EXPECT_SAYS(refusalOf(without("aud")), "not for this hub (aud)");
  for (const Value& wrong : {Value("https://login.example.com/"), Value(), Value(Array{issuer_.issuer})})
    EXPECT_SAYS(refusalOf(with("iss", wrong)), "not from the issuer");
  EXPECT_SAYS(refusalOf(without("iss")), "not from the issuer");
}

TEST_F(SignedTokenTest, HasItsTime) {
  EXPECT_EQ(read(with("exp", static_cast<double>(kNow) + 0.5)).expires, (Date{kNow * 1'000'000 + 60'500'000}));
  EXPECT_EQ(read(with("exp", static_cast<long>(kNow - 59))).user, "ann");
  EXPECT_SAYS(refusalOf(with("exp", static_cast<long>(kNow - 60)), ErrorCode::ExpiredToken), "has expired");
  EXPECT_SAYS(refusalOf(without("exp")), "does not say when it ends");
  for (const char* name : {"exp", "nbf", "iat"}) {
    for (const Value& wrong : {Value("1800000300"), Value(), Value(-1), Value(1e300), Value(253'402'300'800),
                               Value(std::numeric_limits<double>::quiet_NaN()), Value(Date{kNow * 1'000'000 + 5})})
      EXPECT_SAYS(refusalOf(with(name, wrong)), "is no time in seconds");
  }
  for (const char* name : {"nbf", "iat"}) {
    EXPECT_EQ(read(with(name, static_cast<long>(kNow + 60))).user, "ann");
    EXPECT_SAYS(refusalOf(with(name, static_cast<long>(kNow + 61)), ErrorCode::ClockSkew), "not valid yet");
  }
  EXPECT_EQ(read(without("iat")).issued, std::nullopt);
  issuer_.leeway = std::chrono::seconds(0);
  EXPECT_SAYS(refusalOf(with("exp", static_cast<long>(kNow)), ErrorCode::ExpiredToken), "has expired");
  EXPECT_EQ(read(payload()).expires, (Date{(kNow + 300) * 1'000'000}));
}

TEST_F(SignedTokenTest, NamesAUserWithSoundTeamsAndRoles) {
  EXPECT_EQ(read(with("sub", std::string(128, 'a'))).user.size(), 128u);
  for (const Value& wrong : {Value(""), Value(), Value(1), Value(std::string(129, 'a')), Value("two\nlines"),
                             Value(" ann"), Value("ann "), Value("a\u202Eb")})
    EXPECT_SAYS(refusalOf(with("sub", wrong)), "the name of its user");
  EXPECT_SAYS(refusalOf(without("sub")), "the name of its user");
  for (const Value& wrong : {Value(Array{"north"}), Value(Array{UUID::generate()}), Value(Array{Value()})})
    EXPECT_SAYS(refusalOf(with("teams", wrong)), "no UUID");
  for (const Value& wrong :
       {Value(Array{""}), Value(Array{1}), Value(Array{" admin"}), Value(Array{std::string(129, 'a')})})
    EXPECT_SAYS(refusalOf(with("roles", wrong)), "each of its `roles`");
  for (const char* name : {"teams", "roles"})
    for (const Value& wrong : {Value("admin"), Value(), Value(Object{}), Value(Array(1001, "a"))})
      EXPECT_SAYS(refusalOf(with(name, wrong)), "is a list of up to 1000");
  EXPECT_EQ(read(with("team", UUID::fromName({}, "a"))).options.claims.uuid("team"), UUID::fromName({}, "a"));
  EXPECT_SAYS(refusalOf(with("", 1)), "a record could not hold its claims");
}

TEST_F(SignedTokenTest, ARefusalRepeatsNothingOfTheToken) {
  const std::string marker = "Zm9yZ2VkIG1hcmtlcg";
  for (const char* name : {"iss", "aud", "sub", "exp", "nbf", "teams", "roles"})
    for (const Value& value : {Value(marker + "\n"), Value(Array{marker + "\n"})}) {
      std::string said = refusalOf(with(name, value));
      EXPECT_NE(said, "it was taken") << name;
      EXPECT_EQ(said.find(marker), std::string::npos) << said;
    }
  std::string twice = R"({")" + marker + R"(":1,")" + marker + R"(":2})";
  EXPECT_EQ(refusalOf(key_.token(R"({"alg":"EdDSA"})", twice), {key_.jwk()}).find(marker), std::string::npos);
}

// ----------------------------------------------------------------------------------------------------
// the keys

class IssuerKeysTest : public testing::Test {
 protected:
  static Object with(Object key, const std::string& name, Value value) {
    key.set(name, std::move(value));
    return key;
  }
  static std::string refusal(const std::string& set) {
    try {
      IssuerKeys keys(set);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
      return error.what();
    }
    return "it was taken";
  }
  SigningKey key_ = SigningKey::ed25519(), p256_ = SigningKey::p256();
};

TEST_F(IssuerKeysTest, KeysOfOtherKindsAreLeftOutAndNamed) {
  std::vector<Object> set = {
      with(rsa().jwk("enc"), "use", "enc"),
      with(p256_.jwk("p384"), "crv", "P-384"),
      with(rsa().jwk("rs512"), "alg", "RS512"),
      with(rsa().jwk("pss"), "alg", "PS256"),
      {{"kty", "oct"}, {"kid", "shared"}, {"k", "c2VjcmV0"}},
      with(key_.jwk("secret"), "d", "c2VjcmV0"),
      with(key_.jwk("signs"), "key_ops", Array{"sign"}),
      with(with(with(key_.jwk("good"), "use", "sig"), "alg", "EdDSA"), "key_ops", Array{"verify"})};
  IssuerKeys keys(SigningKey::set(set));
  ASSERT_EQ(keys.keys().size(), 1u) << keys.unused();
  EXPECT_EQ(keys.keys()[0].id, "good");
  for (const char* id : {"enc", "p384", "rs512", "pss", "shared", "secret", "signs"})
    EXPECT_SAYS(keys.unused(), "(" + std::string(id) + "): ");
  EXPECT_SAYS(keys.unused(), "key 6 (secret): it is a secret key");
}

TEST_F(IssuerKeysTest, UnsoundKeysAreLeftOut) {
  const char* one = "AQ";
  Object offCurve = p256_.jwk();
  offCurve.set("y", offCurve["x"]);
  for (const Object& wrong : {SigningKey::rsa(1024).jwk(), with(rsa().jwk(), "e", one), with(rsa().jwk(), "e", "BA"),
                              with(rsa().jwk(), "n", 5), with(rsa().jwk(), "n", *rsa().jwk().string("n") + "="),
                              offCurve, with(p256_.jwk(), "x", one), with(key_.jwk(), "x", one), Object{{"kty", "RSA"}},
                              Object{{"kty", "OKP"}, {"crv", "Ed25519"}}}) {
    EXPECT_SAYS(refusal(SigningKey::set({wrong})), "it is no sound") << codec::valueToJson(wrong);
    EXPECT_EQ(IssuerKeys(SigningKey::set({wrong, key_.jwk()})).keys().size(), 1u);
  }
}

TEST_F(IssuerKeysTest, WhatIsNoSetIsRefused) {
  EXPECT_SAYS(refusal(""), "no set of public keys");
  EXPECT_SAYS(refusal("{}"), "list of \"keys\"");
  EXPECT_SAYS(refusal(codec::valueToJson(key_.jwk())), "list of \"keys\"");
  EXPECT_SAYS(refusal(R"({"keys":[]})"), "it has no keys");
  EXPECT_SAYS(refusal(R"({"keys":[1]})"), "it is no object");
  EXPECT_SAYS(refusal(R"({"keys":[],"keys":[]})"), "twice");
  EXPECT_SAYS(refusal(SigningKey::set(std::vector<Object>(33, key_.jwk()))), "more than 32 keys");
  EXPECT_SAYS(refusal(std::string((1 << 20) + 1, ' ')), "1 MiB");
}

}  // namespace
}  // namespace blazedb::topology
