// Engine: a replica in a file. It composes its parts and is sync::Store over them; each part owns its lock:
//
//   writer       one writer with group commit, and what it works on           group_commit.h
//   shared       what is committed, readers of the feed, incarnations, listeners
//   snapshot     reading records                                              snapshot.h
//   journal      what merges have overridden and peers have removed           journal.h
//   tokens       which clients may connect, and what they may do              tokens.h
//   importers    what importers were given                                    importers.h
//   upkeep       work that is due now and then                                upkeep.h
//
// Time, randomness and files are passed in (Environment), and the engine starts no thread. Its owner calls maintain()
// now and then: src/db/housekeeper.h on a thread, the simulation by its virtual clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/database.h"
#include "db/cursor_seal.h"
#include "db/group_commit.h"
#include "db/importers.h"
#include "db/index_keeper.h"
#include "db/journal.h"
#include "db/observers.h"
#include "db/origins.h"
#include "db/reader_pool.h"
#include "db/snapshot.h"
#include "db/tokens.h"
#include "db/upkeep.h"
#include "replica/replica.h"
#include "storage/database_file.h"
#include "sync/store.h"

namespace blazedb::db {

struct EngineOptions {
  std::string name;  // empty: the stored name
  std::optional<SyncRole> role;
  Durability durability = Durability::full;
  bool createIfMissing = true;
  bool readOnly = false;
  std::chrono::milliseconds tombstoneRetention = std::chrono::hours(24 * 30);
  std::size_t removedFieldsKept = replica::kRemovedFieldsKept;
  storage::CreateOptions create;
  // Whether a thread tells observers. Otherwise Observers::tell() does, when it is called: a simulation has no threads.
  bool tellsObservers = true;
};

class Engine final : public sync::Store, public replica::Replica {
 public:
  // Errors as Database::open says. `environment` must outlive the engine.
  static std::unique_ptr<Engine> open(const Environment& environment, const std::string& path,
                                      const storage::KeySource& key, const EngineOptions& options);
  ~Engine() override;
  Engine(const Engine&) = delete;

  // As GroupCommit says.
  void write(Durability durability, const GroupCommit::Body& body) { writer_.write(durability, body); }
  void write(const GroupCommit::Body& body) { write(options_.durability, body); }
  void requireWritable() const override { writer_.requireWritable(); }
  int waitingWriters() const { return writer_.waiting(); }

  const Snapshot& snapshot() const { return snapshot_; }
  Journal& journal() { return journal_; }
  Rights& rights() { return rights_; }
  Tokens& tokens() { return tokens_; }
  IndexKeeper& indexes() { return indexes_; }
  Observers& observers() { return observers_; }
  Listeners& listeners() { return shared_.listeners; }

  DatabaseInfo info() const;
  std::vector<CollectionInfo> collections() const;
  std::vector<RejectedChange> rejectedChanges() const;
  // Those that left their records, with an id above `id`, in their order.
  std::vector<RejectedChange> refusedAfter(std::int64_t id) const;
  RejectedChange refused(std::int64_t id) const;  // throws NotFound
  void retry(std::int64_t id);
  void discard(std::int64_t id);
  std::optional<Error> writeProblem() const { return shared_.published.problem(); }

  base::ByteView controlKey() const { return file_->controlKey(); }
  void changePassword(const storage::KeySource& current, const storage::KeySource& replacement);
  void backup(const std::string& path, const Progress& progress);
  VerifyReport verify(const Progress& progress);
  // As Database::rename says.
  void rename(const std::string& name);
  void renewReplicaId();
  // As Database::restamp says.
  std::uint64_t restamp();
  // Ends being a read-only replica.
  void releaseSource();

