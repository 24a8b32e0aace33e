#include "db/engine.h"

#include <algorithm>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"
#include "db/restamp.h"
#include "db/schema.h"
#include "db/tables_indexes.h"
#include "db/tables_journal.h"
#include "db/tables_refused.h"
#include "db/verify.h"

namespace blazedb::db {
namespace {

sync::Role roleOf(SyncRole role) { return role == SyncRole::server ? sync::Role::server : sync::Role::client; }

void requireKnownSchema(storage::DatabaseFile& file, const std::string& path) {
  std::optional<base::Bytes> schema = ReadTables(file.writer()).meta(kSchemaKey);
  if (!schema || schema->size() != 1)
    throw Error(ErrorCode::DamagedPage, path + " has no schema version; restore it from a backup");
  if ((*schema)[0] > kSchemaVersion)
    throw Error(ErrorCode::NewerFormat, path + " was written by a newer version of BlazeDB; update BlazeDB here");
}

std::string storedName(storage::DatabaseFile& file) {
  base::Bytes name = ReadTables(file.writer()).meta(kName).value_or(base::Bytes{});
  return std::string(base::textOf(name));
}

void giveNewReplicaId(WriteTables& tables, const UUID& id) {
  tables.setMeta(kReplica, id.bytes);
  tables.setMeta(kCopied, base::Bytes{1});
  tables.setMetaNumber(kInherited, tables.incarnations().size());
  tables.forgetPeers();
}

}  // namespace

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
    requireKnownSchema(*file, path);
    if (!options.readOnly) WriteTables::create(file->writer());
  } else if (!options.createIfMissing || options.readOnly) {
    throw Error(ErrorCode::NotFound, "there is no file " + path + "; `blazedb create` makes a database");
  } else {
    base::requireName(options.name, "database");
    file = storage::DatabaseFile::create(
        environment.files, environment.random, path, key, options.create, [&](storage::Connection& c) {
          WriteTables::create(c);
          WriteTables tables(c);
          base::UuidV7 ids(environment.clock, environment.random);
          tables.setMeta(kSchemaKey, base::Bytes{kSchemaVersion});
          tables.setMeta(kReplica, ids.next().bytes);
          tables.setMeta(kName, base::viewOf(options.name));
          tables.setMeta(kRole, base::Bytes{static_cast<std::uint8_t>(options.role.value_or(SyncRole::client))});
        });
  }
  std::unique_ptr<Engine> engine(new Engine(environment, path, options, std::move(file)));
  if (!options.readOnly) engine->indexes().renewOutdated();
  if (options.role && *options.role != engine->role()) engine->setRole(*options.role);
  return engine;
}

Engine::Engine(const Environment& environment, std::string path, const EngineOptions& options,
               std::unique_ptr<storage::DatabaseFile> file)
    : environment_(environment),
      path_(std::move(path)),
      options_(options),
      file_(std::move(file)),
      name_(options.name.empty() ? storedName(*file_) : options.name),
      readers_(*file_),
      shared_(*file_, environment.clock.wallMs(), options.tombstoneRetention.count(), options.removedFieldsKept),
      writer_(environment, *file_, shared_, options.readOnly),
      snapshot_(shared_.published, readers_),
      journal_(writer_, readers_, options.durability),
      rights_(writer_, readers_, revision_, environment),
      tokens_(writer_, readers_, shared_, rights_, revision_, environment, name_),
      indexes_(writer_, snapshot_, options.durability),
      importers_(writer_, readers_, options.durability),
      seal_(writer_, readers_, environment_.random),
      upkeep_(writer_, readers_, shared_, origins_, journal_, environment.clock, options.tombstoneRetention.count(),
              options.durability),
      observers_(writer_, readers_, shared_, environment.clock, options.tellsObservers) {}

Engine::~Engine() {
  if (options_.readOnly) return;
  try {
    GroupCommit::Alone alone(writer_);
    upkeep_.save(alone);
  } catch (const std::exception&) {
    // What is not known of peers delays a purge, nothing else.
  }
}

// ----------------------------------------------------------------------------------------------------
// what the replica is

void Engine::changeSelf(const GroupCommit::Body& persist,
                        const std::function<void(replica::Author&, Published::Self&)>& publish) {
  GroupCommit::Alone alone(writer_);
  alone.write(Durability::full, persist);
  Published::Self self = shared_.published.self();
  publish(alone->author, self);
  shared_.published.setSelf(self);
}

