#include "storage/frame_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/bytes.h"

namespace blazedb::storage {
namespace {

constexpr std::size_t kPageBytes = 1024;
constexpr std::uint32_t kSlots = (2 << 20) / kPageBytes;

base::Bytes pageOf(std::uint8_t value) { return base::Bytes(kPageBytes, value); }

// The page at (generation, frame); empty if there is none.
base::Bytes at(FrameCache& cache, std::uint32_t generation, std::uint32_t frame) {
  base::Bytes page(kPageBytes);
  if (!cache.get(generation, frame, page.data())) page.clear();
  return page;
}

TEST(FrameCache, AFrameIsFoundUnderItsNumberAndItsFillingOnly) {
  FrameCache cache(kPageBytes);
  EXPECT_EQ(at(cache, 0, 0), base::Bytes());
  cache.put(3, 7, pageOf(1).data());
  EXPECT_EQ(at(cache, 3, 7), pageOf(1));
  EXPECT_EQ(at(cache, 4, 7), base::Bytes());
  EXPECT_EQ(at(cache, 3, 7 + kSlots), base::Bytes());
  cache.put(3, 7, pageOf(2).data());
  EXPECT_EQ(at(cache, 3, 7), pageOf(2));
  cache.put(3, 7 + kSlots, pageOf(3).data());
  EXPECT_EQ(at(cache, 3, 7), base::Bytes());
  EXPECT_EQ(at(cache, 3, 7 + kSlots), pageOf(3));
  cache.clear();
  EXPECT_EQ(at(cache, 3, 7 + kSlots), base::Bytes());
}

// No page is a mixture of two.
TEST(FrameCache, ThreadsMayPutAndGetAtOnce) {
  FrameCache cache(kPageBytes);
  auto work = [&](std::uint8_t value) {
    for (std::uint32_t i = 0; i < 20'000; i++) {
      cache.put(1, i % 8, pageOf(value).data());
      base::Bytes found = at(cache, 1, (i + 3) % 8);
      EXPECT_TRUE(found.empty() || found == pageOf(found[0]));
      if (i % 1000 == 0) cache.clear();
    }
  };
  std::thread first(work, 1), second(work, 2);
  first.join();
  second.join();
}

}  // namespace
}  // namespace blazedb::storage
