// A replica on a file system in memory, with a clock and randomness that the test controls. Tests of engines and
// sessions use it. It has a raw key, because stretching a password takes longer than most tests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "db/engine.h"
#include "support/read_record.h"
#include "support/sim_file_system.h"
#include "sync/frames.h"

namespace blazedb::test {

// The clock of one replica: the time that all replicas of a test share, plus the skew of this one.
class WorldClock final : public base::Clock {
 public:
  static constexpr std::int64_t kBeginningMs = 1'763'800'000'000;

  explicit WorldClock(const std::int64_t& worldMs) : worldMs_(worldMs) {}
  std::int64_t wallMs() override { return kBeginningMs + worldMs_ + skewMs; }
  std::int64_t monotonicUs() override { return worldMs_ * 1000; }
  std::int64_t skewMs = 0;

 private:
  const std::int64_t& worldMs_;
};

class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : seed_(seed), random_(seed) {}
  // From now on a number of 8 bytes, such as an incarnation, depends on the time and not on what was drawn before.
  // `worldMs` must outlive this object.
  void drawNumbersBy(const std::int64_t& worldMs) { worldMs_ = &worldMs; }
  void fill(std::span<std::uint8_t> out) override {
    if (worldMs_ && out.size() == sizeof(std::uint64_t)) {
      drawn_ = *worldMs_ == drawnAtMs_ ? drawn_ + 1 : 0;
      drawnAtMs_ = *worldMs_;
      std::mt19937_64 numbers((seed_ << 40) + (static_cast<std::uint64_t>(drawnAtMs_) << 8) + drawn_);
      for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(numbers());
    } else {
      for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random_());
    }
  }

 private:
  std::uint64_t seed_;
  std::mt19937_64 random_;
  const std::int64_t* worldMs_ = nullptr;
  std::int64_t drawnAtMs_ = 0;
  std::uint64_t drawn_ = 0;
};

inline UUID uuidOf(std::uint64_t number) {
  UUID id;
  for (std::size_t i = 0; i < 8; i++) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

class Replica {
 public:
  static constexpr const char* kPath = "/r.blazedb";

  // `worldMs` must outlive the replica. The seed makes its id: two replicas with one seed are copies of each other.
  Replica(const std::string& name, const std::int64_t& worldMs, std::uint64_t seed) : clock(worldMs), random(seed) {
    options.name = name;
    open();
  }

  void open() {
    engine = db::Engine::open({files, clock, random}, kPath, storage::KeySource::rawKey(base::Bytes(32, 7)), options);
  }
  void reopen() {
    engine.reset();
    open();
  }
  // Kills the process: nothing that was written is lost.
  void kill() {
    files.powerOff();
    engine.reset();
    files.restart();
  }
  // Cuts the power: writes that no sync has confirmed may be lost.
  void powerCut(std::uint64_t seed) {
    files.powerOff();
    engine.reset();
    files.restart(seed);
  }

  // The file and what belongs to it, as they are now; and puts them back.
  using Files = std::map<std::string, std::vector<std::uint8_t>>;
  Files copy() const {
    Files copy;
    for (const std::string& file : files.list()) copy[file] = files.contents(file);
    return copy;
  }
  void putBack(const Files& copy) {
    engine.reset();
    for (const std::string& file : files.list()) files.remove(file);
    for (const auto& [file, contents] : copy) files.setContents(file, contents);
    open();
  }

  db::Engine* operator->() const { return engine.get(); }
  db::Engine& operator*() const { return *engine; }

  UUID insert(const Record& record) { return insert(std::nullopt, record); }
  UUID insert(const std::optional<UUID>& id, const Record& record) {
    UUID made;
    engine->write([&](db::Changes& changes) { made = changes.insert("default", id, record); });
    return made;
  }
  void updateFields(const UUID& id, const Record& fields) {
    engine->write([&](db::Changes& changes) { changes.updateFields("default", id, fields); });
  }
  void update(const UUID& id, const Record& record) {
    engine->write([&](db::Changes& changes) { changes.update("default", id, record); });
  }
  void unset(const UUID& id, const std::vector<std::string>& fields) {
    engine->write([&](db::Changes& changes) { changes.unset("default", id, fields); });
  }
  bool remove(const UUID& id) {
    bool removed = false;
    engine->write([&](db::Changes& changes) { removed = changes.remove("default", id); });
    return removed;
  }
  bool purge(const UUID& id) {
    bool purged = false;
    engine->write([&](db::Changes& changes) { purged = changes.purge("default", id); });
    return purged;
  }
  std::optional<Record> fetch(const UUID& id) const { return engine->snapshot().fetch("default", id); }
  std::uint64_t count() const { return engine->snapshot().count("default"); }

  // What is stored of a record, live or deleted.
  struct Stored {
    bool held = false;
    bool alive = false;
    bool whole = false;
    std::size_t cells = 0;
    std::vector<std::string> fields = {};  // the names of the cells that are not removed
    sync::Stamp latest;
    sync::Stamp tomb;
  };
  Stored stored(const UUID& id) const {
    sync::BatchWriter rows;
    Stored stored;
    if (!readRecord(*engine, {"default", id}, {}, rows)) return stored;
    base::Bytes frame = rows.finishRows(true, {});
    std::optional<sync::Rows> read = sync::decodeRows(frame);
    std::optional<sync::RecordState> state = sync::decodeState(read->changes[0].stamps, read->changes[0].fields, 0);
    stored = {true, state->alive(), state->whole, state->cells.size(), {}, state->latest(), state->tomb.stamp};
    for (const sync::Cell& cell : state->cells)
      if (!cell.removed()) stored.fields.emplace_back(cell.name);
    return stored;
  }

  SimFileSystem files;
  WorldClock clock;
  SeededRandom random;
  db::EngineOptions options;
  std::unique_ptr<db::Engine> engine;
};

}  // namespace blazedb::test
