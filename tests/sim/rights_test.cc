// A hub with users, teams and policies that change, and clients that write what they may and what they may not. An
// independent model of the policies judges every change that a frame makes at the hub. In the end each client holds
// exactly what its user may read, and no write is lost: the hub has it, or a later one; or it is listed at its author.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blazedb/error.h"
#include "db/journal.h"
#include "db/user_rights.h"
#include "sim/oracle.h"
#include "sim/random.h"
#include "sim/seeds.h"
#include "support/conversation.h"

namespace blazedb::sim {
namespace {

using test::Conversation;
using test::Replica;

const std::string kRecords = "default";
constexpr std::size_t kClients = 3, kTeams = 2;

std::string userOf(std::size_t client) { return "user " + std::to_string(client); }
UUID teamOf(std::size_t team) { return test::uuidOf(900 + team); }

// The policies of a world, and what they mean. A record has an owner, a team and a flag `open`.
struct Rules {
  bool readsOwn = false, readsTeams = false;  // neither: no policy for reading
  enum Writing { unsaid, nobody, everybody, own, teams, opens } writing = unsaid;
  std::set<std::size_t> memberOf[kClients];

  bool isOwn(const Record& record, std::size_t client) const { return record.string("owner") == userOf(client); }
  bool isOfTeam(const Record& record, std::size_t client) const {
    for (std::size_t team : memberOf[client])
      if (record.uuid("team") == teamOf(team)) return true;
    return false;
  }
  bool mayRead(const Record& record, std::size_t client) const {
    if (!readsOwn && !readsTeams) return true;
    return (readsOwn && isOwn(record, client)) || (readsTeams && isOfTeam(record, client));
  }
  bool mayWrite(const Record& record, std::size_t client) const {
    switch (writing) {
      case unsaid:
        return mayRead(record, client);
      case nobody:
        return false;
      case everybody:
        return true;
      case own:
        return isOwn(record, client);
      case teams:
        return isOfTeam(record, client);
      case opens:
        return record.boolean("open").value_or(false);
    }
    return false;
  }
  bool mayMake(const std::optional<Record>& before, const std::optional<Record>& after, std::size_t client) const {
    if (before && (!mayRead(*before, client) || !mayWrite(*before, client))) return false;
    return !after || mayWrite(*after, client);
  }

  std::shared_ptr<const sync::Rights> forClient(std::size_t client, base::Clock& clock) const {
    std::vector<Policy> policies;
    auto add = [&](Operation operation, const char* expression) {
      policies.push_back({static_cast<std::int64_t>(policies.size() + 1), {kRecords, operation, expression}});
    };
    const char *ofUser = "owner = $user.name", *ofTeams = "team IN $user.teams";
    if (readsOwn) add(Operation::read, ofUser);
    if (readsTeams) add(Operation::read, ofTeams);
    if (writing == nobody) add(Operation::write, "false");
    if (writing == everybody) add(Operation::write, "true");
    if (writing == own) add(Operation::write, ofUser);
    if (writing == teams) add(Operation::write, ofTeams);
    if (writing == opens) add(Operation::write, "open");
    User user{userOf(client), {}, {}, {}};
    for (std::size_t team : memberOf[client]) user.teams.push_back(teamOf(team));
    return std::make_shared<const db::UserRights>(policies, user, clock);
  }
};

// What a client did to a part of a record: a field, or "" for the record itself.
struct Write {
  std::size_t client = 0;
  UUID id;
  std::string field;
  std::int64_t n = 0;  // of the field "n"
  sync::Stamp stamp;
  bool deletes = false;
};

class RightsWorld {
 public:
  explicit RightsWorld(std::uint64_t seed) : dice_(seed) {
    hub_ = std::make_unique<Replica>("hub", now_, 100 * seed);
    hub_->options.role = SyncRole::server;
    hub_->reopen();
    for (std::uint64_t i = 0; i < kClients; i++)
      clients_.push_back(std::make_unique<Replica>("client", now_, 100 * seed + 1 + i));
    small_ = dice_.percent(50);
    counts_ = dice_.percent(30);
    changeRules();
    // Then indexes find what enters and leaves, and all that a client without data gets.
    isIndexed_ = dice_.percent(50);
    if (!isIndexed_) return;
    for (const char* field : {"owner", "team"}) (*hub_)->indexes().create(kRecords, {field, {field}}, {});
    rules_.readsOwn = rules_.readsTeams = true;
    for (std::set<std::size_t>& teams : rules_.memberOf) teams = {0, 1};
    for (int i = 0; i < 20; i++) write(kClients);
    for (std::size_t client = 0; client < kClients; client++) talk(client, false);
  }

