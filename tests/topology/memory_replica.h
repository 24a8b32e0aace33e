// A replica without a file: plain rows in memory, and the functions that links, listeners and the hub call. A function
// that no test needs fails the test that calls it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "replica/feed_reader.h"
#include "replica/merger.h"
#include "replica/replica.h"
#include "support/memory_rows.h"

namespace blazedb::test {

class MemoryReplica final : public replica::Replica,
                            public replica::TokenCheck,
                            public sync::Store,
                            private sync::Deliveries {
 public:
  explicit MemoryReplica(std::string name) : name_(std::move(name)) {
    base::SystemRandom random;
    random.fill(id_.bytes);
    author_.incarnation = random.next64();
    author_.own = {author_.incarnation};
  }

  // The secret of a new token is its name.
  std::int64_t addToken(const TokenOptions& options) {
    Token token;
    {
      std::lock_guard lock(mutex_);
      token.id = static_cast<std::int64_t>(tokens_.size()) + 1;
      token.options = options;
      tokens_.push_back(token);
    }
    noteRevision();
    return token.id;
  }
  void revoke(std::int64_t token) {
    {
      std::lock_guard lock(mutex_);
      tokens_.at(static_cast<std::size_t>(token) - 1).revoked = now();
    }
    noteRevision();
  }
  // How many want to know of new revisions.
  std::size_t revisionListeners() {
    std::lock_guard lock(listenersMutex_);
    return revisionListeners_.size();
  }
  // How often tokenRevision(), and tokenOf(), were called.
  int looks() const {
    std::lock_guard lock(mutex_);
    return looks_;
  }
  int questions() const {
    std::lock_guard lock(mutex_);
    return questions_;
  }
  // Whether tokenOf() answers; it waits until it may.
  void setAnswers(bool answers) {
    std::lock_guard lock(mutex_);
    answers_ = answers;
    mayAnswer_.notify_all();
  }

  // replica::Replica
  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  UUID replicaId() const override { return id_; }
  SyncRole role() const override { return SyncRole::client; }
  std::optional<UUID> source() const override { return std::nullopt; }
  sync::Store& store() override { return *this; }
  replica::TokenCheck& tokenCheck() override { return *this; }
  void requireWritable() const override {}
  int addFeedListener(Listener listener) override {
    std::lock_guard lock(listenersMutex_);
    listeners_[++lastListener_] = std::move(listener);
    return lastListener_;
  }
  void removeFeedListener(int id) override {
    std::lock_guard lock(listenersMutex_);
    listeners_.erase(id);
  }
  void setRole(SyncRole) override { ADD_FAILURE(); }
  void bindTo(const UUID&, bool) override { ADD_FAILURE(); }
  // As on a disk that fails.
  void noteRemote(const std::string&, const UUID&) override { throw Error(ErrorCode::IoError, "not noted"); }
  std::optional<UUID> remoteAt(const std::string&) const override { throw Error(ErrorCode::IoError, "not read"); }
  std::vector<std::string> collectionNames() const override {
    ADD_FAILURE();
    return {};
  }
  std::optional<sync::Scope> readingOf(const UUID&) const override {
    ADD_FAILURE();
    return std::nullopt;
  }
  std::uint64_t acknowledgedTo(const UUID&, const sync::Scope&) const override {
    ADD_FAILURE();
    return 0;
  }
  void visitUnsent(const replica::Unsent&, const UnsentVisit&) const override {
    throw Error(ErrorCode::IoError, "not read");
  }

  // replica::TokenCheck
  Token checkToken(std::string_view secret) const override {
    std::lock_guard lock(mutex_);
    for (const Token& token : tokens_) {
      if (token.options.name != secret) continue;
      if (std::optional<Error> refusal = refusalOf(token)) throw *refusal;
      return token;
    }
    throw Error(ErrorCode::WrongToken, "nobody has this token");
  }
  replica::UserGrant grantOf(std::int64_t) const override { return {nullptr, "-"}; }
  replica::UserGrant grantOf(const std::string&) const override { return {nullptr, "-"}; }
  std::shared_ptr<const sync::Rights> rightsWithin(std::int64_t, const std::vector<UUID>&,
                                                   std::size_t&) const override {
    return nullptr;
  }
  Token admitSigned(const replica::SignedToken&) override {
    ADD_FAILURE();
    return {};
  }
  Token tokenOf(std::int64_t token) const override {
    std::unique_lock lock(mutex_);
    questions_++;
    mayAnswer_.wait(lock, [&] { return answers_; });
    const Token& known = tokens_.at(static_cast<std::size_t>(token) - 1);
    if (std::optional<Error> refusal = refusalOf(known)) throw *refusal;
    return known;
  }
  std::uint64_t tokenRevision() const override {
    std::lock_guard lock(mutex_);
    looks_++;
    return revision_;
  }
  int addRevisionListener(Listener listener) override {
    std::lock_guard lock(listenersMutex_);
    revisionListeners_[++lastListener_] = std::move(listener);
    return lastListener_;
  }
  void removeRevisionListener(int id) override {
    std::lock_guard lock(listenersMutex_);
    revisionListeners_.erase(id);
  }
  std::optional<Error> admitReplica(std::int64_t, const UUID&, std::size_t) override { return std::nullopt; }

  // sync::Store. It forgets no deletes, so no peer has to sweep, and it remembers nothing about readers.
  sync::Identity identity() override { return {id_, author_.incarnation, author_.role, name_}; }
  std::uint64_t feedEnd() const override {
    std::lock_guard lock(mutex_);
    return mirror_.position;
  }
  std::uint64_t purgeHorizon() const override { return 0; }
  bool empty() const override {
    std::lock_guard lock(mutex_);
    return rows_.empty();
  }
  sync::Cursor resolve(const sync::Cursor& cursor) const override {
    return cursor.incarnation == author_.incarnation ? cursor : sync::Cursor();
  }
  sync::SealedPlace sealed(const sync::Cursor&, const UUID&) override { return {}; }
  std::optional<sync::Cursor> opened(const sync::Cursor&, const UUID&) const override { return std::nullopt; }
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) const override {
    std::lock_guard lock(mutex_);
    return rows_.cursorOn(peer, scope);
  }
  std::uint64_t ahead(std::uint64_t position, const sync::Scope&) const override { return feedEnd() - position; }
  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override {
    std::lock_guard lock(mutex_);
    return replica::FeedReader(rows_, committed()).read(query, rows_.originOf(query.agreement.peer), out);
  }
  std::size_t readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                          std::size_t bytesWanted, sync::BatchWriter& out,
                          std::vector<sync::RecordKey>& gone) override {
    std::lock_guard lock(mutex_);
    return replica::FeedReader(rows_, committed()).readRecords(keys, agreement, bytesWanted, out, gone);
  }
  sync::Moved moved(const sync::Agreement&) override { return {}; }
  void readMoved(const sync::MovedQuery&, sync::Moved& moved, sync::BatchWriter&) override {
    moved.place.given.reset();
  }
  sync::Deliveries& deliveries() override { return *this; }
  sync::ApplyResult apply(const sync::Incoming& incoming) override {
    sync::ApplyResult result;
    {
      std::lock_guard lock(mutex_);
      MemoryRows rows = rows_;
      replica::Mirror mirror = mirror_;
      replica::Ledger ledger(rows, mirror);
      result = replica::Merger(ledger, mirror, author_, clock_, replica::Merger::Judging::before).apply(incoming);
      if (!result.missing.empty() || result.refused || result.unsent) return result;
      ledger.finish();
      rows_ = std::move(rows);
      mirror_ = std::move(mirror);
    }
    std::lock_guard lock(listenersMutex_);
    for (const auto& [id, listener] : listeners_) listener();
    return result;
  }
  std::vector<sync::Rejection> setAside(const UUID&, const sync::Scope&, bool) const override { return {}; }
  std::uint64_t changedAside() const override { return 0; }
  Noted noteRejected(const UUID&, const sync::Scope&, const sync::Rejected& rejected, bool) override {
    EXPECT_TRUE(rejected.records.empty());
    return {};
  }
  Swept finishSweep(const sync::Peer&, const sync::Scope&, sync::Sweep&, const sync::Cursor&) override {
    ADD_FAILURE();
    return {};
  }
  void dropCursor(const sync::Peer&, const sync::Scope&) override { ADD_FAILURE(); }
  void leaveOtherScopes(const sync::Peer&, const sync::Scope&) override { ADD_FAILURE(); }
  void noteReader(const sync::Peer&, const sync::Scope&, std::uint64_t) override {}
  void noteAcknowledged(const sync::Peer&, const sync::Scope&, const sync::Cursor&,
                        const std::optional<PeerFeed>&) override {}
  std::vector<sync::DigestLine> digests() const override {
    std::lock_guard lock(mutex_);
    std::vector<sync::DigestLine> lines;
    for (const replica::Collection& each : rows_.collections())
      if (each.live > 0) lines.push_back({each.name, each.live, each.digest});
    return lines;
  }
  bool holds(const std::string& collection) const override {
    std::lock_guard lock(mutex_);
    return committed().catalog()->numbers.contains(collection);
  }
  sync::HashedRun hashes(const std::string&, const UUID&, const UUID& to, std::size_t) const override {
    ADD_FAILURE() << "the two ends are not equal at rest";
    return {{}, to};
  }

 private:
  void noteRevision() {
    {
      std::lock_guard lock(mutex_);
      revision_++;
    }
    std::lock_guard lock(listenersMutex_);
    for (const auto& [id, listener] : revisionListeners_) listener();
  }

  Known known(const UUID&) const override { return {}; }
  void noteFilter(const UUID&, const std::optional<std::string>&, std::optional<std::uint64_t>) override {}
  void mixFilters(const UUID&) override { ADD_FAILURE(); }
  void forget(const UUID&) override { ADD_FAILURE(); }

  Date now() const { return {clock_.wallMs() * 1000}; }
  std::optional<Error> refusalOf(const Token& token) const {
    if (token.revoked) return Error(ErrorCode::WrongToken, "it is revoked");
    if (token.options.expires && *token.options.expires <= now())
      return Error(ErrorCode::ExpiredToken, "its time is over");
    return std::nullopt;
  }
  replica::Committed committed() const {
    return {[this] { return mirror_.position; },
            [this] {
              auto catalog = std::make_shared<replica::Catalog>();
              for (const replica::Collection& each : rows_.collections()) {
                catalog->numbers[each.name] = each.number;
                catalog->names[each.number] = each.name;
              }
              return catalog;
            }};
  }

  const std::string name_, path_;
  UUID id_;
  mutable base::SystemClock clock_;
  mutable std::mutex mutex_;  // guards the members below
  replica::Author author_;
  mutable MemoryRows rows_;
  replica::Mirror mirror_;
  std::vector<Token> tokens_;
  std::uint64_t revision_ = 1;
  mutable int looks_ = 0, questions_ = 0;
  bool answers_ = true;
  mutable std::condition_variable mayAnswer_;
  std::mutex listenersMutex_;
  std::map<int, Listener> listeners_, revisionListeners_;
  int lastListener_ = 0;
};

}  // namespace blazedb::test
