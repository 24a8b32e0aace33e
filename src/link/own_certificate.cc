// Makes keys and certificates with OpenSSL, and decides when a new one is needed.
#include "link/own_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "base/mutex.h"
#include "blazedb/error.h"
#include "link/certificate.h"
#include "link/pem_file.h"

namespace blazedb::link {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kValidMs = 3650 * kDayMs;
constexpr std::int64_t kLongAgoMs = 1'577'836'800'000;  // 2020-01-01
constexpr std::int64_t kWrittenMs = 1'793'491'200'000;  // 2026-11-01: a clock that says less is wrong
constexpr std::int64_t kLastMs = 253'000'000'000'000;   // in the year 9987; certificates end with 9999

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = decltype(keyIn(Pem()));

void require(bool fine) {
  ERR_clear_error();
  if (!fine) throw Error(ErrorCode::IoError, "OpenSSL could not make a certificate");
}

Pem memory(const BIO_METHOD* kind) {
  Pem made(BIO_new(kind));
  require(made != nullptr);
  return made;
}

void addExtension(X509* certificate, int kind, const std::string& value) {
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
  if (!extension) throw Error(ErrorCode::InvalidArgument, "a certificate cannot be made for '" + value + "'");
  require(X509_add_ext(certificate, extension.get(), -1) == 1);
}

bool isAddress(const std::string& name) {
  std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> address(a2i_IPADDRESS(name.c_str()),
                                                                                ASN1_OCTET_STRING_free);
  return address != nullptr;
}

void setTime(ASN1_TIME* time, std::int64_t ms) {
  time_t seconds = ms / 1000;
  require(X509_time_adj_ex(time, 0, 0, &seconds) != nullptr);
}

Certificate makeCertificate(EVP_PKEY* key, const std::vector<std::string>& names, std::int64_t nowMs) {
  if (names.empty()) throw Error(ErrorCode::InvalidArgument, "a certificate needs a name");
  Certificate certificate(X509_new(), X509_free);
  require(certificate != nullptr);
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), BN_free);
  require(serial && BN_rand(serial.get(), 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
  require(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr);
  setTime(X509_getm_notBefore(certificate.get()), kLongAgoMs);
  setTime(X509_getm_notAfter(certificate.get()), nowMs + kValidMs);
  std::string shown = names.front().substr(0, 64);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(shown.data()),
                                     static_cast<int>(shown.size()), -1, 0) == 1);
  require(X509_set_issuer_name(certificate.get(), subject) == 1);
  require(X509_set_pubkey(certificate.get(), key) == 1);
  std::string alternatives;
  for (const std::string& name : names) {
    bool address = isAddress(name);
    if (!address && name.find_first_of(",:\n ") != std::string::npos)
      throw Error(ErrorCode::InvalidArgument, "'" + name + "' is neither a host name nor an address");
    alternatives += (alternatives.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  addExtension(certificate.get(), NID_subject_alt_name, alternatives);
  addExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  addExtension(certificate.get(), NID_ext_key_usage, "serverAuth");
  require(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  return certificate;
}

// None if there is no file, or an empty one, which a crash leaves. Any other file without a key is an error: the
// operator may be able to mend it.
Key findKey(const std::string& path) {
  Pem file = findPem(path, Holds::key, SymbolicLinks::refused);
  if (!file || BIO_pending(file.get()) == 0) return {nullptr, EVP_PKEY_free};
  Key key = keyIn(file);
  if (!key)
    throw Error(ErrorCode::InvalidArgument,
                "there is no key (PEM, without a passphrase) in " + path +
                    "; restore it from a backup, or remove the file: the hub then makes a new key, and clients need "
                    "its pin");
  return key;
}

Certificate findCertificate(const std::string& path) {
  Pem file = findPem(path, Holds::certificates, SymbolicLinks::refused);
  Certificate certificate(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  ERR_clear_error();
  return certificate;
}

// Empty if nothing is wrong.
std::string whatIsWrongWith(const X509* certificate, const EVP_PKEY* key, std::int64_t nowMs) {
  if (!certificate) return "there was no readable one";
  if (X509_check_private_key(certificate, key) != 1) return "it belonged to another key";
  CertificateFacts facts = factsOf(certificate);
  if (facts.untilMs <= nowMs) return "it had expired";
  if (facts.untilMs <= nowMs + kCertificateSoonOverMs) return "it was near its end";
  if (facts.fromMs > nowMs) return "it was not valid yet";
  return {};
}

}  // namespace

OwnCertificate::Cared OwnCertificate::care(std::int64_t wallMs, bool mayMakeKey) const {
  static base::Mutex oneAtATime;  // two listeners of one database share its files
  base::Lock lock(oneAtATime);
  std::int64_t nowMs = std::clamp(wallMs, kWrittenMs, kLastMs);
  Certificate certificate = findCertificate(certificateFile);
  Key key = findKey(keyFile);
  if (certificate && X509_self_signed(certificate.get(), 0) != 1) return {};
  Cared cared{Care::renewed, {}};
  if (!key) {
    if (!mayMakeKey)
      throw Error(ErrorCode::InvalidArgument,
                  "the key of the certificate, " + keyFile +
                      ", is gone; restore it from a backup: else the hub makes a new key at "
                      "its next start, and clients need its pin");
    cared.what = certificate ? Care::keyLost : Care::made;
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    require(key != nullptr);
  } else {
    cared.why = whatIsWrongWith(certificate.get(), key.get(), nowMs);
    ERR_clear_error();
    if (cared.why.empty()) return {};
  }
  certificate = makeCertificate(key.get(), names, nowMs);
  if (cared.what != Care::renewed) {
    Pem text = memory(BIO_s_secmem());
    require(PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    replacePem(keyFile, Holds::key, text);
  }
  Pem text = memory(BIO_s_mem());
  require(PEM_write_bio_X509(text.get(), certificate.get()) == 1);
  replacePem(certificateFile, Holds::certificates, text);
  return cared;
}

}  // namespace blazedb::link
