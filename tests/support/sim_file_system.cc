#include "support/sim_file_system.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

namespace blazedb::test {

using base::Bytes;
using base::ByteView;
using storage::IoStatus;

namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::string folderOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

// `bytes` is what a process sees. Undoing `unsynced` gives what is on the disk.
struct SimFileSystem::Node {
  struct Change {
    bool isTruncation;
    std::uint64_t offset;  // of a write; the new size of a truncation
    Bytes after;           // the bytes of a write
    Bytes before;          // the bytes that were replaced or cut off
    std::uint64_t sizeBefore;
  };

  void write(std::uint64_t offset, ByteView data) {
    Change change{false, offset, Bytes(data.begin(), data.end()), {}, bytes.size()};
    if (offset < bytes.size()) {
      std::uint64_t end = std::min<std::uint64_t>(bytes.size(), offset + data.size());
      change.before.assign(at(offset), at(end));
    }
    put(offset, data);
    unsynced.push_back(std::move(change));
  }

  void truncate(std::uint64_t size) {
    Change change{true, size, {}, {}, bytes.size()};
    if (size < bytes.size()) change.before.assign(at(size), bytes.end());
    bytes.resize(size);
    unsynced.push_back(std::move(change));
  }

  void loseUnsynced(std::mt19937_64& random) {
    std::vector<Change> changes = std::exchange(unsynced, {});
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) undo(*change);
    if (changes.empty()) return;
    switch (random() % 7) {
      case 0:
        return;
      case 1:
        return redoSectors(changes, [](std::size_t, std::uint64_t) { return true; });
      case 2:
        return redoSectors(changes, [&](std::size_t, std::uint64_t) { return random() % 2 == 0; });
      case 3: {
        std::size_t torn = random() % changes.size();
        return redoSectors(changes,
                           [&](std::size_t i, std::uint64_t) { return i < torn || (i == torn && random() % 2 == 0); });
      }
      case 4: {
        std::size_t victim = random() % changes.size();
        std::uint64_t sector = random() % (changes[victim].after.size() / kSectorBytes + 1);
        return redoSectors(changes, [&](std::size_t i, std::uint64_t s) { return i != victim || s != sector; });
      }
      case 5:
        redoSectors(changes, [](std::size_t, std::uint64_t) { return true; });
        return garble(changes[random() % changes.size()], random);
      default:
        redoSectors(changes, [&](std::size_t, std::uint64_t) { return random() % 2 == 0; });
        for (const Change& change : changes)
          if (!change.isTruncation)
            bytes.resize(std::max<std::size_t>(bytes.size(), change.offset + change.after.size()));
    }
  }

  Bytes bytes;
  std::vector<Change> unsynced;
  int holders = 0;  // how many share its lock; -1: one has it alone

 private:
  Bytes::iterator at(std::uint64_t offset) { return bytes.begin() + static_cast<std::ptrdiff_t>(offset); }

  void put(std::uint64_t offset, ByteView data) {
    if (offset + data.size() > bytes.size()) bytes.resize(offset + data.size());
    std::copy(data.begin(), data.end(), at(offset));
  }

  void undo(const Change& change) {
    if (change.isTruncation) {
      bytes.resize(change.sizeBefore);
      std::copy(change.before.begin(), change.before.end(), at(change.offset));
    } else {
      std::copy(change.before.begin(), change.before.end(), at(change.offset));
      bytes.resize(change.sizeBefore);
    }
  }

  // Applies again those sectors of each change for which `keep(change, sector)` is true. A truncation is one sector.
  template <typename Keep>
  void redoSectors(const std::vector<Change>& changes, Keep keep) {
    for (std::size_t i = 0; i < changes.size(); i++) {
      const Change& change = changes[i];
      if (change.isTruncation) {
        if (keep(i, 0)) bytes.resize(change.offset);
        continue;
      }
      std::uint64_t end = change.offset + change.after.size();
      std::uint64_t sector = 0;
      for (std::uint64_t from = change.offset; from < end; sector++) {
        std::uint64_t to = std::min(end, (from / kSectorBytes + 1) * kSectorBytes);
        if (keep(i, sector)) put(from, ByteView(change.after).subspan(from - change.offset, to - from));
        from = to;
      }
    }
  }

