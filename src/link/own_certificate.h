// The certificate that a hub makes for itself, and looks after.
//
// It is two files, a key and a certificate that vouches for itself. Clients know the key, by its pin; so the key is
// what is kept, and a certificate for it can be made again at any time. One is made whenever there is none that can be
// used: it is missing or empty (a crash while it was made, somebody who removed it), of another key, over, near its
// end, or not valid yet. Each file is written in one step, the key first, so that a crash leaves a state of this list.
//
// A clock that is wrong, as that of a machine without a battery, does no harm: a certificate is valid from long ago,
// and until ten years after the clock or after this was written, whichever is later.
//
// One that somebody else vouches for has been put there by the operator, and is left alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace blazedb::link {

inline constexpr std::int64_t kCertificateSoonOverMs = 30LL * 86'400'000;

struct OwnCertificate {
  std::string certificateFile, keyFile;
  std::vector<std::string> names;  // host names and addresses that it is for

  enum class Care : std::uint8_t {
    none,     // it was as it should be
    made,     // there was neither of the two
    renewed,  // with the same key
    keyLost,  // there was a certificate and no key: both are new, and the pins that clients have do not hold any more
  };
  struct Cared {
    Care what = Care::none;
    std::string why;  // it was renewed: what was wrong
  };

  // Sees to it that the files are there and can be used; `wallMs` is the present time. Without `mayMakeKey` a key that
  // is gone is an error. Throws Error: InvalidArgument for what is not believed (pem_file.h), for a key that is no key,
  // and for names that are none; IoError, DiskFull. Thread-safe within a process.
  Cared care(std::int64_t wallMs, bool mayMakeKey = true) const;
};

}  // namespace blazedb::link
