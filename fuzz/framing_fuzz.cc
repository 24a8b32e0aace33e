// Hostile bytes as a stream of packets: however the stream is cut, the same frames come out, all within the limits.
// These frames can be packed again and come out unchanged.
#include <cstdlib>

#include "base/limits.h"
#include "link/framing.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<base::Bytes> receive(base::ByteView stream, std::size_t piece, bool& refused) {
  link::Splitter splitter(base::kFrameBytesMax);
  link::Unpacker unpacker;
  unpacker.allowCompression();
  std::vector<base::Bytes> frames;
  refused = false;
  while (!stream.empty() && !refused) {
    base::ByteView part = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(part.size());
    splitter.append(part);
    while (auto packet = splitter.next()) {
      std::size_t most = std::max(link::kExpandedFreely, packet->payload.size() * link::kExpansionMax);
      std::optional<base::Bytes> frame = unpacker.unpack(std::move(*packet));
      refused = !frame;
      if (refused) break;
      require(frame->size() <= most && frame->size() <= base::kFrameBytesMax);
      if (!frame->empty()) frames.push_back(std::move(*frame));
    }
    if (splitter.fault()) refused = true;
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bool refused = false, refusedInPieces = false;
  std::vector<base::Bytes> frames = receive({data, size}, size, refused);
  require(receive({data, size}, 3, refusedInPieces) == frames && refused == refusedInPieces);

  link::Packer packer;
  packer.allowCompression();
  base::Bytes packed;
  for (const base::Bytes& frame : frames) packer.pack(frame, packed);
  require(receive(packed, packed.size(), refused) == frames && !refused);
  return 0;
}
