// The handle of an open database: opens the engine, and passes each call on to the part of it that does the work. Below
// that: what the layers above get of a handle (Access), and diff(), which walks two databases side by side.
#include "blazedb/database.h"

#include <set>

#include "base/names.h"
#include "base/typed.h"
#include "db/access.h"
#include "db/housekeeper.h"
#include "storage/posix_file_system.h"

namespace blazedb {

Database Database::open(const std::string& name, const std::string& path, const std::string& password,
                        const DatabaseOptions& options) {
  return base::typed([&] {
    auto open = std::make_shared<db::OpenDatabase>();
    open->files = std::make_unique<storage::PosixFileSystem>();
    db::EngineOptions engine;
    engine.name = name;
    engine.role = options.role;
    engine.durability = options.durability;
    engine.createIfMissing = options.createIfMissing;
    engine.readOnly = options.readOnly;
    engine.tombstoneRetention = options.tombstoneRetention;
    engine.create.cost = {options.passwordMemoryKiB, options.passwordPasses};
    open->engine = db::Engine::open({*open->files, open->clock, open->random}, path,
                                    storage::KeySource::password(password), engine);
    open->housekeeper = std::make_unique<db::Housekeeper>(*open->engine);
    return Database(std::move(open));
  });
}

Database::Database(std::shared_ptr<db::OpenDatabase> open)
    : Records(std::shared_ptr<db::Engine>(open, open->engine.get()), "default"), open_(std::move(open)) {}

const std::string& Database::name() const { return engine_->name(); }
const std::string& Database::path() const { return engine_->path(); }
SyncRole Database::role() const { return engine_->role(); }

Collection Database::collection(const std::string& name) const {
  return base::typed([&] {
    base::requireName(name, "collection");
    return Collection(engine_, name);
  });
}

std::vector<CollectionInfo> Database::collections() const { return base::typed(&db::Engine::collections, engine_); }

void Database::transaction(const std::function<void(Transaction&)>& body) {
  base::typed([&] {
    engine_->write([&](db::Changes& changes) {
      Transaction transaction(engine_, collection_, changes.handle());
      body(transaction);
    });
  });
}

std::vector<Conflict> Database::conflicts() const {
  return base::typed(&db::Journal::conflicts, engine_->journal(), 0);
}
void Database::restoreConflict(std::int64_t id) { base::typed(&db::Journal::restoreConflict, engine_->journal(), id); }
void Database::dismissConflict(std::int64_t id) { base::typed(&db::Journal::dismissConflict, engine_->journal(), id); }
std::vector<RemovedRecord> Database::removedRecords(std::int64_t after) const {
  return base::typed(&db::Journal::removed, engine_->journal(), after);
}
void Database::restoreRemoved(std::int64_t id) { base::typed(&db::Journal::restoreRemoved, engine_->journal(), id); }
std::vector<RejectedChange> Database::rejectedChanges() const {
  return base::typed(&db::Engine::rejectedChanges, engine_);
}
void Database::retry(std::int64_t id) { base::typed(&db::Engine::retry, engine_, id); }
void Database::discard(std::int64_t id) { base::typed(&db::Engine::discard, engine_, id); }
Subscription Database::onRejected(std::function<void(const RejectedChange&)> callback) {
  return base::typed(&db::Housekeeper::onRejected, open_->housekeeper, std::move(callback));
}
Subscription Database::onConflict(std::function<void(const Conflict&)> callback) {
  return base::typed(&db::Housekeeper::onConflict, open_->housekeeper, std::move(callback));
}

void Database::changePassword(const std::string& current, const std::string& replacement) {
  base::typed([&] {
    engine_->changePassword(storage::KeySource::password(current), storage::KeySource::password(replacement));
  });
}

void Database::backup(const std::string& path, const Progress& progress) {
  base::typed(&db::Engine::backup, engine_, path, progress);
}
VerifyReport Database::verify(const Progress& progress) { return base::typed(&db::Engine::verify, engine_, progress); }
DatabaseInfo Database::info() const { return base::typed(&db::Engine::info, engine_); }
void Database::rename(const std::string& name) { base::typed(&db::Engine::rename, engine_, name); }
void Database::renewReplicaId() { base::typed(&db::Engine::renewReplicaId, engine_); }
NewToken Database::createToken(const TokenOptions& options) {
  return base::typed(&db::Tokens::create, engine_->tokens(), options);
}
std::vector<Token> Database::tokens() const { return base::typed(&db::Tokens::all, engine_->tokens()); }
void Database::revokeToken(std::int64_t id) { base::typed(&db::Tokens::revoke, engine_->tokens(), id); }
Token Database::checkToken(const std::string& secret) const {
  return base::typed(&db::Tokens::checkToken, engine_->tokens(), secret);
}
Policies Database::policies() const { return Policies(engine_); }
Users Database::users() const { return Users(engine_); }
std::uint64_t Database::restamp() { return base::typed(&db::Engine::restamp, engine_); }
void Database::releaseReadOnly() { base::typed(&db::Engine::releaseSource, engine_); }

std::shared_ptr<replica::Replica> db::Access::replicaOf(const Database& database) { return database.engine_; }
base::ByteView db::Access::controlKeyOf(const Database& database) { return database.engine_->controlKey(); }
db::Engine& db::Access::engineOf(const Database& database) { return *database.engine_; }

namespace {

// The live records of one collection, one after the other.
class Walk {
 public:
  Walk(const db::Snapshot& snapshot, const std::string& collection) : snapshot_(snapshot), collection_(collection) {
    fill();
  }
  const Record* current() const { return next_ < page_.size() ? &page_[next_] : nullptr; }
  void advance() {
    if (++next_ == page_.size()) fill();
  }

