// Frames on a stream of bytes.
//
//   bytes | field
//   ------|---------------------------------------------------------------------------------
//       4 | little-endian: the lower 30 bits are the length of the payload, the upper 2 its kind
//       n | payload
//
//   kind | payload
//   -----|-----------------------------------------------------------------------------------
//      0 | the frame
//      1 | the frame, compressed with zstd in the context of the frames before it
//      2 | the frame, compressed with zstd in a new context
//      3 | none: the context ends
//
// The context makes small frames small, because a batch names the same collections and fields as the batch before. It
// costs some hundred KiB at each end. So the compressing end makes it for the first frame that is worth compressing,
// and ends it when it has sent nothing for a while. An idle connection has none.
//
// The receiver reserves for a frame no more than its announced length, and fills that as the bytes come. A frame may
// expand 16 times (or to 64 KiB), and to 24 MiB at most; the sender sends plain what would expand further. The window
// of zstd is bounded as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace blazedb::link {

enum class Packing : std::uint8_t { plain = 0, continued = 1, anew = 2, ended = 3 };

inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kExpansionMax = 16;
// Up to this size a frame may expand by any factor.
inline constexpr std::size_t kExpandedFreely = 64u << 10;

// A frame as it crosses the stream.
struct Packet {
  Packing packing = Packing::plain;
  base::Bytes payload;
};

// Finds the packets in a stream of bytes.
class Splitter {
 public:
  explicit Splitter(std::size_t frameBytesMax) : frameBytesMax_(frameBytesMax) {}
  void setFrameBytesMax(std::size_t frameBytesMax) { frameBytesMax_ = frameBytesMax; }

  // Must not be called after a fault.
  void append(base::ByteView bytes);
  // The bytes that have come of incomplete packets, and the announced size of the first of these, header included.
  std::size_t pending() const { return pending_.size() - used_; }
  std::size_t announced() const { return announced_; }
  // The next complete packet.
  std::optional<Packet> next();
  // What the peer did wrong; nullptr if nothing. After a fault next() gives nothing.
  const char* fault() const { return fault_; }

 private:
  std::size_t frameBytesMax_;
  base::Bytes pending_;
  std::size_t used_ = 0;  // how much of `pending_` was returned
  std::size_t announced_ = 0;
  const char* fault_ = nullptr;
};

// Makes packets of frames, for one direction of a connection. One thread at a time may use it.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(const Packer&) = delete;

  // The peer can expand compressed frames.
  void allowCompression() { allowed_ = true; }
  // Appends the packet of the frame to `out`.
  void pack(base::ByteView frame, base::Bytes& out);
  // Ends the context. If the peer has it too, appends the packet that tells it so.
  void forget(base::Bytes& out);

 private:
  bool compress(base::ByteView frame, base::Bytes& out);
  void dropContext();

  bool allowed_ = false;
  bool begun_ = false;  // the peer has the context
  int skipping_ = 0;    // how many frames not to try, because earlier ones did not shrink
  int lastSkip_ = 0;
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> context_;
};

// Makes frames of packets, for one direction of a connection. One thread at a time may use it.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;

  void allowCompression() { allowed_ = true; }
  // The frame; empty for a packet of kind 3; std::nullopt if the peer breaks the protocol.
  std::optional<base::Bytes> unpack(Packet packet);

 private:
  std::optional<base::Bytes> expand(base::ByteView payload);

  bool allowed_ = false;
  bool begun_ = false;
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> context_;
};

}  // namespace blazedb::link
