// Links that carry a part of a database.
#include "sync/scope.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

Scope only(std::vector<std::string> collections) { return makeScope(std::move(collections), {}); }
Scope without(std::vector<std::string> fields) { return makeScope(std::nullopt, std::move(fields)); }
Scope fieldsOf(std::vector<std::string> fields) { return makeScope(std::nullopt, {}, std::move(fields)); }

TEST(Scope, OfListsInAnyOrderIsTheSame) {
  EXPECT_EQ(makeScope({{"b", "a", "b"}}, {"y", "x", "x"}), makeScope({{"a", "b"}}, {"x", "y"}));
  EXPECT_EQ(encode(makeScope({{"b", "a"}}, {})), encode(only({"a", "b"})));
}

TEST(Scope, IsWithinAWiderOne) {
  EXPECT_TRUE(isWithin(only({"a"}), {}));
  EXPECT_TRUE(isWithin(only({"a"}), only({"a", "b"})));
  EXPECT_TRUE(isWithin(fieldsOf({"x"}), without({"y"})));
  EXPECT_FALSE(isWithin({}, only({"a"})));
  EXPECT_FALSE(isWithin(only({"a"}), without({"x"})));
}

TEST(Scope, LeavesFieldsOut) {
  EXPECT_FALSE(fieldsLeftOut({}, only({"a"})));
  EXPECT_FALSE(fieldsLeftOut(without({"x"}), without({"x"})));
  EXPECT_EQ(fieldsLeftOut({}, makeScope({{"a"}}, {"x"})), makeScope({{"a"}}, {}, {{"x"}}));
  EXPECT_EQ(fieldsLeftOut(without({"x"}), without({"x", "y"})), fieldsOf({"y"}));
  EXPECT_EQ(fieldsLeftOut(without({"x"}), fieldsOf({"y"})), without({"x", "y"}));
  EXPECT_EQ(fieldsLeftOut(fieldsOf({"x", "y"}), fieldsOf({"y"})), fieldsOf({"x"}));
  EXPECT_FALSE(fieldsLeftOut(fieldsOf({"x"}), fieldsOf({"x"})));
}

TEST(Scope, OfEverythingIsNoBytesAndNothingElseIs) {
  EXPECT_TRUE(encode(Scope{}).empty());
  EXPECT_TRUE(decodeScope({})->full());
  EXPECT_FALSE(only({}).full());
  EXPECT_FALSE(encode(only({})).empty()) << "no collection at all is not all of them";
  EXPECT_FALSE(only({}).has("a"));
}

TEST(Scope, SurvivesItsEncoding) {
  for (const Scope& scope : {only({"a", "b"}), only({}), without({"password"}), makeScope({{"a"}}, {"x", "\u00e9"}),
                             fieldsOf({"x"}), fieldsOf({}), makeScope({{"a"}}, {}, {{"x"}})})
    EXPECT_EQ(decodeScope(encode(scope)), scope);
}

TEST(Scope, RefusesWhatEncodeDoesNotMake) {
  EXPECT_FALSE(decodeScope(Bytes{0, 0})) << "everything, written otherwise";
  EXPECT_FALSE(decodeScope(Bytes{4, 0}));
  EXPECT_FALSE(decodeScope(Bytes{1, 1, 1, 'a'})) << "ends early";
  EXPECT_FALSE(decodeScope(Bytes{1, 2, 1, 'b', 1, 'a', 0})) << "not ascending";
  EXPECT_FALSE(decodeScope(Bytes{1, 2, 1, 'a', 1, 'a', 0})) << "twice";
  EXPECT_FALSE(decodeScope(Bytes{1, 1, 1, '/', 0})) << "no name";
  EXPECT_FALSE(decodeScope(Bytes{1, 1, 1, 'a', 0, 0})) << "something left over";
  EXPECT_FALSE(decodeScope(Bytes{1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}));
}

TEST(Scope, OfTwoIsWhatBothCarry) {
  EXPECT_EQ(intersect(only({"a", "b"}), only({"b", "c"})), only({"b"}));
  EXPECT_EQ(intersect(only({"a"}), Scope{}), only({"a"}));
  EXPECT_EQ(intersect(Scope{}, only({"a"})), only({"a"}));
  EXPECT_EQ(intersect(without({"x"}), without({"y"})), without({"x", "y"}));
  EXPECT_TRUE(intersect(Scope{}, Scope{}).full());
  EXPECT_EQ(intersect(fieldsOf({"x", "y"}), fieldsOf({"y", "z"})), fieldsOf({"y"}));
  EXPECT_EQ(intersect(fieldsOf({"x", "y"}), without({"y", "z"})), fieldsOf({"x"}));
  EXPECT_EQ(intersect(Scope{}, fieldsOf({"x"})), fieldsOf({"x"}));
}

