// Facts of a certificate: its pin, and when it is valid.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "link/pem_file.h"

struct x509_st;
struct evp_pkey_st;

namespace blazedb::link {

struct CertificateFacts {
  std::string pin;
  std::int64_t fromMs = 0, untilMs = 0;
};

// Whether the text is "sha256/" and 44 characters of base64.
bool isPin(const std::string& text);

CertificateFacts factsOf(const x509_st* certificate);
std::string pinOf(const x509_st* certificate);
// The pin of the first certificate in a PEM file. Throws Error(InvalidArgument) and what readPem throws.
std::string pinOfFile(const std::string& certificateFile);

// The key in a file; none if there is none, or if it needs a passphrase.
std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> keyIn(const Pem& file);

}  // namespace blazedb::link
