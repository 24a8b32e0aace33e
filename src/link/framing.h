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
//      1 | the frame, compressed with zstd in the context that the frames before have made
//      2 | the frame, compressed with zstd in a context that begins here
//      3 | none: the context is of no further use
//
// A context is what makes small frames small: a batch names the same collections and fields as the one before. It costs
// some hundred KiB at either end, so it comes into being with the first frame worth compressing, and the side that
// compresses gives it up when nothing has been sent for a while, and says so. An idle connection holds none.
//
// The receiver gives memory for a frame at most as long as it is said to be, and uses it as the bytes come. It expands
// at most 16 times (or to 64 KiB) and to at most 24 MiB; the sender sends plain what would expand further. Its window
// is bounded as well.
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
// What expands to no more than this may expand as far as it likes.
inline constexpr std::size_t kExpandedFreely = 64u << 10;

// A frame as it crosses the stream.
struct Packet {
  Packing packing = Packing::plain;
  base::Bytes payload;
};

// Finds the frames in what comes.
class Splitter {
 public:
  explicit Splitter(std::size_t frameBytesMax) : frameBytesMax_(frameBytesMax) {}
  void setFrameBytesMax(std::size_t frameBytesMax) { frameBytesMax_ = frameBytesMax; }

  // Not after a fault.
  void append(base::ByteView bytes);
  // What has come of frames that are not whole, and how much the first of them will be with its header.
  std::size_t pending() const { return pending_.size() - used_; }
  std::size_t announced() const { return announced_; }
  // The next one that is whole.
  std::optional<Packet> next();
  // What the peer did wrong; a null pointer as long as it did nothing wrong. There is nothing more to come then.
  const char* fault() const { return fault_; }

 private:
  std::size_t frameBytesMax_;
  base::Bytes pending_;
  std::size_t used_ = 0;  // of `pending_`
  std::size_t announced_ = 0;
  const char* fault_ = nullptr;
};

// Makes packets of frames; one for each direction of a connection, and never more than one thread at a time in it.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(const Packer&) = delete;

  // The peer can unpack.
  void allowCompression() { allowed_ = true; }
  void pack(base::ByteView frame, base::Bytes& out);
  // Gives the context up; tells the peer, where there was one.
  void forget(base::Bytes& out);

 private:
  bool compress(base::ByteView frame, base::Bytes& out);
  void dropContext();

  bool allowed_ = false;
  bool begun_ = false;  // the peer has the context
  int skipping_ = 0;    // frames that are not tried, because those before did not shrink
  int lastSkip_ = 0;
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> context_;
};

// The way back. Threads as with Packer.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;

  void allowCompression() { allowed_ = true; }
  // The frame, empty for a packet that holds none; std::nullopt for what no honest peer sends.
  std::optional<base::Bytes> unpack(Packet packet);

 private:
  std::optional<base::Bytes> expand(base::ByteView payload);

  bool allowed_ = false;
  bool begun_ = false;
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> context_;
};

}  // namespace blazedb::link