  void chaos() {
    for (std::int64_t i = dice_.between(20, 60); i > 0 && !testing::Test::HasFailure(); i--) {
      now_ += dice_.between(1, 2000);
      std::uint64_t what = dice_.below(100);
      if (what < 50) {
        write(dice_.below(kClients + 1));
      } else if (what < (counts_ ? 70 : 80)) {
        talk(dice_.below(kClients), false);
      } else if (what < 88) {
        changeRules();
      } else if (what < 94) {
        decide(dice_.below(kClients));
      } else {
        kill(any(dice_.below(kClients + 1)));
      }
    }
  }

  void rest() {
    for (int round = 0; round < 20; round++) {
      std::vector<std::uint64_t> before = ends();
      for (std::size_t client = 0; client < kClients; client++) talk(client, true);
      if (ends() == before && round > 0) return;
    }
    ADD_FAILURE() << "no rest";
  }

  void judge() {
    for (const UUID& id : ids_) {
      SCOPED_TRACE("record " + id.toString());
      std::optional<Record> original = hub_->fetch(id);
      for (std::size_t client = 0; client < kClients; client++) {
        std::optional<Record> copy = clients_[client]->fetch(id);
        if (original && rules_.mayRead(*original, client)) {
          EXPECT_EQ(copy, original) << "client " << client;
        } else {
          EXPECT_FALSE(copy) << "client " << client;
        }
      }
    }
    // Of a record that was made once and never deleted no increment is lost, and none counts twice.
    for (const auto& [id, counted] : counted_) {
      std::optional<Record> original = hub_->fetch(id);
      std::int64_t found = original ? original->integer("count").value_or(0) : 0;
      bool isExact = true;  // of what it does not see a client lists all that it added
      for (std::size_t client = 0; client < kClients; client++)
        for (const RejectedChange& change : (*clients_[client])->rejectedChanges()) {
          if (change.record != id || !change.increments.contains("count")) continue;
          found += *change.increments.at("count").as<std::int64_t>();
          isExact = isExact && (!original || rules_.mayRead(*original, client));
        }
      if (counted.lives != 1 || isCopied(id)) continue;
      EXPECT_GE(found, counted.tried) << "increments of " << id.toString();
      if (isExact && !counted.isGuessed) {
        EXPECT_EQ(found, counted.tried) << "increments of " << id.toString();
      }
    }
    for (const Write& write : writes_)
      EXPECT_TRUE(isAccountedFor(write)) << "client " << write.client << " wrote '" << write.field << "' of "
                                         << write.id.toString() << ", n = " << write.n;
    judgeOpened();
  }

 private:
  bool isCopied(const UUID& id) {
    for (const auto& client : clients_)
      for (const RemovedRecord& removed : (*client)->journal().removed(0))
        if (removed.record.id() == id) return true;
    return false;
  }

  // Once everybody may do everything, each client needs one conversation to be rid of what was refused.
  void judgeOpened() {
    rules_.readsOwn = rules_.readsTeams = false;
    rules_.writing = Rules::everybody;
    for (std::size_t client = 0; client < kClients; client++) {
      talk(client, true);
      for (const RejectedChange& change : (*clients_[client])->rejectedChanges())
        EXPECT_FALSE(hub_->fetch(change.record)) << "client " << client << " lists " << change.record.toString();
    }
    rest();
    for (const auto& client : clients_) EXPECT_EQ((*client)->digests(), (*hub_)->digests());
    for (const auto& [id, counted] : counted_) {
      std::optional<Record> original = hub_->fetch(id);
      if (original && counted.lives == 1 && !counted.isGuessed && !isCopied(id)) {
        EXPECT_EQ(original->integer("count").value_or(0), counted.tried) << "increments of " << id.toString();
      }
    }
  }

  Replica& any(std::size_t number) { return number == kClients ? *hub_ : *clients_[number]; }
  std::vector<std::uint64_t> ends() {
    std::vector<std::uint64_t> ends;
    for (std::size_t i = 0; i <= kClients; i++) ends.push_back(any(i)->feedEnd());
    return ends;
  }

  void changeRules() {
    if (dice_.percent(50)) {
      rules_.readsOwn = dice_.percent(60);
      rules_.readsTeams = dice_.percent(50);
    }
    if (dice_.percent(50)) rules_.writing = static_cast<Rules::Writing>(dice_.below(6));
    std::set<std::size_t>& teams = rules_.memberOf[dice_.below(kClients)];
    std::size_t team = dice_.below(kTeams);
    if (!teams.erase(team)) teams.insert(team);
  }

