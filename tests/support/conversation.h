// Two sessions whose frames the test carries by hand, so that it can look at each of them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "support/replica.h"
#include "sync/session.h"

namespace blazedb::test {

// A Store that passes every call to another one. Tests override the calls that they want to watch or to spoil.
class PassingStore : public sync::Store {
 public:
  explicit PassingStore(sync::Store& store) : store_(store) {}

  sync::Identity identity() override { return store_.identity(); }
  std::uint64_t feedEnd() const override { return store_.feedEnd(); }
  std::uint64_t purgeHorizon() const override { return store_.purgeHorizon(); }
  bool empty() const override { return store_.empty(); }
  sync::Cursor resolve(const sync::Cursor& cursor) const override { return store_.resolve(cursor); }
  sync::SealedPlace sealed(const sync::Cursor& cursor, const UUID& reader) override {
    return store_.sealed(cursor, reader);
  }
  std::optional<sync::Cursor> opened(const sync::Cursor& cursor, const UUID& reader) const override {
    return store_.opened(cursor, reader);
  }
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) const override {
    return store_.cursorOn(peer, scope);
  }
  std::uint64_t ahead(std::uint64_t position, const sync::Scope& scope) const override {
    return store_.ahead(position, scope);
  }
  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override {
    return store_.readFeed(query, out);
  }
  std::size_t readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                          std::size_t bytesWanted, sync::BatchWriter& out,
                          std::vector<sync::RecordKey>& gone) override {
    return store_.readRecords(keys, agreement, bytesWanted, out, gone);
  }
  sync::Moved moved(const sync::Agreement& agreement) override { return store_.moved(agreement); }
  void readMoved(const sync::MovedQuery& query, sync::Moved& moved, sync::BatchWriter& out) override {
    store_.readMoved(query, moved, out);
  }
  sync::Deliveries& deliveries() override { return store_.deliveries(); }
  sync::ApplyResult apply(const sync::Incoming& incoming) override { return store_.apply(incoming); }
  std::vector<sync::Rejection> setAside(const UUID& peer, const sync::Scope& scope, bool changed) const override {
    return store_.setAside(peer, scope, changed);
  }
  std::uint64_t changedAside() const override { return store_.changedAside(); }
  Noted noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected,
                     bool replaces) override {
    return store_.noteRejected(peer, scope, rejected, replaces);
  }
  Swept finishSweep(const sync::Peer& from, const sync::Scope& scope, sync::Sweep& sweep,
                    const sync::Cursor& cursor) override {
    return store_.finishSweep(from, scope, sweep, cursor);
  }
  void dropCursor(const sync::Peer& peer, const sync::Scope& scope) override { store_.dropCursor(peer, scope); }
  void leaveOtherScopes(const sync::Peer& peer, const sync::Scope& scope) override {
    store_.leaveOtherScopes(peer, scope);
  }
  void noteReader(const sync::Peer& peer, const sync::Scope& scope, std::uint64_t position) override {
    store_.noteReader(peer, scope, position);
  }
  void noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                        const std::optional<PeerFeed>& its) override {
    store_.noteAcknowledged(peer, scope, cursor, its);
  }
  std::vector<sync::DigestLine> digests() const override { return store_.digests(); }
  bool holds(const std::string& collection) const override { return store_.holds(collection); }
  sync::HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                         std::size_t rowsMax) const override {
    return store_.hashes(collection, from, to, rowsMax);
  }

 private:
  sync::Store& store_;
};

// End 0 and end 1. Frames wait in `towards` until they are delivered.
class Conversation {
 public:
  struct Crossed {
    int from = 0;
    sync::FrameType type{};
    base::Bytes frame;
  };

  Conversation(Replica& first, Replica& second, std::int64_t& worldMs, sync::SessionOptions firstOptions = {},
               sync::SessionOptions secondOptions = {})
      : Conversation(first, *first.engine, second, *second.engine, worldMs, firstOptions, secondOptions) {}
  Conversation(Replica& first, sync::Store& firstStore, Replica& second, sync::Store& secondStore,
               std::int64_t& worldMs, sync::SessionOptions firstOptions = {}, sync::SessionOptions secondOptions = {})
      : worldMs_(worldMs), clocks_{&first.clock, &second.clock} {
    sessions_[0] = std::make_unique<sync::Session>(firstStore, firstOptions);
    sessions_[1] = std::make_unique<sync::Session>(secondStore, secondOptions);
  }

  sync::Session& operator[](int end) { return *sessions_[static_cast<std::size_t>(end)]; }
  const sync::SessionStatus& status(int end) { return (*this)[end].status(); }

  void start() {
    for (int end = 0; end < 2; end++) (*this)[end].start(clocks_[static_cast<std::size_t>(end)]->wallMs(), worldMs_);
    collect();
  }

  // Takes the frames of both sessions and puts them into `towards`.
  void collect() {
    for (int end = 0; end < 2; end++)
      for (base::Bytes& frame : (*this)[end].takeFrames()) {
        crossed.push_back({end, *sync::typeOf(frame), frame});
        towards[static_cast<std::size_t>(1 - end)].push_back(std::move(frame));
      }
  }

  // Delivers the next frame towards `end`. Returns false if there is none.
  bool deliver(int end) {
    std::deque<base::Bytes>& waiting = towards[static_cast<std::size_t>(end)];
    if (waiting.empty()) return false;
    base::Bytes frame = std::move(waiting.front());
    waiting.pop_front();
    (*this)[end].receive(frame, worldMs_);
    collect();
    return true;
  }

  // Delivers the next frame towards each end. Returns false if there is none.
  bool deliverBoth() {
    bool first = deliver(1);
    return deliver(0) || first;
  }

  void feedsMoved() {
    for (int end = 0; end < 2; end++) (*this)[end].feedMoved(worldMs_);
    collect();
  }

  // Carries frames until neither session has one left at this moment.
  void settle() {
    for (bool moved = true; moved;) {
      feedsMoved();
      moved = deliver(0);
      moved |= deliver(1);
    }
  }

  // Carries frames and moves the clock until neither session has anything left to do.
  void rest() {
    for (int ticks = 0; ticks < 1000; ticks++) {
      settle();
      std::optional<std::int64_t> next;
      for (int end = 0; end < 2; end++)
        if (auto tick = (*this)[end].nextTickMs()) next = next ? std::min(*next, *tick) : *tick;
      if (!next) return;
      worldMs_ = std::max(worldMs_, *next);
      for (int end = 0; end < 2; end++) (*this)[end].tick(worldMs_);
      collect();
    }
    ADD_FAILURE() << "no rest after 1000 ticks";
  }

  // The frames of one type that `from` has sent so far.
  std::vector<base::Bytes> said(int from, sync::FrameType type) const {
    std::vector<base::Bytes> frames;
    for (const Crossed& each : crossed)
      if (each.from == from && each.type == type) frames.push_back(each.frame);
    return frames;
  }
  // How many changes are in all batches that `from` has sent.
  std::size_t changesFrom(int from) const {
    std::size_t changes = 0;
    for (const base::Bytes& frame : said(from, sync::FrameType::batch))
      changes += sync::decodeBatch(frame)->changes.size();
    return changes;
  }
  bool live() { return (*this)[0].live() && (*this)[1].live(); }
  bool verified() { return status(0).verified && status(1).verified; }

  std::vector<Crossed> crossed;
  std::array<std::deque<base::Bytes>, 2> towards;

 private:
  std::int64_t& worldMs_;
  std::array<base::Clock*, 2> clocks_;
  std::array<std::unique_ptr<sync::Session>, 2> sessions_;
};

}  // namespace blazedb::test
