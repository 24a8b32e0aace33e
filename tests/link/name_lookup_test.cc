// Name lookups that get no answer, or a late one.
#include "link/name_lookup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>

namespace blazedb::link {
namespace {

using asio::ip::tcp;

Addresses oneAddress() { return {{tcp::endpoint(asio::ip::address_v4::loopback(), 1)}, {}}; }

// A resolver whose name server does not answer until the test lets it.
struct SlowSystem {
  // Waits until the detached thread has ended, because the next test may fork.
  ~SlowSystem() {
    std::string thread = "/proc/self/task/" + std::to_string(state_->thread.get_future().get());
    while (std::filesystem::exists(thread)) std::this_thread::yield();
  }
  NameLookup::Ask ask() {
    return [state = state_] {
      if (state->asked++ == 0) state->thread.set_value(gettid());
      state->answer.get_future().wait();
      return oneAddress();
    };
  }
  void answer() { state_->answer.set_value(); }
  int asked() const { return state_->asked; }

 private:
  struct State {
    std::promise<pid_t> thread;
    std::promise<void> answer;
    std::atomic<int> asked = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // shared with the query, which may outlive this object
};

TEST(NameLookup, WhatIsNoNameIsSaid) {
  EXPECT_EQ(askSystem("127.0.0.1", 80).endpoints.at(0), tcp::endpoint(asio::ip::address_v4::loopback(), 80));
  Addresses none = askSystem("no such host.invalid", 80);
  EXPECT_TRUE(none.endpoints.empty());
  EXPECT_FALSE(none.failure.empty());
}

TEST(NameLookup, NobodyWaitsForAQuestionThatHasBeenGivenUp) {
  SlowSystem system;
  bool called = false;
  {
    NameLookup lookup(system.ask());
    lookup.begin([&](const Addresses&) { called = true; });
  }
  EXPECT_FALSE(called);
  system.answer();
}

TEST(NameLookup, WhoAsksAgainGetsTheAnswerToTheFirstQuestion) {
  SlowSystem system;
  NameLookup lookup(system.ask());
  bool firstCalled = false;
  std::promise<Addresses> answered;
  lookup.begin([&](const Addresses&) { firstCalled = true; });
  lookup.stop();
  lookup.begin([&](const Addresses& addresses) { answered.set_value(addresses); });
  system.answer();
  EXPECT_EQ(answered.get_future().get().endpoints, oneAddress().endpoints);
  EXPECT_FALSE(firstCalled);
  EXPECT_EQ(system.asked(), 1);
}

}  // namespace
}  // namespace blazedb::link
