#include "sealed/cell.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "codec/counter.h"
#include "sealed/id_of.h"

namespace blazedb::sealed {
namespace {

using base::Bytes;

// A field as it was before it was sealed, and where it stood.
struct Field {
  Kind kind = Kind::field;
  UUID record = idOf(7);
  sync::Stamp stamp{100, 200, 300};
  std::string name = "salary";
  sync::Stamp over = {};
  Bytes value = {0x19, 0x07, 0xD0};
};

class CellTest : public testing::Test {
 protected:
  static CellKeys keysFor(const Place& place, std::uint8_t epochKey = 2) {
    return {place, Bytes(32, 1), Bytes(32, epochKey)};
  }
  static Place place() { return {idOf(1), idOf(2), 1, "people"}; }
  Token tokenOf(const Field& field) const { return field.kind == Kind::field ? keys_.tokenOf(field.name) : Token{}; }
  Bytes sealed(const Field& field) const {
    Bytes out;
    keys_.seal(field.kind, field.record, field.stamp, {field.name, field.over, field.value}, out);
    return out;
  }
  bool opens(const CellKeys& keys, const Field& at, const Token& token, base::ByteView cell) const {
    Bytes room;
    return keys.open(at.kind, at.record, token, at.stamp, cell, room).has_value();
  }
  void expectOpens(const Field& field) const {
    Bytes cell = sealed(field), room;
    std::optional<Text> text = keys_.open(field.kind, field.record, tokenOf(field), field.stamp, cell, room);
    ASSERT_TRUE(text) << field.name;
    EXPECT_EQ(text->name, field.name);
    EXPECT_EQ(text->over, field.over);
    EXPECT_TRUE(base::equal(text->value, field.value));
    EXPECT_EQ(cell.size() % 8, 0u) << "a size tells no more than the multiple of eight";
    EXPECT_EQ(sealed(field), cell);
  }

  CellKeys keys_ = keysFor(place());
};

TEST_F(CellTest, WhatWasSealedOpens) {
  Field field;
  expectOpens(field);
  field.over = {1, 2, 3};
  expectOpens(field);
  for (std::size_t size = 0; size <= 17; size++) {
    field.value.assign(1 + size, 0x41);
    field.name.assign(size, 'n');
    expectOpens(field);
  }
}

TEST_F(CellTest, TheLongestNamesAndValuesOpen) {
  Field field;
  field.name.assign(128, 'x');
  expectOpens(field);
  field.name = codec::partKey(field.name, 0xFFFFFFFFFFFFFFFF);
  expectOpens(field);
  field.value.assign(9u << 20, 0x41);
  expectOpens(field);
}

TEST_F(CellTest, MarksOpen) {
  for (Kind kind : {Kind::base, Kind::tomb, Kind::floor}) {
    Field mark{kind, idOf(7), {100, 200, 300}, "", {}, {}};
    expectOpens(mark);
    mark.over = {1, 2, 3};
    expectOpens(mark);
  }
}

TEST_F(CellTest, ATokenIsThatOfItsCollectionAndName) {
  EXPECT_EQ(keys_.tokenOf("salary"), keysFor(place(), 9).tokenOf("salary")) << "an epoch changes no token";
  EXPECT_NE(keys_.tokenOf("salary"), keys_.tokenOf("salari"));
  Place other = place();
  other.collection = "peoples";
  EXPECT_NE(keys_.tokenOf("salary"), keysFor(other).tokenOf("alary")) << "the collection is sized";
  EXPECT_NE(keys_.tokenOf("salary"), keysFor(other).tokenOf("salary"));
}

// What a hub that has the sealed bytes can do with them.
TEST_F(CellTest, NothingOpensWhereItWasNotSealed) {
  Field field;
  const Bytes cell = sealed(field);
  const Token token = tokenOf(field);
  ASSERT_TRUE(opens(keys_, field, token, cell));
  for (std::size_t i = 0; i < cell.size(); i++) {
    Bytes changed = cell;
    changed[i] ^= 0x10;
    EXPECT_FALSE(opens(keys_, field, token, changed)) << "a byte: " << i;
    EXPECT_FALSE(opens(keys_, field, token, base::ByteView(cell).first(i))) << "cut: " << i;
  }
  Field moved = field;
  moved.record = idOf(8);
  EXPECT_FALSE(opens(keys_, moved, token, cell)) << "to another record";
  EXPECT_FALSE(opens(keys_, field, keys_.tokenOf("bonus"), cell)) << "to another field";
  for (sync::Stamp stamp : {sync::Stamp{101, 200, 300}, {100, 201, 300}, {100, 200, 301}}) {
    Field dated = field;
    dated.stamp = stamp;
    EXPECT_FALSE(opens(keys_, dated, token, cell)) << "to another date";
  }
  for (Kind kind : {Kind::base, Kind::tomb, Kind::floor}) {
    Field mark = field;
    mark.kind = kind;
    EXPECT_FALSE(opens(keys_, mark, Token{}, cell)) << "as a mark";
    EXPECT_FALSE(opens(keys_, mark, token, cell)) << "as a mark";
  }
  Place places[] = {place(), place(), place(), place()};
  places[0].group = idOf(9);
  places[1].team = idOf(9);
  places[2].epoch = 2;
  places[3].collection = "others";
  for (const Place& each : places) EXPECT_FALSE(opens(keysFor(each), field, token, cell));
  EXPECT_FALSE(opens(keysFor(place(), 3), field, token, cell)) << "with another key";
}

TEST_F(CellTest, AMarkIsNoOtherMark) {
  const Kind kinds[] = {Kind::base, Kind::tomb, Kind::floor};
  for (Kind sealedAs : kinds)
    for (Kind shownAs : kinds) {
      Field mark{sealedAs, idOf(7), {100, 200, 300}, "", {}, {}};
      Bytes cell = sealed(mark);
      mark.kind = shownAs;
      EXPECT_EQ(opens(keys_, mark, Token{}, cell), sealedAs == shownAs);
    }
}

// A member that seals what no member should: its cell is no field.
TEST_F(CellTest, AFieldHasAValueAndAMarkHasNone) {
  Field field;
  field.value.clear();
  EXPECT_FALSE(opens(keys_, field, tokenOf(field), sealed(field)));
  Field mark{Kind::base, idOf(7), {100, 200, 300}, "", {}, {0xF7}};
  EXPECT_FALSE(opens(keys_, mark, Token{}, sealed(mark)));
  mark = {Kind::tomb, idOf(7), {100, 200, 300}, "name", {}, {}};
  EXPECT_FALSE(opens(keys_, mark, Token{}, sealed(mark)));
}

// Ten fields of 20 bytes: the limit is 1.6 times their plain size and 200 bytes.
TEST_F(CellTest, ARecordOfTenFieldsStaysSmall) {
  std::size_t plain = 0, all = 0;
  Field field;
  for (int i = 0; i < 10; i++) {
    field.name = "field" + std::to_string(i);
    field.value.assign(14, 0x61);
    plain += 1 + field.name.size() + field.value.size();
    all += sizeof(Token) + 1 + sealed(field).size();  // 1: its length
  }
  EXPECT_LE(static_cast<double>(all), 1.6 * static_cast<double>(plain) + 200);
}

}  // namespace
}  // namespace blazedb::sealed
