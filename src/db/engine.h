// Engine: a replica in a file. One writer with group commit, readers beside it, and sync::Store over the same tables.
//
// Group commit. A write runs on its caller's thread, inside the one open SQLite transaction. When others are already
// waiting to write, the caller leaves the commit to them and waits; the last in line commits for all, so that many
// threads share one sync to disk. Before a sync it waits a moment for those who shared the one before. Each write of a
// group has its own savepoint and its own mark in the feed: it can fail alone, and it travels as a transaction of its
// own.
//
// Time, randomness and files are passed in (Environment); the engine starts no thread. What has to be done now and then
// is maintain(), which the owner calls (src/db/housekeeper.h does it on a thread, the simulation by its virtual clock).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "blazedb/conflict.h"
#include "blazedb/database.h"
#include "blazedb/removed_record.h"
#include "db/changes.h"
#include "db/reader_pool.h"
#include "db/tables.h"
#include "replica/feed_reader.h"
#include "replica/replica.h"
#include "storage/database_file.h"
#include "sync/store.h"

namespace blazedb::db {

struct Environment {
  storage::FileSystem& files;
  base::Clock& clock;
  base::Random& random;
};

struct EngineOptions {
  std::string name;  // empty: what is stored
  std::optional<SyncRole> role;
  Durability durability = Durability::full;
  bool createIfMissing = true;
  bool readOnly = false;
  std::chrono::milliseconds tombstoneRetention = std::chrono::hours(24 * 30);
  storage::CreateOptions create;
};

class Engine final : public sync::Store, public replica::Replica, public replica::TokenCheck, private sync::Deliveries {
 public:
  // Errors as Database::open says. `environment` must outlive the engine.
  static std::unique_ptr<Engine> open(const Environment& environment, const std::string& path,
                                      const storage::KeySource& key, const EngineOptions& options);
  ~Engine() override;
  Engine(const Engine&) = delete;

  // Runs `body` as one transaction and commits it, alone or with others. Throws what `body` or the commit throws; then
  // nothing of it was kept.
  void write(Durability durability, const std::function<void(Changes&)>& body);
  void write(const std::function<void(Changes&)>& body) { write(options_.durability, body); }

  void requireWritable() const override;

