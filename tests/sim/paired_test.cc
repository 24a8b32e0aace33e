// Two hubs that differ only in records that a user may not see, with the same script of writes for both. Every byte
// that the user's connection carries, and when, has to be the same; sealed places differ, and nobody can read them.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/user_rights.h"
#include "sim/random.h"
#include "sim/seeds.h"
#include "support/conversation.h"

namespace blazedb::sim {
namespace {

using test::Conversation;
using test::Replica;

const std::string kRecords = "default";
constexpr std::uint64_t kVisibleIds = 8, kHiddenIds = 12;
constexpr std::int64_t kMonthMs = std::int64_t{31} * 24 * 60 * 60 * 1000;

// What the user's own policies and teams are at a moment. Nothing of it ever reaches the hidden records.
struct Rules {
  bool readsOwn = true, readsTeam = false, isMember = false, writesOwn = false;

  std::shared_ptr<const sync::Rights> made(base::Clock& clock) const {
    std::vector<Policy> policies;
    auto add = [&](Operation operation, const char* expression) {
      policies.push_back({static_cast<std::int64_t>(policies.size() + 1), {kRecords, operation, expression}});
    };
    if (readsOwn || !readsTeam) add(Operation::read, "owner = $user.name");
    if (readsTeam) add(Operation::read, "team IN $user.teams");
    if (writesOwn) add(Operation::write, "owner = $user.name");
    User user{"user", {}, {}, {}};
    if (isMember) user.teams.push_back(test::uuidOf(900));
    return std::make_shared<const db::UserRights>(policies, user, clock);
  }
};

// A hub and the user's client. Only one of the two halves of a world has hidden records.
struct Half {
  Half(std::uint64_t seed, bool hides) : hidden(hides) {
    hub = std::make_unique<Replica>("hub", now, 10 * seed);
    hub->options.role = SyncRole::server;
    hub->reopen();
    if (seed % 2 == 1)
      for (const char* field : {"owner", "team"}) (*hub)->indexes().create(kRecords, {field, {field}}, {});
    client = std::make_unique<Replica>("client", now, 10 * seed + 1);
    for (Replica* each : {hub.get(), client.get()}) each->random.drawNumbersBy(now);
  }

  std::int64_t now = 0;
  bool hidden;
  std::unique_ptr<Replica> hub, client;
  std::unique_ptr<Conversation> talk;
  std::optional<Replica::Files> older;  // of the client
};

// A frame without the bytes of its sealed place.
base::Bytes readable(const Conversation::Crossed& each) {
  std::optional<sync::SealedPlace> place;
  if (each.type == sync::FrameType::batch) place = sync::decodeBatch(each.frame)->place;
  if (each.type == sync::FrameType::subscribe) place = sync::decodeSubscribe(each.frame)->cursor.place;
  base::Bytes frame = each.frame;
  if (!place) return frame;
  auto at = std::search(frame.begin(), frame.end(), place->begin(), place->end());
  std::fill_n(at, place->size(), std::uint8_t{0});
  return frame;
}

class PairedWorld {
 public:
  explicit PairedWorld(std::uint64_t seed) : dice_(seed), hiding_(seed, true), plain_(seed, false) {
    small_ = dice_.percent(50);
  }

  void chaos() {
    for (std::int64_t i = dice_.between(30, 90); i > 0 && !testing::Test::HasFailure(); i--) {
      wait(dice_.between(1, 2000));
      std::uint64_t what = dice_.below(100);
      if (what < 25) {
        writeAtHub();
      } else if (what < 40) {
        writeHidden();
      } else if (what < 50) {
        writeAtClient();
      } else if (what < 80) {
        talk();
      } else if (what < 84) {
        changeRules();
      } else if (what < 88) {
        bool hubs = dice_.percent(50);
        end();
        both([&](Half& half) {
          (hubs ? half.hub : half.client)->kill();
          (hubs ? half.hub : half.client)->open();
          (*half.hub)->identity();  // an incarnation does not depend on what is written first
        });
      } else if (what < 91) {
        keepOrPutBack();
      } else if (what < 94) {
        forget();
      } else if (open_) {
        both([&](Half& half) { (*half.talk)[1].ping(7, half.now); });
      }
      compare();
    }
  }