 private:
  void fill() {
    std::optional<UUID> after = page_.empty() ? std::nullopt : page_.back().id();
    page_ = snapshot_.page(collection_, after);
    next_ = 0;
  }

  const db::Snapshot& snapshot_;
  std::string collection_;
  std::vector<Record> page_;
  std::size_t next_ = 0;
};

void diffCollection(Walk first, Walk second, const std::string& name, std::size_t limit,
                    std::vector<Difference>& found) {
  while ((first.current() || second.current()) && found.size() < limit) {
    const Record* a = first.current();
    const Record* b = second.current();
    if (!b || (a && *a->id() < *b->id())) {
      found.push_back({name, *a->id(), Difference::Kind::onlyInFirst});
      first.advance();
    } else if (!a || *b->id() < *a->id()) {
      found.push_back({name, *b->id(), Difference::Kind::onlyInSecond});
      second.advance();
    } else {
      if (!(*a == *b)) found.push_back({name, *a->id(), Difference::Kind::different});
      first.advance();
      second.advance();
    }
  }
}

}  // namespace

std::vector<Difference> diff(const Database& first, const Database& second, std::size_t limit) {
  return base::typed([&] {
    std::set<std::string> names;
    for (const Database* database : {&first, &second})
      for (const CollectionInfo& info : database->collections()) names.insert(info.name);
    std::vector<Difference> found;
    for (const std::string& name : names)
      diffCollection({db::Access::engineOf(first).snapshot(), name}, {db::Access::engineOf(second).snapshot(), name},
                     name, limit, found);
    return found;
  });
}

std::uint64_t transferAll(const Database& from, Database to, const Progress& progress) {
  return base::typed([&] {
    std::vector<CollectionInfo> all = from.collections();
    std::uint64_t done = 0, total = 0;
    for (const CollectionInfo& info : all) total += info.count;
    for (const CollectionInfo& info : all) {
      std::optional<UUID> after;
      for (;;) {
        std::vector<db::Copied> records;
        db::Access::engineOf(from).snapshot().pageOfRows(
            info.name, after, [&](const replica::Row& row) { records.push_back(db::Copied(row)); });
        if (records.empty()) break;
        after = records.back().record.id();
        db::Access::engineOf(to).write([&](db::Changes& changes) {
          for (const db::Copied& each : records) changes.copy(info.name, each);
        });
        done += records.size();
        if (progress && !progress(done, std::max(done, total)))
          throw Error(ErrorCode::Cancelled, "the transfer was cancelled after " + std::to_string(done) + " records");
      }
    }
    return done;
  });
}

}  // namespace blazedb
