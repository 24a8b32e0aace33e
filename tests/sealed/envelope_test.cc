#include "sealed/envelope.h"

#include <gtest/gtest.h>

#include "blazedb/error.h"
#include "sealed/id_of.h"

namespace blazedb::sealed {
namespace {

using base::Bytes;
constexpr crypto::KdfCost kLeast{64 * 1024, 3};

class EnvelopeTest : public testing::Test {
 protected:
  EnvelopeTest() {
    member.group = idOf(1);
    member.member = idOf(2);
    member.secret = crypto::SecretBytes(Bytes(32, 3));
    member.root.fill(4);
    envelope = sealEnvelope(member, base::viewOf("open sesame"), random, kLeast);
  }
  static EnvelopeFault faultOf(const Bytes& envelope, std::string_view password = "open sesame") {
    OpenedEnvelope opened = openEnvelope(envelope, base::viewOf(password));
    EXPECT_FALSE(opened.member);
    return opened.fault;
  }
  Bytes withCost(std::uint32_t memoryKiB, std::uint32_t passes) const {
    Bytes changed = envelope;
    for (std::size_t i = 0; i < 4; i++) {
      changed[40 + i] = static_cast<std::uint8_t>(memoryKiB >> (8 * i));
      changed[44 + i] = static_cast<std::uint8_t>(passes >> (8 * i));
    }
    return changed;
  }

  base::SystemRandom random;
  MemberSecret member;
  Bytes envelope;
};

TEST_F(EnvelopeTest, OpensWithItsPassword) {
  EXPECT_EQ(envelope.size(), kEnvelopeBytes);
  OpenedEnvelope opened = openEnvelope(envelope, base::viewOf("open sesame"));
  ASSERT_TRUE(opened.member);
  EXPECT_EQ(opened.member->group, member.group);
  EXPECT_EQ(opened.member->member, member.member);
  EXPECT_EQ(opened.member->kind, MemberKind::password);
  EXPECT_TRUE(base::equal(opened.member->secret.view(), member.secret.view()));
  EXPECT_EQ(opened.member->root, member.root);
  EXPECT_NE(sealEnvelope(member, base::viewOf("open sesame"), random, kLeast), envelope);
}

TEST_F(EnvelopeTest, OpensWithNoOther) { EXPECT_EQ(faultOf(envelope, "open sesamf"), EnvelopeFault::wrongPassword); }

// One byte of each part. What the header says takes part in the derivation, or is bound to the ciphertext.
TEST_F(EnvelopeTest, AChangedByteIsNoticed) {
  auto changed = [&](std::size_t at) {
    Bytes bytes = envelope;
    bytes[at] ^= 2;
    return bytes;
  };
  EXPECT_EQ(faultOf(changed(0)), EnvelopeFault::unreadable);
  EXPECT_EQ(faultOf(changed(4)), EnvelopeFault::unreadable) << "a device has no envelope";
  EXPECT_EQ(faultOf(changed(5)), EnvelopeFault::unreadable);
  EXPECT_EQ(faultOf(changed(8)), EnvelopeFault::tampered) << "the group";
  EXPECT_EQ(faultOf(changed(24)), EnvelopeFault::tampered) << "the member";
  EXPECT_EQ(faultOf(changed(48)), EnvelopeFault::wrongPassword) << "the salt";
  EXPECT_EQ(faultOf(changed(64)), EnvelopeFault::wrongPassword) << "the commitment";
  EXPECT_EQ(faultOf(changed(96)), EnvelopeFault::tampered) << "the nonce";
  EXPECT_EQ(faultOf(changed(120)), EnvelopeFault::tampered) << "the ciphertext";
  EXPECT_EQ(faultOf(changed(kEnvelopeBytes - 1)), EnvelopeFault::tampered) << "the tag";
}

TEST_F(EnvelopeTest, HasOneSize) {
  Bytes longer = envelope;
  longer.push_back(0);
  EXPECT_EQ(faultOf(longer), EnvelopeFault::unreadable);
  longer.resize(kEnvelopeBytes - 1);
  EXPECT_EQ(faultOf(longer), EnvelopeFault::unreadable);
  EXPECT_EQ(faultOf({}), EnvelopeFault::unreadable);
}

// Deriving at some of these costs would throw.
TEST_F(EnvelopeTest, ACostThatIsTooLowOrTooHighIsRefusedBeforeAnythingIsDerived) {
  for (auto [memoryKiB, passes] : {std::pair(65535u, 3u),
                                   {65536u, 2u},
                                   {19u * 1024, 2u},
                                   {0u, 0u},
                                   {524289u, 3u},
                                   {65536u, 17u},
                                   {0xFFFFFFFFu, 0xFFFFFFFFu},
                                   {524288u, 0xFFFFFFFFu}})
    EXPECT_EQ(faultOf(withCost(memoryKiB, passes)), EnvelopeFault::weak) << memoryKiB << " " << passes;
  EXPECT_THROW(sealEnvelope(member, base::viewOf("x"), random, {32 * 1024, 3}), Error);
  EXPECT_TRUE(isEnvelopeCost(kEnvelopeCost));
}

}  // namespace
}  // namespace blazedb::sealed
