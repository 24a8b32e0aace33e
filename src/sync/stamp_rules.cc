#include "sync/stamp_rules.h"

#include <algorithm>

namespace blazedb::sync {
namespace {

constexpr const char* kAuthority =
    "it carries the authority of a server's write that the database that refuses it does not have. A client that is "
    "connected elsewhere too, or was while this file was put back by hand, needs a token that may relay (blazedb token "
    "create --relay), and a server one of role server";
constexpr const char* kOurs = "it carries a write in the name of the database that refuses it, which has not made it";

}  // namespace

std::optional<std::string> refusalOf(const RecordState& theirs, const RecordState* mine, const StampRules& rules) {
  if (rules.trust == StampTrust::all) return std::nullopt;
  Stamp latest = mine ? std::max(mine->latest(), mine->tomb.stamp) : Stamp{};
  std::uint64_t authority = std::max(mine ? mine->authority() : rules.clock, rules.lostUntil);
  auto check = [&](const Stamp& stamp, const Stamp& held) -> const char* {
    if (stamp <= held) return nullptr;
    bool unheardOf = stamp.time > rules.clock || (mine && stamp > latest && stamp.time > rules.lostUntil);
    if (stamp.writer == rules.incarnation && unheardOf) return kOurs;
    return rules.trust == StampTrust::own && stamp.authority > authority ? kAuthority : nullptr;
  };
  const char* wrong = check(theirs.base.stamp, mine ? mine->base.stamp : Stamp{});
  if (!wrong) wrong = check(theirs.tomb.stamp, mine ? mine->tomb.stamp : Stamp{});
  auto held = mine ? mine->cells.begin() : theirs.cells.end();
  auto end = mine ? mine->cells.end() : theirs.cells.end();
  for (const Cell& cell : theirs.cells) {
    if (wrong) break;
    while (held != end && held->name < cell.name) ++held;
    wrong = check(cell.stamp, held != end && held->name == cell.name ? held->stamp : Stamp{});
  }
  if (!wrong) return std::nullopt;
  return wrong;
}

}  // namespace blazedb::sync