TEST(Scope, OfSomeFieldsExcludesTheOthers) {
  EXPECT_FALSE(fieldsOf({"x"}).excludes("x"));
  EXPECT_TRUE(fieldsOf({"x"}).excludes("y"));
  EXPECT_TRUE(fieldsOf({}).excludes("x"));
  EXPECT_FALSE(fieldsOf({}).full());
}

class ScopeTest : public SessionTest {
 protected:
  static UUID insert(Replica& replica, const std::string& collection, const Record& record) {
    UUID id;
    replica->write([&](db::Changes& changes) { id = changes.insert(collection, std::nullopt, record); });
    return id;
  }
  static void set(Replica& replica, const std::string& collection, const UUID& id, const Record& fields) {
    replica->write([&](db::Changes& changes) { changes.updateFields(collection, id, fields); });
  }
  // B asks for a scope; A allows everything. Runs until the conversation rests.
  Conversation linked(const Scope& scope, bool leaveOthers = false) { return linked(a, b, scope, leaveOthers); }
  Conversation linked(Replica& hub, Replica& client, const Scope& scope, bool leaveOthers = false) {
    SessionOptions options;
    options.terms.scope = scope;
    options.leaveOtherScopes = leaveOthers;
    Conversation talk(hub, client, now, {}, options);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.live());
    return talk;
  }
  // A record that the client wrote in y, and that the hub has acknowledged but not put on its disk.
  UUID handedOver(Replica& hub, Replica& client) {
    linked(hub, client, only({"x", "y"}));
    UUID mine = insert(client, "y", {{"n", 1}});
    linked(hub, client, only({"x", "y"}));
    EXPECT_TRUE(hub->snapshot().fetch("y", mine));
    return mine;
  }
};

TEST_F(ScopeTest, OnlyTheCollectionsAskedForTravelEitherWay) {
  UUID note = insert(a, "notes", {{"n", 1}}), secret = insert(a, "secrets", {{"n", 2}});
  UUID mine = insert(b, "notes", {{"n", 3}}), kept = insert(b, "secrets", {{"n", 4}});
  Conversation talk = linked(only({"notes"}));
  EXPECT_TRUE(b->snapshot().fetch("notes", note));
  EXPECT_FALSE(b->snapshot().fetch("secrets", secret));
  EXPECT_TRUE(a->snapshot().fetch("notes", mine));
  EXPECT_FALSE(a->snapshot().fetch("secrets", kept));
  for (const auto& crossed : talk.crossed)
    EXPECT_EQ(base::textOf(crossed.frame).find("secrets"), std::string_view::npos);
  EXPECT_FALSE(talk.verified()) << "parts are not compared";
  EXPECT_EQ(talk.status(0).acknowledgedTo, a->feedEnd()) << "what does not travel holds nothing up";
}

TEST_F(ScopeTest, ExcludedFieldsNeverTravelAndNeverEraseAnything) {
  UUID id = insert(a, "default", {{"name", "Ann"}, {"password", "at A"}});
  linked(without({"password"}));
  EXPECT_EQ(*b.fetch(id), (Record{{"name", "Ann"}}));
  b.updateFields(id, {{"name", "Bea"}, {"password", "at B"}});
  linked(without({"password"}));
  EXPECT_EQ(*a.fetch(id), (Record{{"name", "Bea"}, {"password", "at A"}}));
  a.update(id, {{"name", "Cid"}, {"password", "new"}});
  Conversation talk = linked(without({"password"}));
  EXPECT_EQ(*b.fetch(id), (Record{{"name", "Cid"}, {"password", "at B"}}));
  for (const auto& crossed : talk.crossed) EXPECT_EQ(base::textOf(crossed.frame).find("new"), std::string_view::npos);
}

TEST_F(ScopeTest, AChangeOfExcludedFieldsAloneDoesNotTravelAtAll) {
  UUID id = insert(a, "default", {{"name", "Ann"}, {"password", "1"}});
  linked(without({"password"}));
  a.updateFields(id, {{"password", "2"}});
  EXPECT_EQ(linked(without({"password"})).changesFrom(0), 0u);
}

TEST_F(ScopeTest, BothEndsNarrowTheLink) {
  insert(a, "x", {{"n", 1}});
  insert(a, "y", {{"n", 1}});
  insert(a, "z", {{"n", 1}, {"m", 1}});
  SessionOptions hub, client;
  hub.terms.scope = makeScope({{"y", "z"}}, {});
  client.terms.scope = makeScope({{"x", "z"}}, {"m"});
  Conversation talk(a, b, now, hub, client);
  talk.start();
  talk.rest();
  EXPECT_EQ(b->snapshot().count("x") + b->snapshot().count("y"), 0u);
  ASSERT_EQ(b->snapshot().count("z"), 1u);
  EXPECT_EQ(b->snapshot().page("z", std::nullopt)[0].size(), 1u);
}

