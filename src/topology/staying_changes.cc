#include "topology/staying_changes.h"

#include <algorithm>
#include <utility>

namespace blazedb::topology {
namespace {

// "the collection 'a'", "the collections 'a', 'b' and 3 more".
std::string named(const std::set<std::string>& collections) {
  constexpr std::size_t kNamesMax = 3;
  std::string text = collections.size() == 1 ? "the collection" : "the collections";
  std::size_t shown = 0;
  for (const std::string& name : collections) {
    if (shown == kNamesMax) return text + " and " + std::to_string(collections.size() - shown) + " more";
    text += (shown++ == 0 ? " '" : ", '") + name + "'";
  }
  return text;
}

}  // namespace

std::vector<replica::Replica::Unsent> Carried::leftOut(replica::Replica& replica, const UUID& peer,
                                                       const sync::Scope& wanted) const {
  std::vector<replica::Replica::Unsent> questions;
  auto ask = [&](sync::Scope part, bool onlyValues) {
    std::uint64_t acknowledged = replica.acknowledgedTo(peer, part);
    questions.push_back({peer, std::move(part), onlyValues, acknowledged, acknowledged});
  };
  if (!scope) {
    ask(wanted, false);
    return questions;
  }
  if (*scope == wanted) return questions;
  std::vector<std::string> collections;
  for (std::string& name : replica.collectionNames())
    if (wanted.has(name) && !scope->has(name)) collections.push_back(std::move(name));
  if (!collections.empty()) ask(sync::makeScope(std::move(collections), wanted.excludedFields, wanted.fields), false);
  if (std::optional<sync::Scope> fields = sync::fieldsLeftOut(wanted, *scope)) ask(std::move(*fields), true);
  return questions;
}

StayingChanges::Found StayingChanges::find(replica::Replica& replica, const sync::SessionStatus& session,
                                           const sync::Scope& wanted) {
  Carried carried(session);
  base::Lock lock(mutex_);
  if (peer_ != session.peer->replica || carried_ != carried) {
    staying_.clear();
    seenTo_ = 0;
    peer_ = session.peer->replica;
    carried_ = carried;
  }
  std::uint64_t end = replica.store().feedEnd();
  if (end != seenTo_)
    for (replica::Replica::Unsent& question : carried.leftOut(replica, *peer_, wanted)) {
      question.after = std::max(question.after, seenTo_);
      replica.visitUnsent(question, [&](std::string_view collection, const UUID& id, bool lacks) {
        mutex_.isHeld();
        if (!lacks && staying_.empty()) return;
        sync::RecordKey key{std::string(collection), id};
        if (!lacks)
          staying_.erase(key);
        else if (staying_.size() < kCountedMax)
          staying_.insert(std::move(key));
      });
    }
  seenTo_ = end;
  Found found;
  found.records = staying_.size();
  if (!carried.scope) return found;
  for (const sync::RecordKey& key : staying_) {
    found.collections.insert(key.collection);
    found.inFields |= carried.scope->has(key.collection);
  }
  return found;
}

bool StayingChanges::isNews() {
  base::Lock lock(mutex_);
  return std::exchange(told_, staying_.size()) != staying_.size();
}

std::string StayingChanges::Found::advice(ConnectionMode mode, bool isApp) const {
  std::string text = (records < kCountedMax ? "" : "at least ") + std::to_string(records) +
                     (records == 1 ? " record" : " records") + " with changes made here cannot get to the " +
                     (isApp ? "other app" : "hub") + ", as ";
  if (inFields)
    return text + "it does not share all fields of " + named(collections) +
           "; have them shared, or keep them in records of a collection of your own";
  if (!collections.empty())
    return text + (isApp ? "it does not share " : "the token does not grant ") + named(collections) +
           (isApp ? "; have that shared" : "; ask for a token that does, and have the old one revoked") +
           ", or name the collections to synchronize";
  if (mode == ConnectionMode::readOnly)
    text += "the mode of the connection is readOnly; connect in another mode";
  else
    text +=
        "the token may only read, or the hub is a read-only replica; ask for a token that may write, and have "
        "the old one revoked; or connect with the source of the replica";
  return text + ", or keep such records in collections that are not synchronized";
}

}  // namespace blazedb::topology
