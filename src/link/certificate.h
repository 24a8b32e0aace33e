// Certificates in files: the pin of one, and a self-signed one for a hub that has none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct x509_st;

namespace blazedb::link {

// "sha256/" and 44 characters of base64, and nothing else.
bool isPin(const std::string& text);

// The pin of the first certificate in a PEM file. Throws Error(InvalidArgument).
std::string pinOfFile(const std::string& certificateFile);
std::string pinOf(const x509_st* certificate);

// Makes a key (P-256) and a certificate that vouches for itself, for ten years from `wallMs`, for `names` (host names
// and addresses). The key's file can be read by its owner alone. Throws Error(AlreadyExists) where one of the files is
// there, and Error(IoError).
void makeSelfSigned(const std::string& certificateFile, const std::string& keyFile,
                    const std::vector<std::string>& names, std::int64_t wallMs);

}  // namespace blazedb::link
