#include "sync/record_state.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "codec/fields.h"
#include "codec/hex.h"
#include "sync/states.h"

namespace blazedb::sync {
namespace {

using codec::fromHex;
using codec::toHex;

EncodedState encoded(const RecordState& state, std::uint64_t position) {
  EncodedState out;
  encodeState(state, position, out);
  return out;
}

// A record with a history: inserted over a delete, then changed in two fields, one of them by a server.
RecordState livedState() {
  RecordState state;
  state.base = {{0, 0x200, 7}, {0, 0x1F0, 9}, 90};
  state.tomb = {{0, 0x100, 9}, {}, 80};
  state.cells = {{"a", valueOf(1), {0, 0x200, 7}, {0, 0x1F0, 9}, 90},
                 {"b", valueOf(2), {0x300, 0x300, 8}, {0, 0x200, 7}, 95},
                 {"c", codec::kRemoved, {0x300, 0x310, 7}, {0x300, 0x300, 8}, 100}};
  return state;
}

// ------------------------------------------------------------------------------------------------------------- bytes

TEST(RecordState, FreshRecordCarries22BytesOfStampsWhateverItsNumberOfFields) {
  base::Bytes stamps;
  encodeFreshStamps({0, 0x0102030405060708, 0x1112131415161718}, stamps);
  EXPECT_EQ(toHex(stamps),
            "11"  // base, whole
            "00"
            "0807060504030201"
            "1817161514131211"
            "00"  // no authority, time, writer, age 0
            "01"  // one group
            "01"
            "00");  // the stamp is base's, age 0
  EXPECT_EQ(stamps.size(), 22u);

  RecordState state;
  state.base = {{0, 5, 6}, {}, 9};
  for (std::string_view name : kNames) state.cells.push_back(cellOf(name, 3, {0, 5, 6}, 9));
  encodeFreshStamps(state.base.stamp, stamps);
  EXPECT_EQ(toHex(stamps), toHex(encoded(state, 9).stamps));
  EXPECT_EQ(stamps.size(), 22u);
}

TEST(RecordState, FreshRecordOfAServerSaysThatItsAuthorityIsItsTime) {
  base::Bytes stamps;
  encodeFreshStamps({5, 5, 6}, stamps);
  EXPECT_EQ(stamps.size(), 22u);
  EXPECT_EQ(stamps[1], 1);
}

TEST(RecordState, HasExactlyTheseBytes) {
  EncodedState out = encoded(livedState(), 100);
  EXPECT_EQ(toHex(out.stamps),
            "17"  // base, tomb, base has over, whole
            "00"
            "0002000000000000"
            "0700000000000000"  // base
            "00"
            "f001000000000000"
            "0900000000000000"
            "0a"  // its over, age 10
            "00"
            "0001000000000000"
            "0900000000000000"
            "14"  // tomb, age 20
            "03"  // groups
            "03"
            "00"
            "f001000000000000"
            "0900000000000000"
            "0a"  // base's stamp, over, age 10
            "02"
            "01"
            "0003000000000000"
            "0800000000000000"  // a server's stamp
            "00"
            "0002000000000000"
            "0700000000000000"
            "05"  // its over, age 5
            "02"
            "02"
            "1003000000000000"
            "0700000000000000"
            "0003000000000000"  // authority follows
            "01"
            "0003000000000000"
            "0800000000000000"
            "00"        // its over, age 0
            "000102");  // the group of each field
  EXPECT_EQ(toHex(out.fields),
            "a3"
            "6161"
            "01"
            "6162"
            "02"
            "6163"
            "f7");
}

TEST(RecordState, ComesBackFromItsBytes) {
  EncodedState out = encoded(livedState(), 100);
  std::optional<RecordState> state = decodeState(out.stamps, out.fields, 100);
  ASSERT_TRUE(state);
  EXPECT_TRUE(samePositions(*state, livedState()));
}

TEST(RecordState, AtRandomComesBackFromItsBytes) {
  RandomStates states(1);
  for (int i = 0; i < 5000; i++) {
    RecordState state = states.state();
    state.whole = states.below(2);
    EncodedState out = encoded(state, 60);
    std::optional<RecordState> again = decodeState(out.stamps, out.fields, 60);
    ASSERT_TRUE(again) << toHex(out.stamps);
    ASSERT_TRUE(samePositions(*again, state)) << toHex(out.stamps);
  }
}

TEST(RecordState, ThatHoldsNothingIsTwoBytes) {
  EncodedState out = encoded(RecordState{}, 1);
  EXPECT_EQ(toHex(out.stamps), "1000");
  EXPECT_EQ(toHex(out.fields), "a0");
  EXPECT_TRUE(decodeState(out.stamps, out.fields, 1));
}

TEST(RecordState, KeepsThatItIsNotWhole) {
  RecordState state;
  state.tomb = {{0, 5, 6}, {}, 3};
  state.whole = false;
  EncodedState out = encoded(state, 3);
  EXPECT_FALSE(decodeState(out.stamps, out.fields, 3)->whole);
}

TEST(RecordState, FieldsThatWereWrittenTogetherShareAGroup) {
  RecordState state;
  state.base = {{0, 5, 6}, {}, 1};
  for (std::string_view name : kNames) state.cells.push_back(cellOf(name, 3, {0, 8, 6}, 2));
  std::size_t together = encoded(state, 2).stamps.size();
  state.cells[1].stamp.time = 9;
  std::size_t apart = encoded(state, 2).stamps.size();
  EXPECT_EQ(together, 1 + 18 + 1 + 1 + 17 + 1u);
  EXPECT_EQ(apart, together + 1 + 17 + 1 + 4u);
}

TEST(RecordState, WithAThousandGroupsComesBackFromItsBytes) {
  std::vector<std::string> names;
  for (int i = 1000; i < 2000; i++) names.push_back("f" + std::to_string(i));
  RecordState state;
  state.base = {{0, 5, 6}, {}, 1};
  for (std::size_t i = 0; i < names.size(); i++)
    state.cells.push_back(cellOf(names[i], i, {0, 10 + i % 700, 6}, 1 + i));
  EncodedState out = encoded(state, 1000);
  std::optional<RecordState> again = decodeState(out.stamps, out.fields, 1000);
  ASSERT_TRUE(again);
  EXPECT_TRUE(samePositions(*again, state));
}

// --------------------------------------------------------------------------------------------------------------- ages

TEST(RecordState, AgesCountBackFromTheRowsPosition) {
  EncodedState out = encoded(livedState(), 100);
  std::optional<RecordState> moved = decodeState(out.stamps, out.fields, 1100);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->base.position, 1090u);
  EXPECT_EQ(moved->tomb.position, 1080u);
  EXPECT_EQ(moved->cells[1].position, 1095u);
}

TEST(RecordState, WhatChangedAfterThePositionCountsAsChangedThere) {
  EncodedState out = encoded(livedState(), 0);
  std::optional<RecordState> fresh = decodeState(out.stamps, out.fields, 0);
  ASSERT_TRUE(fresh);
  for (const Cell& cell : fresh->cells) EXPECT_EQ(cell.position, 0u);
}

TEST(RecordState, AnAgeBeyondTheBeginningOfTheFeedIsRefused) {
  EncodedState out = encoded(livedState(), 100);
  EXPECT_TRUE(decodeState(out.stamps, out.fields, 20));
  EXPECT_FALSE(decodeState(out.stamps, out.fields, 19)) << "the tomb is 20 old";
  EXPECT_FALSE(decodeState(out.stamps, out.fields, 9)) << "a group is 10 old";
}

// ------------------------------------------------------------------------------------------------------ hostile bytes

TEST(RecordState, EveryTruncationIsRefused) {
  EncodedState out = encoded(livedState(), 100);
  for (std::size_t i = 0; i < out.stamps.size(); i++)
    EXPECT_FALSE(decodeState(base::ByteView(out.stamps).first(i), out.fields, 100)) << i;
  for (std::size_t i = 0; i < out.fields.size(); i++)
    EXPECT_FALSE(decodeState(out.stamps, base::ByteView(out.fields).first(i), 100)) << i;
}

TEST(RecordState, BytesAfterItsEndAreRefused) {
  EncodedState out = encoded(livedState(), 100);
  base::Bytes longer = out.stamps;
  longer.push_back(0);
  EXPECT_FALSE(decodeState(longer, out.fields, 100));
  longer = out.fields;
  longer.push_back(0);
  EXPECT_FALSE(decodeState(out.stamps, longer, 100));
}

TEST(RecordState, EveryFlippedBitIsRefusedOrMeansAnotherState) {
  const EncodedState good = encoded(livedState(), 100);
  int refused = 0, accepted = 0;
  auto check = [&](const EncodedState& bad) {
    std::optional<RecordState> state = decodeState(bad.stamps, bad.fields, 100);
    if (!state) {
      refused++;
      return;
    }
    accepted++;
    EXPECT_FALSE(samePositions(*state, livedState())) << toHex(bad.stamps) << ' ' << toHex(bad.fields);
    EncodedState out = encoded(*state, 100);
    std::optional<RecordState> again = decodeState(out.stamps, out.fields, 100);
    ASSERT_TRUE(again) << toHex(bad.stamps);
    EXPECT_TRUE(samePositions(*again, *state)) << toHex(bad.stamps);
  };
  for (base::Bytes EncodedState::*part : {&EncodedState::stamps, &EncodedState::fields})
    for (std::size_t bit = 0; bit < 8 * (good.*part).size(); bit++) {
      EncodedState bad = good;
      (bad.*part)[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      check(bad);
    }
  EXPECT_GT(refused, 100);
  EXPECT_GT(accepted, 100);
}

TEST(RecordState, StampsThatNobodyCanHaveGivenAreRefused) {
  const base::ByteView none = codec::kRemoved;
  base::Bytes empty = {0xA0};
  auto accepted = [&](std::string_view stamps) { return decodeState(fromHex(stamps), empty, 9).has_value(); };
  EXPECT_TRUE(accepted("11 00 0500000000000000 0600000000000000 00 00"));
  EXPECT_FALSE(accepted("11 00 0000000000000000 0600000000000000 00 00")) << "no time";
  EXPECT_FALSE(accepted("11 03 0500000000000000 0600000000000000 00 00")) << "no such kind";
  EXPECT_TRUE(accepted("11 02 0500000000000000 0600000000000000 0400000000000000 00 00"));
  EXPECT_FALSE(accepted("11 02 0500000000000000 0600000000000000 0600000000000000 00 00")) << "authority above time";
  EXPECT_FALSE(accepted("31 00 0500000000000000 0600000000000000 00 00")) << "no such flag";
  EXPECT_FALSE(accepted("14 00")) << "an over without its base";
  EXPECT_FALSE(accepted("18 00")) << "an over without its tomb";
  EXPECT_FALSE(decodeState(fromHex("10 00"), none, 9)) << "fields that are no map";
}

TEST(RecordState, GroupsThatAreNotThereAreRefused) {
  base::Bytes two = fromHex("a2 6161 01 6162 02");
  auto accepted = [&](std::string_view groups) {
    return decodeState(fromHex("11 00 0500000000000000 0600000000000000 00" + std::string(groups)), two, 9).has_value();
  };
  EXPECT_TRUE(accepted("01 01 00"));
  EXPECT_TRUE(accepted("02 01 00 01 01 0001"));
  EXPECT_FALSE(accepted("00")) << "no group, two fields";
  EXPECT_FALSE(accepted("02 01 00 01 01 0002")) << "the third of two groups";
  EXPECT_FALSE(accepted("02 01 00 01 01 00")) << "no group for the second field";
  EXPECT_FALSE(accepted("04 01 00")) << "fewer groups than it says";
  EXPECT_FALSE(accepted("ffffffffffffffffff01 01 00")) << "more groups than bytes";
  EXPECT_FALSE(accepted("01 04 00")) << "no such kind";
  EXPECT_FALSE(decodeState(fromHex("10 01 01 00"), two, 9)) << "base's stamp, and no base";
}

TEST(RecordState, MoreGroupsThanFieldsAreRefused) {
  auto accepted = [&](std::string_view groups, std::string_view fields) {
    return decodeState(fromHex("11 00 0500000000000000 0600000000000000 00" + std::string(groups)), fromHex(fields), 9)
        .has_value();
  };
  EXPECT_TRUE(accepted("00", "a0"));
  EXPECT_TRUE(accepted("01 01 00", "a0")) << "a record that was inserted without a field";
  EXPECT_FALSE(accepted("02 01 00 01 01", "a0"));
  EXPECT_TRUE(accepted("02 01 00 01 01 0001", "a2 6161 01 6162 02"));
  EXPECT_FALSE(accepted("03 01 00 01 01 01 02 0001", "a2 6161 01 6162 02"));
}

TEST(RecordState, FieldsInTheWrongOrderAreRefused) {
  base::Bytes stamps = fromHex("11 00 0500000000000000 0600000000000000 00 01 01 00");
  EXPECT_TRUE(decodeState(stamps, fromHex("a2 6161 01 6162 02"), 9));
  EXPECT_FALSE(decodeState(stamps, fromHex("a2 6162 02 6161 01"), 9));
  EXPECT_FALSE(decodeState(stamps, fromHex("a2 6161 01 6161 02"), 9));
}

TEST(RecordState, AFloorThatIsTheDeleteTakesNoBytes) {
  RecordState state = livedState();
  std::size_t without = encoded(state, 100).stamps.size();
  state.floor = state.tomb;
  EncodedState out = encoded(state, 100);
  EXPECT_EQ(out.stamps.size(), without);
  EXPECT_TRUE(samePositions(*decodeState(out.stamps, out.fields, 100), state));

  state.floor = {{0, 0x80, 3}, {0, 0x70, 4}, 70};
  out = encoded(state, 100);
  EXPECT_EQ(out.stamps.size(), without + 35);  // two stamps, age
  EXPECT_TRUE(samePositions(*decodeState(out.stamps, out.fields, 100), state));
}

TEST(RecordState, AFloorThatNoInsertCanHaveMadeIsRefused) {
  RecordState state = livedState();
  state.floor = state.tomb;
  state.floor.stamp.time++;
  EncodedState above = encoded(state, 100);
  EXPECT_FALSE(decodeState(above.stamps, above.fields, 100)) << "it is above the delete";

  state.tomb.stamp = state.floor.stamp = state.cells[0].stamp;
  EncodedState covers = encoded(state, 100);
  EXPECT_FALSE(decodeState(covers.stamps, covers.fields, 100)) << "it covers a field";

  const std::string base = "00 0500000000000000 0600000000000000 00", group = "01 01 00";
  EXPECT_TRUE(decodeState(fromHex("11" + base + group), fromHex("a1 6161 01"), 9));
  for (const char* flags : {"31", "51", "91"})  // without a delete; over of a floor that is not there
    EXPECT_FALSE(decodeState(fromHex(flags + base + group), fromHex("a1 6161 01"), 9)) << flags;
}

// ------------------------------------------------------------------------------------------------- alive, authority

TEST(RecordState, IsAliveWithABaseAndSomethingLaterThanItsDelete) {
  RecordState state;
  EXPECT_FALSE(state.alive());
  state.cells = {cellOf("a", 1, {0, 9, 1})};
  EXPECT_FALSE(state.alive()) << "a field alone makes no record";
  state.base.stamp = {0, 5, 1};
  EXPECT_TRUE(state.alive());
  state.tomb.stamp = {0, 8, 2};
  EXPECT_TRUE(state.alive()) << "the field is later";
  state.tomb.stamp = {0, 9, 1};
  EXPECT_FALSE(state.alive()) << "nothing is later";
}

TEST(RecordState, HasTheHighestAuthorityOfAnyStamp) {
  RecordState state;
  EXPECT_EQ(state.authority(), 0u);
  state.base.stamp = {3, 5, 1};
  EXPECT_EQ(state.authority(), 3u);
  state.tomb.stamp = {6, 6, 1};
  EXPECT_EQ(state.authority(), 6u);
  state.cells = {cellOf("a", 1, {8, 9, 1})};
  EXPECT_EQ(state.authority(), 8u);
}

TEST(RecordState, FindsItsFields) {
  RecordState state = livedState();
  EXPECT_EQ(state.find("b")->stamp.time, 0x300u);
  EXPECT_EQ(state.find("bb"), nullptr);
  EXPECT_EQ(state.find(""), nullptr);
  EXPECT_TRUE(state.find("c")->removed());
}

// ------------------------------------------------------------------------------------------------------------- hashes

TEST(RecordHash, IsThatOfTheVisibleFieldsStamps) {
  UUID id{{1}};
  RecordState state = livedState();
  const Hash128 hash = hashOf(id, state);
  EXPECT_NE(hashOf(UUID{{2}}, state), hash);

  RecordState other = livedState();
  other.tomb = {};
  other.whole = false;
  other.cells.pop_back();  // a removed one
  for (Cell& cell : other.cells) cell.position = 1, cell.over = {};
  EXPECT_EQ(hashOf(id, other), hash) << "what replicas may hold differently does not count";

  for (int i = 0; i < 4; i++) {
    other = livedState();
    if (i == 0) other.base.stamp.time++;
    if (i == 1) other.cells[1].stamp.writer++;
    if (i == 2) other.cells[1].name = "bb";
    if (i == 3) other.cells.erase(other.cells.begin());
    EXPECT_NE(hashOf(id, other), hash) << i;
  }
}

TEST(RecordHash, OfAFreshRecordNeedsNoState) {
  RecordState state;
  state.base = {{0, 5, 6}, {}, 1};
  for (std::string_view name : kNames) state.cells.push_back(cellOf(name, 3, {0, 5, 6}));
  UUID id{{9}};
  EXPECT_EQ(hashOfFresh(id, state.base.stamp, encoded(state, 1).fields), hashOf(id, state));
}

TEST(Digest, IsASumThatForgetsTheOrder) {
  const Hash128 hashes[] = {{~0ull, 1}, {2, ~0ull}, {~0ull, ~0ull}, {7, 7}};
  Digest forwards, backwards;
  for (const Hash128& hash : hashes) forwards.add(hash);
  for (int i = 3; i >= 0; i--) backwards.add(hashes[i]);
  EXPECT_EQ(forwards, backwards);
  EXPECT_FALSE(forwards == Digest{});
  for (const Hash128& hash : hashes) backwards.subtract(hash);
  EXPECT_EQ(backwards, Digest{});
}

TEST(Digest, CarriesAndBorrows) {
  Digest digest;
  digest.add({~0ull, 0});
  digest.add({1, 0});
  EXPECT_EQ(digest.low, 0u);
  EXPECT_EQ(digest.high, 1u);
  digest.subtract({1, 0});
  EXPECT_EQ(digest.low, ~0ull);
  EXPECT_EQ(digest.high, 0u);
}

}  // namespace
}  // namespace blazedb::sync
