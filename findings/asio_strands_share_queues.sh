#!/usr/bin/env bash
# asio 1.22.1 (Debian libasio-dev 1:1.22.1-1): strands of an io_context are not independent of each other.
#
# Guess: an asio::io_context::strand serialises its own handlers, and one whose handler does not return delays no other
# strand while threads are free.
#
# Seen: with 8 threads and one strand whose handler waits, about 10 of 2,000 other strands do not run until it returns.
# The strands of an io_context share 193 queues, chosen by a hash of the strand (detail/impl/strand_service.ipp;
# ASIO_STRAND_IMPLEMENTATIONS is their number). asio::make_strand, which has a queue for each, holds up none.
#
# The script fails if that is no longer so. It needs g++, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libasio-dev=1:1.22.1-1 >/dev/null 2>&1
dpkg-deb -x libasio-dev_*.deb asio

cat >strands.cc <<'CC'
#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>
#include <vector>

// How many of 2,000 strands have not run when one more has been waiting, and the rest have had their time.
template <class Make>
int heldUp(Make make) {
  asio::io_context context;
  auto guard = asio::make_work_guard(context);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++) threads.emplace_back([&] { context.run(); });
  std::promise<void> release, begun;
  auto blocked = make(context);
  asio::post(*blocked, [&] {
    begun.set_value();
    release.get_future().wait();
  });
  begun.get_future().wait();
  std::atomic<int> ran{0};
  std::vector<decltype(make(context))> others;
  for (int i = 0; i < 2000; i++) {
    others.push_back(make(context));
    asio::post(*others.back(), [&] { ran++; });
  }
  // Nothing has run any more for a while: what is left waits for the blocked strand.
  for (int before = -1; before != ran;) {
    before = ran;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  int held = 2000 - ran;
  release.set_value();
  guard.reset();
  for (std::thread& thread : threads) thread.join();
  return ran == 2000 ? held : -1;
}

int main() {
  int shared = heldUp([](asio::io_context& context) { return std::make_unique<asio::io_context::strand>(context); });
  int own = heldUp([](asio::io_context& context) {
    return std::make_unique<asio::strand<asio::io_context::executor_type>>(asio::make_strand(context));
  });
  std::printf("asio %d.%d.%d: held up by one blocked strand, of 2,000: io_context::strand %d, make_strand %d\n",
              ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100, shared, own);
  return shared > 0 && own == 0 ? 0 : 1;
}
CC
g++ -std=c++20 -O1 -isystem asio/usr/include strands.cc -o strands -pthread
./strands