  void rest() {
    for (int i = 0; i < 3; i++) {
      end();
      begin();
      both([](Half& half) { half.talk->rest(); });
      compare();
    }
  }

  void judge() {
    EXPECT_EQ(hiding_.now, plain_.now) << "one of them took longer";
    for (std::uint64_t i = 1; i <= kVisibleIds; i++)
      EXPECT_EQ(hiding_.client->fetch(test::uuidOf(i)), plain_.client->fetch(test::uuidOf(i)));
    for (std::uint64_t i = 1; i <= kHiddenIds; i++) EXPECT_FALSE(hiding_.client->fetch(test::uuidOf(100 + i)));
  }

 private:
  void both(const std::function<void(Half&)>& what) {
    what(hiding_);
    what(plain_);
  }
  void wait(std::int64_t ms) {
    both([&](Half& half) { half.now += ms; });
  }

  Record anyFields() {
    Record fields;
    if (dice_.percent(40)) fields.set("owner", dice_.percent(60) ? "user" : "another");
    if (dice_.percent(40)) fields.set("team", test::uuidOf(dice_.percent(60) ? 900 : 901));
    if (fields.empty() || dice_.percent(50)) fields.set("n", ++counter_);
    if (dice_.percent(10)) fields.set("text", std::string(dice_.below(300), 'x'));
    return fields;
  }

  struct Write {
    UUID id;
    Record fields;
    bool deletes = false;
  };
  Write anyWrite(std::uint64_t firstId, std::uint64_t ids) {
    return {test::uuidOf(firstId + dice_.below(ids)), anyFields(), dice_.percent(15)};
  }
  Write hiddenWrite() {
    Write write = anyWrite(101, kHiddenIds);
    write.fields.set("owner", "another");
    write.fields.set("team", test::uuidOf(902));
    return write;
  }
  static void make(Replica& replica, db::Changes& changes, const Write& write) {
    if (!replica.fetch(write.id))
      changes.insert(kRecords, write.id, write.fields);
    else if (write.deletes)
      changes.remove(kRecords, write.id);
    else
      changes.updateFields(kRecords, write.id, write.fields);
  }

  // Several records in one transaction; hidden ones stand behind the others, because a transaction counts its stamps.
  void writeAtHub() {
    std::vector<Write> visible, hidden;
    for (std::uint64_t i = 1 + dice_.below(3); i > 0; i--) visible.push_back(anyWrite(1 + (i - 1) * 2, 2));
    if (dice_.percent(50)) hidden.push_back(hiddenWrite());
    if (dice_.percent(5)) visible.back().fields.set("text", std::string(dice_.below(3000), 'y'));
    both([&](Half& half) {
      (*half.hub)->write([&](db::Changes& changes) {
        for (const Write& each : visible) make(*half.hub, changes, each);
        if (!half.hidden) return;
        for (const Write& each : hidden) make(*half.hub, changes, each);
      });
    });
    feedsMoved();
  }

  void writeHidden() {
    std::vector<Write> hidden;
    for (std::uint64_t i = 1 + dice_.below(dice_.percent(10) ? 40 : 4); i > 0; i--) hidden.push_back(hiddenWrite());
    for (const Write& each : hidden)
      (*hiding_.hub)->write([&](db::Changes& changes) { make(*hiding_.hub, changes, each); });
    wait(1);
    feedsMoved();
  }

  void writeAtClient() {
    Write write = anyWrite(1, kVisibleIds);
    both([&](Half& half) { (*half.client)->write([&](db::Changes& changes) { make(*half.client, changes, write); }); });
    feedsMoved();
  }

  void feedsMoved() {
    if (open_ && dice_.percent(70)) both([](Half& half) { half.talk->feedsMoved(); });
  }

