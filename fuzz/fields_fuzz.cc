// Hostile bytes as the fields of a record: walking and decoding agree on what is valid, and valid fields have one
// encoding only.
#include <cstdlib>

#include "codec/fields.h"
#include "codec/json.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

// Decodes the values and encodes them again, removed fields included.
base::Bytes encodedAgain(base::ByteView fields) {
  base::Bytes out;
  codec::FieldsReader reader(fields);
  codec::appendMapHead(out, reader.count());
  while (reader.next()) {
    codec::appendText(out, reader.name());
    if (reader.removed())
      base::append(out, codec::kRemoved);
    else
      require(!codec::encodeValue(out, codec::decodeValue(reader.value()).value()));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteView bytes(data, size);
  codec::FieldsReader reader(bytes);
  while (reader.next()) {
  }
  Object fields;
  require(codec::decodeFields(bytes, fields) == reader.ok());
  if (!reader.ok()) {
    require(fields.empty());
    return 0;
  }
  require(base::equal(encodedAgain(bytes), bytes));
  require(codec::recordFromJson(codec::recordToJson(fields, {})) == fields);
  return 0;
}