  Record anyFields() {
    Record fields;
    if (dice_.percent(30)) fields.set("owner", userOf(dice_.below(kClients)));
    if (dice_.percent(30)) fields.set("team", teamOf(dice_.below(kTeams)));
    if (dice_.percent(20)) fields.set("open", dice_.percent(50));
    if (fields.empty() || dice_.percent(50)) fields.set("n", ++counter_);
    return fields;
  }

  // Writes one record, or several in one transaction.
  void write(std::size_t number) {
    Replica& replica = any(number);
    std::map<UUID, Stored> before;
    for (std::uint64_t i = dice_.percent(25) ? 1 + dice_.below(3) : 1; i > 0; i--) {
      UUID id = test::uuidOf(dice_.below(counts_ ? 3 : 12) + 1);
      before[id] = stored(*replica, {kRecords, id}).value_or(Stored{});
      ids_.insert(id);
    }
    std::set<UUID> increments;
    replica->write([&](db::Changes& changes) {
      for (const auto& [id, old] : before)
        if (writeOne(changes, id, old.alive, number)) increments.insert(id);
    });
    for (const auto& [id, old] : before) {
      if (number < kClients) note(number, id, old);
      Counted& counted = counted_[id];
      std::optional<Record> now = replica.fetch(id);
      if (!old.alive) counted.lives++;
      if (old.alive && !now) counted.lives++;
      if (now && increments.contains(id)) counted.tried++;
    }
  }

  // Returns whether it increments.
  bool writeOne(db::Changes& changes, const UUID& id, bool lives, std::size_t number) {
    if (!lives) {
      Record fields = anyFields();
      if (dice_.percent(70)) fields.set("owner", userOf(dice_.percent(70) && number < kClients ? number : 0));
      changes.insert(kRecords, id, fields);
    } else if (!counts_ && dice_.percent(15)) {
      changes.remove(kRecords, id);
    } else if (dice_.percent(counts_ ? 60 : 25)) {
      changes.increment(kRecords, id, "count", 1);
      return true;
    } else if (dice_.percent(10)) {
      changes.unset(kRecords, id, {"team"});
    } else {
      changes.updateFields(kRecords, id, anyFields());
    }
    return false;
  }

  void note(std::size_t client, const UUID& id, const Stored& before) {
    std::optional<Stored> after = stored(**clients_[client], {kRecords, id});
    if (!after) return;
    std::optional<Record> record = clients_[client]->fetch(id);
    std::int64_t n = record ? record->integer("n").value_or(0) : 0;
    // It replaces what the same client wrote there before; an insert or a delete all of the record.
    auto add = [&](const std::string& field, std::int64_t value, const sync::Stamp& stamp) {
      std::erase_if(writes_, [&](const Write& each) {
        return each.client == client && each.id == id && (field.empty() || each.field == field);
      });
      if (stamp.present()) writes_.push_back({client, id, field, value, stamp, false});
    };
    if (after->base != before.base) add("", 0, after->base);
    if (after->tomb != before.tomb) add("", 0, after->tomb);
    if (!after->alive && !writes_.empty()) writes_.back().deletes = true;
    for (const auto& [name, field] : after->fields) {
      auto old = before.fields.find(name);
      if (codec::isPart(name) || (old != before.fields.end() && old->second.stamp == field.stamp)) continue;
      add(name, name == "n" ? n : 0, field.removed ? sync::Stamp{} : field.stamp);
    }
  }

  // Whether the hub holds increments that a client's row does not, which may be those that the client has sent again.
  bool hubCountsMore(const UUID& id, const Stored& its) {
    Stored hubs = stored(**hub_, {kRecords, id}).value_or(Stored{});
    return std::any_of(hubs.fields.begin(), hubs.fields.end(), [&](const auto& each) {
      auto held = its.fields.find(each.first);
      return codec::isPart(each.first) && (held == its.fields.end() || held->second.stamp < each.second.stamp);
    });
  }

