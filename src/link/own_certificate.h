// The certificate that a hub makes for itself and renews.
//
// It is two files: a key, and a self-signed certificate. Clients know the key by its pin, so the hub keeps the key, and
// makes a certificate for it whenever there is no usable one: it is missing or empty (a crash, a removed file), belongs
// to another key, has expired, is near its end, or is not valid yet. Each file is written in one step, the key first,
// so a crash leaves one of these states.
//
// A wrong clock, as on a machine without a battery, does no harm. A certificate is valid from long ago, and until ten
// years after the clock's time or after this code was written, whichever is later.
//
// A certificate that is signed by somebody else was put there by the operator: the hub leaves it alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace blazedb::link {

inline constexpr std::int64_t kCertificateSoonOverMs = 30LL * 86'400'000;

struct OwnCertificate {
  std::string certificateFile, keyFile;
  std::vector<std::string> names;  // the host names and addresses that it is for

  enum class Care : std::uint8_t {
    none,     // both files were fine
    made,     // there was neither file
    renewed,  // with the same key
    keyLost,  // there was a certificate and no key: both are new, and the pins of the clients no longer match
  };
  struct Cared {
    Care what = Care::none;
    std::string why;  // with renewed: what was wrong
  };

  // Makes or renews the files if necessary, so that they can be used at the time `wallMs`. Without `mayMakeKey` a
  // missing key is an error. Throws Error: InvalidArgument (a file that is refused (pem_file.h), a file without a key,
  // an invalid name), IoError, DiskFull. Thread-safe within a process.
  Cared care(std::int64_t wallMs, bool mayMakeKey = true) const;
};

}  // namespace blazedb::link
