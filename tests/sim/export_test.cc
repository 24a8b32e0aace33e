// Random exports: an exporter with a filter that changes, or a hub whose policies choose by the rights of a user that
// change, two importers, and a third database that imports from the first importer. All write, conversations break
// anywhere, processes die, power fails. In the end each holds what it should.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
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
constexpr std::int64_t kShades = 4;  // values of the field that filters look at

class ExportWorld {
 public:
  explicit ExportWorld(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t i = 0; i < 4; i++)
      replicas_.push_back(std::make_unique<Replica>(std::string(1, static_cast<char>('A' + i)), now_, 10 * seed + i));
    replicas_[0]->options.role = dice_.percent(50) ? SyncRole::server : SyncRole::client;
    replicas_[0]->reopen();
    small_ = dice_.percent(50);
    byRights_ = dice_.percent(50);
    chooseFilter();
  }

  void chaos() {
    for (std::int64_t i = dice_.between(20, 60); i > 0; i--) {
      now_ += dice_.between(1, 2000);
      if (dice_.percent(55)) {
        write(static_cast<int>(dice_.below(4)));
      } else if (dice_.percent(70)) {
        talk(static_cast<int>(dice_.below(3)), false);
      } else if (dice_.percent(50)) {
        kill(static_cast<int>(dice_.below(4)));
      } else if (dice_.percent(30)) {
        chooseFilter();
      } else {
        maintain(*replicas_[dice_.below(4)]);
      }
    }
  }

  // Runs until nothing moves any more.
  void rest() {
    std::vector<std::uint64_t> before;
    for (int round = 0; round < 20; round++) {
      now_ += 1000;
      for (int link = 0; link < 3; link++) talk(link, true);
      std::vector<std::uint64_t> ends;
      for (auto& replica : replicas_) ends.push_back((*replica)->feedEnd());
      if (ends == before) return;
      before = ends;
    }
    ADD_FAILURE() << "no rest";
  }

  void judge() {
    for (const auto& [id, author] : authors_) {
      SCOPED_TRACE("record " + id.toString() + " of " + std::to_string(author));
      std::optional<Record> original = replicas_[0]->fetch(id);
      std::optional<Stored> kept = stored(**replicas_[0], {kRecords, id});
      EXPECT_EQ(oracle_.check({kRecords, id}, kept ? &*kept : nullptr, {}), "") << "at the exporter, which gets it all";
      for (int importer : {1, 2}) {
        std::optional<Record> copy = replicas_[static_cast<std::size_t>(importer)]->fetch(id);
        if (original && matches(*original)) {
          EXPECT_EQ(copy, original) << "importer " << importer;
        } else {
          EXPECT_FALSE(copy) << "importer " << importer;
        }
      }
      EXPECT_EQ(replicas_[3]->fetch(id).has_value(), replicas_[1]->fetch(id).has_value()) << "the chain";
    }
  }

 private:
  Replica& any(int number) { return *replicas_[static_cast<std::size_t>(number)]; }
  bool matches(const Record& record) const { return record.integer("shade").value_or(-1) % 2 == parity_; }

  void chooseFilter() {
    parity_ = static_cast<std::int64_t>(dice_.below(2));
    auto filter = std::make_shared<ExportFilter>();
    filter->id = "parity " + std::to_string(parity_);
    filter->matches = [parity = parity_](const std::string&, const Record& record) {
      return record.integer("shade").value_or(-1) % 2 == parity;
    };
    filter_ = std::move(filter);
    Policy policy{1, {kRecords, Operation::read, "shade % 2 = $user.claims.parity"}};
    User user{"ann", {}, {{}, {{"parity", parity_}}}, {}};
    rights_ = std::make_shared<const db::UserRights>(std::vector<Policy>{policy}, user, clock_);
  }

  void write(int number) {
    Replica& replica = any(number);
    UUID id;
    Stored before;
    if (authors_.empty() || dice_.percent(40)) {
      id =
          replica.insert({{"shade", dice_.between(0, kShades - 1)}, {"n", counter_++}, {"text", std::string(40, 'x')}});
      authors_[id] = number;
    } else {
      auto at = authors_.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(dice_.below(authors_.size())));
      id = at->first;
      if (!replica.fetch(id)) return;
      before = *stored(*replica, {kRecords, id});
      change(replica, id);
    }
    oracle_.observe(number, {kRecords, id}, before, *stored(*replica, {kRecords, id}), true, true);
  }

  void change(Replica& replica, const UUID& id) {
    if (dice_.percent(10)) {
      replica.remove(id);
    } else if (dice_.percent(50)) {
      replica.updateFields(id, {{"shade", dice_.between(0, kShades - 1)}});
    } else {
      replica.updateFields(id, {{"n", counter_++}});
    }
  }

  // The values of a deleted record are dropped once all readers have got the delete. An importer that did not get the
  // latest values may still bring the record back with the values that it has.
  void maintain(Replica& replica) {
    auto hasValues = [&](const UUID& id) {
      std::optional<Stored> held = stored(*replica, {kRecords, id});
      return held && !held->fields.empty();
    };
    std::set<UUID> had;
    for (const auto& [id, author] : authors_)
      if (hasValues(id)) had.insert(id);
    replica->maintain();
    for (const UUID& id : had)
      if (!hasValues(id)) oracle_.valuesDropped({kRecords, id});
  }

  // Its own writes are on its disk; changes from others may be lost with the power.
  void kill(int number) {
    if (dice_.percent(50))
      any(number).kill();
    else
      any(number).powerCut(dice_.roll());
    any(number).open();
  }

  // The links: A with B, A with C, B with D.
  void talk(int link, bool toTheEnd) {
    Replica &from = any(link == 2 ? 1 : 0), &to = any(link == 2 ? 3 : link + 1);
    sync::SessionOptions exports, imports;
    exports.terms.relation = sync::Relation::exporter;
    imports.terms.relation = sync::Relation::importer;
    exports.terms.writes.mayErase = false;
    exports.terms.writes.trust = sync::StampTrust::own;
    if (link != 2 && byRights_) {
      exports.terms.reads.rights = rights_;
      imports.terms.relation = sync::Relation::equals;  // it learns from the hub that it is more
    } else if (link != 2) {
      exports.terms.reads.filter = filter_;
    }
    if (small_) exports.batchBytes = imports.batchBytes = 150;
    Conversation conversation(from, to, now_, exports, imports);
    conversation.start();
    if (toTheEnd || dice_.percent(40)) return conversation.rest();
    for (std::int64_t frames = dice_.between(0, 25); frames > 0; frames--) {
      if (dice_.percent(20)) write(static_cast<int>(dice_.below(4)));
      conversation.feedsMoved();
      conversation.deliver(static_cast<int>(dice_.below(2)));
    }
  }

  std::int64_t now_ = 0;
  Dice dice_;
  bool small_ = false;
  std::vector<std::unique_ptr<Replica>> replicas_;
  bool byRights_ = false;
  std::shared_ptr<const ExportFilter> filter_;
  std::shared_ptr<const sync::Rights> rights_;
  base::SystemClock clock_;
  std::int64_t parity_ = 0;
  std::int64_t counter_ = 0;
  std::map<UUID, int> authors_;
  Oracle oracle_;
};

TEST(Exports, EachHoldsWhatItShould) { runSeeds<ExportWorld>(150); }

}  // namespace
}  // namespace blazedb::sim
