#include "db/engine.h"

#include <algorithm>
#include <utility>

#include "base/contain.h"
#include "base/limits.h"
#include "base/names.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

constexpr int kGroupMax = 128;
constexpr int kYieldsMax = 100;

std::uint64_t fixed64Of(const std::optional<base::Bytes>& value) { return value ? base::Reader(*value).fixed64() : 0; }

}  // namespace

// Writes that share a commit.
struct Engine::Group {
  bool durable = false;
  int operations = 0;
  bool journal = false;
  bool adds = false;
  enum State : int { kOpen, kCommitted, kFailed };
  std::atomic<int> state{kOpen};
  std::exception_ptr error;  // set before state becomes kFailed
};

// ----------------------------------------------------------------------------------------------------
// opening

std::unique_ptr<Engine> Engine::open(const Environment& environment, const std::string& path,
                                     const storage::KeySource& key, const EngineOptions& options) {
  if (!options.name.empty()) base::requireName(options.name, "database");
  std::unique_ptr<storage::DatabaseFile> file;
  if (environment.files.exists(path)) {
    storage::OpenOptions how;
    how.readOnly = options.readOnly;
    file = storage::DatabaseFile::open(environment.files, environment.random, path, key, how);
    if (!options.readOnly) {
      file->writer().execute(kAddedTables);
      Rejected::create(file->writer());  // a file of before has no such table
    }
  } else if (!options.createIfMissing || options.readOnly) {
    throw Error(ErrorCode::NotFound, "there is no file " + path + "; `blazedb create` makes a database");
  } else {
    base::requireName(options.name, "database");
    file = storage::DatabaseFile::create(
        environment.files, environment.random, path, key, options.create, [&](storage::Connection& c) {
          c.execute(kSchema);
          c.execute(kAddedTables);
          Rejected::create(c);
          WriteTables tables(c);
          base::UuidV7 ids(environment.clock, environment.random);
          tables.setMeta("schema", base::Bytes{kSchemaVersion});
          tables.setMeta("replica", ids.next().bytes);
          tables.setMeta("name", base::viewOf(options.name));
          tables.setMeta("role", base::Bytes{static_cast<std::uint8_t>(options.role.value_or(SyncRole::client))});
        });
  }
  std::unique_ptr<Engine> engine(new Engine(environment, path, options, std::move(file)));
  if (options.role && *options.role != engine->role()) engine->setRole(*options.role);
  return engine;
}

Engine::Engine(const Environment& environment, std::string path, const EngineOptions& options,
               std::unique_ptr<storage::DatabaseFile> file)
    : environment_(environment),
      path_(std::move(path)),
      options_(options),
      file_(std::move(file)),
      ids_(environment.clock, environment.random),
      statements_(std::make_unique<Statements>(file_->writer())),
      tables_(std::make_unique<WriteTables>(file_->writer())),
      readers_(*file_) {
  loadAll();
}

Engine::~Engine() {
  try {
    if (!options_.readOnly) {
      std::unique_lock lock = lockIdle();
      saveNotes();
    }
  } catch (const std::exception&) {
    // What is not known of peers delays a purge, nothing else.
  }
  tables_.reset();
  statements_.reset();
}