  // The user of a client goes through what was refused.
  void decide(std::size_t client) {
    Replica& replica = *clients_[client];
    for (const RejectedChange& change : replica->rejectedChanges()) {
      if (change.id == 0 || dice_.percent(40)) continue;
      Stored before = stored(*replica, {kRecords, change.record}).value_or(Stored{});
      bool retries = dice_.percent(50);
      try {
        retries ? replica->retry(change.id) : replica->discard(change.id);
      } catch (const Error& error) {
        EXPECT_TRUE(retries && error.code() == ErrorCode::NotFound) << error.what();
        continue;
      }
      if (!retries && change.increments.contains("count")) {
        counted_[change.record].tried -= *change.increments.at("count").as<std::int64_t>();
        // Of a record that is hidden all is listed that was added. What the hub has taken meanwhile stays.
        if (!replica->snapshot().fetch(kRecords, change.record) || hubCountsMore(change.record, before))
          counted_[change.record].isGuessed = true;
      }
      std::erase_if(writes_, [&](const Write& each) { return each.client == client && each.id == change.record; });
      if (change.inserts || change.deletes) counted_[change.record].lives++;
      if (retries) note(client, change.record, before);
    }
  }

  void kill(Replica& replica) {
    if (dice_.percent(50))
      replica.kill();
    else
      replica.powerCut(dice_.roll());
    replica.open();
  }

  std::map<UUID, Record> heldByHub() {
    std::map<UUID, Record> all;
    for (const UUID& id : ids_)
      if (std::optional<Record> record = hub_->fetch(id)) all.emplace(id, *record);
    return all;
  }

  void talk(std::size_t client, bool toTheEnd) {
    sync::SessionOptions gives, asks;
    gives.terms.relation = sync::Relation::exporter;
    gives.terms.writes.mayErase = false;
    gives.terms.writes.mayBeServer = false;
    gives.terms.writes.trust = sync::StampTrust::own;
    gives.terms.reads.rights = gives.terms.writes.rights = rules_.forClient(client, hub_->clock);
    if (small_) gives.batchBytes = asks.batchBytes = 150;
    Conversation conversation(*hub_, *clients_[client], now_, gives, asks);
    noteHidden(client);
    conversation.start();
    for (std::int64_t frames = toTheEnd ? 0 : dice_.between(0, 30); frames > 0; frames--) {
      if (dice_.percent(20)) write(dice_.below(kClients + 1));
      conversation.feedsMoved();
      if (dice_.percent(50))
        conversation.deliver(1);
      else
        deliverToHub(conversation, client);
    }
    if (toTheEnd) conversation.rest();
    noteHidden(client);
    for (const Conversation::Crossed& each : conversation.crossed)
      if (each.from == 0) judgeSent(each, client);
    // A conversation may have to start over, and does so in the next one.
    const std::optional<sync::Bye>& ended = conversation.status(0).ended;
    EXPECT_TRUE(!ended || ended->code == ErrorCode::Offline) << ended->text;
  }

  // What of the client's records the hub's list names as refused by rights.
  std::set<UUID> listedByHub(std::size_t client) {
    std::set<UUID> listed;
    for (const RejectedChange& change : (*hub_)->rejectedChanges())
      if (change.peer == (*clients_[client])->replicaId() && change.code == ErrorCode::PermissionDenied)
        listed.insert(change.record);
    return listed;
  }

  // The hub takes all of a transaction or nothing.
  void judgeTransactions(const base::Bytes& frame, const std::set<UUID>& listedBefore, std::size_t client,
                         const std::map<UUID, Record>& before, const std::map<UUID, Record>& after) {
    std::optional<sync::Batch> batch = sync::decodeBatch(frame);
    std::set<UUID> listed = listedByHub(client), together;
    for (const sync::Change& change : batch->changes) {
      if (!change.left) together.insert(change.id);
      if (!change.endsTransaction) continue;
      auto isNew = [&](const UUID& id) { return listed.contains(id) && !listedBefore.contains(id); };
      if (std::any_of(together.begin(), together.end(), isNew)) {
        for (const UUID& id : together) {
          EXPECT_TRUE(listed.contains(id)) << "the hub refused a part of a transaction, not " << id.toString();
          EXPECT_EQ(before.contains(id) ? std::optional(before.at(id)) : std::nullopt,
                    after.contains(id) ? std::optional(after.at(id)) : std::nullopt)
              << "the hub took a part of a transaction, " << id.toString();
        }
      }
      together.clear();
    }
  }