void Engine::setRole(SyncRole role) {
  changeSelf(
      [&](Changes& changes) { changes.tables().setMeta(kRole, base::Bytes{static_cast<std::uint8_t>(roleOf(role))}); },
      [&](replica::Author& author, Published::Self& self) {
        author.role = roleOf(role);
        self.role = role;
      });
}

void Engine::rename(const std::string& name) {
  base::requireName(name, "database");
  GroupCommit::Alone alone(writer_);
  alone.note(Durability::full, [&](WriteTables& tables) { tables.setMeta(kName, base::viewOf(name)); });
}

void Engine::renewReplicaId() {
  UUID id;
  changeSelf(
      [&](Changes& changes) {
        id = writer_.ids().next();
        giveNewReplicaId(changes.tables(), id);
      },
      [&](replica::Author& author, Published::Self& self) {
        author.former.clear();
        self.replica = id;
        importers_.forgetAll();
        shared_.peers.forgetAll();
      });
}

void Engine::bindTo(const UUID& source, bool adopt) {
  if (this->source() == source) return;
  auto persist = [&](Changes& changes) {
    const replica::Author& author = changes.author();
    WriteTables& tables = changes.tables();
    if (author.source == source) return;
    if (author.source)
      throw Error(ErrorCode::ReadOnlyReplica,
                  "'" + name_ + "' is a read-only replica of " + author.source->toString() +
                      " already; end that with releaseReadOnly() (blazedb release FILE) first");
    // Writes made here, and writes from replicas other than the source: a replica of the source has neither.
    std::vector<replica::Reading> linked = tables.readingsOf(source);
    bool foreign = std::none_of(linked.begin(), linked.end(), [&](const replica::Reading& link) {
      return tables.cursorOn(source, link.scope).incarnation != 0;
    });
    bool own = false;
    auto isOwn = [&](const replica::FeedEntry& entry) {
      if (entry.gone || entry.row.position != entry.position) return true;
      sync::RecordState state = entry.row.state();
      auto mine = [&](const sync::Stamp& stamp) { return stamp.present() && author.own.contains(stamp.writer); };
      own =
          foreign || mine(state.base.stamp) || mine(state.tomb.stamp) ||
          std::any_of(state.cells.begin(), state.cells.end(), [&](const sync::Cell& cell) { return mine(cell.stamp); });
      return !own;
    };
    if (!adopt) tables.feed(0, 0, isOwn);
    if (own)
      throw Error(ErrorCode::HasOwnWrites, "'" + name_ +
                                               "' holds records that did not come from the source, which a read-only "
                                               "replica cannot keep; connect with adopt to replace them");
    if (adopt) {
      changes.ledger().eraseAll();
      forgetScopes(changes, shared_.peers, source, std::nullopt);
      changes.ledger().takeEmptyPosition();
      changes.ledger().raiseHorizon(changes.mirror().position);
    }
    tables.setMeta(kSource, source.bytes);
  };
  changeSelf(persist, [&](replica::Author& author, Published::Self& self) { author.source = self.source = source; });
}

void Engine::releaseSource() {
  changeSelf([&](Changes& changes) { changes.tables().removeMeta(kSource); },
             [&](replica::Author& author, Published::Self& self) {
               author.source.reset();
               self.source.reset();
             });
}

DatabaseInfo Engine::info() const {
  DatabaseInfo info;
  info.name = name_;
  info.path = path_;
  Published::Self self = shared_.published.self();
  info.replica = self.replica;
  info.role = self.role;
  info.readOnlySource = self.source;
  if (std::optional<Error> problem = writeProblem()) info.writeProblem = problem->what();
  info.cipher = file_->cipherName();
  info.unusedLog = file_->unusedLog();
  info.pageSize = static_cast<std::uint32_t>(file_->pageSize());
  ReaderPool::Lease reader = readers_.lease();
  info.fileBytes = reader->pages() * file_->pageSize();
  info.feedEnd = feedEnd();
  info.conflicts = Conflicts(reader->statements()).count();
  info.rejected = Rejected(reader->statements()).counted({environment_.clock.wallMs() * 1000}) +
                  RefusedTable(reader->statements()).count();
  info.collections = collections();
  return info;
}

std::vector<CollectionInfo> Engine::collections() const {
  std::vector<CollectionInfo> all;
  for (const replica::Collection& row : readers_.lease()->collections()) all.push_back({row.name, row.live});
  return all;
}