void Engine::loadAll() {
  std::optional<base::Bytes> schema = tables_->meta("schema");
  if (!schema || schema->size() != 1)
    throw Error(ErrorCode::DamagedPage, path_ + " has no schema version; restore it from a backup");
  if ((*schema)[0] > kSchemaVersion)
    throw Error(ErrorCode::NewerFormat, path_ + " was written by a newer version of BlazeDB; update BlazeDB here");
  mirror_.lostUntil = fixed64Of(tables_->meta(kLostUntil));
  std::optional<UUID> replica = tables_->metaId("replica");
  if (!replica) throw Error(ErrorCode::DamagedPage, path_ + " has no replica id; restore it from a backup");
  replica_ = *replica;
  base::Bytes name = tables_->meta("name").value_or(base::Bytes{});
  name_ = options_.name.empty() ? std::string(base::textOf(name)) : options_.name;
  base::Bytes role = tables_->meta("role").value_or(base::Bytes{0});
  author_.role = !role.empty() && role[0] == 1 ? sync::Role::server : sync::Role::client;
  author_.source = tables_->metaId("source");
  horizon_ = tables_->horizon();
  mirror_.stale = savedStale_ = fixed64Of(tables_->meta("stale"));

  storage::Statement chain = file_->writer().prepare("SELECT id, first FROM incarnations ORDER BY number");
  while (chain.step()) {
    auto id = static_cast<std::uint64_t>(chain.integer(0));
    chain_.push_back({id, static_cast<std::uint64_t>(chain.integer(1))});
    author_.own.insert(id);
  }
  storage::Statement peers = file_->writer().prepare("SELECT replica, incarnation FROM peers");
  while (peers.step()) {
    UUID id = uuidAt(peers, 0);
    PeerState& peer = peers_[id];
    peer.incarnation = static_cast<std::uint64_t>(peers.integer(1));
    peer.saved = true;
    for (replica::Reading& linked : tables_->readingsOf(id)) {
      if (!linked.seenMs) continue;
      acknowledgedByAny_ = std::max(acknowledgedByAny_.load(), linked.acknowledged.complete);
      static_cast<replica::Reading&>(peer.readings.emplace_back()) = std::move(linked);
    }
  }
  storage::Statement leaving = file_->writer().prepare(
      "SELECT i.replica, max(d.position) FROM importers i JOIN delivered d ON d.importer = i.number AND d.kind = 2 "
      "GROUP BY i.number");
  while (leaving.step()) leaving_[uuidAt(leaving, 0)] = static_cast<std::uint64_t>(leaving.integer(1));
  hasPeers_ = passedByAllPeers().has_value();
  reload();
  feedEnd_ = mirror_.position;
  setSelf();
}

// After a rollback memory says again what the file says. Nobody may write before it does.
void Engine::reload() {
  std::uint64_t position = tables_->lastPosition(), mark = tables_->lastMark();
  std::vector<replica::Collection> rows = tables_->collections();
  mirror_.position = position;
  mirror_.clock.observe(mark);
  mirror_.setAside = options_.readOnly ? 0 : tables_->rejected().count(Rejected::By::us);
  mirror_.collections.clear();
  for (replica::Collection& row : rows) mirror_.collections.emplace(row.name, row);
  publishCatalog();
  outdated_ = false;
}

void Engine::publishCatalog() {
  auto catalog = std::make_shared<replica::Catalog>();
  if (catalog_) catalog->names = catalog_->names;  // a reader may still see rows of one that is forgotten
  for (const auto& [name, row] : mirror_.collections) {
    catalog->numbers[name] = row.number;
    catalog->names[row.number] = name;
  }
  std::lock_guard lock(catalogMutex_);
  catalog_ = std::move(catalog);
}

std::shared_ptr<const replica::Catalog> Engine::catalog() const {
  std::lock_guard lock(catalogMutex_);
  return catalog_;
}

// ----------------------------------------------------------------------------------------------------
// writing

std::unique_lock<std::mutex> Engine::lockWriter() {
  if (writing_.load() == std::this_thread::get_id())
    throw Error(ErrorCode::Misuse,
                "a call inside a transaction of the same database; use the Transaction that it was given, or call "
                "before or after it");
  waiting_.fetch_add(1);
  std::unique_lock lock(writeMutex_, std::try_to_lock);
  // A write takes less time than falling asleep and being woken; only a commit is worth sleeping for.
  for (int i = 0; i < kYieldsMax && !lock.owns_lock() && !lock.try_lock(); i++) std::this_thread::yield();
  if (!lock.owns_lock()) lock.lock();
  waiting_.fetch_sub(1);
  if (outdated_ && !group_) reload();
  return lock;
}

std::unique_lock<std::mutex> Engine::lockIdle() {
  std::unique_lock lock = lockWriter();
  if (group_) commit(group_);
  return lock;
}

void Engine::noteProblem(const Error& error) {
  bool isStorage = error.code() >= ErrorCode::DamagedPage && error.code() <= ErrorCode::NeedsReopen;
  if (!isStorage) return;
  std::lock_guard lock(problemMutex_);
  problem_ = error;
  hasProblem_ = true;
}

std::optional<Error> Engine::writeProblem() const {
  std::lock_guard lock(problemMutex_);
  return problem_;
}

