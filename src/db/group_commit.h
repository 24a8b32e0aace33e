// The one writer, and its group commit.
//
// A write runs on its caller's thread, inside the one open SQLite transaction. When others are already waiting to
// write, the caller leaves the commit to them and waits; the last in line commits for all, so that many threads share
// one sync to disk. Before a sync it waits a moment for those who shared the one before. Each write of a group has its
// own savepoint and its own mark in the feed: it can fail alone, and it travels as a transaction of its own.
//
// What a write works on (Writing) belongs to the thread that has the writer's lock. Memory that mirrors the file is
// loaded again after each rollback, before anybody writes.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/random.h"
#include "blazedb/database.h"
#include "db/changes.h"
#include "db/incarnations.h"
#include "db/listeners.h"
#include "db/published.h"
#include "replica/peers.h"
#include "storage/database_file.h"

namespace blazedb::db {

struct Environment {
  storage::FileSystem& files;
  base::Clock& clock;
  base::Random& random;
};

// What a commit touches outside of the file.
struct Shared {
  Published published;
  Listeners listeners;
  Incarnations incarnations;
  replica::Peers peers;

  // As the file has it.
  Shared(storage::DatabaseFile& file, std::int64_t nowMs, std::int64_t retentionMs);
};

// In a write: forgets everything of a peer but what its records say.
void forgetPeer(Changes& changes, replica::Peers& peers, const UUID& peer);
// Likewise its cursors and readings, and what was rejected, but for those of one scope.
void forgetScopes(Changes& changes, replica::Peers& peers, const UUID& peer, const std::optional<sync::Scope>& except);

class GroupCommit {
 public:
  using Body = std::function<void(Changes&)>;

  // All of these must outlive it. Loads what the file says, which may throw DamagedPage.
  GroupCommit(const Environment& environment, storage::DatabaseFile& file, Shared& shared, bool readOnly);

  // Runs `body` as one transaction and commits it, alone or with others. Throws what `body` or the commit throws; then
  // nothing of it was kept. Misuse inside a transaction of the same thread.
  void write(Durability durability, const Body& body) EXCLUDES(mutex_);
  // Copies the log into the file where nothing was written since the last call, and nobody writes.
  void checkpointIfIdle() EXCLUDES(mutex_);
  // Throws Error(OpenedReadOnly) where that is how the file was opened.
  void requireWritable() const;
  // How many threads wait for the writer's lock.
  int waiting() const { return waiting_; }

  base::UuidV7& ids() { return ids_; }

  // The writer, for as long as this lives, with no transaction open. Misuse inside a transaction of the same thread.
  class BLAZEDB_THREAD_RULE(scoped_lockable) Alone {
   public:
    explicit Alone(GroupCommit& writer) ACQUIRE(writer.mutex_);
    ~Alone() RELEASE();
    Alone(const Alone&) = delete;

    // As GroupCommit::write, and committed when it returns.
    void write(Durability durability, const Body& body);
    // The same for what is no change of the data: it begins no incarnation, and nobody is told.
    void note(Durability durability, const std::function<void(WriteTables&)>& body);
    // Begins an incarnation where this opening has none yet.
    void beginIncarnation();
    Writing& operator*();
    Writing* operator->() { return &**this; }

   private:
    GroupCommit& writer_;
  };

 private:
  struct Group;

  // The writer's lock; while a thread waited for it, it may have been left a group to commit.
  void lock() ACQUIRE(mutex_);
  void reload() REQUIRES(mutex_);
  void publishCatalog() REQUIRES(mutex_);
  void beginIncarnation() REQUIRES(mutex_);
  void note(Durability durability, const std::function<void(WriteTables&)>& body) REQUIRES(mutex_);
  std::shared_ptr<Group> joinGroup(bool durable) REQUIRES(mutex_);
  void runInGroup(const std::shared_ptr<Group>& group, const Body& body) REQUIRES(mutex_);
  void failGroup(const std::shared_ptr<Group>& group, std::exception_ptr error) REQUIRES(mutex_);
  void commit(std::shared_ptr<Group> group) REQUIRES(mutex_);
  void rollback() noexcept REQUIRES(mutex_);
  void checkpointAfter(std::exception_ptr error) noexcept REQUIRES(mutex_);

  Environment environment_;
  storage::DatabaseFile& file_;
  Shared& shared_;
  const bool readOnly_;
  base::UuidV7 ids_;

  std::atomic<int> waiting_{0};
  std::atomic<std::thread::id> writing_{};  // the thread that runs a body now
  base::Mutex mutex_;
  Writing state_ GUARDED_BY(mutex_);
  std::shared_ptr<Group> group_ GUARDED_BY(mutex_);
  int companions_ GUARDED_BY(mutex_) = 0;  // how many shared the latest durable commit
  std::uint64_t commitsAtLastIdleCheck_ GUARDED_BY(mutex_) = 0;
  bool outdated_ GUARDED_BY(mutex_) = false;  // the mirror is not what the file says, which could not be read
};

}  // namespace blazedb::db
