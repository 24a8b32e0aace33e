// A hostile peer that has said Hello: whatever frames follow, in whatever order, the session answers or ends with Bye,
// and only ProtocolError leaves the store. The engine is a real one, and lives for many inputs: what one of them
// managed to write the next one finds.
//
// An input is a byte of options (1 the peer is a server, 2 it does not send, 4 it does not receive) and frames, each
// behind its length in two bytes, lowest first.
#include <cstdlib>
#include <memory>

#include "blazedb/error.h"
#include "support/replica.h"
#include "sync/session.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

test::Replica& replica() {
  static std::int64_t worldMs = 0;
  static std::unique_ptr<test::Replica> open;
  static int inputs = 0;
  if (!open || ++inputs % 5000 == 0) {
    open = std::make_unique<test::Replica>("target", worldMs, 1);
    for (std::uint64_t i = 0; i < 20; i++)
      open->insert(test::uuidOf(i), {{"n", static_cast<std::int64_t>(i)}, {"text", "abc"}});
    for (std::uint64_t i = 0; i < 5; i++) open->remove(test::uuidOf(i));
    for (std::uint64_t i = 5; i < 9; i++) open->updateFields(test::uuidOf(i), {{"n", 100}});
  }
  return *open;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::Replica& target = replica();
  base::Reader in({data, size});
  std::uint8_t options = in.byte();
  sync::Hello hello;
  hello.identity = {test::uuidOf(99), 12345, options & 1 ? sync::Role::server : sync::Role::client, "peer"};
  hello.wallMs = target.clock.wallMs();
  hello.sends = !(options & 2);
  hello.receives = !(options & 4);

  std::int64_t now = 0;
  sync::Session session(*target.engine);
  session.start(hello.wallMs, now);
  session.receive(sync::encode(hello), now);
  try {
    while (in.ok() && !in.atEnd() && !session.stopped()) {
      std::size_t length = in.byte();
      length |= std::size_t{in.byte()} << 8;
      base::ByteView frame = in.take(std::min(length, in.remaining()));
      session.receive(frame, ++now);
      if (auto due = session.nextTickMs()) session.tick(now = std::max(now, *due));
      for (const base::Bytes& said : session.takeFrames()) require(sync::typeOf(said).has_value());
    }
    session.settle(now);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::ProtocolError);
  }
  return 0;
}