void Engine::write(Durability durability, const std::function<void(Changes&)>& body) try {
  std::unique_lock lock = lockWriter();
  std::shared_ptr<Group> group = joinGroup(durability == Durability::full);
  try {
    runInGroup(group, body);
  } catch (...) {
    if (group_ && waiting_.load() == 0) commit(group_);
    throw;
  }
  bool mine = waiting_.load() == 0 || group->operations >= kGroupMax;
  if (mine && group->durable && group->operations < companions_) {
    // Those who shared the commit before this one are on their way back. A moment for them costs less than a sync.
    lock.unlock();
    for (int i = 0; i < kYieldsMax && group->state.load() == Group::kOpen; i++) std::this_thread::yield();
    lock.lock();
    mine = group_ == group && waiting_.load() == 0;
  }
  if (mine) {
    commit(group);
  } else {
    lock.unlock();
    group->state.wait(Group::kOpen);
  }
  if (group->state.load() == Group::kFailed) std::rethrow_exception(group->error);
} catch (const Error& error) {
  noteProblem(error);
  throw;
}

void Engine::writeLocked(Durability durability, const std::function<void(Changes&)>& body) {
  std::shared_ptr<Group> group = joinGroup(durability == Durability::full);
  runInGroup(group, body);
  commit(group);
  if (group->state.load() == Group::kFailed) std::rethrow_exception(group->error);
}

std::shared_ptr<Engine::Group> Engine::joinGroup(bool durable) {
  // Whether a commit is synced is decided when its transaction begins.
  if (group_ && durable && !group_->durable) commit(group_);
  if (group_) return group_;
  ensureIncarnation();
  auto group = std::make_shared<Group>();  // before there is a transaction that would be without one
  group->durable = durable;
  file_->setDurable(durable);
  statements_->begin.run();
  return group_ = std::move(group);
}

void Engine::runInGroup(const std::shared_ptr<Group>& group, const std::function<void(Changes&)>& body) {
  bool alone = group->operations == 0;
  bool saved = false;
  std::size_t collections = mirror_.collections.size();
  std::uint64_t stale = mirror_.stale;
  try {
    if (!alone) {
      statements_->savepoint.run();
      saved = true;
    }
    author_.acknowledgedByAny = acknowledgedByAny_.load();
    author_.keepsDeletedValues = hasPeers_.load();
    Changes changes(*tables_, mirror_, author_, environment_.clock, ids_);
    writing_ = std::this_thread::get_id();
    body(changes);
    writing_ = std::thread::id();
    changes.finish();
    group->journal = group->journal || !changes.overridden().empty();
    group->adds = group->adds || changes.adds();
    if (!alone) statements_->release.run();
    if (mirror_.collections.size() != collections) publishCatalog();
    group->operations++;
  } catch (...) {
    writing_ = std::thread::id();
    mirror_.stale = stale;
    outdated_ = true;
    bool open = file_->writer().inTransaction();
    try {
      if (open && saved) {
        statements_->rollbackTo.run();
        statements_->release.run();
      } else if (open && alone) {
        statements_->rollback.run();
      }
      reload();
    } catch (...) {
      rollback();
      failGroup(group, std::current_exception());
      throw;
    }
    // Some failures (a full disk) take the whole transaction back, and with it what others had written into it.
    if (!open) failGroup(group, std::current_exception());
    if (!open || alone) checkpointAfter(std::current_exception());
    if (alone) group_.reset();
    throw;
  }
}

// By value: the caller may hand over group_ itself, which ends here.
void Engine::commit(std::shared_ptr<Group> group) {
  group_.reset();
  file_->useReserve(!group->adds);
  try {
    statements_->commit.run();
  } catch (...) {
    std::exception_ptr error = std::current_exception();
    outdated_ = true;
    rollback();
    try {
      reload();
    } catch (...) {
      // It is tried again before the next write. The first error is the one that tells what happened.
    }
    failGroup(group, error);
    checkpointAfter(error);
    return;
  }
  if (group->durable) companions_ = group->operations;
  changedAside_.store(mirror_.changedAside, std::memory_order_release);
  feedEnd_.store(mirror_.position, std::memory_order_release);
  writes_.fetch_add(1);
  if (hasProblem_.exchange(false)) {
    std::lock_guard lock(problemMutex_);
    problem_.reset();
  }
  notify();
  bool journal = group->journal;
  group->state.store(Group::kCommitted);
  group->state.notify_all();
  if (journal) {
    std::lock_guard lock(listenersMutex_);
    if (conflictListener_) conflictListener_();
  }
  try {
    if (file_->checkpointDue()) file_->checkpoint();
  } catch (const std::exception&) {
    // What was committed is committed. A disk that fails or is full meets the next write too, and that one tells.
  }
}

