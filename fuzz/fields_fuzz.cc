// Hostile bytes as the fields of a record: walking and decoding agree on what is valid, and valid fields have one
// encoding only.
#include <cstdlib>

#include "codec/counter.h"
#include "codec/fields.h"
#include "codec/json.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

// Decodes the values and encodes them again, removed fields and the parts of counters included.
base::Bytes encodedAgain(base::ByteView fields) {
  base::Bytes out;
  codec::FieldsReader reader(fields);
  codec::appendMapHead(out, reader.count());
  while (reader.next()) {
    codec::appendKey(out, reader.name());
    base::ByteView value = codec::assignedValue(reader.value());
    base::Bytes plain;
    if (codec::isRemoved(value))
      plain.assign(value.begin(), value.end());
    else if (codec::isPart(reader.name()))
      plain = codec::encodePart(codec::decodePart(value).value());
    else
      require(!codec::encodeValue(plain, codec::decodeValue(value).value()));
    bool assigned = codec::isAssigned(reader.value());
    base::append(out, assigned ? codec::encodeAssigned(plain, codec::seenBy(reader.value())) : plain);
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