  // replica::Replica
  Date now() const { return {environment_.clock.wallMs() * 1000}; }
  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  UUID replicaId() const override { return shared_.published.self().replica; }
  SyncRole role() const override { return shared_.published.self().role; }
  std::optional<UUID> source() const override { return shared_.published.self().source; }
  sync::Store& store() override { return *this; }
  replica::TokenCheck& tokenCheck() override { return tokens_; }
  int addFeedListener(Listener listener) override { return shared_.listeners.feed().add(std::move(listener)); }
  void removeFeedListener(int id) override { shared_.listeners.feed().remove(id); }
  void setRole(SyncRole role) override;
  void bindTo(const UUID& source, bool adopt) override;
  void noteRemote(const std::string& address, const UUID& replica) override;
  std::optional<UUID> remoteAt(const std::string& address) const override;
  std::vector<std::string> collectionNames() const override;
  std::optional<sync::Scope> readingOf(const UUID& peer) const override { return shared_.peers.latestScope(peer); }
  std::uint64_t acknowledgedTo(const UUID& peer, const sync::Scope& scope) const override {
    return shared_.peers.acknowledgedTo(peer, scope);
  }
  void visitUnsent(const replica::Unsent& question, const UnsentVisit& visit) const override;

  // Does a bounded piece of upkeep. Returns true if there is more to do.
  bool maintain();
  // Copies the log into the file if nothing was written since the last call.
  void checkpointIfIdle() { writer_.checkpointIfIdle(); }

  // sync::Store
  sync::Identity identity() override;
  std::uint64_t feedEnd() const override { return shared_.published.feedEnd(); }
  std::uint64_t purgeHorizon() const override { return shared_.published.horizon(); }
  bool empty() const override { return readers_.lease()->empty(); }
  sync::Cursor resolve(const sync::Cursor& cursor) const override {
    return shared_.incarnations.resolve(cursor, feedEnd());
  }
  sync::SealedPlace sealed(const sync::Cursor& cursor, const UUID& reader) override;
  std::optional<sync::Cursor> opened(const sync::Cursor& cursor, const UUID& reader) const override;
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) const override;
  std::uint64_t ahead(std::uint64_t position, const sync::Scope& scope) const override;
  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override;
  std::size_t readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                          std::size_t bytesWanted, sync::BatchWriter& out, std::vector<sync::RecordKey>& gone) override;
  sync::Moved moved(const sync::Agreement& agreement) override;
  void readMoved(const sync::MovedQuery& query, sync::Moved& moved, sync::BatchWriter& out) override;
  sync::Deliveries& deliveries() override { return importers_; }
  sync::ApplyResult apply(const sync::Incoming& incoming) override;
  std::vector<sync::Rejection> setAside(const UUID& peer, const sync::Scope& scope, bool changed) const override;
  std::uint64_t changedAside() const override { return shared_.published.changedAside(); }
  Noted noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected,
                     bool replaces) override;
  Swept finishSweep(const sync::Peer& from, const sync::Scope& scope, sync::Sweep& sweep,
                    const sync::Cursor& cursor) override;
  void dropCursor(const sync::Peer& peer, const sync::Scope& scope) override;
  void leaveOtherScopes(const sync::Peer& peer, const sync::Scope& scope) override;
  void noteReader(const sync::Peer& peer, const sync::Scope& scope, std::uint64_t position) override;
  void noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                        const std::optional<PeerFeed>& its) override;
  std::vector<sync::DigestLine> digests() const override;
  bool holds(const std::string& collection) const override;
  sync::HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                         std::size_t rowsMax) const override;

 private:
  Engine(const Environment& environment, std::string path, const EngineOptions& options,
         std::unique_ptr<storage::DatabaseFile> file);

  // Changes what the replica is, in the file and then in memory, under one lock: no write in between uses what the
  // replica no longer is. `publish` changes both of its arguments alike.
  void changeSelf(const GroupCommit::Body& persist,
                  const std::function<void(replica::Author&, Published::Self&)>& publish);
  replica::Committed committed() const;
  void walkMoved(const sync::MovedQuery& query, sync::Moved& moved, ReadTables& tables) const;

  const Environment environment_;
  const std::string path_;
  const EngineOptions options_;
  std::unique_ptr<storage::DatabaseFile> file_;
  std::string name_;
  mutable ReaderPool readers_;
  Shared shared_;
  GroupCommit writer_;
  CommittedSnapshot snapshot_;
  Journal journal_;
  Revision revision_;
  Rights rights_;
  Tokens tokens_;
  IndexKeeper indexes_;
  Importers importers_;
  mutable CursorSeal seal_;
  Origins origins_;
  Upkeep upkeep_;
  Observers observers_;
};

}  // namespace blazedb::db