// A log that is filled anew from its beginning has room again, for deletes at least.
void Engine::checkpointAfter(std::exception_ptr error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::DiskFull) return;
  } catch (...) {
    return;
  }
  try {
    if (!file_->writer().inTransaction() && file_->walBytes() > 0) file_->checkpoint();
  } catch (const std::exception&) {
    // The first error is the one that tells what happened.
  }
}

// What had been done leaves SQLite's memory also where the disk does not answer.
void Engine::rollback() noexcept {
  try {
    if (file_->writer().inTransaction()) statements_->rollback.run();
  } catch (const std::exception&) {
    // The error that led here tells what happened.
  }
}

void Engine::failGroup(const std::shared_ptr<Group>& group, std::exception_ptr error) {
  if (group_ == group) group_.reset();
  group->error = std::move(error);
  group->state.store(Group::kFailed);
  group->state.notify_all();
}

void Engine::requireWritable() const {
  if (options_.readOnly)
    throw Error(ErrorCode::OpenedReadOnly,
                path_ + " was opened for reading; open it without readOnly to write or sync");
}

// Written with a sync before the first write of an opening, and before a peer hears of it.
void Engine::ensureIncarnation() {
  if (author_.incarnation != 0) return;
  requireWritable();
  // What the copy lacks is not dated later: by so much at most others' clocks are ahead.
  std::uint64_t now = sync::HybridClock::fromWall(environment_.clock.wallMs() + 2 * base::kClockSkewMsMax);
  bool copied = tables_->meta(kCopied).has_value();
  std::uint64_t id = 0;
  while (id == 0 || author_.own.contains(id)) id = environment_.random.next64();
  // What needs memory comes first: what has been committed is known here too.
  author_.own.insert(id);
  {
    std::lock_guard lock(chainMutex_);
    chain_.reserve(chain_.size() + 1);
  }
  file_->setDurable(true);
  file_->useReserve(true);
  statements_->begin.run();
  try {
    tables_->addIncarnation(id, mirror_.position + 1);
    if (copied) {
      base::Bytes value;
      base::appendFixed64(value, now);
      tables_->setMeta(kLostUntil, value);
      tables_->removeMeta(kCopied);
    }
    statements_->commit.run();
  } catch (...) {
    if (file_->writer().inTransaction()) statements_->rollback.run();
    throw;
  }
  author_.incarnation = id;
  if (copied) mirror_.lostUntil = now;
  std::lock_guard lock(chainMutex_);
  chain_.push_back({id, mirror_.position + 1});
}

void Engine::notify() {
  std::lock_guard lock(listenersMutex_);
  for (const auto& [id, listener] : feedListeners_) base::contain(listener);
}

int Engine::addFeedListener(Listener listener) {
  std::lock_guard lock(listenersMutex_);
  feedListeners_[nextListener_] = std::move(listener);
  return nextListener_++;
}

void Engine::removeFeedListener(int id) {
  std::lock_guard lock(listenersMutex_);
  feedListeners_.erase(id);
}

void Engine::setConflictListener(Listener listener) {
  std::lock_guard lock(listenersMutex_);
  conflictListener_ = std::move(listener);
}

// ----------------------------------------------------------------------------------------------------
// reading

std::int64_t Engine::collectionId(const std::string& name) const {
  std::shared_ptr<const replica::Catalog> known = catalog();
  auto found = known->numbers.find(name);
  return found == known->numbers.end() ? 0 : found->second;
}

std::optional<Record> Engine::fetch(const std::string& collection, const UUID& id) const {
  std::optional<Record> record;
  std::int64_t number = collectionId(collection);
  if (number == 0) return record;
  readers_.lease()->findOne({number, id}, [&](const replica::Row& row) {
    if (row.alive()) record = row.record();
  });
  return record;
}

std::vector<Record> Engine::page(const std::string& collection, const std::optional<UUID>& after) const {
  std::int64_t number = collectionId(collection);
  if (number == 0) return {};
  return readers_.lease()->page(number, after);
}

