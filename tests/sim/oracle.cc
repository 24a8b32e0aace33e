#include "sim/oracle.h"

#include <algorithm>

#include "support/read_record.h"
#include "sync/frames.h"

namespace blazedb::sim {
namespace {

std::string text(const sync::Stamp& stamp) {
  return "(" + std::to_string(stamp.authority) + "," + std::to_string(stamp.time) + "," +
         std::to_string(stamp.writer % 10'000) + ")";
}

template <class Writes>
sync::Stamp highestCertain(const Writes& writes) {
  sync::Stamp highest;
  for (const auto& write : writes)
    if (write.certain && !write.stranded) highest = std::max(highest, write.stamp);
  return highest;
}

template <class Writes>
bool known(const Writes& writes, const sync::Stamp& stamp) {
  return std::any_of(writes.begin(), writes.end(), [&](const auto& write) { return write.stamp == stamp; });
}

}  // namespace

sync::Stamp Stored::latest() const {
  sync::Stamp latest = base;
  for (const auto& [name, field] : fields) latest = std::max(latest, field.stamp);
  return latest;
}

std::uint64_t Stored::authority() const {
  std::uint64_t highest = std::max(base.authority, tomb.authority);
  for (const auto& [name, field] : fields) highest = std::max(highest, field.stamp.authority);
  return highest;
}

Stored Stored::within(const sync::Scope& scope) const {
  Stored part = *this;
  std::erase_if(part.fields, [&](const auto& field) { return scope.excludes(field.first); });
  return part;
}

std::map<std::string, Stored::Field> Stored::visible() const {
  std::map<std::string, Field> visible = fields;
  std::erase_if(visible, [](const auto& field) { return field.second.removed; });
  return visible;
}

Stored toStored(const sync::RecordState& state) {
  Stored stored;
  stored.base = state.base.stamp;
  stored.tomb = state.tomb.stamp;
  stored.floor = state.floor.stamp;
  std::vector<bool> removed = state.withoutValue();
  for (std::size_t i = 0; i < state.cells.size(); i++) {
    const sync::Cell& cell = state.cells[i];
    stored.fields[std::string(cell.name)] = {cell.stamp, {cell.value.begin(), cell.value.end()}, removed[i]};
  }
  stored.alive = state.alive();
  stored.whole = state.whole;
  return stored;
}

std::optional<Stored> stored(sync::Store& store, const Key& key) {
  sync::BatchWriter out;
  if (!test::readRecord(store, {key.first, key.second}, {}, out)) return std::nullopt;
  base::Bytes frame = out.finishRows(true, {});
  std::optional<sync::Rows> rows = sync::decodeRows(frame);
  std::optional<sync::RecordState> state = sync::decodeState(rows->changes[0].stamps, rows->changes[0].fields, 0);
  return toStored(*state);
}

void Oracle::observe(int replica, const Key& key, const Stored& before, const Stored& after, bool acknowledged,
                     bool durable, const sync::Stamp& operation) {
  History& history = histories_[key];
  Write write;
  write.replica = replica;
  write.certain = acknowledged;
  write.durable = durable;
  auto add = [&](std::vector<Write>& to, const sync::Stamp& stamp) {
    write.number = ++writes_;
    write.stamp = stamp;
    to.push_back(write);
  };
  if (after.base != before.base) add(history.bases, after.base);
  if (after.tomb != before.tomb) add(history.tombs, after.tomb);
  for (const auto& [name, field] : after.fields) {
    auto old = before.fields.find(name);
    if (old != before.fields.end() && old->second.stamp == field.stamp) continue;
    write.value = field.value;
    write.removes = field.removed;
    add(history.fields[name], field.stamp);
  }
  if (!operation.present() || !before.alive || !after.alive) return;
  for (const auto& [name, field] : before.visible()) {
    if (after.fields.contains(name)) continue;
    write.value = {};
    write.removes = true;
    add(history.fields[name], operation);
  }
}

bool Oracle::hasDeletes() const {
  return std::any_of(histories_.begin(), histories_.end(), [](const auto& each) { return !each.second.tombs.empty(); });
}

void Oracle::powerCut(int replica) {
  for (auto& [key, history] : histories_)
    history.each([&](Write& write) {
      if (write.replica == replica && !write.durable) write.certain = false;
    });
}

void Oracle::restored(int replica, std::size_t asOf) {
  for (auto& [key, history] : histories_)
    history.each([&](Write& write) {
      if (write.replica == replica && write.number > asOf) write.certain = false;
    });
}

void Oracle::linked(int replica, const sync::Scope& scope) {
  auto strand = [&](std::vector<Write>& writes) {
    for (Write& write : writes)
      if (write.replica == replica) {
        write.stranded = true;
        write.certain = write.certain && !hubLost_;
      }
  };
  for (auto& [key, history] : histories_) {
    bool outside = !scope.has(key.first);
    if (outside) strand(history.bases);
    if (outside) strand(history.tombs);
    for (auto& [name, writes] : history.fields)
      if (outside || scope.excludes(name)) strand(writes);
  }
}

void Oracle::hubLost() {
  hubLost_ = true;
  for (auto& [key, history] : histories_)
    history.each([](Write& write) {
      if (write.stranded) write.certain = false;
    });
}

void Oracle::valuesDropped(const Key& key) {
  for (auto& [name, writes] : histories_[key].fields)
    for (Write& write : writes) write.certain = false;
}

std::set<Key> Oracle::keys() const {
  std::set<Key> keys;
  for (const auto& [key, history] : histories_) keys.insert(key);
  return keys;
}

std::string Oracle::check(const Key& key, const Stored* final, const sync::Scope& scope) const {
  auto found = histories_.find(key);
  if (found == histories_.end()) return final && final->alive ? "nobody wrote it" : "";
  const History& history = found->second;
  sync::Stamp latest = highestCertain(history.bases);
  for (const auto& [name, writes] : history.fields)
    if (!scope.excludes(name)) latest = std::max(latest, highestCertain(writes));
  sync::Stamp tomb = highestCertain(history.tombs);

  if (!final || !final->alive) {
    // Two deletes of one record need not meet: a peer without data between the two replicas gets neither.
    sync::Stamp deleted = std::max(tomb, final ? final->tomb : sync::Stamp{});
    if (!final || forgetful_)  // writes that a forgotten delete covered stay deleted
      for (const Write& write : history.tombs) deleted = std::max(deleted, write.stamp);
    if (latest > deleted)
      return "a certain write " + text(latest) + " is lost: the record is " +
             (final ? "dead at " : "gone, deleted at ") + text(deleted);
    return "";
  }
  if (!known(history.bases, final->base)) return "base " + text(final->base) + " was written by nobody";
  if (final->tomb.present() && !known(history.tombs, final->tomb))
    return "tomb " + text(final->tomb) + " was written by nobody";
  if (final->floor.present() && !known(history.tombs, final->floor))
    return "floor " + text(final->floor) + " was no delete";
  if (!forgetful_ && final->tomb < tomb) return "the delete " + text(tomb) + " is lost";
  // If deletes may be forgotten, a replica that had less of the record may bring back what the delete covered.
  sync::Stamp covered;
  if (forgetful_)
    for (const Write& write : history.tombs) covered = std::max(covered, write.stamp);
  sync::Stamp inserted = highestCertain(history.bases);
  if (final->base < inserted && inserted > covered) return "the insert " + text(inserted) + " is lost";
  for (const auto& [name, kept] : final->fields) {
    const auto& field = kept;  // in clang 14 a lambda cannot capture a structured binding
    auto writes = history.fields.find(name);
    if (writes == history.fields.end()) return "the field '" + name + "' was written by nobody";
    bool genuine = std::any_of(writes->second.begin(), writes->second.end(), [&](const Write& write) {
      return write.stamp == field.stamp && write.value == field.value;
    });
    if (!genuine) return "the value of '" + name + "' at " + text(field.stamp) + " was written by nobody";
  }
  for (const auto& [name, writes] : history.fields) {
    sync::Stamp must = highestCertain(writes);
    if (scope.excludes(name) || !must.present() || must <= final->floor || must <= covered) continue;
    auto field = final->fields.find(name);
    // A delete covered it, and a later insert had not seen that delete: where its values are purged, it stays away.
    bool purged = std::any_of(history.tombs.begin(), history.tombs.end(),
                              [&](const Write& write) { return must <= write.stamp && write.stamp < final->base; });
    if (purged && field == final->fields.end()) continue;
    auto removes = [&](const Write& write) { return write.stamp >= must && write.removes; };
    auto own = history.fields.find(std::string(codec::fieldOf(name)));  // a counter is removed with its parts
    bool removal = std::any_of(writes.begin(), writes.end(), removes) ||
                   (own != history.fields.end() && std::any_of(own->second.begin(), own->second.end(), removes));
    // It may be forgotten by now, and somebody who had not heard of it may have brought the field back.
    if (removal && (field == final->fields.end() || forgetful_ || forgetsRemovals_)) continue;
    if (field == final->fields.end()) return "the write of '" + name + "' at " + text(must) + " is lost";
    if (field->second.stamp < must)
      return "the field '" + name + "' holds " + text(field->second.stamp) + ", older than the certain " + text(must);
  }
  return "";
}

std::string Oracle::checkStranded(int replica, const Key& key, const Stored* its, const Stored* hubs) const {
  auto found = histories_.find(key);
  if (found == histories_.end()) return "";
  const History& history = found->second;
  // Up to `gone` the record was deleted, perhaps by a replica that has forgotten it; at `base` it was inserted again.
  sync::Stamp gone, base;
  for (const Write& write : history.tombs) gone = std::max(gone, write.stamp);
  for (const Stored* held : {its, hubs})
    if (held) base = std::max(base, held->base);
  auto lost = [&](const Write& write, const sync::Stamp& held) {
    return write.replica == replica && write.certain && write.stranded && !write.removes &&
           write.stamp > std::max({gone, base, held});
  };
  for (const Write& write : history.bases)
    if (lost(write, {})) return "the insert " + text(write.stamp) + ", which could not be sent, is lost";
  for (const auto& [name, writes] : history.fields) {
    sync::Stamp held;
    for (const Stored* each : {its, hubs})
      if (each && each->fields.contains(name)) held = std::max(held, each->fields.at(name).stamp);
    for (const Write& write : writes)
      if (write.removes) held = std::max(held, write.stamp);  // it may be forgotten by now
    for (const Write& write : writes)
      if (lost(write, held))
        return "the write of '" + name + "' at " + text(write.stamp) + ", which could not be sent, is lost";
  }
  return "";
}

}  // namespace blazedb::sim
