// What the tests of rejected changes share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/session_test.h"

namespace blazedb::sync {

// The rights of a user who may write nothing, or everything. What changes no live record everybody may.
struct Limited : Rights {
  bool mayRead(const std::string&, const UUID&, base::ByteView) const override { return reads; }
  std::optional<Bye> refusalOf(const std::string&, const UUID& id, std::optional<base::ByteView> before,
                               std::optional<base::ByteView> after) const override {
    bool may = (writes && (reads || !before) && id != fixed) || (!before && !after);
    return may ? std::nullopt : std::optional(Bye{ErrorCode::PermissionDenied, "no"});
  }
  const std::string& choice() const override { return none; }
  bool reads = true, writes = false;
  UUID fixed;  // the one record that may not be written
  std::string none;
};

class RejectedTest : public SessionTest {
 protected:
  // Lets `replica` write a record with a clock that is ahead; the clock stays ahead.
  UUID insertAhead(Replica& replica, std::int64_t minutes) {
    replica.clock.skewMs = minutes * kMinute;
    UUID id = replica.insert({{"n", 1}});
    replica.clock.skewMs = 0;
    return id;
  }
  void settled() {
    Conversation talk(a, b, now);
    talk.start();
    talk.settle();
    EXPECT_TRUE(talk.live());
  }
  // Sends Rows as a repair, after `session`, which has records of its own, has said that the range differs.
  void repair(Session& session, const BatchWriter& rows) {
    UUID last;
    last.bytes.fill(0xFF);
    session.takeFrames();
    session.receive(encode(Buckets{"default", {}, {{last, {1, 1}}}}), now);
    while (session.takeFrames().empty()) session.tick(now);
    session.receive(rows.finishRows(false, {}), now);
  }
  void expectListed(Replica& replica, bool byPeer, const UUID& id, ErrorCode code) {
    std::vector<RejectedChange> all = replica->rejectedChanges();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].byPeer, byPeer);
    EXPECT_EQ(all[0].record, id);
    EXPECT_EQ(all[0].collection, "default");
    EXPECT_EQ(all[0].code, code);
    EXPECT_FALSE(all[0].reason.empty());
  }
  void expectNothingListed() {
    for (Replica* each : {&a, &b}) EXPECT_TRUE(each->engine->rejectedChanges().empty()) << each->options.name;
  }
};

}  // namespace blazedb::sync
