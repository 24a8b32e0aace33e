// An issuer for tests: makes keys, shows them as a JSON Web Key Set, and signs tokens.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blazedb/value.h"
#include "codec/base64.h"
#include "codec/json.h"

namespace blazedb::test {

class SigningKey {
 public:
  static SigningKey rsa(std::size_t bits = 2048) {
    return SigningKey("RS256", EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  }
  static SigningKey p256() { return SigningKey("ES256", EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }
  static SigningKey ed25519() { return SigningKey("EdDSA", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

  const std::string& algorithm() const { return algorithm_; }

  // The public key, with `kid` unless it is empty.
  Object jwk(const std::string& kid = "") const {
    Object jwk;
    if (algorithm_ == "RS256")
      jwk = {{"kty", "RSA"}, {"n", numberText("n")}, {"e", numberText("e")}};
    else if (algorithm_ == "ES256")
      jwk = {{"kty", "EC"}, {"crv", "P-256"}, {"x", numberText("qx", 32)}, {"y", numberText("qy", 32)}};
    else
      jwk = {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", codec::toBase64Url(octets())}};
    if (!kid.empty()) jwk.set("kid", kid);
    return jwk;
  }

  // As it stands in a token: ES256 as two numbers.
  Bytes sign(std::string_view text) const {
    Bytes made = signedByOpenSsl(text);
    if (algorithm_ != "ES256") return made;
    const std::uint8_t* at = made.data();
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(made.size()));
    Bytes numbers(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(both), numbers.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), numbers.data() + 32, 32);
    ECDSA_SIG_free(both);
    return numbers;
  }
  // ES256 in DER.
  Bytes signedByOpenSsl(std::string_view text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    auto data = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    EVP_DigestSignInit(context, nullptr, algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, nullptr, &size, data, text.size());
    Bytes signature(size);
    EVP_DigestSign(context, signature.data(), &size, data, text.size());
    signature.resize(size);
    EVP_MD_CTX_free(context);
    return signature;
  }

  // A token of these two, which need not be JSON.
  std::string token(std::string_view header, std::string_view payload) const {
    std::string text = partOf(header) + "." + partOf(payload);
    return text + "." + codec::toBase64Url(sign(text));
  }
  std::string token(const Object& payload, const std::string& kid = "") const {
    Object header{{"typ", "JWT"}, {"alg", algorithm_}};
    if (!kid.empty()) header.set("kid", kid);
    return token(codec::valueToJson(header), codec::valueToJson(payload));
  }

  static std::string partOf(std::string_view json) { return codec::toBase64Url(base::viewOf(json)); }
  static std::string set(const std::vector<Object>& keys) {
    Array all;
    for (const Object& key : keys) all.emplace_back(key);
    return codec::valueToJson(Object{{"keys", all}});
  }

 private:
  SigningKey(std::string algorithm, EVP_PKEY* key) : algorithm_(std::move(algorithm)), key_(key, EVP_PKEY_free) {}

  std::string numberText(const char* name, int bytes = 0) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &number);
    Bytes all(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(number)));
    BN_bn2binpad(number, all.data(), static_cast<int>(all.size()));
    BN_free(number);
    return codec::toBase64Url(all);
  }
  Bytes octets() const {
    Bytes bytes(32);
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size);
    return bytes;
  }

  std::string algorithm_;
  std::shared_ptr<EVP_PKEY> key_;  // shared by copies
};

}  // namespace blazedb::test
