#include "link/certificate.h"

#include <fcntl.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "blazedb/error.h"
#include "codec/base64.h"

namespace blazedb::link {
namespace {

constexpr std::string_view kPinPrefix = "sha256/";
constexpr long kDays = 3650;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

void require(bool fine) {
  if (!fine) throw Error(ErrorCode::IoError, "OpenSSL could not make a certificate");
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

void writeNew(const std::string& path, unsigned mode, const Bio& contents) {
  char* text = nullptr;
  long size = BIO_get_mem_data(contents.get(), &text);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0)
    throw Error(errno == EEXIST ? ErrorCode::AlreadyExists : ErrorCode::IoError,
                "cannot create " + path + ": " + std::strerror(errno));
  bool written = ::write(fd, text, static_cast<std::size_t>(size)) == size && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !written) {
    ::unlink(path.c_str());
    throw Error(ErrorCode::IoError, "cannot write " + path);
  }
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

std::string pinOfFile(const std::string& certificateFile) {
  Bio file(BIO_new_file(certificateFile.c_str(), "r"), BIO_free_all);
  Certificate certificate(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  ERR_clear_error();
  if (!certificate) throw Error(ErrorCode::InvalidArgument, "there is no certificate (PEM) in " + certificateFile);
  return pinOf(certificate.get());
}

void makeSelfSigned(const std::string& certificateFile, const std::string& keyFile,
                    const std::vector<std::string>& names, std::int64_t wallMs) {
  if (names.empty()) throw Error(ErrorCode::InvalidArgument, "a certificate needs a name");
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  Certificate certificate(X509_new(), X509_free);
  require(key && certificate);
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), BN_free);
  require(serial && BN_rand(serial.get(), 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
  require(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr);
  // A day early, for clients whose clock is behind.
  time_t now = wallMs / 1000;
  require(X509_time_adj_ex(X509_getm_notBefore(certificate.get()), -1, 0, &now) != nullptr);
  require(X509_time_adj_ex(X509_getm_notAfter(certificate.get()), kDays, 0, &now) != nullptr);
  std::string shown = names.front().substr(0, 64);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(shown.data()),
                                     static_cast<int>(shown.size()), -1, 0) == 1);
  require(X509_set_issuer_name(certificate.get(), subject) == 1);
  require(X509_set_pubkey(certificate.get(), key.get()) == 1);
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
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  Bio keyText(BIO_new(BIO_s_secmem()), BIO_free_all), certificateText(BIO_new(BIO_s_mem()), BIO_free_all);
  require(keyText && certificateText);
  require(PEM_write_bio_PKCS8PrivateKey(keyText.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  require(PEM_write_bio_X509(certificateText.get(), certificate.get()) == 1);
  writeNew(keyFile, 0600, keyText);
  try {
    writeNew(certificateFile, 0644, certificateText);
  } catch (...) {
    ::unlink(keyFile.c_str());
    throw;
  }
}

}  // namespace blazedb::link