  std::optional<Record> fetch(const std::string& collection, const UUID& id) const;
  // The first records with ids above `after`, ordered by id: as many as a page has.
  std::vector<Record> page(const std::string& collection, const std::optional<UUID>& after) const;
  // Page by page, each on a snapshot of its own: a long walk must not keep the log from being copied into the file.
  void forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) const;
  std::uint64_t count(const std::string& collection) const;
  std::vector<CollectionInfo> collections() const;
  DatabaseInfo info() const;
  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }

  std::vector<Conflict> conflicts(std::int64_t after = 0) const;
  void restoreConflict(std::int64_t id);
  std::vector<RejectedChange> rejectedChanges() const;
  void dismissConflict(std::int64_t id);

  // As Database says.
  std::vector<RemovedRecord> removedRecords(std::int64_t after) const;
  void restoreRemoved(std::int64_t id);

  // As Database says.
  NewToken createToken(const TokenOptions& options);
  std::vector<Token> tokens() const;
  void revokeToken(std::int64_t id);
  Token checkToken(std::string_view secret) const override;
  std::optional<Error> refusalOf(std::int64_t token) const override;
  std::optional<Error> admitReplica(std::int64_t token, const UUID& replica, std::size_t scopeBytes) override;
  std::uint64_t tokenRevision() const override { return tokenRevision_.load(); }

  base::ByteView controlKey() const { return file_->controlKey(); }
  void changePassword(const storage::KeySource& current, const storage::KeySource& replacement);
  void backup(const std::string& path, const Progress& progress);
  VerifyReport verify(const Progress& progress);
  void renewReplicaId();
  // As Database::restamp says.
  std::uint64_t restamp();

  sync::Store& store() override { return *this; }
  replica::TokenCheck& tokenCheck() override { return *this; }
  UUID replicaId() const override { return self().replica; }
  SyncRole role() const override;
  void setRole(SyncRole role) override;
  std::optional<UUID> source() const override;
  void bindTo(const UUID& source, bool adopt) override;
  void releaseSource();

  void noteRemote(const std::string& address, const UUID& replica) override;
  std::optional<UUID> remoteAt(const std::string& address) const override;
  Unsent unsentTo(const std::optional<UUID>& peer, const sync::Scope& scope, std::uint64_t acknowledged,
                  std::size_t limit) const override;

  // Purges tombstones, trims the feed, saves what is known of peers, checkpoints. Bounded work; true where there is
  // more to do.
  bool maintain();
  // Copies the log into the file when nothing was written since the last call.
  void checkpointIfIdle();

  int addFeedListener(Listener listener) override;
  void removeFeedListener(int id) override;
  // As a feed listener, after each commit that filled the journal.
  void setConflictListener(Listener listener);

  // sync::Store
  sync::Identity identity() override;
  // Why the latest write was not kept, where the storage refused it; none once one is kept.
  std::optional<Error> writeProblem() const;
  // How many threads wait for the writer's lock.
  int waitingWriters() const { return waiting_; }
  std::uint64_t feedEnd() const override { return feedEnd_.load(std::memory_order_acquire); }
  std::uint64_t purgeHorizon() const override { return horizon_.load(std::memory_order_acquire); }
  bool empty() const override;
  sync::Cursor resolve(const sync::Cursor& cursor) const override;
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) const override;
  std::uint64_t ahead(std::uint64_t position, const sync::Scope& scope) const override;
  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override;
  bool readRecord(const sync::RecordKey& key, const sync::Agreement& agreement, sync::BatchWriter& out) override;
  sync::Deliveries& deliveries() override { return *this; }
  sync::ApplyResult apply(const sync::Incoming& incoming) override;
  std::vector<sync::Rejection> setAside(const UUID& peer, const sync::Scope& scope, bool changed) const override;
  std::uint64_t changedAside() const override { return changedAside_.load(std::memory_order_acquire); }
  std::uint64_t noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected) override;
  Swept finishSweep(const sync::Peer& from, const sync::Scope& scope, sync::Sweep& sweep,
                    const sync::Cursor& peerHasApplied, const sync::Cursor& cursor) override;
  void dropCursor(const sync::Peer& peer, const sync::Scope& scope) override;
  void leaveOtherScopes(const sync::Peer& peer, const sync::Scope& scope) override;
  void noteReader(const sync::Peer& peer, const sync::Scope& scope) override;
  void noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                        const std::optional<PeerFeed>& its) override;
  std::vector<sync::DigestLine> digests() const override;
  bool holds(const std::string& collection) const override;
  sync::HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                         std::size_t rowsMax) const override;

 private:
  Known known(const UUID& importer) const override;
  void noteFilter(const UUID& importer, const std::optional<std::string>& filter, std::uint64_t floor) override;
  void mixFilters(const UUID& importer) override;
  void forget(const UUID& importer) override;

  struct Group;
  struct Statements {
    explicit Statements(storage::Connection& c)
        : begin(c.prepare("BEGIN IMMEDIATE")),
          commit(c.prepare("COMMIT")),
          rollback(c.prepare("ROLLBACK")),
          savepoint(c.prepare("SAVEPOINT one")),
          release(c.prepare("RELEASE one")),
          rollbackTo(c.prepare("ROLLBACK TO one")) {}

    storage::Statement begin, commit, rollback, savepoint, release, rollbackTo;
  };
  struct Incarnation {
    std::uint64_t id = 0;
    std::uint64_t first = 0;
  };
  struct PeerState {
    struct Reading : replica::Reading {
      std::uint64_t candidate = 0;   // will be `passed`
      std::uint64_t waitingFor = 0;  // once the peer's feed is applied up to here
    };
    std::uint64_t incarnation = 0;
    std::vector<Reading> readings;  // those that were ever asked for
    bool saved = false;

    Reading* find(const sync::Scope& scope);
  };

  Engine(const Environment& environment, std::string path, const EngineOptions& options,
         std::unique_ptr<storage::DatabaseFile> file);

  void loadAll();
  void reload();
  void ensureIncarnation();
  // The writer's lock; whoever waits for it may have been left a group to commit. Throws Misuse inside a transaction of
  // the same thread, which has it already.
  std::unique_lock<std::mutex> lockWriter();
  // The writer's lock, with no transaction open.
  std::unique_lock<std::mutex> lockIdle();
  void setSelf();
  // Changes what the replica is: in the file, and then in memory, under one lock. `publish` sets the members.
  void changeSelf(const std::function<void(Changes&)>& persist, const std::function<void()>& publish);
  void noteProblem(const Error& error);
  std::shared_ptr<Group> joinGroup(bool durable);
  void runInGroup(const std::shared_ptr<Group>& group, const std::function<void(Changes&)>& body);
  // write() for who has the lock of lockIdle(): alone, and at once.
  void writeLocked(Durability durability, const std::function<void(Changes&)>& body);
  void failGroup(const std::shared_ptr<Group>& group, std::exception_ptr error);
  void commit(std::shared_ptr<Group> group);
  void rollback() noexcept;
  void checkpointAfter(std::exception_ptr error) noexcept;
  void notify();
  std::shared_ptr<const replica::Catalog> catalog() const;
  std::int64_t collectionId(const std::string& name) const;
  void publishCatalog();
  bool purgeTombstones();
  void forgetCollections();
  bool trimFeed();
  bool forgetRemoved();
  void forgetPeers();
  void forgetPeer(const UUID& peer);
  void forgetOrigins();
  void saveNotes(Durability durability = Durability::normal);
  void raiseHorizon(std::uint64_t position);
  std::optional<std::uint64_t> passedByAllPeers() const;
  void stillThere(const sync::Peer& peer, const sync::Scope& scope);
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except);
  replica::Committed committed() const;
  std::int64_t originOf(const sync::Peer& peer, ReadTables& tables);
  void noteDelivered(const UUID& importer, const std::vector<replica::Writer::Delivered>& news);
  void forgetTakenBack(const UUID& importer, std::uint64_t acknowledged);

  Environment environment_;
  std::string path_;
  EngineOptions options_;
  std::unique_ptr<storage::DatabaseFile> file_;
  std::string name_;
  mutable base::UuidV7 ids_;

  // The writer: guarded by writeMutex_.
  mutable std::mutex writeMutex_;
  std::atomic<int> waiting_{0};
  std::atomic<std::thread::id> writing_{};
  std::unique_ptr<Statements> statements_;
  std::unique_ptr<WriteTables> tables_;
  replica::Mirror mirror_;
  replica::Author author_;
  std::shared_ptr<Group> group_;
  int companions_ = 0;  // how many shared the latest durable commit
  std::uint64_t writesAtLastIdleCheck_ = 0;
  std::uint64_t trimmedTo_ = 0;
  std::int64_t forgetPeersAtMs_ = 0;
  std::uint64_t savedStale_ = 0;
  bool outdated_ = false;  // mirror_ is not what the file says, which could not be read
  UUID replica_;

  // What is committed, for everybody.
  struct Self {
    UUID replica;
    SyncRole role = SyncRole::client;
    std::optional<UUID> source;
  };
  Self self() const;
  mutable std::mutex selfMutex_;
  Self self_;
  std::atomic<std::uint64_t> feedEnd_{0};
  std::atomic<std::uint64_t> horizon_{0};
  std::atomic<std::uint64_t> changedAside_{0};
  std::atomic<std::uint64_t> writes_{0};
  mutable std::mutex problemMutex_;
  std::optional<Error> problem_;
  std::atomic<bool> hasProblem_{false};
  std::atomic<std::uint64_t> tokenRevision_{0};
  mutable std::mutex catalogMutex_;
  std::shared_ptr<const replica::Catalog> catalog_;
  mutable std::mutex chainMutex_;
  std::vector<Incarnation> chain_;

  mutable ReaderPool readers_;

  std::mutex originsMutex_;
  std::map<std::pair<UUID, std::uint64_t>, std::int64_t> origins_;

  std::mutex leavingMutex_;
  std::map<UUID, std::uint64_t> leaving_;  // importers, and the last position at which something was taken back

  mutable std::mutex peersMutex_;
  std::map<UUID, PeerState> peers_;
  std::atomic<std::uint64_t> acknowledgedByAny_{0};
  std::atomic<bool> hasPeers_{false};

  std::mutex listenersMutex_;
  std::map<int, Listener> feedListeners_;
  Listener conflictListener_;
  int nextListener_ = 1;
};

}  // namespace blazedb::db
