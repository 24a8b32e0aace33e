// Which records the committed transactions have changed, in the collections that somebody observes: from the thread
// that commits to the thread that tells the observers. Thread-safe.
//
// A commit and its list enter together, and the other thread takes the list and a snapshot together. So a snapshot
// shows exactly the transactions that were listed until then: none is missed, told in part, or told twice.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "replica/ledger.h"

namespace blazedb::db {

class Watch {
 public:
  struct Listed {
    replica::Touched touched;
    std::uint64_t era = 0;  // how many observers had come before the commit
  };

  // Under the writer's lock with no transaction open, so that no transaction is listed in part. Returns the era that
  // begins: what the new observer is told has this one or a later one.
  std::uint64_t add(const std::string& collection) {
    base::Lock lock(mutex_);
    observers_[collection]++;
    any_ = true;
    return ++era_;
  }
  void remove(const std::string& collection) {
    base::Lock lock(mutex_);
    if (--observers_[collection] == 0) observers_.erase(collection);
    any_ = !observers_.empty();
  }
  bool has(const std::string& collection) const {
    if (!any_) return false;
    base::Lock lock(mutex_);
    return observers_.contains(collection);
  }

  // Commits, with the list of what the transaction has touched.
  template <class Commit>
  void commit(const std::vector<replica::Touched>& touched, Commit&& commit) {
    base::Lock lock(mutex_);
    commit();
    for (const replica::Touched& each : touched) note(each, era_);
    if (!touched.empty()) wake_.notify_all();
  }

  // Waits until something is listed, or wake() was called.
  void wait() {
    base::Lock lock(mutex_);
    while (listed_.empty() && !woken_) wake_.wait(lock);
    woken_ = false;
  }
  void wake() {
    base::Lock lock(mutex_);
    woken_ = true;
    wake_.notify_all();
  }

  // Takes the list, with each record once in an era: as it was before the first of the commits, and is after the last.
  // `look` begins the snapshot that goes with it.
  template <class Look>
  std::vector<Listed> take(Look&& look) {
    base::Lock lock(mutex_);
    look();
    places_.clear();
    return std::exchange(listed_, {});
  }
  // They could not be told: they are listed again, before what has come since.
  void giveBack(std::vector<Listed> listed) {
    base::Lock lock(mutex_);
    std::swap(listed_, listed);
    places_.clear();
    for (std::size_t i = 0; i < listed_.size(); i++) places_[listed_[i].touched.key] = i;
    for (const Listed& each : listed) note(each.touched, each.era);
  }

 private:
  struct Hash {
    std::size_t operator()(const replica::Key& key) const {
      std::size_t hash = static_cast<std::size_t>(key.collection);
      for (std::uint8_t byte : key.id.bytes) hash = hash * 1'099'511'628'211u + byte;
      return hash;
    }
  };

  void note(const replica::Touched& touched, std::uint64_t era) REQUIRES(mutex_) {
    auto [place, isNew] = places_.try_emplace(touched.key, listed_.size());
    if (isNew || listed_[place->second].era != era) {
      place->second = listed_.size();
      listed_.push_back({touched, era});
      return;
    }
    replica::Touched& known = listed_[place->second].touched;
    known.is = touched.is;
    known.peer = touched.peer;
  }

  mutable base::Mutex mutex_;
  std::condition_variable_any wake_;
  std::atomic<bool> any_{false};
  std::map<std::string, int> observers_ GUARDED_BY(mutex_);  // of each collection
  std::vector<Listed> listed_ GUARDED_BY(mutex_);
  std::unordered_map<replica::Key, std::size_t, Hash> places_ GUARDED_BY(mutex_);  // in listed_
  std::uint64_t era_ GUARDED_BY(mutex_) = 0;
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace blazedb::db
