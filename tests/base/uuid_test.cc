#include "blazedb/uuid.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "base/uuid_v7.h"

namespace blazedb {
namespace {

class FixedClock final : public base::Clock {
 public:
  std::int64_t wallMs() override { return now; }
  std::int64_t monotonicUs() override { return now * 1000; }
  std::int64_t now = 1'763'800'000'000;
};

TEST(Uuid, TextRoundTrips) {
  UUID id = UUID::generate();
  EXPECT_EQ(UUID::parse(id.toString()), id);
  EXPECT_EQ(UUID::parse("01890A5D-AC96-774B-BCCE-B302099A8057")->toString(), "01890a5d-ac96-774b-bcce-b302099a8057");
}

TEST(Uuid, MalformedTextIsRefused) {
  for (const char* text : {"", "01890a5d", "01890a5d-ac96-774b-bcce-b302099a805",
                           "01890a5d-ac96-774b-bcce-b302099a80577", "01890a5dxac96-774b-bcce-b302099a8057",
                           "g1890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcceb-302099a8057"})
    EXPECT_FALSE(UUID::parse(text)) << text;
}

// The example of RFC 9562, appendix A.4.
TEST(Uuid, OfANameIsVersion5) {
  UUID dns = UUID::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").value();
  EXPECT_EQ(UUID::fromName(dns, "www.example.com").toString(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_NE(UUID::fromName(dns, ""), UUID::fromName(UUID{}, ""));
}

TEST(Uuid, GeneratedIdsAreVersion7AndAscendAlsoWhenTheClockStandsOrGoesBack) {
  FixedClock clock;
  base::SystemRandom random;
  base::UuidV7 ids(clock, random);
  UUID last;
  for (int i = 0; i < 20'000; i++) {
    if (i == 10'000) clock.now -= 60'000;
    UUID id = ids.next();
    ASSERT_LT(last, id);
    ASSERT_EQ(id.bytes[6] >> 4, 7);
    ASSERT_EQ(id.bytes[8] >> 6, 2);
    last = id;
  }
}

TEST(Uuid, AForkedChildMakesOtherIdsThanItsParent) {
  FixedClock clock;  // the same time in both: only randomness can tell them apart
  base::SystemRandom random;
  base::UuidV7 ids(clock, random);
  ids.next();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < 50; i++) {
      UUID id = ids.next();
      if (::write(ends[1], id.bytes.data(), 16) != 16) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::set<UUID> seen;
  for (int i = 0; i < 50; i++) seen.insert(ids.next());
  UUID id;
  int received = 0;
  while (::read(ends[0], id.bytes.data(), 16) == 16) {
    received++;
    EXPECT_TRUE(seen.insert(id).second);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(received, 50);
}

}  // namespace
}  // namespace blazedb
