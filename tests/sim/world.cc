#include "sim/world.h"

#include <algorithm>
#include <sstream>

#include "blazedb/error.h"
#include "codec/fields.h"

namespace blazedb::sim {
namespace {

constexpr const char* kPath = "db";
constexpr const char* kCollections[] = {"notes", "people"};
constexpr const char* kShared = "turn";
constexpr const char* kCount = "count";
constexpr const char* kFields[] = {"a", "b", "c", "d"};
constexpr std::uint64_t kStepsMax = 400'000;
const std::vector<std::uint8_t> kKey(32, 7);

std::string describe(const base::Bytes& frame) {
  static constexpr const char* kNames[] = {"?",    "Hello",  "Subscribe", "Welcome",   "Batch", "Ack",  "Need",
                                           "Rows", "Digest", "Buckets",   "Inventory", "Bye",   "Ping", "Pong"};
  std::ostringstream out;
  out << kNames[frame[0]] << " of " << frame.size() << " bytes";
  std::vector<sync::Change> changes;
  if (auto batch = sync::decodeBatch(frame)) {
    out << " (" << batch->from << ", " << batch->to << "]";
    changes = batch->changes;
  }
  if (auto rows = sync::decodeRows(frame)) changes = rows->changes;
  for (const sync::Change& change : changes)
    out << ' ' << change.collection[0] << '/' << change.id.toString().substr(0, 4) << (change.complete ? "" : "*")
        << (change.endsTransaction ? "." : "");
  return out.str();
}

}  // namespace

World::World(std::uint64_t seed, std::ostream* trace) : dice_(seed), modes_(~seed), looks_(seed + 1), trace_(trace) {}

World::~World() {
  links_.clear();
  for (auto& replica : replicas_) {
    replica->onlooker.reset();
    replica->engine.reset();
  }
}

template <class... Parts>
void World::note(const Parts&... parts) {
  std::ostringstream line;
  line << nowMs_ << ' ';
  (line << ... << parts);
  for (char c : line.str()) report_.hash = (report_.hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;  // FNV-1a
  if (trace_) *trace_ << line.str() << '\n';
}

void World::fail(const std::string& what) {
  note("FAILED: ", what);
  report_.failures.push_back(what);
}

Report World::run() {
  report_.hash = 14695981039346656037ull;
  build();
  chaos();
  heal();
  judge();
  return report_;
}

// ----------------------------------------------------------------------------------------------------
// building

void World::build() {
  int count = static_cast<int>(dice_.percent(40) ? 2 : dice_.between(3, dice_.percent(20) ? 9 : 5));
  lossy_ = dice_.percent(40);
  brutal_ = dice_.percent(50);
  if (dice_.percent(25)) retention_ = std::chrono::minutes(10);
  if (dice_.percent(50)) {
    removedFieldsKept_ = dice_.below(3);
    oracle_.removalsMayBeForgotten();
  }
  fleet_ = checked_ = dice_.percent(20);
  restless_ = fleet_ && dice_.percent(50);
  small_ = dice_.percent(50);
  oneWay_ = modes_.percent(25);
  for (int i = 0; i < count; i++) {
    replicas_.push_back(std::make_unique<Replica>(i, nowMs_, dice_.roll()));
    Replica& replica = *replicas_.back();
    replica.role = dice_.percent(i == 0 ? 70 : 15) ? sync::Role::server : sync::Role::client;
    replica.relays = replica.role == sync::Role::server;
    replica.durability = dice_.percent(25) ? Durability::normal : Durability::full;
    replica.clock.skewMs = dice_.between(-60'000, 60'000);
    if (fleet_ && i > 0) replica.scope = anyScope();
    open(replica);
  }
  auto link = [&](int a, int b) {
    links_.emplace_back();
    links_.back().ends[0] = a;
    links_.back().ends[1] = b;
    links_.back().keeps = fleet_ || dice_.percent(30);
  };
  std::uint64_t shape = fleet_ ? 0 : dice_.below(4);
  for (int i = 1; i < count; i++)
    link(shape == 0 ? 0 : shape == 1 ? i - 1 : static_cast<int>(dice_.below(static_cast<std::uint64_t>(i))), i);
  if (shape == 1 && count > 2 && dice_.percent(50)) link(count - 1, 0);  // a ring
  if (shape == 3)
    for (int i = 0; i < count; i++) {
      int a = static_cast<int>(dice_.below(static_cast<std::uint64_t>(count))),
          b = static_cast<int>(dice_.below(static_cast<std::uint64_t>(count)));
      bool there = std::any_of(links_.begin(), links_.end(), [&](const Link& l) {
        return (l.ends[0] == a && l.ends[1] == b) || (l.ends[0] == b && l.ends[1] == a);
      });
      if (a != b && !there) link(a, b);
    }
  note(count, " replicas, ", links_.size(), " links, shape ", shape, lossy_ ? ", lossy" : "", brutal_ ? ", brutal" : "",
       fleet_ ? ", a fleet" : "");
  for (auto& replica : replicas_)
    note(replica->name, replica->role == sync::Role::server ? " server" : " client",
         replica->durability == Durability::full ? " full" : " normal");
  for (int i = 0; i < 14; i++) {
    UUID id;
    dice_.fill(id.bytes);
    (i < 10 ? ids_ : i < 12 ? shared_ : counts_).push_back(id);
  }
}

sync::Scope World::anyScope() {
  std::optional<std::vector<std::string>> collections;
  std::uint64_t narrow = restless_ ? 60 : 40;
  if (dice_.percent(narrow)) collections = {{kCollections[dice_.below(2)]}};
  std::vector<std::string> excluded;
  if (dice_.percent(narrow)) excluded.emplace_back(kFields[0]);
  return sync::makeScope(std::move(collections), std::move(excluded));
}

// The hub takes the client's token away, or gives it another one, perhaps with other rights.
void World::revoke(Link& link) {
  link.revoked = !link.revoked;
  Replica& client = *replicas_[static_cast<std::size_t>(link.ends[1])];
  if (link.revoked) {
    note("the token of ", client.name, " is revoked");
    if (!connected(link)) return;
    link.sessions[0]->stop(ErrorCode::NotAllowed, "the token was revoked");
    collect(link);
    return disconnect(link, "revoked");
  }
  if (dice_.percent(restless_ ? 90 : 50)) {
    client.scope = anyScope();
    groups_.clear();  // a part of a transaction that is not sent yet may stay behind
    oracle_.linked(client.number, client.scope);
    link.leavesOthers = dice_.percent(50);
    if (link.leavesOthers) oracle_.deletesMayBeForgotten();
  }
  note(client.name, " gets a token", link.leavesOthers ? ", and gives up what it no longer covers" : "");
}

db::EngineOptions World::options(const Replica& replica) const {
  db::EngineOptions options;
  options.name = replica.name;
  options.role = replica.role == sync::Role::server ? SyncRole::server : SyncRole::client;
  options.durability = replica.durability;
  options.tombstoneRetention = retention_;
  options.removedFieldsKept = removedFieldsKept_;
  options.tellsObservers = false;  // look() does
  return options;
}

void World::open(Replica& replica) {
  replica.engine = db::Engine::open({replica.files, replica.clock, replica.random}, kPath,
                                    storage::KeySource::rawKey(kKey), options(replica));
  if (replica.number % 2 == 0) return;
  // It has indexes too, which belong to the file and change nothing that the others see.
  replica.engine->indexes().create("notes", {"ab", {"a", "b"}, false, ""}, {});
  replica.onlooker = std::make_unique<Onlooker>(*replica.engine);
}

void World::look(Replica& replica) {
  if (!replica.onlooker || !replica.engine || replica.files.isOff()) return;
  std::string wrong = replica.onlooker->look();
  if (!wrong.empty()) fail(replica.name + ": " + wrong);
}

void World::down(Replica& replica, bool powerCut) {
  for (Link& link : links_)
    if (connected(link) && (link.ends[0] == replica.number || link.ends[1] == replica.number))
      disconnect(link, "an end goes down");
  replica.files.powerOff();
  replica.onlooker.reset();
  replica.engine.reset();
  // What a hub loses comes back from its clients, as far as their links carry it.
  if (powerCut && fleet_) groups_.clear();
  if (powerCut && replica.number == 0) checked_ = false;
  if (powerCut) mayRepair_ |= replica.sparesNewcomer;
  if (powerCut) {
    oracle_.powerCut(replica.number);
    for (auto& [key, increments] : counters_)
      for (Increment& each : increments)
        if (each.replica == replica.number && !each.durable) each.certain = false;
    replica.files.restart(dice_.roll());
  } else {
    replica.files.restart();
  }
  note(replica.name, powerCut ? " loses power" : " is killed");
}

void World::maintain(Replica& replica) {
  try {
    std::uint64_t before = replica.engine->purgeHorizon();
    replica.engine->maintain();
    replica.hasForgotten |= replica.engine->purgeHorizon() > before;
  } catch (const Error& error) {
    if (!replica.files.isOff()) return fail(std::string("upkeep failed: ") + error.what());
    down(replica, true);
  }
  feedsMoved();
}

void World::restore(Replica& replica) {
  down(replica, false);
  if (replica.number == 0) {
    checked_ = false;
    oracle_.hubLost();
  }
  if (fleet_) groups_.clear();
  mayRepair_ |= replica.hasForgotten || replica.sparesNewcomer;
  for (const std::string& file : replica.files.list()) replica.files.remove(file);
  replica.files.syncFolder(kPath);
  for (const auto& [file, bytes] : replica.backup->files) replica.files.setContents(file, bytes);
  oracle_.restored(replica.number, replica.backup->asOf);
  for (auto& [key, increments] : counters_)
    for (Increment& each : increments)
      if (each.replica == replica.number && each.number > replica.backup->asOf) each.certain = false;
  note(replica.name, " is restored from a copy of its file");
}

// One replica is away for so long that tombstones are purged. Or all are, and keep writing, so that all come back at
// once with deletes that were forgotten before any other replica got them.
void World::longAway(Replica& replica) {
  oracle_.deletesMayBeForgotten();
  bool all = dice_.percent(50);
  if (!all && replica.engine) down(replica, false);
  if (all) {
    note("everybody is away for long");
    for (Link& link : links_) {
      link.cut = true;
      if (connected(link)) disconnect(link, "cut");
    }
  }
  for (int i = 0; i < 3; i++) {
    for (std::uint64_t writes = all ? dice_.below(2 * replicas_.size()) : 0; writes > 0; writes--) {
      Replica& writer = *replicas_[dice_.below(replicas_.size())];
      if (writer.engine) write(writer);
    }
    advance(nowMs_ + dice_.between(4, 8) * 60'000);
    for (auto& other : replicas_)
      if (other->engine) maintain(*other);
  }
  if (!all) return;
  for (Link& link : links_) link.cut = false;
  note("everybody comes back");
}

// A copy of a file joins as a new replica.
void World::cloneInto(Replica& from) {
  auto number = static_cast<int>(replicas_.size());
  replicas_.push_back(std::make_unique<Replica>(number, nowMs_, dice_.roll()));
  Replica& copy = *replicas_.back();
  copy.durability = from.durability;
  copy.scope = from.scope;
  copy.relays = from.relays;
  for (const std::string& file : from.files.list()) copy.files.setContents(file, from.files.contents(file));
  open(copy);
  copy.engine->renewReplicaId();
  links_.emplace_back();
  links_.back().ends[0] = fleet_ ? 0 : static_cast<int>(dice_.below(static_cast<std::uint64_t>(number)));
  links_.back().ends[1] = number;
  links_.back().keeps = fleet_ || dice_.percent(30);
  oracle_.deletesMayBeForgotten();
  note(copy.name, " is a copy of ", from.name, ", linked with R", links_.back().ends[0]);
}

// ----------------------------------------------------------------------------------------------------
// chaos

void World::chaos() {
  std::int64_t rounds = dice_.between(20, 120);
  for (std::int64_t round = 0; round < rounds && report_.failures.empty(); round++) {
    Replica& replica = *replicas_[dice_.below(replicas_.size())];
    Link& link = links_[dice_.below(links_.size())];
    if (fleet_ && dice_.percent(restless_ ? 15 : 3)) revoke(link);
    std::uint64_t what = dice_.below(100);
    if (what < 38) {
      if (replica.engine) write(replica);
    } else if (what < 45) {
      if (replica.engine && !fleet_) count(replica);
    } else if (what < 52) {
      if (replica.engine) writeTransaction(replica);
    } else if (what < 75) {
      advance(nowMs_ + dice_.between(1, 60));
    } else if (what < 80) {
      advance(nowMs_ + dice_.between(500, 3000));
    } else if (what < 86) {
      link.cut = !link.cut;
      note("link R", link.ends[0], "-R", link.ends[1], link.cut ? " is cut" : " is mended");
      if (link.cut && connected(link)) disconnect(link, "cut");
    } else if (what < 90) {
      if (replica.engine) {
        down(replica, brutal_ && dice_.percent(60));
      } else {
        open(replica);
        note(replica.name, " is opened");
      }
    } else if (what < 93) {
      if (replica.engine) maintain(replica);
    } else if (what < 95) {
      replica.clock.skewMs = dice_.between(-60'000, 60'000);
    } else if (brutal_ && what < 97) {
      if (!replica.backup && replica.engine) {
        replica.backup.emplace();
        replica.backup->asOf = oracle_.now();
        for (const std::string& file : replica.files.list()) replica.backup->files[file] = replica.files.contents(file);
        note(replica.name, " is copied");
      } else if (replica.backup && replica.engine) {
        oracle_.deletesMayBeForgotten();
        restore(replica);
      }
    } else if (brutal_ && what < 98) {
      if (replica.engine && replicas_.size() < 9) cloneInto(replica);
    } else if (retention_ < std::chrono::hours(1)) {
      longAway(replica);
    } else if (brutal_ && replica.engine) {
      // Power goes off inside the next operations.
      replica.files.powerOffAtSync(static_cast<std::uint64_t>(dice_.between(1, 6)));
    }
    // A replica that stays down too long learns nothing.
    if (!replica.engine && dice_.percent(15)) {
      open(replica);
      note(replica.name, " is opened");
    }
  }
}

// ----------------------------------------------------------------------------------------------------
// people do

Key World::anyKey() { return {kCollections[dice_.below(2)], ids_[dice_.below(ids_.size())]}; }

Record World::anyRecord() {
  Record record;
  std::int64_t fields = dice_.between(1, 4);
  for (std::int64_t i = 0; i < fields; i++) {
    // Mostly a unique value, so that its writer can be identified.
    Value value = dice_.percent(10) ? Value(std::int64_t{1}) : Value(++counter_);
    record.set(kFields[dice_.below(4)], value);
  }
  // A write of excluded fields alone keeps a record alive only where it was made; this simulation makes no such writes.
  if (fleet_) record.set(kFields[1], Value(++counter_));
  return record;
}

void World::write(Replica& replica) {
  Key key = anyKey();
  Record record = anyRecord();
  db::Engine& engine = *replica.engine;
  std::optional<Record> old;
  try {
    old = engine.snapshot().fetch(key.first, key.second);
  } catch (const Error& error) {
    if (!replica.files.isOff()) return fail(std::string("a read failed: ") + error.what());
    return down(replica, true);
  }
  bool alive = old.has_value();
  std::uint64_t what = dice_.below(100);
  std::optional<Record> expected;
  std::function<void(db::Changes&)> body;
  const char* name = "insert";
  if (!alive) {
    expected = record;
    body = [&](db::Changes& c) { c.insert(key.first, key.second, record); };
  } else if (what < 10) {
    name = "increment";
    const char* field = kFields[fleet_ ? 1 : dice_.below(4)];
    std::int64_t by = dice_.between(-5, 5);
    expected = old;
    expected->set(field, old->integer(field).value_or(0) + by);
    body = [&, field, by](db::Changes& c) { c.increment(key.first, key.second, field, by); };
  } else if (what < 45) {
    name = "updateFields";
    expected = old;
    for (const Field& field : record) expected->set(field.name, field.value);
    body = [&](db::Changes& c) { c.updateFields(key.first, key.second, record); };
  } else if (what < 65) {
    name = "update";
    expected = record;
    body = [&](db::Changes& c) { c.update(key.first, key.second, record); };
  } else if (what < 75) {
    name = "upsert";
    expected = record;
    body = [&](db::Changes& c) { c.upsert(key.first, key.second, record); };
  } else if (what < 97) {
    name = "remove";
    body = [&](db::Changes& c) { c.remove(key.first, key.second); };
  } else {
    name = "purge";
    oracle_.valuesDropped(key);
    body = [&](db::Changes& c) { c.purge(key.first, key.second); };
  }
  note(replica.name, ' ', name, ' ', key.first, '/', key.second.toString().substr(0, 4), " = ", counter_);
  if (!operate(replica, key, body) || !replica.engine) return;
  std::optional<Record> now = engine.snapshot().fetch(key.first, key.second);
  if (now.has_value() != expected.has_value() || (now && !(*now == *expected)))
    fail(std::string(name) + " left something else behind than it was told to");
}

void World::count(Replica& replica) {
  Key key{kCollections[0], counts_[dice_.below(counts_.size())]};
  Increment increment{replica.number, 0, dice_.between(1, 5), false, replica.durability == Durability::full};
  note(replica.name, " counts ", key.second.toString().substr(0, 4), " + ", increment.by);
  increment.certain = operate(replica, key, [&](db::Changes& c) {
    c.upsertFields(key.first, key.second, db::FieldsChange{{}, {{kCount, increment.by}}});
  });
  increment.number = oracle_.now();
  counters_[key].push_back(increment);
}

bool World::operate(Replica& replica, const Key& key, const std::function<void(db::Changes&)>& body) {
  Stored before = stored(*replica.engine, key).value_or(Stored{});
  bool acknowledged = true;
  sync::Stamp operation;
  try {
    replica.engine->write([&](db::Changes& changes) {
      body(changes);
      std::uint64_t time = changes.mirror().clock.last();
      operation = {replica.role == sync::Role::server ? time : before.authority(), time, changes.author().incarnation};
    });
  } catch (const Error& error) {
    note(replica.name, " could not: ", errorName(error.code()));
    acknowledged = false;
    if (!replica.files.isOff()) {
      fail(std::string("a write failed: ") + error.what());
      return false;
    }
    down(replica, true);
    open(replica);
  }
  Stored after = stored(*replica.engine, key).value_or(Stored{});
  oracle_.observe(replica.number, key, before, after, acknowledged, replica.durability == Durability::full, operation);
  if (!replica.scope.full()) oracle_.linked(replica.number, replica.scope);
  report_.writes++;
  if (acknowledged) {
    if (after.tomb != before.tomb && after.fields.empty()) oracle_.valuesDropped(key);
    std::uint64_t seen = before.authority();
    auto check = [&](const sync::Stamp& stamp) {
      if (stamp.authority != (replica.role == sync::Role::server ? stamp.time : seen) || stamp <= before.latest() ||
          stamp <= before.tomb)
        fail("a write got the wrong stamp");
    };
    if (after.base != before.base) check(after.base);
    if (after.tomb != before.tomb) check(after.tomb);
  }
  feedsMoved();
  return acknowledged;
}

void World::writeTransaction(Replica& replica) {
  Group group;
  std::int64_t size = dice_.between(2, 6);
  for (std::int64_t i = 0; i < size; i++) {
    UUID id;
    dice_.fill(id.bytes);
    group.keys.push_back({kCollections[dice_.below(2)], id});
  }
  Stored sharedBefore;
  if (dice_.percent(50)) {
    group.shared = Key{kCollections[0], shared_[dice_.below(shared_.size())]};
    sharedBefore = stored(*replica.engine, *group.shared).value_or(Stored{});
  }
  bool abandon = dice_.percent(10);
  note(replica.name, abandon ? " abandons" : " commits", " a transaction of ", size, " records");
  struct Abandoned {};
  bool acknowledged = true;
  try {
    replica.engine->write([&](db::Changes& changes) {
      for (const Key& key : group.keys)
        changes.insert(key.first, key.second, {{"group", static_cast<std::int64_t>(groups_.size())}});
      if (group.shared) changes.upsert(group.shared->first, group.shared->second, {{kShared, Value(++counter_)}});
      if (abandon) throw Abandoned{};
    });
  } catch (const Abandoned&) {
  } catch (const Error& error) {
    acknowledged = false;
    if (!replica.files.isOff()) return fail(std::string("a transaction failed: ") + error.what());
    down(replica, true);
    open(replica);
  }
  std::size_t there = 0;
  for (const Key& key : group.keys) {
    std::optional<Stored> after = stored(*replica.engine, key);
    if (after) there++;
    oracle_.observe(replica.number, key, {}, after.value_or(Stored{}), acknowledged && !abandon,
                    replica.durability == Durability::full);
    report_.writes++;
  }
  if (group.shared) {
    Stored after = stored(*replica.engine, *group.shared).value_or(Stored{});
    oracle_.observe(replica.number, *group.shared, sharedBefore, after, acknowledged && !abandon,
                    replica.durability == Durability::full);
    group.wrote = after.latest();
  }
  if (!replica.scope.full()) oracle_.linked(replica.number, replica.scope);
  if (there != 0 && there != group.keys.size()) fail("a transaction is there in part where it was made");
  if (abandon && there != 0) fail("an abandoned transaction left something behind");
  std::erase_if(group.keys, [&](const Key& key) { return !replica.scope.has(key.first); });
  if (there == 0 || (group.shared && !replica.scope.has(group.shared->first))) group.shared.reset();
  groups_.push_back(std::move(group));
  feedsMoved();
}

// ----------------------------------------------------------------------------------------------------
// links

void World::connect(Link& link) {
  Replica& a = *replicas_[static_cast<std::size_t>(link.ends[0])];
  Replica& b = *replicas_[static_cast<std::size_t>(link.ends[1])];
  guarded(link, [&] {
    sync::SessionOptions gives, asks;
    gives.batchBytes = asks.batchBytes = small_ ? 400 : 512u << 10;
    gives.terms.writes.mayErase = !link.keeps;
    asks.terms.scope = b.scope;
    if (checked_) gives.terms.writes.trust = b.relays ? sync::StampTrust::relayed : sync::StampTrust::own;
    asks.leaveOtherScopes = link.leavesOthers;
    link.oneWay = oneWay_ && !healing_ && modes_.percent(50);
    if (link.oneWay) (modes_.percent(50) ? asks.terms.sends : asks.terms.receives) = false;
    link.sessions[0] = std::make_unique<sync::Session>(*a.engine, gives);
    link.sessions[1] = std::make_unique<sync::Session>(*b.engine, asks);
    link.sessions[0]->start(a.clock.wallMs(), nowMs_);
    link.sessions[1]->start(b.clock.wallMs(), nowMs_);
    link.behind[0] = link.behind[1] = true;
    note("link ", a.name, "-", b.name, " connects", asks.terms.sends ? "" : ", to " + b.name + " only",
         asks.terms.receives ? "" : ", to " + a.name + " only");
    collect(link);
  });
}

void World::disconnect(Link& link, const char* why) {
  note("link R", link.ends[0], "-R", link.ends[1], " ends: ", why);
  for (int end = 0; end < 2; end++) {
    if (link.sessions[end]) report_.repaired += link.sessions[end]->status().repaired;
    link.sessions[end].reset();
    link.towards[end].clear();
  }
  link.resetAt = -1;
  link.nextTry = nowMs_ + dice_.between(10, 300);
}

void World::guarded(Link& link, const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    for (int end : link.ends) {
      Replica& replica = *replicas_[static_cast<std::size_t>(end)];
      if (replica.engine && replica.files.isOff()) return down(replica, true);
    }
    fail(std::string("a session failed: ") + error.what());
    disconnect(link, "a failure");
  }
}

// Takes the frames that the sessions have sent and puts them on their way.
void World::collect(Link& link) {
  for (int end = 0; end < 2; end++) {
    if (!link.sessions[end]) return;
    for (base::Bytes& bytes : link.sessions[end]->takeFrames()) {
      std::deque<Frame>& queue = link.towards[1 - end];
      std::int64_t at = nowMs_ + (healing_ ? 1 : dice_.between(0, 30));
      if (!queue.empty()) at = std::max(at, queue.back().at);
      if (lossy_ && !healing_ && dice_.percent(2)) {
        // A link on which a frame is lost or comes twice breaks soon after.
        link.resetAt = nowMs_ + dice_.between(20, 400);
        if (dice_.percent(50)) {
          note("a frame is lost on R", link.ends[0], "-R", link.ends[1]);
          continue;
        }
        note("a frame comes twice on R", link.ends[0], "-R", link.ends[1]);
        queue.push_back({at, bytes});
      }
      queue.push_back({at, std::move(bytes)});
    }
  }
}

void World::deliver(Link& link, int end) {
  Frame frame = std::move(link.towards[end].front());
  link.towards[end].pop_front();
  note(describe(frame.bytes), " reaches R", link.ends[end], " from R", link.ends[1 - end]);
  Replica& replica = *replicas_[static_cast<std::size_t>(link.ends[end])];
  if (sync::typeOf(frame.bytes) == sync::FrameType::subscribe)
    replica.sparesNewcomer |= !sync::decodeSubscribe(frame.bytes).value().hasData && oracle_.hasDeletes();
  guarded(link, [&] {
    link.sessions[end]->receive(frame.bytes, nowMs_);
    collect(link);
    if (!link.sessions[end]) return;
    const sync::SessionStatus& status = link.sessions[end]->status();
    if (status.setAside + status.refused > 0)
      fail("what an honest peer wrote was refused: " + status.reason.value_or(sync::Bye{}).text);
    if (link.sessions[end]->live()) link.behind[end] = link.leavesOthers = false;
    if (link.sessions[end]->stopped()) {
      const sync::Bye why = link.sessions[end]->status().ended.value_or(sync::Bye{});
      bool expected = why.code == ErrorCode::Offline || (lossy_ && why.code == ErrorCode::ProtocolError);
      if (!expected) fail("a session stopped: " + why.text);
      disconnect(link, why.text.c_str());
    }
  });
  if (replica.engine) checkGroups(replica);
  feedsMoved();
}

// Tells every session what its replica has committed.
void World::feedsMoved() {
  for (Link& link : links_) {
    if (!connected(link)) continue;
    guarded(link, [&] {
      for (int end = 0; end < 2; end++)
        if (link.sessions[end]) link.sessions[end]->feedMoved(nowMs_);
      collect(link);
    });
  }
}

// Replicas that are up to date see a transaction as a whole or not at all.
void World::checkGroups(Replica& replica) {
  // A replica that relays while it catches up passes on what it has: only a part of a transaction whose records have
  // changed since.
  if (groups_.empty() || (small_ && replicas_.size() > 2)) return;
  for (const Link& link : links_)
    if (link.behind[0] || link.behind[1]) return;
  std::size_t from = groups_.size() > 4 ? groups_.size() - 4 : 0;
  for (std::size_t i = from; i < groups_.size(); i++) {
    std::size_t there = 0, carried = 0;
    for (const Key& key : groups_[i].keys) {
      if (!replica.scope.has(key.first)) continue;
      carried++;
      there += replica.engine->snapshot().fetch(key.first, key.second) ? 1 : 0;
    }
    if (there != 0 && there != carried)
      fail(replica.name + " sees a transaction in part: " + std::to_string(there) + " of " + std::to_string(carried) +
           " records, first " + groups_[i].keys[0].second.toString());
    const std::optional<Key>& shared = groups_[i].shared;
    if (there != 0 && shared && replica.scope.has(shared->first) &&
        stored(*replica.engine, *shared).value_or(Stored{}).latest() < groups_[i].wrote)
      fail(replica.name + " sees a transaction without what it wrote to " + shared->second.toString());
  }
}

// Handles the next event up to `untilMs`. Returns false if there is none.
bool World::step(std::int64_t untilMs) {
  std::int64_t best = untilMs + 1;
  std::function<void()> act;
  auto consider = [&](std::int64_t at, std::function<void()> then) {
    if (at >= best) return;
    best = at;
    act = std::move(then);
  };
  for (Link& link : links_) {
    if (!connected(link)) {
      bool able = !link.cut && !link.revoked && replicas_[static_cast<std::size_t>(link.ends[0])]->engine &&
                  replicas_[static_cast<std::size_t>(link.ends[1])]->engine;
      if (able) consider(std::max(link.nextTry, nowMs_), [&] { connect(link); });
      continue;
    }
    if (link.resetAt >= 0) consider(std::max(link.resetAt, nowMs_), [&] { disconnect(link, "broken"); });
    for (int end = 0; end < 2; end++) {
      if (!link.towards[end].empty())
        consider(std::max(link.towards[end].front().at, nowMs_), [&, end] { deliver(link, end); });
      if (std::optional<std::int64_t> tick = link.sessions[end]->nextTickMs())
        consider(std::max(*tick, nowMs_), [&, end] {
          guarded(link, [&] {
            link.sessions[end]->tick(nowMs_);
            collect(link);
          });
        });
    }
  }
  if (!act) return false;
  nowMs_ = std::max(nowMs_, best);
  report_.steps++;
  act();
  if (looks_.percent(2)) look(*replicas_[looks_.below(replicas_.size())]);
  return true;
}

std::int64_t World::advance(std::int64_t untilMs) {
  std::int64_t count = 0;
  while (report_.failures.empty() && report_.steps < kStepsMax && step(untilMs)) count++;
  nowMs_ = std::max(nowMs_, untilMs);
  return count;
}

// ----------------------------------------------------------------------------------------------------
// healing and judging

void World::heal() {
  if (!report_.failures.empty()) return;
  note("healing");
  healing_ = true;
  for (auto& replica : replicas_) {
    replica->clock.skewMs = 0;
    if (replica->engine && replica->files.isOff()) down(*replica, true);
    replica->files.powerOffAtSync(0);
    if (!replica->engine) open(*replica);
  }
  for (Link& link : links_) {
    if (link.revoked) revoke(link);
    link.cut = false;
    if (connected(link) && link.oneWay) disconnect(link, "both ways from now on");
    link.nextTry = std::min(link.nextTry, nowMs_ + 300);
  }
  std::uint64_t before = report_.steps;
  while (report_.failures.empty() && step(nowMs_ + 60'000))
    if (report_.steps - before > kStepsMax / 4)
      return fail("no rest after " + std::to_string(kStepsMax / 4) + " steps of healing");
  note("at rest after ", report_.steps - before, " steps");
}

void World::judge() {
  for (auto& replica : replicas_) look(*replica);
  if (!report_.failures.empty()) return;
  for (const Link& link : links_) {
    for (int end = 0; end < 2; end++) {
      if (!link.sessions[end]) {
        fail("a link is not connected at rest");
        continue;
      }
      const sync::SessionStatus& status = link.sessions[end]->status();
      report_.repaired += status.repaired;
      const Replica& client = *replicas_[static_cast<std::size_t>(link.ends[1])];
      if (!status.verified && client.scope.full())
        fail("the session of R" + std::to_string(link.ends[end]) + " with R" + std::to_string(link.ends[1 - end]) +
             " is at rest but not verified");
    }
  }
  if (report_.repaired > 0 && !mayRepair_)
    fail("digests differed at rest: " + std::to_string(report_.repaired) + " records had to be repaired");
  std::vector<sync::DigestLine> digests = replicas_[0]->engine->digests();
  for (auto& replica : replicas_)
    if (replica->scope.full() && replica->engine->digests() != digests)
      fail(replica->name + " has another digest than R0");

  std::set<Key> keys = oracle_.keys();
  for (const Key& key : keys) {
    std::optional<Stored> first;
    for (auto& replica : replicas_) {
      if (!replica->scope.has(key.first)) continue;
      std::optional<Stored> here = stored(*replica->engine, key);
      if (here) here = here->within(replica->scope);
      std::string wrong = oracle_.check(key, here ? &*here : nullptr, replica->scope);
      if (!wrong.empty())
        fail(replica->name + " " + key.first + "/" + key.second.toString().substr(0, 4) + ": " + wrong);
      if (replica->number == 0) first = here;
      bool aliveHere = here && here->alive, aliveThere = first && first->alive;
      if (aliveHere != aliveThere) {
        fail(replica->name + " and R0 disagree on whether " + key.second.toString().substr(0, 4) + " exists");
      } else if (aliveHere && (here->base != first->base || here->tomb != first->tomb || here->floor != first->floor ||
                               here->visible() != first->within(replica->scope).visible())) {
        fail(replica->name + " and R0 store " + key.second.toString().substr(0, 4) + " differently");
      }
    }
  }
  for (auto& replica : replicas_) {
    if (!fleet_ || replica->number == 0) continue;
    for (const Key& key : keys) {
      std::optional<Stored> its = stored(*replica->engine, key), hubs = stored(*replicas_[0]->engine, key);
      std::string wrong = oracle_.checkStranded(replica->number, key, its ? &*its : nullptr, hubs ? &*hubs : nullptr);
      if (!wrong.empty())
        fail(replica->name + " " + key.first + "/" + key.second.toString().substr(0, 4) + ": " + wrong);
    }
  }
  judgeCounters();
  Replica& sample = *replicas_[dice_.below(replicas_.size())];
  for (const std::string& problem : sample.engine->verify({}).problems) fail(sample.name + ": " + problem);
}

// Every certain increment is in the sum, once, and every other one once at most.
void World::judgeCounters() {
  for (const auto& [key, increments] : counters_) {
    std::int64_t least = 0, most = 0;
    for (const Increment& each : increments) {
      most += each.by;
      if (each.certain) least += each.by;
    }
    std::optional<Record> record = replicas_[0]->engine->snapshot().fetch(key.first, key.second);
    std::int64_t sum = record ? record->integer(kCount).value_or(-1) : 0;
    note("counted ", sum, " of ", least, " to ", most);
    if (sum < least || sum > most)
      fail("the counter " + key.second.toString().substr(0, 4) + " is " + std::to_string(sum) + ", and not " +
           std::to_string(least) + " to " + std::to_string(most));
  }
}

}  // namespace blazedb::sim
