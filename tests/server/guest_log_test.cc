#include "server/guest_log.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace blazedb::server {
namespace {

class GuestLogTest : public testing::Test {
 protected:
  std::ptrdiff_t linesWith(const std::string& text) const {
    return std::count_if(lines_.begin(), lines_.end(),
                         [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  std::vector<std::string> lines_;
  Log log_{Log::Format::text, [this](std::string_view line) { lines_.emplace_back(line); }};
  GuestLog guests_{log_};
};

TEST_F(GuestLogTest, EveryEndHasItsReason) {
  guests_.note({ListenerEvent::Kind::connected, "notes", "laptop at 192.0.2.7", {}, {}});
  guests_.note({ListenerEvent::Kind::gone, "notes", "laptop at 192.0.2.7", ErrorCode::DiskFull, "no space left"});
  guests_.note({ListenerEvent::Kind::refused, "", "somebody at 192.0.2.8", ErrorCode::WrongToken, "nobody has it"});
  EXPECT_TRUE(lines_.empty());
  guests_.tell();
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_EQ(linesWith("a client has connected  client=\"laptop at 192.0.2.7\"  database=notes"), 1);
  EXPECT_EQ(linesWith("warning  a client has gone"), 1);
  EXPECT_EQ(linesWith("DiskFull: no space left"), 1);
  EXPECT_EQ(linesWith("WrongToken: nobody has it"), 1);
}

TEST_F(GuestLogTest, WhoLeavesInOrderHasNotFailed) {
  guests_.note({ListenerEvent::Kind::gone, "notes", "laptop at 192.0.2.7", {}, "the peer has disconnected"});
  guests_.tell();
  EXPECT_EQ(linesWith("info     a client has gone"), 1);
  EXPECT_EQ(linesWith("reason=\"the peer has disconnected\""), 1);
}

TEST_F(GuestLogTest, WhoGoesBeforeHeIsLetInIsSaidToo) {
  guests_.note({ListenerEvent::Kind::refused, "", "somebody at 192.0.2.8", ErrorCode::Offline, "it was closed"});
  guests_.tell();
  EXPECT_EQ(linesWith("info     a client has gone before it was let in"), 1);
}

TEST_F(GuestLogTest, RejectedRecordsAreOneLineForAClientAndAReason) {
  for (std::uint64_t records = 1; records <= 3; records++)
    for (ErrorCode code : {ErrorCode::ClockSkew, ErrorCode::NotAllowed})
      guests_.note({ListenerEvent::Kind::rejected, "notes", "laptop", code, "why", records});
  guests_.tell();
  EXPECT_EQ(linesWith("warning  records are rejected  client=laptop  database=notes  reason="), 2);
  EXPECT_EQ(linesWith("records=3"), 2);
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(GuestLogTest, ACommandThatIsNotHeardHasItsReason) {
  guests_.noteCommand("notes", "process 123", {ErrorCode::Timeout, "the command was not said"});
  guests_.tell();
  EXPECT_EQ(linesWith("warning  a command was refused  client=\"process 123\"  database=notes"), 1);
  EXPECT_EQ(linesWith("Timeout: the command was not said"), 1);
}

TEST_F(GuestLogTest, AStrangerDoesNotDecideHowLongItIs) {
  for (int round = 1; round <= 2; round++) {
    lines_.clear();
    for (int i = 0; i < 1000; i++)
      guests_.note(
          {ListenerEvent::Kind::refused, "", "somebody", i % 2 ? ErrorCode::WrongToken : ErrorCode::Timeout, ""});
    guests_.note({ListenerEvent::Kind::connected, "notes", "laptop", {}, {}});
    guests_.tell();
    EXPECT_EQ(linesWith("a client was refused  client"), static_cast<std::ptrdiff_t>(GuestLog::kStrangersMax));
    EXPECT_EQ(linesWith("more of the same were left out"), 2);
    EXPECT_EQ(linesWith("count=490"), 2);
    EXPECT_EQ(linesWith("a client has connected"), 1) << "they are counted by themselves";
  }
  guests_.tell();
  EXPECT_EQ(linesWith("a client has connected"), 1) << "once";
}

}  // namespace
}  // namespace blazedb::server
