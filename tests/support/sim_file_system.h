// A file system in memory that behaves as badly as a disk may: it forgets, tears and garbles what was not synced, fills
// up, and fails the N-th operation of a kind. Deterministic: the same calls with the same seeds give the same bytes.
//
// A crash in a test that still holds the database: powerOff() (every operation fails from now on), destroy the objects,
// then restart(seed) for a power cut or restart() for a process that was killed (nothing is lost). crash(seed) is both
// at once.
//
// What a power cut may leave of writes that no sync has confirmed, chosen by the seed: none of them, all, any subset of
// their 512-byte sectors in any order, a prefix with a torn end, all but one sector, a sector of noise, or a longer
// file with zeros in place of data. Names that were created, published or removed last once their folder is synced;
// before, a prefix of them does. Thread-safe.
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

  // Crashes. Locks and open files do not survive a restart.
  void powerOff();
  void restart();
  void restart(std::uint64_t seed);
  void crash(std::uint64_t seed);
  // Power goes off by itself at the `nth` sync from now (1: the next), before that sync does anything.
  void powerOffAtSync(std::uint64_t nth);
  bool isOff() const;

  // Faults. The `nth` operation of a kind from now (1: the next), and with `lasting` all after it, ends with `status`.
  // A write that fails has written its first half.
  void failAt(Operation operation, std::uint64_t nth, storage::IoStatus status = storage::IoStatus::failed,
              bool lasting = false);
  void clearFaults();
  // How many operations of a kind there have been.
  std::uint64_t count(Operation operation) const;
  // The bytes that all files together may have; a write beyond writes what fits.
  void setCapacity(std::uint64_t bytes);

  // What a process would read now, and putting it back, as copying a file does. contents() of an absent file is empty;
  // setContents() creates, and is synced.
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
    std::shared_ptr<Node> node;  // none: removed
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
  std::vector<std::weak_ptr<Node>> unnamed_;  // files that have been made and may have no name yet
  std::vector<NameChange> nameChanges_;       // since the last sync of their folder
  std::array<std::uint64_t, kOperations> counts_ = {};
  std::array<std::optional<Fault>, kOperations> faults_;
  std::optional<std::uint64_t> offInSyncs_;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  bool off_ = false;
  std::uint64_t epoch_ = 0;  // files and locks of an earlier one are dead
};

}  // namespace blazedb::test