void Engine::forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) const {
  std::int64_t number = collectionId(collection);
  if (number == 0) return;
  std::optional<UUID> last = readers_.lease()->lastLive(number);
  walk(
      last, [&](const std::optional<UUID>& after) { return readers_.lease()->page(number, after); }, visit);
}

std::vector<CollectionInfo> Engine::collections() const {
  std::vector<CollectionInfo> all;
  for (const replica::Collection& row : readers_.lease()->collections()) all.push_back({row.name, row.live});
  return all;
}

std::uint64_t Engine::count(const std::string& collection) const {
  for (const CollectionInfo& info : collections())
    if (info.name == collection) return info.count;
  return 0;
}

Engine::Self Engine::self() const {
  std::lock_guard lock(selfMutex_);
  return self_;
}

// With the writer's lock: shows to everybody what the author is now.
void Engine::setSelf() {
  std::lock_guard lock(selfMutex_);
  self_ = {replica_, author_.role == sync::Role::server ? SyncRole::server : SyncRole::client, author_.source};
}

SyncRole Engine::role() const { return self().role; }
std::optional<UUID> Engine::source() const { return self().source; }

// Nobody writes in between, as what it no longer is.
void Engine::changeSelf(const std::function<void(Changes&)>& persist, const std::function<void()>& publish) {
  std::unique_lock lock = lockIdle();
  writeLocked(Durability::full, persist);
  publish();
  setSelf();
}

void Engine::setRole(SyncRole role) {
  sync::Role stored = role == SyncRole::server ? sync::Role::server : sync::Role::client;
  changeSelf([&](Changes&) { tables_->setMeta("role", base::Bytes{static_cast<std::uint8_t>(stored)}); },
             [&] { author_.role = stored; });
}

// ----------------------------------------------------------------------------------------------------
// conflicts

std::vector<Conflict> Engine::conflicts(std::int64_t after) const {
  ReaderPool::Lease reader = readers_.lease();
  storage::Statement select = reader.connection().prepare(
      "SELECT id, time_ms, collection, record, field, lost, lost_stamp, won, won_stamp FROM conflicts WHERE id > ?1 "
      "ORDER BY id");
  select.bind(1, after);
  std::vector<Conflict> all;
  auto stamp = [&](int column) {
    base::Reader in(select.blob(column));
    WriteStamp read;
    read.authority = in.fixed64();
    read.time = in.fixed64();
    read.writer = in.fixed64();
    return read;
  };
  while (select.step()) {
    Conflict conflict;
    conflict.id = select.integer(0);
    conflict.time = {select.integer(1) * 1000};
    conflict.collection = select.text(2);
    conflict.record = uuidAt(select, 3);
    conflict.field = select.text(4);
    conflict.lost = codec::decodeValue(select.blob(5)).value_or(Value());
    conflict.lostStamp = stamp(6);
    if (!select.blob(7).empty()) conflict.won = codec::decodeValue(select.blob(7));
    conflict.wonStamp = stamp(8);
    all.push_back(std::move(conflict));
  }
  return all;
}

std::vector<RejectedChange> Engine::rejectedChanges() const {
  return allRejected(readers_.lease().connection(), {environment_.clock.wallMs() * 1000});
}

namespace {

void removeConflict(storage::Connection& connection, std::int64_t id) {
  storage::Statement remove = connection.prepare("DELETE FROM conflicts WHERE id = ?1");
  remove.bind(1, id);
  remove.step();
  if (connection.changes() == 0) throw Error(ErrorCode::NotFound, "no conflict " + std::to_string(id));
}

}  // namespace

void Engine::restoreConflict(std::int64_t id) {
  std::vector<Conflict> found = conflicts(id - 1);
  if (found.empty() || found.front().id != id) throw Error(ErrorCode::NotFound, "no conflict " + std::to_string(id));
  const Conflict& conflict = found.front();
  base::Bytes value;
  if (std::optional<Error> error = codec::encodeValue(value, conflict.lost)) throw *error;
  write([&](Changes& changes) {
    if (!changes.restoreField(conflict.collection, conflict.record, conflict.field, value))
      throw Error(ErrorCode::NotFound, "the record " + conflict.record.toString() +
                                           " is no longer known; insert it again, and dismiss the conflict");
    removeConflict(file_->writer(), id);
  });
}

void Engine::dismissConflict(std::int64_t id) {
  write([&](Changes&) { removeConflict(file_->writer(), id); });
}

}  // namespace blazedb::db