[[noreturn]] static void noRejected(std::int64_t id) {
  throw Error(ErrorCode::NotFound,
              "no rejected change " + std::to_string(id) +
                  " waits here; rejectedChanges() lists those that do with their numbers (blazedb rejected FILE)");
}

std::vector<RejectedChange> Engine::rejectedChanges() const {
  ReaderPool::Lease reader = readers_.lease();
  std::vector<RejectedChange> all = Rejected(reader->statements()).all({environment_.clock.wallMs() * 1000});
  for (RejectedChange& each : RefusedTable(reader->statements()).after(0)) all.push_back(std::move(each));
  std::stable_sort(all.begin(), all.end(),
                   [](const RejectedChange& a, const RejectedChange& b) { return a.since < b.since; });
  return all;
}

std::vector<RejectedChange> Engine::refusedAfter(std::int64_t id) const {
  return RefusedTable(readers_.lease()->statements()).after(id);
}

RejectedChange Engine::refused(std::int64_t id) const {
  std::vector<RejectedChange> found = refusedAfter(id - 1);
  if (found.empty() || found.front().id != id) noRejected(id);
  return found.front();
}

void Engine::retry(std::int64_t id) {
  RejectedChange change = refused(id);
  write([&](Changes& changes) { changes.retry(change); });
}

void Engine::discard(std::int64_t id) {
  RejectedChange change = refused(id);
  write([&](Changes& changes) {
    if (!changes.discard(change)) noRejected(id);
  });
}

// ----------------------------------------------------------------------------------------------------
// the file

void Engine::changePassword(const storage::KeySource& current, const storage::KeySource& replacement) {
  GroupCommit::Alone alone(writer_);
  file_->changePassword(current, replacement);
}

void Engine::backup(const std::string& path, const Progress& progress) {
  file_->backup(
      path,
      [&](storage::Connection& copy) {
        WriteTables tables(copy);
        base::UuidV7 ids(environment_.clock, environment_.random);
        giveNewReplicaId(tables, ids.next());
      },
      progress);
}

VerifyReport Engine::verify(const Progress& progress) {
  VerifyReport report;
  {
    // On the writer's connection: writers wait meanwhile.
    GroupCommit::Alone alone(writer_);
    report.problems = file_->verifyPages({});
    if (report.problems.empty() && !options_.readOnly) {
      // FTS5 checks a table with an INSERT, which is taken back: a full disk is no reason not to check.
      alone->tables.begin();
      try {
        report.problems = IndexTable(alone->tables.statements()).check();
      } catch (...) {
        if (alone->tables.inTransaction()) alone->tables.rollback();
        throw;
      }
      alone->tables.rollback();
    }
  }
  if (report.problems.empty()) verifyRecords(*readers_.lease(), progress, report);
  return report;
}

std::uint64_t Engine::restamp() {
  GroupCommit::Alone alone(writer_);
  std::uint64_t wrong = db::restamp(alone, environment_.clock);
  shared_.peers.noteClockSetBack(environment_.clock.wallMs());
  upkeep_.save(alone);
  return wrong;
}

bool Engine::maintain() { return !options_.readOnly && upkeep_.run(); }

// ----------------------------------------------------------------------------------------------------
// remotes

void Engine::noteRemote(const std::string& address, const UUID& replica) {
  if (remoteAt(address) == replica) return;
  write(Durability::normal, [&](Changes& changes) { changes.tables().setMeta(kRemote + address, replica.bytes); });
}

std::optional<UUID> Engine::remoteAt(const std::string& address) const {
  return readers_.lease()->metaId(kRemote + address);
}

std::vector<std::string> Engine::collectionNames() const {
  std::vector<std::string> names;
  for (replica::Collection& collection : readers_.lease()->collections()) names.push_back(std::move(collection.name));
  return names;
}

void Engine::visitUnsent(const replica::Unsent& question, const UnsentVisit& visit) const {
  std::set<std::uint64_t> own;
  for (const Incarnation& each : shared_.incarnations.all()) own.insert(each.id);
  readers_.lease()->changedAfter(question.after, question.peer,
                                 [&](std::string_view collection, bool theirs, const replica::Row& row) {
                                   if (question.scope.has(collection))
                                     visit(collection, row.id, replica::lacks(question, row, theirs, own));
                                 });
}

}  // namespace blazedb::db