  void changeRules() {
    if (dice_.percent(40)) rules_.readsOwn = !rules_.readsOwn;
    if (dice_.percent(40)) rules_.readsTeam = !rules_.readsTeam;
    if (dice_.percent(40)) rules_.isMember = !rules_.isMember;
    if (dice_.percent(20)) rules_.writesOwn = !rules_.writesOwn;
    end();
  }

  void keepOrPutBack() {
    bool keeps = !hiding_.older || dice_.percent(50);
    end();
    both([&](Half& half) {
      if (keeps)
        half.older = half.client->copy();
      else
        half.client->putBack(*half.older);
    });
  }

  // The hub forgets old deletes.
  void forget() {
    if (dice_.percent(50)) wait(kMonthMs);
    end();
    both([](Half& half) {
      while ((*half.hub)->maintain()) {
      }
    });
  }

  void begin() {
    sync::SessionOptions gives, asks;
    gives.terms.relation = sync::Relation::exporter;
    gives.terms.writes.mayErase = false;
    gives.terms.writes.mayBeServer = false;
    gives.terms.writes.trust = sync::StampTrust::own;
    wait(1);
    if (small_) gives.batchBytes = asks.batchBytes = 150;
    both([&](Half& half) {
      gives.terms.reads.rights = gives.terms.writes.rights = rules_.made(half.hub->clock);
      half.talk = std::make_unique<Conversation>(*half.hub, *half.client, half.now, gives, asks);
      half.talk->start();
    });
    open_ = true;
    compared_ = 0;
  }

  void end() {
    if (!open_) return;
    bool settles = dice_.percent(50);
    both([&](Half& half) {
      if (settles) {
        for (int each : {0, 1}) (*half.talk)[each].settle(half.now);
        half.talk->collect();
        half.talk->settle();
      }
    });
    compare();
    both([](Half& half) { half.talk.reset(); });
    open_ = false;
  }

  void talk() {
    if (!open_ || dice_.percent(15)) {
      end();
      begin();
    }
    for (std::int64_t frames = dice_.between(0, 20); frames > 0; frames--) {
      int to = dice_.percent(50) ? 1 : 0;
      bool moved = dice_.percent(30), ticks = dice_.percent(20);
      both([&](Half& half) {
        if (moved) half.talk->feedsMoved();
        half.talk->deliver(to);
        if (!ticks) return;
        half.now += 60;
        for (int each : {0, 1}) (*half.talk)[each].tick(half.now);
        half.talk->collect();
      });
    }
  }

  void compare() {
    if (!open_ || testing::Test::HasFailure()) return;
    const std::vector<Conversation::Crossed>&one = hiding_.talk->crossed, &other = plain_.talk->crossed;
    for (; compared_ < std::min(one.size(), other.size()); compared_++) {
      const Conversation::Crossed &a = one[compared_], &b = other[compared_];
      ASSERT_EQ(a.from, b.from) << "frame " << compared_;
      ASSERT_EQ(static_cast<int>(a.type), static_cast<int>(b.type)) << "frame " << compared_ << " from " << a.from;
      ASSERT_EQ(readable(a), readable(b))
          << "frame " << compared_ << " of type " << static_cast<int>(a.type) << " from " << a.from;
    }
    const Conversation::Crossed* more = compared_ < one.size()     ? &one[compared_]
                                        : compared_ < other.size() ? &other[compared_]
                                                                   : nullptr;
    ASSERT_FALSE(more) << "only one of them says frame " << compared_ << " of type " << static_cast<int>(more->type)
                       << " from " << more->from;
  }

  Dice dice_;
  Half hiding_, plain_;
  Rules rules_;
  bool small_ = false, open_ = false;
  std::size_t compared_ = 0;
  std::int64_t counter_ = 0;
};

TEST(Paired, NothingShowsOfWhatIsHidden) { runSeeds<PairedWorld>(60); }

}  // namespace
}  // namespace blazedb::sim