TEST_F(ScopeTest, NothingInCommonIsRefused) {
  SessionOptions hub, client;
  hub.terms.scope = only({"y"});
  client.terms.scope = only({"x"});
  Conversation talk(a, b, now, hub, client);
  talk.start();
  talk.settle();
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::NotAllowed);
}

TEST_F(ScopeTest, AWiderOneFillsIn) {
  UUID x = insert(a, "x", {{"n", 1}, {"m", 1}}), y = insert(a, "y", {{"n", 1}});
  linked(makeScope({{"x"}}, {"m"}));
  linked(only({"x", "y"}));
  EXPECT_EQ(*b->snapshot().fetch("x", x), (Record{{"n", 1}, {"m", 1}}));
  EXPECT_TRUE(b->snapshot().fetch("y", y));
  EXPECT_TRUE(synced().verified()) << "and everything is everything";
}

TEST_F(ScopeTest, ANarrowerOneLeavesWhatIsThereUnlessAskedToRemoveIt) {
  UUID x = insert(a, "x", {{"n", 1}, {"m", 1}}), y = insert(a, "y", {{"n", 1}});
  synced();
  linked(makeScope({{"x"}}, {"m"}));
  EXPECT_TRUE(b->snapshot().fetch("y", y));
  EXPECT_EQ(b->snapshot().fetch("x", x)->size(), 2u);
  linked(makeScope({{"x"}}, {"m"}), true);
  EXPECT_FALSE(b->snapshot().fetch("y", y));
  EXPECT_EQ(*b->snapshot().fetch("x", x), (Record{{"n", 1}}));
  EXPECT_TRUE(b->verify({}).problems.empty());
  EXPECT_TRUE(a->snapshot().fetch("y", y)) << "it is no delete";
  EXPECT_EQ(a->snapshot().fetch("x", x)->size(), 2u);
  synced();
  EXPECT_TRUE(b->snapshot().fetch("y", y)) << "and comes back with a wider one";
  EXPECT_EQ(b->snapshot().fetch("x", x)->size(), 2u);
}

TEST_F(ScopeTest, WhatThePeerHasNotGotIsNotRemoved) {
  linked(only({"x", "y"}));
  UUID unsent = insert(b, "y", {{"n", 1}}), elsewhere = insert(b, "z", {{"n", 1}});
  linked(only({"x"}));
  linked(only({"x"}), true);
  EXPECT_TRUE(b->snapshot().fetch("y", unsent)) << "written while y was not linked";
  EXPECT_TRUE(b->snapshot().fetch("z", elsewhere)) << "never linked";
}

// Found by the simulation.
TEST_F(ScopeTest, WhatTheEarlierScopeDidNotCarryIsNotRemovedWithIt) {
  Record all{{"n", 1}, {"own", 2}, {"m", 3}};
  UUID left = insert(b, "y", all), narrowed = insert(b, "x", all), given = insert(b, "y", {{"n", 1}});
  linked(makeScope({{"x", "y"}}, {"own"}));
  linked(makeScope({{"x"}}, {"own", "m"}), true);
  EXPECT_EQ(b->snapshot().fetch("y", left), all) << "the peer never had its field";
  EXPECT_EQ(*b->snapshot().fetch("x", narrowed), (Record{{"n", 1}, {"own", 2}}));
  EXPECT_FALSE(b->snapshot().fetch("y", given));
  EXPECT_EQ(a->snapshot().fetch("y", left)->size(), 2u);
}

TEST_F(ScopeTest, ASweepKeepsWhatTheLinkDoesNotCarry) {
  for (Replica* each : {&a, &b}) {
    each->options.tombstoneRetention = std::chrono::hours(1);
    each->reopen();
  }
  UUID gone = insert(a, "x", {{"n", 1}}), other = insert(a, "y", {{"n", 1}});
  synced();
  a->write([&](db::Changes& changes) { changes.remove("x", gone); });
  now += 2 * kHour;
  while (a->maintain()) {
  }
  SessionOptions options;
  options.terms.scope = only({"x"});
  Conversation talk(a, b, now, {}, options);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  linked(only({"x"}));
  EXPECT_FALSE(b->snapshot().fetch("x", gone));
  EXPECT_TRUE(b->snapshot().fetch("y", other));
}