  void garble(const Change& change, std::mt19937_64& random) {
    if (change.after.empty()) return;
    std::uint64_t from = (change.offset + random() % change.after.size()) / kSectorBytes * kSectorBytes;
    std::uint64_t to =
        std::min({from + kSectorBytes, change.offset + change.after.size(), std::uint64_t{bytes.size()}});
    for (std::uint64_t i = std::max(from, change.offset); i < to; i++) bytes[i] = static_cast<std::uint8_t>(random());
  }
};

class SimFile final : public storage::File {
 public:
  SimFile(SimFileSystem& system, std::shared_ptr<SimFileSystem::Node> node, storage::Access access)
      : system_(system), node_(std::move(node)), access_(access), epoch_(system.epoch_) {}

  IoStatus readAt(std::uint64_t offset, std::span<std::uint8_t> out) override {
    return run(SimFileSystem::Operation::read, [&] {
      std::uint64_t size = node_->bytes.size();
      std::uint64_t there = offset < size ? std::min<std::uint64_t>(out.size(), size - offset) : 0;
      if (there > 0) std::memcpy(out.data(), node_->bytes.data() + offset, there);
      if (there < out.size()) std::memset(out.data() + there, 0, out.size() - there);
      return there < out.size() ? IoStatus::shortRead : IoStatus::ok;
    });
  }

  IoStatus writeAt(std::uint64_t offset, ByteView bytes) override {
    auto body = [&] {
      if (access_ == storage::Access::readOnly) return IoStatus::denied;
      std::uint64_t free = system_.roomBytes();
      std::uint64_t size = node_->bytes.size();
      std::uint64_t fits = std::max(size, offset) - offset + free;  // overwriting needs no space
      node_->write(offset, bytes.first(std::min<std::uint64_t>(bytes.size(), fits)));
      return fits < bytes.size() ? IoStatus::noSpace : IoStatus::ok;
    };
    return run(SimFileSystem::Operation::write, body, [&] { node_->write(offset, bytes.first(bytes.size() / 2)); });
  }

  IoStatus truncate(std::uint64_t bytes) override {
    return run(SimFileSystem::Operation::truncate, [&] {
      if (access_ == storage::Access::readOnly) return IoStatus::denied;
      node_->truncate(bytes);
      return IoStatus::ok;
    });
  }

  IoStatus sync() override {
    return run(SimFileSystem::Operation::sync, [&] {
      node_->unsynced.clear();
      return IoStatus::ok;
    });
  }

  IoStatus size(std::uint64_t& bytes) override {
    return run(SimFileSystem::Operation::size, [&] {
      bytes = node_->bytes.size();
      return IoStatus::ok;
    });
  }

 private:
  template <typename Body>
  IoStatus run(SimFileSystem::Operation operation, Body body) {
    return run(operation, body, [] {});
  }
  template <typename Body, typename OnFault>
  IoStatus run(SimFileSystem::Operation operation, Body body, OnFault onFault) {
    std::lock_guard guard(system_.mutex_);
    if (epoch_ != system_.epoch_ || system_.off_) return IoStatus::failed;
    std::optional<IoStatus> fault = system_.fault(operation);
    if (system_.off_) return IoStatus::failed;
    if (!fault) return body();
    onFault();
    return *fault;
  }

  SimFileSystem& system_;
  std::shared_ptr<SimFileSystem::Node> node_;
  storage::Access access_;
  std::uint64_t epoch_;
};

class SimNewFile final : public storage::NewFile {
 public:
  SimNewFile(SimFileSystem& system, std::string path, std::shared_ptr<SimFileSystem::Node> node)
      : system_(system), path_(std::move(path)), node_(std::move(node)), epoch_(system.epoch_) {}

  IoStatus open(std::unique_ptr<storage::File>& file) override {
    std::lock_guard guard(system_.mutex_);
    if (epoch_ != system_.epoch_ || system_.off_) return IoStatus::failed;
    if (auto status = system_.fault(SimFileSystem::Operation::open)) return *status;
    file = std::make_unique<SimFile>(system_, node_, storage::Access::readWrite);
    return IoStatus::ok;
  }
  IoStatus publish() override {
    std::lock_guard guard(system_.mutex_);
    if (epoch_ != system_.epoch_ || system_.off_) return IoStatus::failed;
    if (auto status = system_.fault(SimFileSystem::Operation::publish)) return *status;
    if (system_.names_.contains(path_)) return IoStatus::exists;
    system_.change(path_, node_);
    return IoStatus::ok;
  }

