// A hub among honest and hostile clients. The hostile ones have weak tokens and send at random what these do not cover
// (hostile.h). After each hostile frame the hub holds the honest clients' records as before, has taken no part of a
// record that it had refused, and has sent an answer of bounded size. In the end the honest clients have lost nothing
// and agree.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "blazedb/error.h"
#include "sim/hostile.h"
#include "sim/oracle.h"
#include "sim/random.h"
#include "sim/seeds.h"
#include "support/conversation.h"

namespace blazedb::sim {
namespace {

using test::Conversation;
using test::Replica;

const std::string kNotes = "notes";
constexpr std::size_t kClients = 3;
// The world is small: everything that it holds fits into this.
constexpr std::size_t kAnswerBytesMax = 64u << 10;
constexpr std::size_t kAnswerFactor = 32;

// Counts the records that a session asks of its store.
class CountingStore final : public test::PassingStore {
 public:
  using PassingStore::PassingStore;
  std::size_t readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                          std::size_t bytesWanted, sync::BatchWriter& out,
                          std::vector<sync::RecordKey>& gone) override {
    std::size_t answered = PassingStore::readRecords(keys, agreement, bytesWanted, out, gone);
    records += answered;
    return answered;
  }
  std::uint64_t records = 0;
};

class HostileWorld {
 public:
  explicit HostileWorld(std::uint64_t seed) : dice_(seed) {
    hub_ = std::make_unique<Replica>("hub", now_, 100 * seed);
    hub_->options.role = SyncRole::server;
    if (dice_.percent(30)) hub_->options.tombstoneRetention = std::chrono::minutes(10);
    hub_->reopen();
    for (std::uint64_t i = 0; i < kClients; i++) {
      clients_.push_back(std::make_unique<Replica>("client", now_, 100 * seed + 1 + i));
      clients_.back()->options.tombstoneRetention = hub_->options.tombstoneRetention;
      clients_.back()->reopen();
    }
    small_ = dice_.percent(50);
  }

  void chaos() {
    for (std::int64_t i = dice_.between(20, 60); i > 0 && !testing::Test::HasFailure(); i--) {
      now_ += dice_.between(1, 2000);
      std::uint64_t what = dice_.below(100);
      if (what < 45) {
        write(static_cast<int>(dice_.below(kClients + 1)));
      } else if (what < 65) {
        talk(dice_.below(kClients), dice_.percent(60));
      } else if (what < 90) {
        attack();
      } else if (what < 95) {
        reopen(dice_.percent(50) ? *hub_ : *clients_[dice_.below(kClients)]);
      } else if (dice_.percent(50)) {
        (*hub_)->maintain();
      } else {
        // So long that deletes are forgotten.
        oracle_.deletesMayBeForgotten();
        now_ += dice_.between(5, 30) * 60'000;
        (*hub_)->maintain();
        (*clients_[dice_.below(kClients)])->maintain();
      }
    }
  }

  void rest() {
    for (int round = 0; round < 10; round++) {
      std::uint64_t before = (*hub_)->feedEnd();
      for (std::size_t client = 0; client < kClients; client++) talk(client, true);
      if ((*hub_)->feedEnd() == before && round > 0) return;
    }
    ADD_FAILURE() << "no rest";
  }

  void judge() {
    for (const Key& key : oracle_.keys()) {
      SCOPED_TRACE("record " + key.second.toString());
      std::optional<Stored> atHub = stored(**hub_, key);
      EXPECT_EQ(oracle_.check(key, atHub ? &*atHub : nullptr, {}), "");
      for (auto& client : clients_)
        EXPECT_EQ((*client)->snapshot().fetch(key.first, key.second), (*hub_)->snapshot().fetch(key.first, key.second));
    }
    for (auto& client : clients_) {
      EXPECT_EQ((*client)->digests(), (*hub_)->digests());
      EXPECT_EQ((*client)->rejectedChanges().size(), 0u) << "of an honest client the hub refuses nothing";
    }
  }

 private:
  Replica& any(int number) { return number == 0 ? *hub_ : *clients_[static_cast<std::size_t>(number - 1)]; }

  void write(int number) {
    Replica& replica = any(number);
    UUID id = test::uuidOf(dice_.below(12) + 1);
    Key key{kNotes, id};
    Stored before = stored(*replica, key).value_or(Stored{});
    Record fields{{std::string(1, static_cast<char>('a' + dice_.below(3))), ++counter_}};
    replica->write([&](db::Changes& changes) {
      if (!before.alive) {
        changes.insert(kNotes, id, fields);
      } else if (dice_.percent(20)) {
        changes.remove(kNotes, id);
      } else {
        changes.updateFields(kNotes, id, fields);
      }
    });
    Stored after = *stored(*replica, key);
    oracle_.observe(number, key, before, after, true, true);
    // A replica without peers keeps no values of the records that it deletes.
    if (after.tomb != before.tomb && after.fields.empty()) oracle_.valuesDropped(key);
  }

  void reopen(Replica& replica) {
    replica.kill();
    replica.open();
  }