TEST_F(ScopeTest, APeerThatSendsWhatIsOutsideIsRefused) {
  struct Loud : PassingStore {
    using PassingStore::PassingStore;
    FeedRead readFeed(const FeedQuery& query, BatchWriter& out) override {
      Agreement everything;
      everything.peer = query.agreement.peer;
      FeedQuery all(everything);
      all.after = query.after;
      all.catchingUp = query.catchingUp;
      all.echoesTo = query.echoesTo;
      all.bytesWanted = query.bytesWanted;
      return PassingStore::readFeed(all, out);
    }
  } store(*a.engine);
  for (const Scope& scope : {only({"x"}), without({"m"})}) {
    insert(a, "y", {{"m", 1}});
    SessionOptions options;
    options.terms.scope = scope;
    Conversation talk(a, store, b, *b.engine, now, {}, options);
    talk.start();
    talk.settle();
    ASSERT_TRUE(talk[0].stopped());
    EXPECT_EQ(talk.status(0).ended->code, ErrorCode::ProtocolError) << "and it hears so";
    EXPECT_EQ(b->snapshot().count("y"), 0u);
  }
}

TEST_F(ScopeTest, ARoleThatIsNotGrantedIsRefused) {
  b.options.role = SyncRole::server;
  b.reopen();
  SessionOptions hub;
  hub.terms.writes.mayBeServer = false;
  Conversation talk(a, b, now, hub, {});
  talk.start();
  talk.settle();
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::NotAllowed);
}

TEST_F(ScopeTest, WhatAPowerCutHasTakenFromThePeerStays) {
  int lostAtHub = 0;
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    Replica hub("X", now, 100 + seed), client("Y", now, 200 + seed);
    UUID mine = handedOver(hub, client);
    hub.powerCut(seed);
    hub.open();
    if (hub->snapshot().fetch("y", mine)) continue;
    lostAtHub++;
    linked(hub, client, only({"x"}), true);
    EXPECT_TRUE(client->snapshot().fetch("y", mine));
  }
  EXPECT_GT(lostAtHub, 0);
}

// A later change of the record by the hub does not prove that the hub still has the earlier state. Found by the
// simulation.
TEST_F(ScopeTest, WhatAPowerCutHasTakenFromThePeerStaysWhereThePeerChangedTheRecordToo) {
  int lostAtHub = 0;
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    Replica hub("X", now, 100 + seed), client("Y", now, 200 + seed);
    UUID shared = insert(hub, "y", {{"n", 1}});
    linked(hub, client, only({"y"}));
    hub->write([&](db::Changes& changes) { changes.updateFields("y", shared, {{"n", 2}}); });
    set(client, "y", shared, {{"mine", 1}});
    linked(hub, client, only({"y"}));
    hub.powerCut(seed);
    hub.open();
    lostAtHub += hub->snapshot().fetch("y", shared)->size() == 1 ? 1 : 0;
    linked(hub, client, without({"mine"}), true);
    EXPECT_TRUE(client->snapshot().fetch("y", shared)->integer("mine") ||
                hub->snapshot().fetch("y", shared)->integer("mine"));
  }
  EXPECT_GT(lostAtHub, 0);
}

// The client learns that the hub has the records, and gives them up.
TEST_F(ScopeTest, WhatThePeerHasIsOnItsDiskBeforeItIsGivenUp) {
  int given = 0;
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    Replica hub("X", now, 100 + seed), client("Y", now, 200 + seed);
    UUID mine = handedOver(hub, client);
    linked(hub, client, only({"x"}), true);
    given += client->snapshot().fetch("y", mine) ? 0 : 1;
    hub.powerCut(seed);
    hub.open();
    EXPECT_TRUE(client->snapshot().fetch("y", mine) || hub->snapshot().fetch("y", mine));
  }
  EXPECT_EQ(given, 20);
}

TEST_F(ScopeTest, NothingIsGivenUpBeforeThePeerHasHeardThatTheScopeIsAnother) {
  for (bool sends : {true, false}) {
    Replica hub("X", now, 100), client("Y", now, 200);
    UUID mine = handedOver(hub, client);
    SessionOptions options;
    options.terms.scope = only({"x"});
    options.terms.sends = sends;
    options.leaveOtherScopes = true;
    Conversation talk(hub, client, now, {}, options);
    talk.start();
    while (talk.deliver(1)) continue;
    EXPECT_TRUE(client->snapshot().fetch("y", mine)) << "all that came from the hub is its Hello";
    talk.rest();
    EXPECT_FALSE(client->snapshot().fetch("y", mine));
  }
}

// A peer that does not send does not know of readers, and puts nothing on its disk for them.
TEST_F(ScopeTest, WithoutReceivingNothingIsGivenUp) {
  UUID mine = handedOver(a, b);
  SessionOptions options;
  options.terms.scope = only({"x"});
  options.terms.receives = false;
  options.leaveOtherScopes = true;
  Conversation talk(a, b, now, {}, options);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  EXPECT_TRUE(b->snapshot().fetch("y", mine));
}

}  // namespace
}  // namespace blazedb::sync
