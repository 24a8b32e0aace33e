// Hostile bytes as the first frame of a connection: a frame that decodes has one encoding only and is within the
// limits.
#include <cstdlib>

#include "base/names.h"
#include "link/handshake.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteView frame(data, size);
  if (std::optional<link::Knock> knock = link::decodeKnock(frame); knock && knock->version <= link::kLinkVersion) {
    require(base::isName(knock->database) && knock->token.size() <= link::kTokenBytesMax);
    std::optional<link::Knock> again = link::decodeKnock(link::encode(*knock));
    require(again && again->database == knock->database && again->token == knock->token &&
            again->capabilities == knock->capabilities);
  }
  if (std::optional<link::Admit> admit = link::decodeAdmit(frame)) {
    std::optional<link::Admit> again = link::decodeAdmit(link::encode(*admit));
    require(again && again->version == admit->version && again->capabilities == admit->capabilities);
  }
  return 0;
}