 private:
  SimFileSystem& system_;
  std::string path_;
  std::shared_ptr<SimFileSystem::Node> node_;
  std::uint64_t epoch_;
};

class SimLock final : public storage::FileLock {
 public:
  SimLock(SimFileSystem& system, std::shared_ptr<SimFileSystem::Node> node)
      : system_(system), node_(std::move(node)), epoch_(system.epoch_) {}
  ~SimLock() override {
    std::lock_guard guard(system_.mutex_);
    if (epoch_ == system_.epoch_) node_->holders -= node_->holders < 0 ? -1 : 1;
  }

 private:
  SimFileSystem& system_;
  std::shared_ptr<SimFileSystem::Node> node_;
  std::uint64_t epoch_;
};

SimFileSystem::SimFileSystem() = default;
SimFileSystem::~SimFileSystem() = default;

// Counts the operation. Returns the status of a fault that is due; none otherwise.
std::optional<IoStatus> SimFileSystem::fault(Operation operation) {
  if (off_) return IoStatus::failed;
  if (operation == Operation::sync && offInSyncs_ && --*offInSyncs_ == 0) {
    off_ = true;
    return IoStatus::failed;
  }
  auto kind = static_cast<std::size_t>(operation);
  counts_[kind]++;
  std::optional<Fault>& fault = faults_[kind];
  if (!fault) return std::nullopt;
  if (fault->in > 0) fault->in--;
  if (fault->in > 0) return std::nullopt;
  IoStatus status = fault->status;
  if (!fault->lasting) fault.reset();
  return status;
}

void SimFileSystem::change(const std::string& name, std::shared_ptr<Node> node) {
  if (node)
    names_[name] = node;
  else
    names_.erase(name);
  nameChanges_.push_back({name, std::move(node)});
}

IoStatus SimFileSystem::open(const std::string& path, storage::Access access, std::unique_ptr<storage::File>& file) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::open)) return *status;
  auto found = names_.find(path);
  if (found == names_.end()) return IoStatus::absent;
  file = std::make_unique<SimFile>(*this, found->second, access);
  return IoStatus::ok;
}

IoStatus SimFileSystem::openBeside(const std::string&, const std::string& path, storage::Access access,
                                   std::unique_ptr<storage::File>& file) {
  return open(path, access, file);
}

IoStatus SimFileSystem::createBeside(const std::string&, const std::string& path,
                                     std::unique_ptr<storage::File>& file) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::create)) return *status;
  if (names_.contains(path)) return IoStatus::exists;
  change(path, std::make_shared<Node>());
  file = std::make_unique<SimFile>(*this, names_[path], storage::Access::readWrite);
  return IoStatus::ok;
}

IoStatus SimFileSystem::createNew(const std::string& path, std::unique_ptr<storage::NewFile>& file) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::create)) return *status;
  auto node = std::make_shared<Node>();
  std::erase_if(unnamed_, [](const auto& made) { return made.expired(); });
  unnamed_.push_back(node);
  file = std::make_unique<SimNewFile>(*this, path, std::move(node));
  return IoStatus::ok;
}

std::optional<std::uint64_t> SimFileSystem::freeBytes(const std::string&) {
  std::lock_guard guard(mutex_);
  return roomBytes();
}

bool SimFileSystem::exists(const std::string& path) {
  std::lock_guard guard(mutex_);
  return !off_ && names_.contains(path);
}

IoStatus SimFileSystem::remove(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::remove)) return *status;
  if (!names_.contains(path)) return IoStatus::absent;
  change(path, nullptr);
  return IoStatus::ok;
}

IoStatus SimFileSystem::rename(const std::string& from, const std::string& to) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::rename)) return *status;
  auto found = names_.find(from);
  if (found == names_.end()) return IoStatus::absent;
  if (names_.contains(to)) return IoStatus::exists;
  change(to, found->second);
  change(from, nullptr);
  return IoStatus::ok;
}

IoStatus SimFileSystem::syncFolder(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (auto status = fault(Operation::syncFolder)) return *status;
  std::vector<NameChange> others;
  for (NameChange& each : nameChanges_) {
    if (folderOf(each.name) != folderOf(path))
      others.push_back(std::move(each));
    else if (each.node)
      durableNames_[each.name] = each.node;
    else
      durableNames_.erase(each.name);
  }
  nameChanges_ = std::move(others);
  return IoStatus::ok;
}

