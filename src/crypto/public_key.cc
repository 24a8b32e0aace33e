// Measured with OpenSSL 3.0: EVP_PKEY_fromdata() refuses a point off the curve and an Ed25519 key of another length. It
// takes an RSA modulus of any size, the exponents 1 and 4, and the point at infinity. EVP_PKEY_public_check() refuses
// those, except for the size.
#include "crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <climits>
#include <new>

namespace blazedb::crypto {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr std::size_t kFieldBytes = 32;  // of P-256

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;

// Takes back what OpenSSL notes of a refusal: the next call on this thread would take it for a failure of its own.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
};

template <class T>
T made(T object) {
  if (!object) throw std::bad_alloc();
  return object;
}

Number numberOf(base::ByteView bytes) {
  if (bytes.size() > INT_MAX) return made(Number());
  return made(Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)));
}

EVP_PKEY* keyFrom(const char* type, OSSL_PARAM* parameters) {
  KeyContext context = made(KeyContext(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  return EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1 ? key : nullptr;
}

OSSL_PARAM bytesParameter(const char* name, base::ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

// Empty if it has not the length of an ES256 signature.
base::Bytes asDer(base::ByteView signature) {
  if (signature.size() != 2 * kFieldBytes) return {};
  EcSignature both = made(EcSignature(ECDSA_SIG_new()));
  Number r = numberOf(signature.first(kFieldBytes)), s = numberOf(signature.last(kFieldBytes));
  if (ECDSA_SIG_set0(both.get(), r.release(), s.release()) != 1) return {};
  std::uint8_t* der = nullptr;
  int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size < 0) throw std::bad_alloc();
  base::Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

void PublicKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::optional<PublicKey> PublicKey::sound(std::string_view algorithm, Key key) {
  if (!key) return std::nullopt;
  KeyContext context = made(KeyContext(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)));
  if (EVP_PKEY_public_check(context.get()) != 1) return std::nullopt;
  return PublicKey(algorithm, std::move(key));
}

std::optional<PublicKey> PublicKey::rs256(base::ByteView modulus, base::ByteView exponent) {
  QuietErrors quiet;
  Number n = numberOf(modulus), e = numberOf(exponent);
  int bits = BN_num_bits(n.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return std::nullopt;
  Builder builder = made(Builder(OSSL_PARAM_BLD_new()));
  bool pushed = OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
  Parameters parameters(pushed ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
  return sound("RS256", Key(keyFrom("RSA", made(std::move(parameters)).get())));
}

std::optional<PublicKey> PublicKey::es256(base::ByteView x, base::ByteView y) {
  QuietErrors quiet;
  if (x.size() != kFieldBytes || y.size() != kFieldBytes) return std::nullopt;
  base::Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  base::append(point, x);
  base::append(point, y);
  char group[] = "prime256v1";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                             bytesParameter(OSSL_PKEY_PARAM_PUB_KEY, point), OSSL_PARAM_construct_end()};
  return sound("ES256", Key(keyFrom("EC", parameters)));
}

std::optional<PublicKey> PublicKey::edDsa(base::ByteView key) {
  QuietErrors quiet;
  OSSL_PARAM parameters[] = {bytesParameter(OSSL_PKEY_PARAM_PUB_KEY, key), OSSL_PARAM_construct_end()};
  return sound("EdDSA", Key(keyFrom("ED25519", parameters)));
}

bool PublicKey::verifies(base::ByteView message, base::ByteView signature) const {
  QuietErrors quiet;
  bool isEc = algorithm_ == "ES256";
  base::Bytes der;
  if (isEc) der = asDer(signature);
  base::ByteView taken = isEc ? base::ByteView(der) : signature;
  DigestContext context = made(DigestContext(EVP_MD_CTX_new()));
  const EVP_MD* digest = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();  // EdDSA hashes by itself
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), taken.data(), taken.size(), message.data(), message.size()) == 1;
}

}  // namespace blazedb::crypto
