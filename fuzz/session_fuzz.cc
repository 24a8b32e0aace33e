// A hostile peer that has sent Hello: whatever frames follow, in any order, the session answers or ends with Bye, and
// nothing else leaves it. A peer whose token may only read, or covers only one collection, changes nothing outside
// that. The engine is a real one and lives for many inputs: each input finds what earlier ones wrote.
//
// An input is a byte of options and then frames, each after its length in two bytes, lowest first. The options: 1 the
// peer is a server, 2 it does not send, 4 it does not receive, 24 its token: 0 of an equal, 8 reads, 16 one collection
// only, 24 writes as any client. Mutations work on frames: they insert frames of the simulation's hostile peer, repeat,
// drop, swap and alter frames.
#include <cstdlib>
#include <memory>

#include "blazedb/error.h"
#include "sim/hostile.h"
#include "support/replica.h"
#include "sync/session.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t sizeMax);

namespace {

using namespace blazedb;

constexpr std::uint64_t kRecords = 20;
constexpr std::size_t kFrameBytesMax = 65'535;

void require(bool condition) {
  if (!condition) std::abort();
}

test::Replica& theReplica(bool nextInput = false) {
  static std::int64_t worldMs = 0;
  static std::unique_ptr<test::Replica> open;
  static int inputs = 0;
  if (!open || (nextInput && ++inputs % 5000 == 0)) {
    open = std::make_unique<test::Replica>("target", worldMs, 1);
    for (std::uint64_t i = 0; i < kRecords; i++)
      open->insert(test::uuidOf(i), {{"n", static_cast<std::int64_t>(i)}, {"text", "abc"}});
    for (std::uint64_t i = 0; i < 5; i++) open->remove(test::uuidOf(i));
    for (std::uint64_t i = 5; i < 9; i++) open->updateFields(test::uuidOf(i), {{"n", 100}});
  }
  return *open;
}

// The part of the database that the peer may not change.
std::pair<sync::DigestLine, std::uint64_t> holdings() {
  sync::DigestLine line;
  for (const sync::DigestLine& each : theReplica()->digests())
    if (each.collection == "default") line = each;
  return {line, theReplica()->purgeHorizon()};
}

sync::SessionOptions rightsOf(std::uint8_t token) {
  if (token == 0) return {};
  return sim::rights(static_cast<sim::Weakness>(token - 1));
}

struct Input {
  std::uint8_t options = 0;
  std::vector<base::Bytes> frames;

  explicit Input(base::ByteView bytes) {
    base::Reader in(bytes);
    options = in.byte();
    while (in.ok() && !in.atEnd()) {
      std::size_t length = in.byte();
      length |= std::size_t{in.byte()} << 8;
      base::ByteView frame = in.take(std::min(length, in.remaining()));
      frames.emplace_back(frame.begin(), frame.end());
    }
  }

  base::Bytes bytes() const {
    base::Bytes out{options};
    for (const base::Bytes& frame : frames) {
      out.push_back(static_cast<std::uint8_t>(frame.size()));
      out.push_back(static_cast<std::uint8_t>(frame.size() >> 8));
      base::append(out, frame);
    }
    return out;
  }
};

void mutate(Input& input, sim::Dice& dice) {
  std::vector<base::Bytes>& frames = input.frames;
  auto any = [&] { return frames.begin() + static_cast<std::ptrdiff_t>(dice.below(frames.size())); };
  std::uint64_t what = frames.empty() ? 0 : dice.below(10);
  if (what < 4) {
    sim::HostilePeer::Targets targets;
    for (std::uint64_t i = 0; i < kRecords; i++) targets.held.push_back({"default", test::uuidOf(i)});
    targets.wallMs = theReplica().clock.wallMs();
    sim::HostilePeer peer(dice, static_cast<sim::Weakness>(dice.below(3)), test::uuidOf(99));
    for (std::uint64_t skip = dice.below(4); skip > 0; skip--) peer.next(targets);
    base::Bytes frame = peer.next(targets);
    if (frame.size() > kFrameBytesMax) return;
    frames.insert(dice.percent(60) ? frames.end() : frames.empty() ? frames.end() : any(), std::move(frame));
  } else if (what < 5) {
    frames.insert(any(), base::Bytes(*any()));
  } else if (what < 6) {
    frames.erase(any());
  } else if (what < 7) {
    std::swap(*any(), *any());
  } else if (what < 8) {
    input.options = static_cast<std::uint8_t>(dice.below(32));
  } else {
    base::Bytes& frame = *any();
    std::size_t size = frame.size();
    frame.resize(std::min(size + 64, kFrameBytesMax));
    frame.resize(LLVMFuzzerMutate(frame.data(), size, frame.size()));
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t sizeMax,
                                               unsigned seed) {
  sim::Dice dice(seed);
  Input input({data, size});
  for (std::uint64_t i = dice.below(3) + 1; i > 0; i--) mutate(input, dice);
  base::Bytes mutated = input.bytes();
  if (mutated.size() > sizeMax) mutated.resize(sizeMax);
  std::copy(mutated.begin(), mutated.end(), data);
  return mutated.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::Replica& target = theReplica(true);
  Input input({data, size});
  std::uint8_t token = (input.options >> 3) & 3;
  sync::Hello hello;
  hello.identity = {test::uuidOf(99), 12345, input.options & 1 ? sync::Role::server : sync::Role::client, "peer"};
  hello.wallMs = target.clock.wallMs();
  hello.sends = !(input.options & 2);
  hello.receives = !(input.options & 4);
  bool covered = token == 0 || token == 3;
  auto before = holdings();

  std::int64_t now = 0;
  sync::Session session(*target.engine, rightsOf(token));
  session.start(hello.wallMs, now);
  session.receive(sync::encode(hello), now);
  for (const base::Bytes& frame : input.frames) {
    if (session.stopped()) break;
    session.receive(frame, ++now);
    if (auto due = session.nextTickMs()) session.tick(now = std::max(now, *due));
    for (const base::Bytes& said : session.takeFrames()) require(sync::typeOf(said).has_value());
  }
  session.settle(now);
  require(covered || holdings() == before);
  return 0;
}
