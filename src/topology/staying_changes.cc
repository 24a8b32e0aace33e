#include "topology/staying_changes.h"

#include <algorithm>
#include <map>
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

std::vector<replica::Unsent> Carried::leftOut(replica::Replica& replica, const UUID& peer,
                                              const sync::Scope& wanted) const {
  std::vector<replica::Unsent> questions;
  auto ask = [&](sync::Scope part, std::uint64_t acknowledged, bool onlyValues) {
    questions.push_back({peer, std::move(part), onlyValues, acknowledged, acknowledged});
  };
  if (scope == wanted) return questions;
  std::map<std::uint64_t, std::vector<std::string>> leftOut;
  for (std::string& name : replica.collectionNames()) {
    if (!wanted.has(name) || (scope && scope->has(name))) continue;
    sync::Scope alone = sync::makeScope(std::vector{name}, wanted.excludedFields, wanted.fields);
    leftOut[replica.acknowledgedTo(peer, alone)].push_back(std::move(name));
  }
  for (auto& [acknowledged, names] : leftOut)
    ask(sync::makeScope(std::move(names), wanted.excludedFields, wanted.fields), acknowledged, false);
  if (!scope) return questions;
  if (std::optional<sync::Scope> fields = sync::fieldsLeftOut(wanted, *scope)) {
    std::uint64_t acknowledged = replica.acknowledgedTo(peer, *fields);
    ask(std::move(*fields), acknowledged, true);
  }
  return questions;
}

void StayingChanges::look(replica::Replica& replica, const sync::Scope& wanted) {
  std::uint64_t end = replica.store().feedEnd();
  if (end == seenTo_) return;
  for (replica::Unsent& question : carried_->leftOut(replica, *peer_, wanted)) {
    question.after = std::max(question.after, seenTo_);
    replica.visitUnsent(question, [&](std::string_view collection, const UUID& id, bool lacks) {
      mutex_.isHeld();
      if (!lacks && staying_.empty()) return;
      sync::RecordKey key{std::string(collection), id};
      if (!lacks)
        staying_.erase(key);
      else if (staying_.size() < kCountedMax)
        staying_.insert(std::move(key));
      else
        hasMore_ |= !staying_.contains(key);
    });
  }
  seenTo_ = end;
}

StayingChanges::Found StayingChanges::find(replica::Replica& replica, const sync::SessionStatus& session,
                                           const sync::Scope& wanted) {
  Carried carried(session);
  base::Lock lock(mutex_);
  auto forget = [&] {
    mutex_.isHeld();
    staying_.clear();
    hasMore_ = false;
    seenTo_ = 0;
  };
  if (peer_ != session.peer->replica || carried_ != carried) {
    forget();
    peer_ = session.peer->replica;
    carried_ = carried;
  }
  look(replica, wanted);
  if (hasMore_ && staying_.size() < kCountedMax) {  // the others have their turn
    forget();
    look(replica, wanted);
  }
  Found found;
  found.records = staying_.size();
  if (!carried.scope) return found;
  for (const sync::RecordKey& key : staying_)
    (carried.scope->has(key.collection) ? found.partly : found.collections).insert(key.collection);
  return found;
}

bool StayingChanges::isNews() {
  base::Lock lock(mutex_);
  return std::exchange(told_, staying_.size()) != staying_.size();
}

std::string StayingChanges::Found::advice(ConnectionMode mode, bool isApp) const {
  std::string text = "changes of " + std::string(records < kCountedMax ? "" : "at least ") + std::to_string(records) +
                     (records == 1 ? " record" : " records") + " cannot get to the " + (isApp ? "other app" : "hub") +
                     ", as ";
  if (!collections.empty() || !partly.empty()) {
    text += isApp ? "it does not share " : "the token does not grant ";
    text += collections.empty() ? "" : named(collections);
    text += collections.empty() || partly.empty() ? "" : ", nor ";
    text += partly.empty() ? "" : "all fields of " + named(partly);
    text += isApp ? "; have that shared" : "; ask for a token that does, and have the old one revoked";
    return text + (collections.empty() ? ", or keep such fields in a collection of your own"
                                       : ", or name the collections to synchronize");
  }
  if (mode == ConnectionMode::readOnly)
    text += "the mode of the connection is readOnly; connect in another mode";
  else
    text +=
        "the token may only read, or the hub is a read-only replica; ask for a token that may write, and have "
        "the old one revoked; or connect with the source of the replica";
  return text + ", or keep such records in collections that are not synchronized";
}

}  // namespace blazedb::topology
