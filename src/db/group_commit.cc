// In this order: the state that the parts of the engine share, forgetting a peer, loading memory from the file, the
// lock, writing (a write joins a group, runs in it, and commits or leaves the commit to another thread), and writes
// beside the data.
#include "db/group_commit.h"

#include <utility>

#include "base/limits.h"
#include "blazedb/error.h"
#include "db/schema.h"
#include "db/tables_indexes.h"
#include "db/tables_refused.h"

namespace blazedb::db {
namespace {

constexpr int kGroupMax = 128;
constexpr int kYieldsMax = 100;

}  // namespace

Shared::Shared(storage::DatabaseFile& file, std::int64_t nowMs, std::int64_t retentionMs, std::size_t removedFieldsKept)
    : peers(retentionMs, removedFieldsKept) {
  ReadTables tables(file.writer());
  std::optional<UUID> replica = tables.metaId(kReplica);
  if (!replica) throw Error(ErrorCode::DamagedPage, file.filePath() + " has no replica id; restore it from a backup");
  base::Bytes role = tables.meta(kRole).value_or(base::Bytes{0});
  published.setSelf(
      {*replica, !role.empty() && role[0] == 1 ? SyncRole::server : SyncRole::client, tables.metaId(kSource)});
  published.setOpened(tables.lastPosition(), tables.horizon());
  incarnations.load(tables);
  peers.load(tables, nowMs);
}

void forgetPeer(Changes& changes, replica::Peers& peers, const UUID& peer) {
  forgetScopes(changes, peers, peer, std::nullopt);
  changes.tables().removeReader(peer);
  peers.forget(peer);
}

void forgetScopes(Changes& changes, replica::Peers& peers, const UUID& peer, const std::optional<sync::Scope>& except) {
  WriteTables& tables = changes.tables();
  tables.removeCursors(peer, except);
  tables.rejected().removeOthers(peer, except);
  changes.mirror().setAside = tables.rejected().count(Rejected::By::us);
  peers.forgetOtherScopes(peer, except);
}

// Writes that share a commit.
struct GroupCommit::Group {
  bool durable = false;
  int operations = 0;
  bool journal = false;
  bool refused = false;
  bool adds = false;
  enum State : int { kOpen, kCommitted, kFailed };
  std::atomic<int> state{kOpen};
  std::exception_ptr error;  // set before state becomes kFailed
};

GroupCommit::GroupCommit(const Environment& environment, storage::DatabaseFile& file, Shared& shared, bool readOnly)
    : environment_(environment),
      file_(file),
      shared_(shared),
      readOnly_(readOnly),
      ids_(environment.clock, environment.random),
      state_(file.writer()) {
  base::Lock lock(mutex_);
  Published::Self self = shared_.published.self();
  state_.author.role = self.role == SyncRole::server ? sync::Role::server : sync::Role::client;
  state_.author.source = self.source;
  state_.mirror.stale = state_.savedStale = state_.tables.metaNumber(kStale);
  state_.mirror.observed = [this](const std::string& collection) { return shared_.watch->has(collection); };
  state_.mirror.forgettable = [this] { return shared_.peers.forgettable(environment_.clock.wallMs()); };
  for (const Incarnation& each : shared_.incarnations.all()) state_.author.own.insert(each.id);
  reload();
  shared_.published.setIndexes(state_.indexes);
}

// Loads the mirror from the file. After a rollback this comes before the next write.
void GroupCommit::reload() {
  WriteTables& tables = state_.tables;
  replica::Mirror& mirror = state_.mirror;
  std::uint64_t position = tables.lastPosition(), mark = tables.lastMark();
  std::vector<replica::Collection> rows = tables.collections();
  mirror.position = position;
  mirror.horizon = tables.horizon();
  mirror.lostUntil = tables.metaNumber(kLostUntil);
  mirror.clock.observe(mark);
  mirror.setAside = readOnly_ ? 0 : tables.rejected().count(Rejected::By::us);
  mirror.hasRefused = RefusedTable(tables.statements()).count() > 0;
  mirror.collections.clear();
  for (replica::Collection& row : rows) mirror.collections.emplace(row.name, row);
  // Only a change that is not committed makes the two differ.
  if (!state_.indexes || state_.indexes != shared_.published.indexes())
    state_.indexes = std::make_shared<const Indexes>(IndexTable(tables.statements()).all());
  publishCatalog();
  outdated_ = false;
}

void GroupCommit::publishCatalog() {
  auto catalog = std::make_shared<replica::Catalog>();
  // A reader may still see rows of a collection that has been forgotten.
  if (std::shared_ptr<const replica::Catalog> before = shared_.published.catalog()) catalog->names = before->names;
  for (const auto& [name, row] : state_.mirror.collections) {
    catalog->numbers[name] = row.number;
    catalog->names[row.number] = name;
  }
  shared_.published.setCatalog(std::move(catalog));
}

void GroupCommit::requireWritable() const {
  if (readOnly_)
    throw Error(ErrorCode::OpenedReadOnly,
                file_.filePath() + " was opened for reading; open it without readOnly to write or sync");
}

// ----------------------------------------------------------------------------------------------------
// the lock

// Clang's checker does not follow a lock that is tried in a loop.
void GroupCommit::lock() NOT_CHECKED {
  if (writing_.load() == std::this_thread::get_id())
    throw Error(ErrorCode::Misuse,
                "a call inside a transaction of the same database; use the Transaction that it was given, or call "
                "before or after it");
  waiting_.fetch_add(1);
  // A write takes less time than falling asleep and being woken; only a commit is worth sleeping for.
  bool locked = mutex_.try_lock();
  for (int i = 0; i < kYieldsMax && !locked; i++) {
    std::this_thread::yield();
    locked = mutex_.try_lock();
  }
  if (!locked) mutex_.lock();
  waiting_.fetch_sub(1);
  try {
    if (outdated_ && !group_) reload();
  } catch (...) {
    mutex_.unlock();
    throw;
  }
}

GroupCommit::Alone::Alone(GroupCommit& writer) : writer_(writer) {
  writer_.lock();
  if (writer_.group_) writer_.commit();
}

GroupCommit::Alone::~Alone() { writer_.mutex_.unlock(); }

Writing& GroupCommit::Alone::operator*() {
  writer_.mutex_.isHeld();
  return writer_.state_;
}

void GroupCommit::Alone::write(Durability durability, const Body& body) {
  writer_.mutex_.isHeld();
  std::shared_ptr<Group> group = writer_.joinGroup(durability == Durability::full);
  writer_.runInGroup(group, body);
  writer_.commit();
  if (group->state.load() == Group::kFailed) std::rethrow_exception(group->error);
}

void GroupCommit::Alone::note(Durability durability, const std::function<void(WriteTables&)>& body) {
  writer_.mutex_.isHeld();
  writer_.note(durability, body);
}

void GroupCommit::Alone::beginIncarnation() {
  writer_.mutex_.isHeld();
  writer_.beginIncarnation();
}

// ----------------------------------------------------------------------------------------------------
// writing

void GroupCommit::write(Durability durability, const Body& body) try {
  lock();
  base::Lock held(mutex_, std::adopt_lock);
  std::shared_ptr<Group> group = joinGroup(durability == Durability::full);
  try {
    runInGroup(group, body);
  } catch (...) {
    if (group_ && waiting_.load() == 0) commit();
    throw;
  }
  bool mine = waiting_.load() == 0 || group->operations >= kGroupMax;
  if (mine && group->durable && group->operations < companions_) {
    // The threads that shared the commit before are about to write again. Waiting for them costs less than a sync.
    held.unlock();
    for (int i = 0; i < kYieldsMax && group->state.load() == Group::kOpen; i++) std::this_thread::yield();
    held.lock();
    mine = group_ == group && waiting_.load() == 0;
  }
  if (mine) {
    commit();
  } else {
    held.unlock();
    group->state.wait(Group::kOpen);
  }
  if (group->state.load() == Group::kFailed) std::rethrow_exception(group->error);
} catch (const Error& error) {
  shared_.published.noteProblem(error);
  throw;
}

std::shared_ptr<GroupCommit::Group> GroupCommit::joinGroup(bool durable) {
  // Whether a commit is synced is decided when its transaction begins.
  if (group_ && durable && !group_->durable) commit();
  if (group_) return group_;
  beginIncarnation();
  auto group = std::make_shared<Group>();  // may throw, so it comes before the transaction begins
  group->durable = durable;
  state_.mirror.touched.clear();
  file_.setDurable(durable);
  state_.tables.begin();
  return group_ = std::move(group);
}

void GroupCommit::runInGroup(const std::shared_ptr<Group>& group, const Body& body) {
  WriteTables& tables = state_.tables;
  replica::Mirror& mirror = state_.mirror;
  bool alone = group->operations == 0;
  bool saved = false;
  std::size_t collections = mirror.collections.size();
  std::uint64_t stale = mirror.stale;
  std::size_t touched = mirror.touched.size();
  try {
    if (!alone) {
      tables.beginPart();
      saved = true;
    }
    state_.author.acknowledgedByAny = shared_.peers.acknowledgedByAny();
    state_.author.keepsDeletedValues = shared_.peers.any();
    Changes changes(state_, environment_.clock, ids_);
    writing_ = std::this_thread::get_id();
    body(changes);
    writing_ = std::thread::id();
    changes.finish();
    group->journal = group->journal || !changes.overridden().empty();
    group->refused = group->refused || changes.ledger().keepsRefused();
    group->adds = group->adds || changes.adds();
    if (!alone) tables.keepPart();
    if (mirror.collections.size() != collections) publishCatalog();
    group->operations++;
  } catch (...) {
    writing_ = std::thread::id();
    mirror.stale = stale;
    mirror.touched.resize(touched);
    outdated_ = true;
    bool open = tables.inTransaction();
    try {
      if (open && saved)
        tables.takeBackPart();
      else if (open && alone)
        tables.rollback();
      reload();
    } catch (...) {
      rollback();
      failGroup(group, std::current_exception());
      throw;
    }
    // Some failures, such as a full disk, take back the whole transaction, with the writes of other threads.
    if (!open) failGroup(group, std::current_exception());
    if (!open || alone) checkpointAfter(std::current_exception());
    if (alone) group_.reset();
    throw;
  }
}

void GroupCommit::commit() {
  std::shared_ptr<Group> group = std::move(group_);
  file_.useReserve(!group->adds);
  // Before a reader can miss what was forgotten. If the commit fails, a reader may sweep without need.
  shared_.published.raiseHorizon(state_.mirror.horizon);
  try {
    // Indexes change with the commit for those who take a snapshot of the two.
    if (state_.mirror.touched.empty() && state_.indexes == shared_.published.indexes())
      state_.tables.commit();
    else
      shared_.watch->commit(state_.mirror.touched, [&] {
        mutex_.isHeld();
        state_.tables.commit();
        shared_.published.setIndexes(state_.indexes);
      });
  } catch (...) {
    std::exception_ptr error = std::current_exception();
    outdated_ = true;
    rollback();
    try {
      reload();
    } catch (...) {
      // The next write tries again. The first error says what happened.
    }
    failGroup(group, error);
    checkpointAfter(error);
    return;
  }
  if (group->durable) companions_ = group->operations;
  shared_.published.setCommitted(state_.mirror.position, state_.mirror.changedAside);
  shared_.listeners.feed().call();
  bool journal = group->journal, refused = group->refused;
  group->state.store(Group::kCommitted);
  group->state.notify_all();
  if (journal) shared_.listeners.callConflict();
  if (refused) shared_.listeners.callRejected();
  try {
    if (file_.checkpointDue()) file_.checkpoint();
  } catch (const std::exception&) {
    // The commit stands. If the disk fails or is full, the next write meets that too, and says so.
  }
}

void GroupCommit::failGroup(const std::shared_ptr<Group>& group, std::exception_ptr error) {
  if (group_ == group) group_.reset();
  group->error = std::move(error);
  group->state.store(Group::kFailed);
  group->state.notify_all();
}

// The changes leave SQLite's memory even if the disk does not answer.
void GroupCommit::rollback() noexcept {
  try {
    if (state_.tables.inTransaction()) state_.tables.rollback();
  } catch (const std::exception&) {
    // The error that led here says what happened.
  }
}

// After a checkpoint the log is filled again from its beginning, which leaves room for deletes at least.
void GroupCommit::checkpointAfter(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::DiskFull) return;
  } catch (...) {
    return;
  }
  try {
    if (!state_.tables.inTransaction() && file_.walBytes() > 0) file_.checkpoint();
  } catch (const std::exception&) {
    // The first error says what happened.
  }
}

