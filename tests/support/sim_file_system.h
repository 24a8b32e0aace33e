// SimFileSystem: a file system in memory that behaves as badly as a disk may. It loses, tears and garbles what was not
// synced, fills up, and fails the N-th operation of a kind. Deterministic: the same calls with the same seeds give the
// same bytes. Thread-safe.
//
// To crash while a test still has the database open: call powerOff() (every operation fails from now on), destroy the
// objects, and call restart(seed) for a power cut, or restart() for a killed process, which loses nothing. crash(seed)
// does powerOff() and restart(seed).
//
// The seed chooses what a power cut leaves of writes that no sync has confirmed: none of them, all, any subset of their
// 512-byte sectors in any order, a prefix with a torn end, all but one sector, a sector of noise, or a longer file with
// zeros in place of data. Changes of names survive once their folder is synced; before that, a prefix of them survives.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/file_system.h"

namespace blazedb::test {

class SimFileSystem final : public storage::FileSystem {
 public:
  enum class Operation { open, create, remove, publish, rename, read, write, truncate, sync, syncFolder, size };
  static constexpr int kOperations = 11;

  SimFileSystem();
  ~SimFileSystem() override;

  std::string canonical(const std::string& path) override { return path; }
  storage::IoStatus open(const std::string& path, storage::Access access,
                         std::unique_ptr<storage::File>& file) override;
  storage::IoStatus openBeside(const std::string& main, const std::string& path, storage::Access access,
                               std::unique_ptr<storage::File>& file) override;
  storage::IoStatus createBeside(const std::string& main, const std::string& path,
                                 std::unique_ptr<storage::File>& file) override;
  storage::IoStatus createNew(const std::string& path, std::unique_ptr<storage::NewFile>& file) override;
  bool exists(const std::string& path) override;
  storage::IoStatus remove(const std::string& path) override;
  storage::IoStatus rename(const std::string& from, const std::string& to) override;
  std::optional<std::uint64_t> freeBytes(const std::string& path) override;
  storage::IoStatus syncFolder(const std::string& path) override;
  storage::IoStatus lock(const std::string& path, storage::Access access, std::unique_ptr<storage::FileLock>& lock,
                         std::int64_t& ownerPid) override;

  // Crashes. A restart ends all locks and open files.
  void powerOff();
  void restart();
  void restart(std::uint64_t seed);
  void crash(std::uint64_t seed);
  // Turns the power off at the `nth` sync from now (1: the next), before that sync does anything.
  void powerOffAtSync(std::uint64_t nth);
  bool isOff() const;

  // Faults. Makes the `nth` operation of a kind from now (1: the next) return `status`; with `lasting` all later ones
  // too. A write that fails has written its first half.
  void failAt(Operation operation, std::uint64_t nth, storage::IoStatus status = storage::IoStatus::failed,
              bool lasting = false);
  void clearFaults();
  // How many operations of a kind there have been.
  std::uint64_t count(Operation operation) const;
  // The most bytes that all files together may have. A write beyond writes what fits.
  void setCapacity(std::uint64_t bytes);

  // Read and replace a whole file, as a copy by other means does. contents() of a missing file is empty. setContents()
  // creates a missing file, and syncs.
  std::vector<std::uint8_t> contents(const std::string& path) const;
  void setContents(const std::string& path, std::vector<std::uint8_t> bytes);
  std::vector<std::string> list() const;

 private:
  friend class SimFile;
  friend class SimNewFile;
  friend class SimLock;
  struct Node;
  struct Fault {
    std::uint64_t in = 0;
    storage::IoStatus status = storage::IoStatus::failed;
    bool lasting = false;
  };
  struct NameChange {
    std::string name;
    std::shared_ptr<Node> node;  // none: the name was removed
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  std::optional<storage::IoStatus> fault(Operation operation);
  void change(const std::string& name, std::shared_ptr<Node> node);
  void come(std::optional<std::uint64_t> seed);
  std::uint64_t usedBytes() const;
  std::uint64_t roomBytes() const { return capacity_ - std::min(capacity_, usedBytes()); }

  mutable std::mutex mutex_;
  Names names_;
  Names durableNames_;
  std::vector<std::weak_ptr<Node>> unnamed_;  // new files, which may have no name yet
  std::vector<NameChange> nameChanges_;       // since the last sync of their folder
  std::array<std::uint64_t, kOperations> counts_ = {};
  std::array<std::optional<Fault>, kOperations> faults_;
  std::optional<std::uint64_t> offInSyncs_;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  bool off_ = false;
  std::uint64_t epoch_ = 0;  // counts restarts; files and locks of an earlier epoch no longer work
};

}  // namespace blazedb::test
