#include "sync/stamp_rules.h"

#include <algorithm>

namespace blazedb::sync {
namespace {

constexpr const char* kAuthority =
    "it builds on a server's write that the refusing database does not have. A client that also syncs elsewhere, "
    "or did so before the refusing database's file was restored by hand, has to be allowed to relay (blazedb token "
    "create --relay, or between apps, blazedb share --relay); a server needs a token of role server";
constexpr const char* kOurs = "it has a write in the name of the refusing database, which never made that write";

}  // namespace

std::optional<std::string> refusalOf(const RecordState& theirs, const RecordState* mine, const StampRules& rules) {
  if (rules.trust == StampTrust::all) return std::nullopt;
  Stamp base = mine ? mine->base.stamp : Stamp{}, tomb = mine ? mine->tomb.stamp : Stamp{};
  // This replica may have written cells up to here that it no longer holds: the floor dropped them, or a purge did.
  Stamp dropped = !mine ? Stamp{} : mine->whole ? mine->floor.stamp : std::max(mine->latest(), tomb);
  std::uint64_t authority = std::max(mine ? mine->authority() : rules.clock, rules.lostUntil);
  // `known`: this replica has written nothing above it.
  auto check = [&](const Stamp& stamp, const Stamp& held, const Stamp& known) -> const char* {
    if (stamp <= held) return nullptr;
    bool unheardOf = stamp.time > rules.clock || (stamp > known && stamp.time > rules.lostUntil);
    if (stamp.writer == rules.incarnation && unheardOf) return kOurs;
    return rules.trust == StampTrust::own && stamp.authority > authority ? kAuthority : nullptr;
  };
  const char* wrong = check(theirs.base.stamp, base, base);
  if (!wrong) wrong = check(theirs.tomb.stamp, tomb, tomb);
  auto held = mine ? mine->cells.begin() : theirs.cells.end();
  auto end = mine ? mine->cells.end() : theirs.cells.end();
  for (const Cell& cell : theirs.cells) {
    if (wrong) break;
    while (held != end && held->name < cell.name) ++held;
    bool holds = held != end && held->name == cell.name;
    wrong = check(cell.stamp, holds ? held->stamp : Stamp{}, dropped);
    bool isOurs = holds && cell.stamp == held->stamp && cell.stamp.writer == rules.incarnation;
    if (isOurs && !base::equal(cell.value, held->value)) wrong = kOurs;
  }
  if (!wrong) return std::nullopt;
  return wrong;
}

}  // namespace blazedb::sync
