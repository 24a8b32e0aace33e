// The agreement that two ends derive from their terms.
#include "sync/agreement.h"

#include <gtest/gtest.h>

#include "sync/frames.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

TEST(Agreement, GoesTheWayThatBothEndsWant) {
  for (bool sends : {false, true})
    for (bool peerReceives : {false, true}) {
      Terms mine;
      mine.sends = sends;
      Hello its;
      its.receives = peerReceives;
      EXPECT_EQ(agree(mine, its).sends, sends && peerReceives);
      EXPECT_TRUE(agree(mine, its).receives);
    }
}

TEST(Agreement, CarriesWhatBothEndsCarry) {
  Terms mine;
  mine.scope = makeScope({{"a", "b"}}, {"x"});
  Hello its;
  its.scope = makeScope({{"b", "c"}}, {"y"});
  EXPECT_EQ(agree(mine, its).scope, makeScope({{"b"}}, {"x", "y"}));
}

TEST(Agreement, LetsThePeerTakeBackOnlyWhatItGaveUnlessItDecides) {
  Agreement agreement;
  EXPECT_TRUE(agreement.mayTakeBack(true));
  EXPECT_FALSE(agreement.mayTakeBack(false));
  agreement.relation = Relation::importer;
  EXPECT_TRUE(agreement.mayTakeBack(false));
  agreement.writes.mayErase = false;
  EXPECT_FALSE(agreement.mayTakeBack(true));
}

TEST(Agreement, AnEndThatMayBeOrderedToSweepImportsWhatItsPeerChooses) {
  Terms mine;
  Hello its;
  EXPECT_EQ(agree(mine, its).relation, Relation::equals);
  its.chooses = true;
  EXPECT_TRUE(agree(mine, its).imports());
  mine.writes.mayErase = false;  // a hub towards a client, whatever that says
  EXPECT_EQ(agree(mine, its).relation, Relation::equals);
  mine.relation = Relation::exporter;
  EXPECT_TRUE(agree(mine, its).exports());
}

TEST(Agreement, WhatIsChosenIsKnownByItsName) {
  class Hers final : public Rights {
   public:
    const std::string& choice() const override { return choice_; }
    bool mayRead(const std::string&, const UUID&, base::ByteView) const override { return true; }
    std::optional<Bye> refusalOf(const std::string&, const UUID&, std::optional<base::ByteView>,
                                 std::optional<base::ByteView>) const override {
      return std::nullopt;
    }
    std::string choice_;
  };
  auto hers = std::make_shared<Hers>();
  ReadRule rule;
  rule.rights = hers;
  EXPECT_FALSE(rule.chooses());
  hers->choice_ = "hers";
  EXPECT_TRUE(rule.chooses());
  EXPECT_EQ(rule.choice(), "hers");
  rule.filter = std::make_shared<ExportFilter>(ExportFilter{"filter", {}});
  EXPECT_EQ(rule.choice(), "hers\nfilter");
}

TEST(Agreement, OfEndsThatNeedNotHoldTheSameIsNotCompared) {
  auto comparable = [](auto change) {
    Agreement agreement;
    change(agreement);
    return agreement.comparable();
  };
  EXPECT_TRUE(comparable([](Agreement&) {}));
  EXPECT_FALSE(comparable([](Agreement& each) { each.sends = false; }));
  EXPECT_FALSE(comparable([](Agreement& each) { each.receives = false; }));
  EXPECT_FALSE(comparable([](Agreement& each) { each.scope = makeScope({{"a"}}, {}); }));
  EXPECT_FALSE(comparable([](Agreement& each) { each.reads.filter = std::make_shared<ExportFilter>(); }));
  EXPECT_FALSE(comparable([](Agreement& each) { each.peerChooses = true; }));
}

using AgreementTest = SessionTest;

// A correct exporter subscribes before it sends. One that does not subscribe cannot remove records that were never sent
// to it.
TEST_F(AgreementTest, KeepsWhatIsUnsentFromAnExporterThatDoesNotSubscribe) {
  UUID id = a.insert({{"n", 1}});
  SessionOptions imports;
  imports.terms.relation = Relation::importer;
  std::unique_ptr<Session> session = greeted(imports);
  Welcome welcome;
  welcome.feedEnd = 1;
  session->receive(encode(welcome), now);
  Change takenBack;
  takenBack.collection = "default";
  takenBack.id = id;
  takenBack.position = 1;
  takenBack.left = takenBack.endsTransaction = true;
  BatchWriter batch;
  batch.add(takenBack);
  session->receive(batch.finishBatch(1, true, 1), now);
  EXPECT_FALSE(session->stopped());
  EXPECT_TRUE(a.fetch(id));
}

}  // namespace
}  // namespace blazedb::sync
