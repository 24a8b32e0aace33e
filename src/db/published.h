// What is committed, for any thread at any moment, without waiting for the writer. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "blazedb/error.h"
#include "blazedb/sync_role.h"
#include "blazedb/uuid.h"
#include "db/indexes.h"
#include "replica/feed_reader.h"

namespace blazedb::db {

class Published {
 public:
  std::uint64_t feedEnd() const { return feedEnd_.load(std::memory_order_acquire); }
  std::uint64_t horizon() const { return horizon_.load(std::memory_order_acquire); }
  std::uint64_t changedAside() const { return changedAside_.load(std::memory_order_acquire); }
  // The number of commits so far.
  std::uint64_t commits() const { return commits_.load(); }

  // What opening the file has found.
  void setOpened(std::uint64_t feedEnd, std::uint64_t horizon) {
    feedEnd_ = feedEnd;
    horizon_ = horizon;
  }
  // Comes before the commit, under the writer's lock.
  void raiseHorizon(std::uint64_t position) {
    if (position > horizon_) horizon_ = position;
  }
  void setCommitted(std::uint64_t feedEnd, std::uint64_t changedAside) {
    changedAside_.store(changedAside, std::memory_order_release);
    feedEnd_.store(feedEnd, std::memory_order_release);
    commits_.fetch_add(1);
    if (!hasProblem_.exchange(false)) return;
    base::Lock lock(mutex_);
    problem_.reset();
  }

  // Names and numbers of collections.
  std::shared_ptr<const replica::Catalog> catalog() const {
    base::Lock lock(mutex_);
    return catalog_;
  }
  void setCatalog(std::shared_ptr<const replica::Catalog> catalog) {
    base::Lock lock(mutex_);
    catalog_ = std::move(catalog);
  }
  // Returns 0 if there is no such collection.
  std::int64_t collectionNumber(const std::string& name) const {
    std::shared_ptr<const replica::Catalog> known = catalog();
    auto found = known->numbers.find(name);
    return found == known->numbers.end() ? 0 : found->second;
  }

  // All indexes of the file. A reader may still see the file without one of them.
  std::shared_ptr<const Indexes> indexes() const {
    base::Lock lock(mutex_);
    return indexes_;
  }
  void setIndexes(std::shared_ptr<const Indexes> indexes) {
    base::Lock lock(mutex_);
    indexes_ = std::move(indexes);
  }

  // What the replica is.
  struct Self {
    UUID replica;
    SyncRole role = SyncRole::client;
    std::optional<UUID> source;  // of a read-only replica
  };
  Self self() const {
    base::Lock lock(mutex_);
    return self_;
  }
  void setSelf(const Self& self) {
    base::Lock lock(mutex_);
    self_ = self;
  }

  // Why storage refused the latest write; std::nullopt once a write is kept.
  std::optional<Error> problem() const {
    base::Lock lock(mutex_);
    return problem_;
  }
  void noteProblem(const Error& error) {
    bool isStorage = error.code() >= ErrorCode::DamagedPage && error.code() <= ErrorCode::NeedsReopen;
    if (!isStorage) return;
    base::Lock lock(mutex_);
    problem_ = error;
    hasProblem_ = true;
  }

 private:
  std::atomic<std::uint64_t> feedEnd_{0};
  std::atomic<std::uint64_t> horizon_{0};
  std::atomic<std::uint64_t> changedAside_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<bool> hasProblem_{false};
  mutable base::Mutex mutex_;
  std::shared_ptr<const replica::Catalog> catalog_ GUARDED_BY(mutex_);
  std::shared_ptr<const Indexes> indexes_ GUARDED_BY(mutex_);
  Self self_ GUARDED_BY(mutex_);
  std::optional<Error> problem_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::db
