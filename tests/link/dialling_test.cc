// A host with several addresses, some of which do not work.
#include "link/dialling.h"

#include <gtest/gtest.h>

#include <future>

#include "link/raw_socket.h"

namespace blazedb::link {
namespace {

using asio::ip::tcp;
using std::chrono::steady_clock;

// Drops connection attempts: one connection waits to be accepted, and there is no room for another.
class DeafPort {
 public:
  std::uint16_t port() const { return listener_.port(); }

 private:
  RawSocket listener_ = RawSocket::listen(0);
  RawSocket waits_ = RawSocket::connect(listener_.port());
};

class DiallingTest : public testing::Test {
 protected:
  struct Outcome {
    std::uint16_t port = 0;  // the port that it is connected with
    std::string failure;
  };
  std::future<Outcome> dial(const std::vector<std::uint16_t>& ports, steady_clock::duration within) {
    std::vector<tcp::endpoint> endpoints;
    for (std::uint16_t port : ports) endpoints.emplace_back(asio::ip::address_v4::loopback(), port);
    auto outcome = std::make_shared<std::promise<Outcome>>();  // shared with the callback, which may be dropped
    std::future<Outcome> future = outcome->get_future();
    dialling_ = std::make_shared<Dialling>(io_, strand_, std::move(endpoints), steady_clock::now() + within);
    strand_.post([dialling = dialling_, outcome = std::move(outcome)]() mutable {
      dialling->begin([outcome = std::move(outcome)](std::optional<tcp::socket> socket, const std::string& failure) {
        outcome->set_value({socket ? socket->remote_endpoint().port() : std::uint16_t{0}, failure});
      });
    });
    return future;
  }
  static std::uint16_t closedPort() { return RawSocket::listen().port(); }

  Io io_;
  Strand strand_ = io_.makeStrand();
  std::shared_ptr<Dialling> dialling_;  // shared with what it waits for
  RawSocket good_ = RawSocket::listen();
};

TEST_F(DiallingTest, AnAddressThatSaysNothingLeavesTimeForTheNext) {
  DeafPort deaf;
  auto begin = steady_clock::now();
  EXPECT_EQ(dial({deaf.port(), good_.port()}, std::chrono::seconds(4)).get().port, good_.port());
  EXPECT_GE(steady_clock::now() - begin, std::chrono::milliseconds(1900)) << "half of the time is its own";
  EXPECT_LT(steady_clock::now() - begin, std::chrono::milliseconds(3900)) << "half of the time is the other one's";
}

TEST_F(DiallingTest, EachAddressHasASecond) {
  DeafPort first, second;
  std::vector<std::uint16_t> ports = {first.port(), second.port(), good_.port()};
  EXPECT_EQ(dial(ports, std::chrono::milliseconds(10)).get().port, good_.port());
}

TEST_F(DiallingTest, AnAddressThatRefusesCostsNothing) {
  EXPECT_EQ(dial({closedPort(), good_.port()}, std::chrono::seconds(30)).get().port, good_.port());
}

TEST_F(DiallingTest, WhereNoneAnswersTheLastSaysWhy) {
  DeafPort deaf;
  EXPECT_EQ(dial({closedPort(), deaf.port()}, std::chrono::seconds(1)).get().failure, "no answer within 1 s");
  EXPECT_EQ(dial({deaf.port(), closedPort()}, std::chrono::seconds(1)).get().failure, "Connection refused");
}

TEST_F(DiallingTest, WhoIsStoppedSaysNothing) {
  DeafPort deaf;
  std::future<Outcome> outcome = dial({deaf.port(), good_.port()}, std::chrono::seconds(60));
  strand_.post([dialling = dialling_] { dialling->stop(); });
  EXPECT_THROW(outcome.get(), std::future_error) << "the callback is gone, and was not called";
}

}  // namespace
}  // namespace blazedb::link
