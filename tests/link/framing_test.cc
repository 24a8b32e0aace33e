#include "link/framing.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "base/limits.h"
#include "link/handshake.h"

namespace blazedb::link {
namespace {

using base::Bytes;
using base::ByteView;

// Feeds the stream in pieces and returns what comes out; std::nullopt if it is refused.
std::optional<std::vector<Bytes>> receive(ByteView stream, std::mt19937_64& random, bool compression = true,
                                          std::size_t frameBytesMax = base::kFrameBytesMax) {
  Splitter splitter(frameBytesMax);
  Unpacker unpacker;
  if (compression) unpacker.allowCompression();
  std::vector<Bytes> frames;
  while (!stream.empty()) {
    std::size_t size = std::min<std::size_t>(stream.size(), 1 + random() % (random() % 4 == 0 ? 7 : 40'000));
    splitter.append(stream.first(size));
    stream = stream.subspan(size);
    while (auto packet = splitter.next()) {
      auto frame = unpacker.unpack(std::move(*packet));
      if (!frame) return std::nullopt;
      if (!frame->empty()) frames.push_back(std::move(*frame));
    }
    if (splitter.fault()) return std::nullopt;
  }
  return frames;
}

Bytes header(Packing packing, std::uint32_t length) {
  std::uint32_t word = length | static_cast<std::uint32_t>(packing) << 30;
  Bytes out;
  for (int i = 0; i < 4; i++) out.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  return out;
}

Bytes packet(Packing packing, ByteView payload) {
  Bytes out = header(packing, static_cast<std::uint32_t>(payload.size()));
  base::append(out, payload);
  return out;
}

// Noise, one repeated byte, or words: data that does not compress, compresses too well, and compresses as records do.
Bytes randomFrame(std::mt19937_64& random) {
  static const std::array<std::string, 6> kWords = {"orders", "customer",   "amount",
                                                    "paid",   "2026-11-25", "Springfield"};
  std::size_t size = 1 + random() % (random() % 20 == 0 ? 700'000 : 3000);
  Bytes frame;
  switch (random() % 4) {
    case 0:
      while (frame.size() < size) frame.push_back(static_cast<std::uint8_t>(random()));
      break;
    case 1:
      frame.assign(size, static_cast<std::uint8_t>(random()));
      break;
    default:
      while (frame.size() < size) {
        base::append(frame, base::viewOf(kWords[random() % kWords.size()]));
        frame.push_back(static_cast<std::uint8_t>(random()));
      }
  }
  return frame;
}

TEST(Framing, WhateverIsPackedComesOutInOrder) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; round++) {
    Packer packer;
    if (round % 3 > 0) packer.allowCompression();
    std::vector<Bytes> frames;
    Bytes stream;
    for (int i = 0; i < 40; i++) {
      frames.push_back(randomFrame(random));
      packer.pack(frames.back(), stream);
      if (random() % 15 == 0) packer.forget(stream);
    }
    EXPECT_EQ(receive(stream, random), frames) << "round " << round;
  }
}

TEST(Framing, WhatRepeatsTheFrameBeforeIsSmall) {
  std::mt19937_64 random(1);
  Packer packer;
  packer.allowCompression();
  Bytes noise;
  while (noise.size() < 2000) noise.push_back(static_cast<std::uint8_t>('a' + random() % 26));
  Bytes first, second, third;
  packer.pack(noise, first);
  noise[1000] = '!';
  packer.pack(noise, second);
  EXPECT_GT(first.size(), 1000u);
  EXPECT_LT(second.size(), 200u);
  EXPECT_EQ(first[3] >> 6, static_cast<int>(Packing::anew));
  EXPECT_EQ(second[3] >> 6, static_cast<int>(Packing::continued));

  packer.forget(third);
  EXPECT_EQ(third, header(Packing::ended, 0));
  packer.forget(third);
  EXPECT_EQ(third.size(), kFrameHeaderBytes) << "there was nothing left to forget";
  packer.pack(noise, third);
  EXPECT_EQ(third[7] >> 6, static_cast<int>(Packing::anew));
}

TEST(Framing, WhatIsNotWorthItIsSentPlain) {
  std::mt19937_64 random(2);
  Packer packer;
  Bytes text(1000, 'x'), out;
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<std::uint8_t>(random());
  packer.pack(text, out);
  EXPECT_EQ(out, packet(Packing::plain, text)) << "the peer cannot unpack";
  packer.allowCompression();
  out.clear();
  packer.pack(text, out);
  EXPECT_LT(out.size(), text.size());
  for (const Bytes& frame : {Bytes(256, 'x'), Bytes(100'000, 'x')}) {
    out.clear();
    packer.pack(frame, out);
    EXPECT_EQ(out, packet(Packing::plain, frame)) << "short, or expanding too far";
  }
}

TEST(Framing, LengthsAreBounded) {
  std::mt19937_64 random(3);
  Bytes most(base::kFrameBytesMaxBeforeHello, 'x');
  EXPECT_EQ(receive(packet(Packing::plain, most), random, true, most.size()), std::vector<Bytes>{most});
  most.push_back('x');
  EXPECT_FALSE(receive(packet(Packing::plain, most), random, true, most.size() - 1));
  // The header alone is enough.
  EXPECT_FALSE(receive(header(Packing::plain, base::kFrameBytesMax + 1), random));
  EXPECT_FALSE(receive(header(Packing::plain, 0x3FFFFFFF), random));
  EXPECT_FALSE(receive(header(Packing::plain, 0), random));
  EXPECT_FALSE(receive(packet(Packing::ended, Bytes(1)), random));
}

Bytes compressed(ByteView frame, int windowLog = 17) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  Bytes out(ZSTD_compressBound(frame.size()));
  ZSTD_inBuffer from{frame.data(), frame.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  EXPECT_EQ(ZSTD_compressStream2(context, &to, &from, ZSTD_e_flush), 0u);
  out.resize(to.pos);
  ZSTD_freeCCtx(context);
  return out;
}

TEST(Framing, ExpansionIsBounded) {
  std::mt19937_64 random(4);
  for (std::size_t size : {66'000u, 100'000u, 5'000'000u, 40'000'000u})
    EXPECT_FALSE(receive(packet(Packing::anew, compressed(Bytes(size, 0))), random)) << size;

  EXPECT_TRUE(receive(packet(Packing::anew, compressed(Bytes(kExpandedFreely, 0))), random));

  // Expansion up to 16 times is allowed.
  Bytes noise(8000);
  for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
  int honest = 0;
  for (std::size_t size = 120'000; size < 136'000; size += 1000) {
    Bytes frame;
    while (frame.size() < size) base::append(frame, noise);
    frame.resize(size);
    Bytes payload = compressed(frame);
    bool fine = size <= payload.size() * kExpansionMax;
    honest += fine;
    EXPECT_EQ(receive(packet(Packing::anew, payload), random).has_value(), fine) << size;
  }
  EXPECT_GT(honest, 0);
  EXPECT_LT(honest, 16);
}

TEST(Framing, WindowsAreBounded) {
  std::mt19937_64 random(5);
  Bytes frame(3'000'000);
  for (std::uint8_t& byte : frame) byte = static_cast<std::uint8_t>(random());
  EXPECT_TRUE(receive(packet(Packing::anew, compressed(frame, 17)), random));
  EXPECT_FALSE(receive(packet(Packing::anew, compressed(frame, 21)), random));
}

TEST(Framing, ContextsAreRefusedOutOfPlace) {
  std::mt19937_64 random(6);
  Bytes text(1000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<std::uint8_t>(random());
  Bytes small = compressed(text);
  EXPECT_TRUE(receive(packet(Packing::anew, small), random));
  EXPECT_FALSE(receive(packet(Packing::continued, small), random));
  EXPECT_FALSE(receive(header(Packing::ended, 0), random));
  EXPECT_FALSE(receive(packet(Packing::anew, small), random, false)) << "not agreed upon";
  Bytes twice = packet(Packing::anew, small);
  base::append(twice, header(Packing::ended, 0));
  EXPECT_TRUE(receive(twice, random));
  base::append(twice, header(Packing::ended, 0));
  EXPECT_FALSE(receive(twice, random));
  EXPECT_FALSE(receive(packet(Packing::anew, text), random)) << "this is not zstd";
  EXPECT_FALSE(receive(packet(Packing::anew, ByteView(small).first(4)), random)) << "a frame of nothing";
}

TEST(Handshake, WhatIsSaidIsUnderstood) {
  Knock knock{kLinkVersion, "orders", {1, 2, 3}, kCanZstd};
  std::optional<Knock> heard = decodeKnock(encode(knock));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->database, "orders");
  EXPECT_EQ(heard->token, knock.token);
  EXPECT_EQ(heard->capabilities, kCanZstd);
  std::optional<Admit> admit = decodeAdmit(encode(Admit{kLinkVersion, 5}));
  ASSERT_TRUE(admit);
  EXPECT_EQ(admit->capabilities, 5u);
}

TEST(Handshake, NothingElseIs) {
  Bytes knock = encode(Knock{kLinkVersion, "orders", {1, 2, 3}, kCanZstd});
  for (std::size_t size = 0; size < knock.size(); size++) EXPECT_FALSE(decodeKnock(ByteView(knock).first(size)));
  knock.push_back(0);
  EXPECT_FALSE(decodeKnock(knock)) << "a byte left over";
  EXPECT_TRUE(decodeKnock(encode(Knock{1, "orders", Bytes(kTokenBytesMax), 0})));
  EXPECT_FALSE(decodeKnock(encode(Knock{1, "orders", Bytes(kTokenBytesMax + 1), 0})));
  EXPECT_FALSE(decodeKnock(encode(Knock{1, "../orders", {}, 0})));
  EXPECT_FALSE(decodeKnock(encode(Knock{1, "", {}, 0})));
  EXPECT_FALSE(decodeKnock(encode(Knock{0, "orders", {}, 0})));
  EXPECT_FALSE(decodeKnock(encode(Admit{})));
  EXPECT_FALSE(decodeAdmit(encode(Knock{1, "orders", {}, 0})));
  Bytes admit = encode(Admit{});
  admit.push_back(0);
  EXPECT_FALSE(decodeAdmit(admit));

  // With a newer version, only the version field can be relied on.
  std::optional<Knock> newer = decodeKnock(Bytes{kKnockType, 9, 0xFF, 0xFF});
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->version, 9u);
}

}  // namespace
}  // namespace blazedb::link
