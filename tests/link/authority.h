// A certificate authority for tests, and the certificates that it signs.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace blazedb::link {

class Authority {
 public:
  explicit Authority(const std::string& name) : key_(makeKey()), certificate_(make(name, key_.get(), 3650)) {
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(certificate_.get());
  }

  void write(const std::string& certificateFile) const { writePem(certificateFile, certificate_.get(), nullptr); }

  // A certificate for `alternatives` ("DNS:localhost,IP:127.0.0.1"), valid from two days ago until `days` from now,
  // which may be negative.
  void issue(const std::string& certificateFile, const std::string& keyFile, const std::string& alternatives,
             long days = 30) const {
    Key key = makeKey();
    Certificate made = make("leaf", key.get(), days);
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    extend(made.get(), NID_subject_alt_name, alternatives);
    sign(made.get());
    writePem(certificateFile, made.get(), nullptr);
    writePem(keyFile, nullptr, key.get());
  }

  // A self-signed certificate, with the same validity, or valid from another day.
  static void selfSign(const std::string& certificateFile, const std::string& keyFile, const std::string& alternatives,
                       long days, long fromDays = -2) {
    Key key = makeKey();
    Certificate made = make("self", key.get(), days, fromDays);
    extend(made.get(), NID_subject_alt_name, alternatives);
    X509_sign(made.get(), key.get(), EVP_sha256());
    writePem(certificateFile, made.get(), nullptr);
    writePem(keyFile, nullptr, key.get());
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key makeKey() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free}; }

  static Certificate make(const std::string& name, EVP_PKEY* key, long days, long fromDays = -2) {
    static long serial = 1;
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), fromDays * 86400);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * 86400);
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(made.get(), subject);
    X509_set_pubkey(made.get(), key);
    return made;
  }

  static void extend(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    if (!extension) throw std::runtime_error("no extension of " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void sign(X509* certificate) const { X509_sign(certificate, key_.get(), EVP_sha256()); }

  static void writePem(const std::string& path, X509* certificate, EVP_PKEY* key) {
    BIO* file = BIO_new_file(path.c_str(), "w");
    if (certificate) PEM_write_bio_X509(file, certificate);
    if (key) PEM_write_bio_PKCS8PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    BIO_free(file);
    std::filesystem::permissions(path, std::filesystem::perms(key ? 0600 : 0644));  // otherwise it is refused
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace blazedb::link