IoStatus SimFileSystem::lock(const std::string& path, storage::Access access, std::unique_ptr<storage::FileLock>& lock,
                             std::int64_t& ownerPid) {
  std::lock_guard guard(mutex_);
  if (off_) return IoStatus::failed;
  auto found = names_.find(path);
  if (found == names_.end()) return IoStatus::absent;
  int& holders = found->second->holders;
  bool shares = access == storage::Access::readOnly;
  if (shares ? holders < 0 : holders != 0) {
    ownerPid = ::getpid();
    return IoStatus::inUse;
  }
  holders += shares ? 1 : -1;
  lock = std::make_unique<SimLock>(*this, found->second);
  return IoStatus::ok;
}

void SimFileSystem::powerOff() {
  std::lock_guard guard(mutex_);
  off_ = true;
}

void SimFileSystem::restart() { come(std::nullopt); }
void SimFileSystem::restart(std::uint64_t seed) { come(seed); }

void SimFileSystem::crash(std::uint64_t seed) {
  powerOff();
  restart(seed);
}

void SimFileSystem::come(std::optional<std::uint64_t> seed) {
  std::lock_guard guard(mutex_);
  if (seed) {
    std::mt19937_64 random(*seed);
    for (const Names* names : {&names_, &durableNames_})
      for (const auto& [name, node] : *names) node->loseUnsynced(random);  // twice: nothing left to lose
    std::size_t kept = nameChanges_.empty() ? 0 : random() % (nameChanges_.size() + 1);
    for (std::size_t i = 0; i < kept; i++) {
      if (nameChanges_[i].node)
        durableNames_[nameChanges_[i].name] = nameChanges_[i].node;
      else
        durableNames_.erase(nameChanges_[i].name);
    }
    names_ = durableNames_;
    nameChanges_.clear();
  }
  for (auto& [name, node] : names_) node->holders = 0;
  faults_ = {};
  offInSyncs_.reset();
  off_ = false;
  epoch_++;
}

void SimFileSystem::powerOffAtSync(std::uint64_t nth) {
  std::lock_guard guard(mutex_);
  offInSyncs_ = nth;
}

bool SimFileSystem::isOff() const {
  std::lock_guard guard(mutex_);
  return off_;
}

void SimFileSystem::failAt(Operation operation, std::uint64_t nth, IoStatus status, bool lasting) {
  std::lock_guard guard(mutex_);
  faults_[static_cast<std::size_t>(operation)] = Fault{nth, status, lasting};
}

void SimFileSystem::clearFaults() {
  std::lock_guard guard(mutex_);
  faults_ = {};
}

std::uint64_t SimFileSystem::count(Operation operation) const {
  std::lock_guard guard(mutex_);
  return counts_[static_cast<std::size_t>(operation)];
}

void SimFileSystem::setCapacity(std::uint64_t bytes) {
  std::lock_guard guard(mutex_);
  capacity_ = bytes;
}

std::uint64_t SimFileSystem::usedBytes() const {
  std::uint64_t used = 0;
  for (const auto& [name, node] : names_) used += node->bytes.size();
  for (const auto& made : unnamed_) {
    std::shared_ptr<Node> node = made.lock();
    bool named = std::any_of(names_.begin(), names_.end(), [&](const auto& each) { return each.second == node; });
    if (node && !named) used += node->bytes.size();
  }
  return used;
}

std::vector<std::uint8_t> SimFileSystem::contents(const std::string& path) const {
  std::lock_guard guard(mutex_);
  auto found = names_.find(path);
  return found == names_.end() ? Bytes() : found->second->bytes;
}

void SimFileSystem::setContents(const std::string& path, std::vector<std::uint8_t> bytes) {
  std::lock_guard guard(mutex_);
  auto node = std::make_shared<Node>();
  node->bytes = std::move(bytes);
  names_[path] = durableNames_[path] = node;
}

std::vector<std::string> SimFileSystem::list() const {
  std::lock_guard guard(mutex_);
  std::vector<std::string> paths;
  for (const auto& [name, node] : names_) paths.push_back(name);
  return paths;
}

}  // namespace blazedb::test
