// One pass that checks and encodes. A problem carries the path to its field, for the message.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/limits.h"
#include "codec/cbor_date.h"
#include "codec/counter.h"
#include "codec/fields.h"
#include "codec/text.h"

namespace blazedb::codec {
namespace {

using base::kFieldNameBytesMax;
using base::kFieldsMax;
using base::kNestingMax;
using base::kRecordBytesMax;

// Appends to `out` by a cursor: `out` is grown ahead of the cursor and cut at the end. Appending piece by piece to the
// vector would take twice the time of everything else here. Each function returns false once there is a problem; the
// path to the field is put together on the way back.
class Encoder {
 public:
  explicit Encoder(base::Bytes& out) : out_(out), begin_(out.size()) {
    out_.resize(begin_ + 256);
    at_ = out_.data() + begin_;
    end_ = out_.data() + out_.size();
  }
  ~Encoder() { out_.resize(problem_ ? begin_ : begin_ + written()); }

  bool value(const Value& value, int depth);
  bool object(const Object& object, int depth);
  // `whole` names what is encoded, for a problem that is in no field of it.
  std::optional<Error> result(const char* whole);

 private:
  bool array(const Array& array, int depth);
  bool name(std::string_view name);
  bool string(CborKind kind, base::ByteView content);
  bool head(CborHead head) {
    if (!room(0)) return false;
    at_ += writeHead(at_, head);
    return true;
  }

  std::size_t written() const { return static_cast<std::size_t>(at_ - out_.data()) - begin_; }
  // Makes room for a head and `bytes` bytes after it.
  bool room(std::size_t bytes) {
    auto free = static_cast<std::size_t>(end_ - at_);
    return (free >= kHeadBytesMax && free - kHeadBytesMax >= bytes) || grow(bytes);
  }
  bool grow(std::size_t bytes);

  bool refuse(ErrorCode code, std::string why);
  bool refuseSize();
  bool refuseDepth();
  bool within(const std::string& outer);

  struct Problem {
    ErrorCode code;
    std::string path;
    std::string why;
  };

  base::Bytes& out_;
  std::size_t begin_;
  std::uint8_t* at_;
  std::uint8_t* end_;
  std::optional<Problem> problem_;
};

bool Encoder::value(const Value& value, int depth) {
  switch (value.type()) {
    case Value::Type::null:
      return head({CborKind::simple, kSimpleNull});
    case Value::Type::boolean:
      return head({CborKind::simple, *value.as<bool>() ? kSimpleTrue : kSimpleFalse});
    case Value::Type::integer:
      return head(headOf(*value.as<std::int64_t>()));
    case Value::Type::real:
      return head(headOf(*value.as<double>()));
    case Value::Type::string: {
      std::string_view text = *value.as<std::string>();
      if (!string(CborKind::text, base::viewOf(text))) return false;
      return isUtf8(text) || refuse(ErrorCode::InvalidArgument, "is not UTF-8: convert it, or store it as bytes");
    }
    case Value::Type::bytes:
      return string(CborKind::bytes, *value.as<Bytes>());
    case Value::Type::date:
      if (!room(kDateBytesMax)) return false;
      at_ += writeDate(at_, *value.as<Date>());
      return true;
    case Value::Type::uuid:
      return head({CborKind::tag, kTagUuid}) && string(CborKind::bytes, value.as<UUID>()->bytes);
    case Value::Type::array:
      return array(*value.as<Array>(), depth + 1);
    case Value::Type::object:
      return object(*value.as<Object>(), depth + 1);
  }
  return false;
}

bool Encoder::array(const Array& array, int depth) {
  if (depth > kNestingMax) return refuseDepth();
  if (!head({CborKind::array, array.size()})) return false;
  for (std::size_t i = 0; i < array.size(); i++)
    if (!value(array[i], depth)) return within("[" + std::to_string(i) + "]");
  return true;
}

bool Encoder::object(const Object& object, int depth) {
  if (depth > kNestingMax) return refuseDepth();
  if (!head({CborKind::map, object.size()})) return false;
  for (const Field& field : object)
    if (!name(field.name) || !value(field.value, depth)) return within(field.name);
  return true;
}

bool Encoder::name(std::string_view name) {
  if (name.empty()) return refuse(ErrorCode::InvalidArgument, "has a field without a name: give it one");
  if (name.size() > kFieldNameBytesMax)
    return refuse(ErrorCode::TooLarge, "has a name of " + std::to_string(name.size()) + " bytes: shorten it to " +
                                           std::to_string(kFieldNameBytesMax));
  if (!isUtf8(name)) return refuse(ErrorCode::InvalidArgument, "has a name that is not UTF-8: convert it");
  return string(CborKind::text, base::viewOf(name));
}

bool Encoder::string(CborKind kind, base::ByteView content) {
  if (!room(content.size())) return false;
  at_ += writeHead(at_, {kind, content.size()});
  if (!content.empty()) std::memcpy(at_, content.data(), content.size());
  at_ += content.size();
  return true;
}

bool Encoder::grow(std::size_t bytes) {
  std::size_t used = written();
  if (bytes > kRecordBytesMax || used > kRecordBytesMax) return refuseSize();
  out_.resize(begin_ + used + std::max(used, bytes + kHeadBytesMax));
  at_ = out_.data() + begin_ + used;
  end_ = out_.data() + out_.size();
  return true;
}

bool Encoder::refuse(ErrorCode code, std::string why) {
  problem_ = Problem{code, "", std::move(why)};
  return false;
}

bool Encoder::refuseDepth() {
  return refuse(ErrorCode::TooLarge, "is nested deeper than " + std::to_string(kNestingMax) +
                                         " arrays and objects: make the record flatter");
}

bool Encoder::refuseSize() {
  return refuse(ErrorCode::TooLarge, "takes more than the " + std::to_string(kRecordBytesMax) +
                                         " encoded bytes of a record: split it, or keep large contents in files");
}

bool Encoder::within(const std::string& outer) {
  std::string& path = problem_->path;
  path.insert(0, path.empty() || path[0] == '[' ? outer : outer + ".");
  return false;
}

std::optional<Error> Encoder::result(const char* whole) {
  if (!problem_ && written() > kRecordBytesMax) refuseSize();
  if (!problem_) return std::nullopt;
  const std::string& path = problem_->path;
  std::string subject = path.empty() ? whole : "field \"" + printable(path) + "\"";
  return Error(problem_->code, subject + " " + problem_->why);
}

}  // namespace

void appendKey(base::Bytes& out, std::string_view key) {
  if (isPart(key))
    appendByteString(out, base::viewOf(key));
  else
    appendText(out, key);
}

std::optional<Error> encodeFields(base::Bytes& out, const Object& fields) {
  if (fields.size() > kFieldsMax)
    return Error(ErrorCode::TooLarge, "the record has " + std::to_string(fields.size()) + " fields, and may have " +
                                          std::to_string(kFieldsMax) +
                                          ": split it, or move some of them into an object");
  Encoder encoder(out);
  encoder.object(fields, 0);
  return encoder.result("the record");
}

std::optional<Error> encodeValue(base::Bytes& out, const Value& value) {
  Encoder encoder(out);
  encoder.value(value, 0);
  return encoder.result("the value");
}

}  // namespace blazedb::codec
