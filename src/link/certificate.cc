#include "link/certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>

#include "blazedb/error.h"
#include "codec/base64.h"

namespace blazedb::link {
namespace {

constexpr std::string_view kPinPrefix = "sha256/";

void require(bool fine) {
  if (!fine) throw Error(ErrorCode::InvalidArgument, "OpenSSL could not read a certificate");
}

std::int64_t msOf(const ASN1_TIME* time) {
  std::tm parts{};
  require(ASN1_TIME_to_tm(time, &parts) == 1);
  return static_cast<std::int64_t>(timegm(&parts)) * 1000;
}

}  // namespace

bool isPin(const std::string& text) {
  if (!text.starts_with(kPinPrefix)) return false;
  auto hash = codec::fromBase64(std::string_view(text).substr(kPinPrefix.size()));
  return hash && hash->size() == 32;
}

std::string pinOf(const x509_st* certificate) {
  unsigned char* encoded = nullptr;
  int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  require(size > 0);
  std::array<std::uint8_t, 32> hash{};
  bool hashed = EVP_Digest(encoded, static_cast<std::size_t>(size), hash.data(), nullptr, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(encoded);
  require(hashed);
  return std::string(kPinPrefix) + codec::toBase64(hash);
}

CertificateFacts factsOf(const x509_st* certificate) {
  return {pinOf(certificate), msOf(X509_get0_notBefore(certificate)), msOf(X509_get0_notAfter(certificate))};
}

std::string pinOfFile(const std::string& certificateFile) {
  Pem file = readPem(certificateFile, Holds::certificates);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr),
                                                          X509_free);
  ERR_clear_error();
  if (!certificate) throw Error(ErrorCode::InvalidArgument, "there is no certificate (PEM) in " + certificateFile);
  return pinOf(certificate.get());
}

std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> keyIn(const Pem& file) {
  pem_password_cb* nobody = [](char*, int, int, void*) { return -1; };
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_bio_PrivateKey(file.get(), nullptr, nobody, nullptr),
                                                     EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

}  // namespace blazedb::link