// ----------------------------------------------------------------------------------------------------
// beside the data

void GroupCommit::note(Durability durability, const std::function<void(WriteTables&)>& body) {
  file_.setDurable(durability == Durability::full);
  file_.useReserve(true);
  state_.tables.begin();
  try {
    body(state_.tables);
    state_.tables.commit();
  } catch (...) {
    if (state_.tables.inTransaction()) state_.tables.rollback();
    throw;
  }
}

// Syncs the incarnation to the disk before the first write of an opening, and before a peer hears of it.
void GroupCommit::beginIncarnation() {
  replica::Author& author = state_.author;
  if (author.incarnation != 0) return;
  requireWritable();
  // What the copy lacks is not dated later than this: clocks of peers are ahead by no more.
  std::uint64_t now = sync::HybridClock::fromWall(environment_.clock.wallMs() + 2 * base::kClockSkewMsMax);
  bool copied = state_.tables.meta(kCopied).has_value();
  std::uint64_t inherited = state_.tables.metaNumber(kInherited);
  Incarnation begun{0, state_.mirror.position + 1};
  while (begun.id == 0 || author.own.contains(begun.id)) begun.id = environment_.random.next64();
  // What needs memory comes before the commit: after it, memory must say what the file says.
  author.own.insert(begun.id);
  shared_.incarnations.makeRoom();
  note(Durability::full, [&](WriteTables& tables) {
    tables.addIncarnation(begun);
    if (!copied) return;
    tables.setMetaNumber(kLostUntil, now);
    tables.removeMeta(kCopied);
  });
  author.incarnation = begun.id;
  if (copied) state_.mirror.lostUntil = now;
  shared_.incarnations.add(begun);
  author.former = formerOf(shared_.incarnations.all(), inherited);
}

void GroupCommit::checkpointIfIdle() {
  if (readOnly_ || !mutex_.try_lock()) return;
  base::Lock held(mutex_, std::adopt_lock);
  if (group_) return;
  std::uint64_t commits = shared_.published.commits();
  if (commits == commitsAtLastIdleCheck_ && file_.walBytes() > 0) file_.checkpoint();
  commitsAtLastIdleCheck_ = commits;
}

}  // namespace blazedb::db
