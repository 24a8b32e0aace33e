// Hostile text as JSON: it is refused with an Error, or its value can be written and read again, in either style.
#include <cstdlib>

#include "blazedb/error.h"
#include "codec/json.h"

namespace {

using namespace blazedb;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class T>
std::optional<T> readUnlessRefused(T (*read)(std::string_view), std::string_view json) {
  try {
    return read(json);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::InvalidArgument);
    return std::nullopt;
  }
}

void checkRecord(const Record& record) {
  std::string written = codec::recordToJson(record, record.id());
  Record again = codec::recordFromJson(written);
  require(again == record && again.id() == record.id());
  require(codec::recordToJson(again, again.id()) == written);
  require(codec::recordFromJson(codec::recordToJson(record, record.id(), codec::JsonStyle::pretty)) == record);
}

void checkValue(const Value& value) { require(codec::valueFromJson(codec::valueToJson(value)) == value); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view json(reinterpret_cast<const char*>(data), size);
  if (auto record = readUnlessRefused(codec::recordFromJson, json)) checkRecord(*record);
  if (auto value = readUnlessRefused(codec::valueFromJson, json)) checkValue(*value);
  return 0;
}
