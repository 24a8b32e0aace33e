// The one writer, and its group commit.
//
// A write runs on its caller's thread, inside the one open SQLite transaction. If other threads wait to write, the
// caller leaves the commit to them and waits. The last thread in line commits for all, so many threads share one sync
// to disk. Before a sync that thread waits a moment for the threads that shared the sync before. Each write of a group
// has its own savepoint and its own mark in the feed: it can fail alone, and it travels as a transaction of its own.
//
// What a write works on (Writing) belongs to the thread that has the writer's lock. After a rollback, memory that
// mirrors the file is loaded again before the next write.
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
#include "db/watch.h"
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
  const std::shared_ptr<Watch> watch = std::make_shared<Watch>();  // subscriptions may outlive the rest
  Incarnations incarnations;
  replica::Peers peers;

  // Loads it from the file.
  Shared(storage::DatabaseFile& file, std::int64_t nowMs, std::int64_t retentionMs, std::size_t removedFieldsKept);
};

// Inside a write: forgets all that is known of a peer, except what records came from it.
void forgetPeer(Changes& changes, replica::Peers& peers, const UUID& peer);
// Inside a write: forgets the cursors and readings of a peer and the records rejected on its links, except those of one
// scope.
void forgetScopes(Changes& changes, replica::Peers& peers, const UUID& peer, const std::optional<sync::Scope>& except);

class GroupCommit {
 public:
  using Body = std::function<void(Changes&)>;

  // The arguments must outlive it. Loads the mirror from the file. Throws DamagedPage.
  GroupCommit(const Environment& environment, storage::DatabaseFile& file, Shared& shared, bool readOnly);

  // Runs `body` as one transaction and commits it, alone or with others. Throws what `body` or the commit throws;
  // nothing of `body` is kept then. Throws Misuse inside a transaction of the same thread.
  void write(Durability durability, const Body& body) EXCLUDES(mutex_);
  // Copies the log into the file, unless a thread writes or has written since the last call.
  void checkpointIfIdle() EXCLUDES(mutex_);
  // Throws OpenedReadOnly if the file was opened so.
  void requireWritable() const;
  // How many threads wait for the writer's lock.
  int waiting() const { return waiting_; }

  // For the thread that has the writer.
  base::UuidV7& ids() { return ids_; }

  // Holds the writer for as long as it lives, with no transaction open. Throws Misuse inside a transaction of the same
  // thread.
  class BLAZEDB_THREAD_RULE(scoped_lockable) Alone {
   public:
    explicit Alone(GroupCommit& writer) ACQUIRE(writer.mutex_);
    ~Alone() RELEASE();
    Alone(const Alone&) = delete;

    // As GroupCommit::write, but always commits alone.
    void write(Durability durability, const Body& body);
    // For what is no change of the data: begins no incarnation, and calls no listener.
    void note(Durability durability, const std::function<void(WriteTables&)>& body);
    // Begins an incarnation if this opening has none yet.
    void beginIncarnation();
    Writing& operator*();
    Writing* operator->() { return &**this; }

   private:
    GroupCommit& writer_;
  };

 private:
  struct Group;

  // Takes the writer's lock. Another thread may have left this one a group to commit meanwhile.
  void lock() ACQUIRE(mutex_);
  void reload() REQUIRES(mutex_);
  void publishCatalog() REQUIRES(mutex_);
  void beginIncarnation() REQUIRES(mutex_);
  void note(Durability durability, const std::function<void(WriteTables&)>& body) REQUIRES(mutex_);
  std::shared_ptr<Group> joinGroup(bool durable) REQUIRES(mutex_);
  void runInGroup(const std::shared_ptr<Group>& group, const Body& body) REQUIRES(mutex_);
  void failGroup(const std::shared_ptr<Group>& group, std::exception_ptr error) REQUIRES(mutex_);
  void commit() REQUIRES(mutex_);
  void rollback() noexcept REQUIRES(mutex_);
  void checkpointAfter(const std::exception_ptr& error) noexcept REQUIRES(mutex_);

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
  bool outdated_ GUARDED_BY(mutex_) = false;  // the mirror has to be loaded again; the last attempt failed
};

}  // namespace blazedb::db
