#include "sim/onlooker.h"

#include "db/query_plan.h"

namespace blazedb::sim {
namespace {

constexpr const char* kCollections[] = {"notes", "people"};

std::map<UUID, Record> allOf(const db::Snapshot& snapshot, const std::string& collection) {
  std::map<UUID, Record> all;
  snapshot.forEach(collection, [&](const Record& record) {
    all[*record.id()] = record;
    return true;
  });
  return all;
}

}  // namespace

Onlooker::Onlooker(db::Engine& engine) : engine_(engine) {
  for (const char* name : kCollections) {
    Seen& seen = collections_[name];
    subscriptions_.push_back(
        engine_.observers().observe(name, [&seen](const std::vector<RecordChange>& changes) { seen.take(changes); }));
    seen.records = allOf(engine_.snapshot(), name);
    for (std::optional<std::uint64_t> limit : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(4)}) {
      db::QueryPlan plan{.engine = nullptr, .collection = name};
      plan.where = db::bound("a IS VALUED", {});
      plan.sorts = {{db::bound("a", {}), false}, {db::bound("b", {}), true}};
      plan.limit = limit;
      queries_.push_back({std::move(plan), {}});
    }
  }
  for (Followed& each : queries_)
    subscriptions_.push_back(
        engine_.observers().observe(each.plan, [&each](const QueryUpdate& update) { update.applyTo(each.result); }));
}

void Onlooker::Seen::take(const std::vector<RecordChange>& changes) {
  for (const RecordChange& change : changes) {
    bool isKnown = records.contains(change.id), isNew = change.kind == RecordChange::Kind::inserted;
    if (isKnown == isNew) wrong = "the record " + change.id.toString() + (isNew ? " has come twice" : " was not known");
    if (change.kind == RecordChange::Kind::removed)
      records.erase(change.id);
    else
      records[change.id] = change.record;
  }
}

std::string Onlooker::look() {
  engine_.observers().tell();
  for (const auto& [name, seen] : collections_) {
    if (!seen.wrong.empty()) return "an observer of " + name + " was told: " + seen.wrong;
    if (seen.records != allOf(engine_.snapshot(), name)) return "an observer of " + name + " has missed a change";
  }
  for (const Followed& each : queries_) {
    db::QueryPlan plan = each.plan;
    plan.at = {&engine_.snapshot(), {}};
    std::vector<Record> now;
    db::Scan(plan).inOrder([&](const db::Found& found) { now.push_back(plan.shown(found.id, found.fields)); });
    if (now != each.result) return "a live query of " + each.plan.collection + " has another result than the query";
  }
  return "";
}

}  // namespace blazedb::sim
