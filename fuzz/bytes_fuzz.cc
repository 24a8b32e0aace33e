// base::Reader over hostile bytes: it never reads past its end (the sanitizers watch), what it returns can be written
// and read again, and after a failure it stays failed.
#include <cstdlib>

#include "base/bytes.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blazedb::base;
  Reader in({data, size});
  while (in.ok() && !in.atEnd()) {
    std::size_t before = in.remaining();
    switch (in.byte() % 3) {
      case 0: {
        std::uint64_t value = in.varint();
        Bytes out;
        appendVarint(out, value);
        Reader again(out);
        require(again.varint() == value && again.ok() && again.atEnd());
        break;
      }
      case 1: {
        std::uint64_t value = in.fixed64();
        Bytes out;
        appendFixed64(out, value);
        Reader again(out);
        require(again.fixed64() == value && again.ok() && again.atEnd());
        break;
      }
      default: {
        ByteView view = in.sized();
        Bytes out;
        appendSized(out, view);
        Reader again(out);
        require(equal(again.sized(), view) && again.ok() && again.atEnd());
        break;
      }
    }
    require(in.remaining() < before);
  }
  if (!in.ok()) require(in.byte() == 0 && in.varint() == 0 && in.take(1).empty() && in.remaining() == 0 && !in.ok());
  return 0;
}