  void deliverToHub(Conversation& conversation, std::size_t client) {
    std::map<UUID, Record> before = heldByHub();
    std::set<UUID> listed = listedByHub(client);
    base::Bytes frame = conversation.towards[0].empty() ? base::Bytes() : conversation.towards[0].front();
    conversation.deliver(0);
    std::map<UUID, Record> after = heldByHub();
    bool hasAsked = std::any_of(conversation.crossed.begin(), conversation.crossed.end(),
                                [](const auto& each) { return each.from == 0 && each.type == sync::FrameType::need; });
    if (!frame.empty() && sync::typeOf(frame) == sync::FrameType::batch && !hasAsked)
      judgeTransactions(frame, listed, client, before, after);
    for (const UUID& id : ids_) {
      auto was = before.find(id), is = after.find(id);
      std::optional<Record> old, now;
      if (was != before.end()) old = was->second;
      if (is != after.end()) now = is->second;
      if (old == now) continue;
      EXPECT_TRUE(rules_.mayMake(old, now, client)) << "the hub took a change of " << id.toString();
    }
  }

  void noteHidden(std::size_t client) {
    for (const UUID& id : ids_) {
      std::optional<Record> record = hub_->fetch(id);
      bool isKnown = stored(**hub_, {kRecords, id}).has_value();
      if (isKnown && !(record && rules_.mayRead(*record, client))) hidden_.insert({client, id});
    }
  }

  // Whole records that the hub has sent are such as the user may read.
  void judgeSent(const Conversation::Crossed& sent, std::size_t client) {
    std::vector<sync::Change> changes;
    if (sent.type == sync::FrameType::batch) changes = sync::decodeBatch(sent.frame)->changes;
    if (sent.type == sync::FrameType::rows) changes = sync::decodeRows(sent.frame)->changes;
    for (const sync::Change& change : changes) {
      if (change.left) continue;
      std::optional<sync::RecordState> state = sync::decodeState(change.stamps, change.fields, 1);
      if (!state->whole || !state->alive() || !(change.complete || sent.type == sync::FrameType::rows)) continue;
      EXPECT_TRUE(rules_.mayRead(replica::decoded(change.id, change.fields), client)) << "the hub showed a record";
    }
  }

  bool isAccountedFor(const Write& write) {
    std::optional<Stored> at = stored(**hub_, {kRecords, write.id});
    if (at) {
      auto field = at->fields.find(write.field);
      sync::Stamp latest = std::max(at->tomb, at->floor);
      if (write.field.empty()) latest = std::max({latest, at->base, at->latest()});
      if (field != at->fields.end()) latest = std::max(latest, field->second.stamp);
      if (at->alive && field != at->fields.end() && field->second.stamp == write.stamp) return true;
      // An older write that wins by its authority has not seen this one: the journal lists that, where the author sees
      // who wins.
      bool isSeen = write.field == "n" && !hidden_.contains({write.client, write.id});
      if (latest >= write.stamp && (!isSeen || latest.time >= write.stamp.time)) return true;
    }
    if (!at && write.deletes) return true;  // nobody else had it
    Replica& author = *clients_[write.client];
    for (const RejectedChange& change : author->rejectedChanges()) {
      if (change.record != write.id || change.id == 0) continue;
      bool isUnset = std::find(change.unset.begin(), change.unset.end(), write.field) != change.unset.end();
      if (write.field.empty() ? change.inserts || change.deletes : change.inserts || change.deletes || isUnset)
        return true;
      if (change.fields.contains(write.field) &&
          (write.field != "n" || change.fields.integer("n").value_or(0) >= write.n))
        return true;
    }
    for (const RemovedRecord& removed : author->journal().removed(0))
      if (removed.record.id() == write.id) return true;
    for (const Conflict& conflict : author->journal().conflicts(0))
      if (conflict.record == write.id && (write.field.empty() || conflict.field == write.field)) return true;
    return false;
  }

  std::int64_t now_ = 0;
  Dice dice_;
  bool small_ = false;
  bool isIndexed_ = false;  // the hub has indexes for what the policies ask
  bool counts_ = false;     // in few records, which nobody deletes
  std::unique_ptr<Replica> hub_;
  std::vector<std::unique_ptr<Replica>> clients_;
  Rules rules_;
  std::int64_t counter_ = 0;
  std::set<UUID> ids_;
  std::set<std::pair<std::size_t, UUID>> hidden_;  // client and record, in one of their conversations, or dead
  std::vector<Write> writes_;
  struct Counted {
    int lives = 0;  // how often it was made or deleted
    std::int64_t tried = 0;
    bool isGuessed = false;
  };
  std::map<UUID, Counted> counted_;
};

TEST(Rights, EachHoldsWhatItMayAndNoWriteIsLost) { runSeeds<RightsWorld>(150); }

}  // namespace
}  // namespace blazedb::sim