  // An honest client. It has the token of a client, too.
  void talk(std::size_t number, bool toTheEnd) {
    Replica& client = *clients_[number];
    sync::SessionOptions gives = rights(Weakness::writesAsAny), asks;
    if (small_) gives.batchBytes = asks.batchBytes = 200;
    // After a conversation that ends with "starting over" comes another one.
    for (int again = 0; again < 5; again++) {
      Conversation conversation(*hub_, client, now_, gives, asks);
      conversation.start();
      if (toTheEnd) {
        conversation.rest();
      } else {
        for (std::int64_t frames = dice_.between(0, 20); frames > 0; frames--) {
          conversation.feedsMoved();
          conversation.deliver(static_cast<int>(dice_.below(2)));
        }
      }
      for (int end = 0; end < 2; end++) {
        EXPECT_EQ(conversation.status(end).ended.value_or(sync::Bye{}).code, ErrorCode::Offline)
            << conversation.status(end).ended->text;
      }
      if (!toTheEnd || !conversation.status(0).ended) return;
    }
    ADD_FAILURE() << "the conversation of client " << number << " begins again and again";
  }

  struct Holdings {
    std::map<Key, std::optional<Stored>> records;
    std::uint64_t horizon = 0;
    friend bool operator==(const Holdings&, const Holdings&) = default;
  };
  Holdings holdings() {
    Holdings all;
    for (const Key& key : oracle_.keys()) all.records[key] = stored(**hub_, key);
    all.horizon = (*hub_)->purgeHorizon();
    return all;
  }

  // The records that are set aside and of which the peer now sends a part; each as the hub holds it.
  std::map<Key, std::optional<Stored>> partsOfRefused(const base::Bytes& frame, const UUID& peer,
                                                      const sync::Scope& scope) {
    std::map<Key, std::optional<Stored>> parts;
    std::optional<sync::Batch> batch = sync::decodeBatch(frame);
    if (!batch) return parts;
    std::set<sync::RecordKey> refused;
    for (const sync::Rejection& each : (*hub_)->setAside(peer, scope, false)) refused.insert(each.key);
    for (const sync::Change& change : batch->changes) {
      bool first = refused.erase({std::string(change.collection), change.id}) > 0;
      Key key{change.collection, change.id};
      if (first && !change.complete && !change.left) parts[key] = stored(**hub_, key);
    }
    return parts;
  }

  void attack() {
    auto weakness = static_cast<Weakness>(dice_.below(3));
    UUID id = test::uuidOf(1000 + dice_.below(3));
    HostilePeer peer(dice_, weakness, id);
    HostilePeer::Targets targets;
    Holdings before = holdings();
    for (const auto& [key, held] : before.records)
      if (held) targets.held.push_back(key);
    targets.wallMs = hub_->clock.wallMs();

    CountingStore store(**hub_);
    sync::SessionOptions options = rights(weakness);
    if (small_) options.batchBytes = 200;
    sync::Session session(store, options);
    session.start(targets.wallMs, now_);
    std::size_t said = 0;
    auto listen = [&] {
      for (const base::Bytes& frame : session.takeFrames()) {
        said += frame.size();
        peer.heard(frame);
      }
    };
    listen();
    base::Bytes frame = peer.hello(targets);
    for (std::int64_t frames = dice_.between(1, 25); frames >= 0 && !session.stopped(); frames--) {
      std::size_t saidBefore = said;
      std::uint64_t recordsBefore = store.records;
      std::map<Key, std::optional<Stored>> parts = partsOfRefused(frame, id, options.terms.scope);
      session.receive(frame, ++now_);
      for (int slice = 0; slice < 4 && session.nextTickMs(); slice++)
        session.tick(now_ = std::max(now_, *session.nextTickMs()));
      listen();
      std::string type = "a frame of type " + std::to_string(frame[0]);
      EXPECT_LE(said - saidBefore, kAnswerBytesMax + kAnswerFactor * frame.size()) << type;
      EXPECT_LE(store.records - recordsBefore, 64 + frame.size()) << type;
      Holdings now = holdings();
      for (auto& [key, held] : now.records) {
        const std::optional<Stored>& was = before.records[key];
        if (!held || held->alive) continue;
        // A peer that may delete has deleted a record that the hub does not hold; or has written, as it may, an older
        // value of a record that is deleted, and whose values are gone.
        if (!was)
          held.reset();
        else if (weakness == Weakness::writesAsAny && !was->alive)
          held->fields = was->fields;
      }
      EXPECT_EQ(now, before) << type << " of a peer of weakness " << static_cast<int>(weakness);
      for (const auto& [key, held] : parts)
        EXPECT_EQ(stored(**hub_, key), held) << "a part of " << key.second.toString() << " was taken without the rest";
      if (testing::Test::HasFailure()) return;
      frame = peer.next(targets);
    }
    session.settle(now_);
    if (session.stopped()) {
      EXPECT_NE(session.status().ended->text, "") << "whoever is sent away is told why";
    }
  }

  std::int64_t now_ = 0;
  Dice dice_;
  bool small_ = false;
  std::unique_ptr<Replica> hub_;
  std::vector<std::unique_ptr<Replica>> clients_;
  std::int64_t counter_ = 0;
  Oracle oracle_;
};

TEST(Hostile, TakeNothingFromTheHonest) { runSeeds<HostileWorld>(300); }

}  // namespace
}  // namespace blazedb::sim
