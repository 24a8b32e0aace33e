// Splitter finds packets in the bytes. Packer and Unpacker run zstd, with one context for each direction.
#include "link/framing.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/limits.h"

namespace blazedb::link {
namespace {

constexpr std::size_t kWorthCompressing = 256;
// 128 KiB: enough history to compare a batch with the one before, in little memory.
constexpr int kWindowLog = 17;
constexpr int kSkipMax = 64;
constexpr std::size_t kLarge = 1u << 20;

void freeCompressor(ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }
void freeExpander(ZSTD_DCtx* context) { ZSTD_freeDCtx(context); }

void writeHeader(Packing packing, std::size_t length, std::uint8_t* at) {
  std::uint32_t word = static_cast<std::uint32_t>(length) | static_cast<std::uint32_t>(packing) << 30;
  for (int i = 0; i < 4; i++) at[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

void appendHeader(base::Bytes& out, Packing packing, std::size_t length) {
  out.resize(out.size() + kFrameHeaderBytes);
  writeHeader(packing, length, out.data() + out.size() - kFrameHeaderBytes);
}

}  // namespace

void Splitter::append(base::ByteView bytes) {
  if (used_ > 0 && used_ >= pending_.size() / 2) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
  }
  if (announced_ > pending()) pending_.reserve(used_ + announced_);
  base::append(pending_, bytes);
}

std::optional<Packet> Splitter::next() {
  base::ByteView rest = base::ByteView(pending_).subspan(used_);
  announced_ = 0;
  if (rest.empty() || fault_) {
    pending_ = {};
    used_ = 0;
    return std::nullopt;
  }
  if (rest.size() < kFrameHeaderBytes) return std::nullopt;
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < kFrameHeaderBytes; i++) word |= std::uint32_t{rest[i]} << (8 * i);
  auto packing = static_cast<Packing>(word >> 30);
  std::size_t length = word & 0x3FFFFFFFu;
  if (length > frameBytesMax_) fault_ = "a frame beyond the limit";
  if ((length == 0) != (packing == Packing::ended)) fault_ = "a frame with the wrong length";
  if (fault_) return next();
  if (rest.size() < kFrameHeaderBytes + length) {
    announced_ = kFrameHeaderBytes + length;
    return std::nullopt;
  }
  base::ByteView payload = rest.subspan(kFrameHeaderBytes, length);
  if (length < kLarge) {
    used_ += kFrameHeaderBytes + length;
    return Packet{packing, base::Bytes(payload.begin(), payload.end())};
  }
  // Avoids a second copy of a large packet: the packet keeps the memory, and the few bytes behind it move.
  base::ByteView behind = rest.subspan(kFrameHeaderBytes + length);
  base::Bytes next(behind.begin(), behind.end());
  auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(used_ + kFrameHeaderBytes);
  pending_.erase(begin + static_cast<std::ptrdiff_t>(length), pending_.end());
  pending_.erase(pending_.begin(), begin);
  used_ = 0;
  return Packet{packing, std::exchange(pending_, std::move(next))};
}

Packer::Packer() : context_(nullptr, freeCompressor) {}
Packer::~Packer() = default;

void Packer::pack(base::ByteView frame, base::Bytes& out) {
  if (allowed_ && frame.size() > kWorthCompressing) {
    if (skipping_ > 0)
      skipping_--;
    else if (compress(frame, out))
      return;
  }
  appendHeader(out, Packing::plain, frame.size());
  base::append(out, frame);
}

// Returns false and adds nothing if compression is not worth it.
bool Packer::compress(base::ByteView frame, base::Bytes& out) {
  if (!context_) {
    context_.reset(ZSTD_createCCtx());
    if (!context_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindowLog);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, 15);
  }
  // A longer result is not worth it. A shorter one than `least` would expand further than the peer accepts.
  std::size_t most = frame.size() - frame.size() / 16;
  std::size_t least = frame.size() > kExpandedFreely ? (frame.size() + kExpansionMax - 1) / kExpansionMax : 0;
  std::size_t start = out.size();
  out.resize(start + kFrameHeaderBytes + most);
  ZSTD_inBuffer from{frame.data(), frame.size(), 0};
  ZSTD_outBuffer to{out.data() + start + kFrameHeaderBytes, most, 0};
  std::size_t left = ZSTD_compressStream2(context_.get(), &to, &from, ZSTD_e_flush);
  if (ZSTD_isError(left) || left != 0 || from.pos < from.size || to.pos < least) {
    out.resize(start);
    // The context has seen a frame that the peer's has not.
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
    begun_ = false;
    if (to.pos >= least) skipping_ = lastSkip_ = std::clamp(lastSkip_ * 2, 1, kSkipMax);
    return false;
  }
  lastSkip_ = 0;
  out.resize(start + kFrameHeaderBytes + to.pos);
  writeHeader(begun_ ? Packing::continued : Packing::anew, to.pos, out.data() + start);
  begun_ = true;
  return true;
}

void Packer::forget(base::Bytes& out) {
  if (begun_) appendHeader(out, Packing::ended, 0);
  begun_ = false;
  context_.reset();
}

Unpacker::Unpacker() : context_(nullptr, freeExpander) {}
Unpacker::~Unpacker() = default;

std::optional<base::Bytes> Unpacker::unpack(Packet packet) {
  if (packet.packing == Packing::plain) return std::move(packet.payload);
  if (!allowed_) return std::nullopt;
  switch (packet.packing) {
    case Packing::plain:
      break;
    case Packing::continued:
      if (!begun_) return std::nullopt;
      return expand(packet.payload);
    case Packing::anew:
      if (!context_) {
        context_.reset(ZSTD_createDCtx());
        if (!context_) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog);
      }
      ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
      begun_ = true;
      return expand(packet.payload);
    case Packing::ended:
      if (!begun_) return std::nullopt;
      begun_ = false;
      context_.reset();
      return base::Bytes();
  }
  return std::nullopt;
}

std::optional<base::Bytes> Unpacker::expand(base::ByteView payload) {
  std::size_t most = std::min(base::kFrameBytesMax, std::max(kExpandedFreely, payload.size() * kExpansionMax));
  base::Bytes frame(std::min(most, payload.size() * 4));
  ZSTD_inBuffer from{payload.data(), payload.size(), 0};
  ZSTD_outBuffer to{frame.data(), frame.size(), 0};
  for (;;) {
    std::size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(left)) return std::nullopt;
    // zstd left room, so it has given everything that the payload holds.
    if (from.pos == from.size && to.pos < to.size) break;
    if (to.pos == to.size) {
      if (frame.size() == most) {
        // The frame is as large as it may be: only honest if nothing more comes.
        std::uint8_t beyond = 0;
        ZSTD_outBuffer spare{&beyond, 1, 0};
        left = ZSTD_decompressStream(context_.get(), &spare, &from);
        if (ZSTD_isError(left) || spare.pos > 0 || from.pos < from.size) return std::nullopt;
        break;
      }
      frame.resize(std::min(most, frame.size() * 2));
      to.dst = frame.data();
      to.size = frame.size();
    }
  }
  if (to.pos == 0) return std::nullopt;
  frame.resize(to.pos);
  return frame;
}

}  // namespace blazedb::link
