#include "topology/issuer_keys.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "blazedb/error.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/text.h"

namespace blazedb::topology {
namespace {

constexpr std::size_t kSetBytesMax = 1u << 20;
// A token without `kid` is tried with every key of its algorithm, so their number bounds what a stranger costs.
constexpr std::size_t kKeysMax = 32;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "it is no set of public keys (JSON Web Key Set) for this hub: " + why);
}

std::optional<base::Bytes> bytesOf(const Object& key, const char* name) {
  std::optional<std::string> text = key.string(name);
  return text ? codec::fromBase64Url(*text) : std::nullopt;
}

bool has(const Array& texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(), [&](const Value& each) {
    const auto* one = each.as<std::string>();
    return one && *one == text;
  });
}

// A key, or the reason why it is not used.
using Read = std::variant<crypto::PublicKey, std::string>;

Read read(const Object& key, const char* sort, std::optional<crypto::PublicKey> made) {
  if (!made) return std::string("it is no sound ") + sort + " key";
  if (key.contains("alg") && key.string("alg") != made->algorithm())
    return std::string("its algorithm is not ") + std::string(made->algorithm());
  return std::move(*made);
}

Read readKey(const Object& key) {
  for (const char* secret : {"d", "k", "p"})
    if (key.contains(secret)) return std::string("it is a secret key, which belongs to the issuer alone");
  if (key.contains("use") && key.string("use") != "sig") return std::string("it is not for signatures (use)");
  if (key.contains("key_ops") && !has(key.array("key_ops").value_or(Array()), "verify"))
    return std::string("it is not for verifying (key_ops)");
  std::string kind = key.string("kty").value_or(""), curve = key.string("crv").value_or("");
  auto bytes = [&](const char* name) { return bytesOf(key, name).value_or(base::Bytes()); };
  if (kind == "RSA") return read(key, "RSA (2,048 to 8,192 bits)", crypto::PublicKey::rs256(bytes("n"), bytes("e")));
  if (kind == "EC" && curve == "P-256") return read(key, "P-256", crypto::PublicKey::es256(bytes("x"), bytes("y")));
  if (kind == "OKP" && curve == "Ed25519") return read(key, "Ed25519", crypto::PublicKey::edDsa(bytes("x")));
  return std::string("it is none of RSA, P-256 and Ed25519");
}

}  // namespace

IssuerKeys::IssuerKeys(std::string_view set) {
  if (set.size() > kSetBytesMax) refuse("it has more than 1 MiB");
  Value whole;
  try {
    whole = codec::valueFromJson(set);
  } catch (const Error& error) {
    refuse(error.what());
  }
  const auto* object = whole.as<Object>();
  const auto* listed = object ? (*object)["keys"].as<Array>() : nullptr;
  if (!listed) refuse("it is no object with a list of \"keys\"");
  for (std::size_t i = 0; i < listed->size(); i++) {
    const auto* one = (*listed)[i].as<Object>();
    Read key = one ? readKey(*one) : std::string("it is no object");
    std::string id = one ? one->string("kid").value_or("") : "";
    if (const auto* reason = std::get_if<std::string>(&key))
      unused_ += (unused_.empty() ? "key " : ", key ") + std::to_string(i + 1) +
                 (id.empty() ? "" : " (" + codec::printable(id) + ")") + ": " + *reason;
    else
      keys_.push_back({std::move(id), std::get<crypto::PublicKey>(std::move(key))});
  }
  if (keys_.empty()) refuse(unused_.empty() ? "it has no keys" : "none of its keys can be used; " + unused_);
  if (keys_.size() > kKeysMax) refuse("it has more than 32 keys that could be used");
}

}  // namespace blazedb::topology
