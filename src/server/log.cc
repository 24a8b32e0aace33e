#include "server/log.h"

#include <algorithm>

#include "codec/date_text.h"
#include "codec/json.h"

namespace blazedb::server {
namespace {

const char* nameOf(Level level) {
  return level == Level::info ? "info" : level == Level::warning ? "warning" : "error";
}

// Writes words as they are, and everything else as JSON, which stays on one line and shows where it ends.
std::string shown(const Value& value) {
  const std::string* text = value.as<std::string>();
  bool isWord = text && !text->empty() && std::all_of(text->begin(), text->end(), [](unsigned char c) {
                  return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
                });
  return isWord ? *text : codec::valueToJson(value);
}

}  // namespace

void Log::say(Level level, std::string_view event, const Object& fields, Date at) {
  std::string time = codec::toDateText(at), line;
  if (format_ == Format::json) {
    Object all{{"time", time}, {"level", nameOf(level)}, {"event", std::string(event)}};
    for (const Field& field : fields) all.set(field.name, field.value);
    line = codec::valueToJson(Value(all));
  } else {
    std::string name = nameOf(level);
    line = time + "  " + name + std::string(9 - name.size(), ' ') + std::string(event);
    for (const Field& field : fields) line += "  " + field.name + "=" + shown(field.value);
  }
  base::Lock lock(mutex_);
  write_(line);
}

}  // namespace blazedb::server
