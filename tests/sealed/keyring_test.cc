#include "sealed/keyring.h"

#include <gtest/gtest.h>

#include "blazedb/error.h"
#include "sealed/id_of.h"

namespace blazedb::sealed {
namespace {

using base::Bytes;

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() {
    head.group = idOf(1);
    head.root = head.nextRoot = crypto::SigningKey(root).publicHalf();
    head.members = {{MemberKind::password, idOf(10), ann.publicHalf()},
                    {MemberKind::device, idOf(11), bob.publicHalf()}};
  }
  static KeyringSecrets secretsOf(std::uint8_t token, std::size_t epochs) {
    KeyringSecrets secrets;
    secrets.tokenKey = crypto::SecretBytes(Bytes(32, token));
    for (std::size_t i = 1; i <= epochs; i++) {
      Epoch& epoch = secrets.epochs.emplace_back();
      epoch.number = static_cast<std::uint32_t>(i);
      epoch.key = crypto::SecretBytes(Bytes(32, static_cast<std::uint8_t>(50 + i)));
      if (i < epochs) epoch.retired = 1000 * i;
      epoch.closed = i + 1 < epochs;
    }
    return secrets;
  }
  Bytes sealed(std::size_t epochs = 1) { return sealKeyring(head, secretsOf(40, epochs), root, random); }
  // The version after `before`, as this head stands.
  Keyring next(const Keyring& before, const Bytes& seed) {
    head.version = before.head().version + 1;
    head.before = before.hash();
    head.root = crypto::SigningKey(seed).publicHalf();
    return *Keyring::read(sealKeyring(head, secretsOf(40, 2), seed, random));
  }

  base::SystemRandom random;
  const Bytes root = Bytes(32, 20), otherRoot = Bytes(32, 21);
  crypto::BoxKey ann = boxKeyOf(Bytes(32, 30)), bob = boxKeyOf(Bytes(32, 31)), eve = boxKeyOf(Bytes(32, 32));
  KeyringHead head;
};

TEST_F(KeyringTest, ItsMembersOpenIt) {
  std::optional<Keyring> keyring = Keyring::read(sealed(3));
  ASSERT_TRUE(keyring);
  EXPECT_EQ(keyring->head().group, head.group);
  EXPECT_EQ(keyring->head().members.size(), 2u);
  for (auto [id, key] : {std::pair(idOf(10), &ann), {idOf(11), &bob}}) {
    std::optional<KeyringSecrets> secrets = keyring->open(id, *key);
    ASSERT_TRUE(secrets);
    EXPECT_TRUE(base::equal(secrets->tokenKey.view(), Bytes(32, 40)));
    ASSERT_EQ(secrets->epochs.size(), 3u);
    EXPECT_EQ(secrets->epochs[1].number, 2u);
    EXPECT_TRUE(base::equal(secrets->epochs[1].key.view(), Bytes(32, 52)));
    EXPECT_EQ(secrets->epochs[1].retired, 2000u);
    EXPECT_TRUE(secrets->epochs[0].closed);
    EXPECT_FALSE(secrets->epochs[1].closed);
  }
  EXPECT_FALSE(keyring->open(idOf(10), bob));
  EXPECT_FALSE(keyring->open(idOf(12), eve));
}

TEST_F(KeyringTest, WhoCanComeBackWithAPasswordCanSign) {
  std::optional<Keyring> keyring = Keyring::read(sealed());
  EXPECT_TRUE(base::equal(keyring->rootSeed(idOf(10), ann)->view(), root));
  EXPECT_FALSE(keyring->rootSeed(idOf(11), bob));
  EXPECT_FALSE(keyring->rootSeed(idOf(10), eve));
}

TEST_F(KeyringTest, AnyChangedByteIsNoticed) {
  const Bytes bytes = sealed(2);
  ASSERT_TRUE(Keyring::read(bytes));
  for (std::size_t i = 0; i < bytes.size(); i++) {
    Bytes changed = bytes;
    changed[i] ^= 1;
    EXPECT_FALSE(Keyring::read(changed)) << i;
    EXPECT_FALSE(Keyring::read(base::ByteView(bytes).first(i))) << i;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(Keyring::read(longer));
}

TEST_F(KeyringTest, OnlyTheNextVersionOfTheSameChainFollows) {
  Keyring first = *Keyring::read(sealed());
  KeyringHead start = head;
  Keyring second = next(first, root);
  EXPECT_TRUE(second.follows(first));
  EXPECT_FALSE(first.follows(second));
  EXPECT_FALSE(second.follows(second));
  Keyring third = next(second, root);
  EXPECT_TRUE(third.follows(second));
  EXPECT_FALSE(third.follows(first)) << "the second is missing";
  head.group = idOf(9);
  EXPECT_FALSE(next(first, root).follows(first));
  head = start;
  head.team = idOf(9);
  EXPECT_FALSE(next(first, root).follows(first));
  head = start;
  Keyring another = *Keyring::read(sealed());
  EXPECT_FALSE(next(another, root).follows(first)) << "it comes after another first version";
}

TEST_F(KeyringTest, ANewRootHasToBeNamedByTheVersionBefore) {
  Keyring first = *Keyring::read(sealed());
  EXPECT_FALSE(next(first, otherRoot).follows(first));
  head.nextRoot = crypto::SigningKey(otherRoot).publicHalf();
  Keyring second = next(first, root);
  EXPECT_TRUE(second.follows(first));
  EXPECT_TRUE(next(second, otherRoot).follows(second));
}

TEST_F(KeyringTest, HasItsBounds) {
  KeyringHead none = head;
  none.members.clear();
  EXPECT_THROW(sealKeyring(none, secretsOf(40, 1), root, random), Error);
  EXPECT_THROW(sealKeyring(head, secretsOf(40, 0), root, random), Error);
  EXPECT_THROW(sealKeyring(head, secretsOf(40, kEpochsMax + 1), root, random), Error);
  EXPECT_THROW(sealKeyring(head, secretsOf(40, 1), otherRoot, random), Error);
  head.members.resize(kMembersMax, head.members[1]);
  std::optional<Keyring> most = Keyring::read(sealed(kEpochsMax));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->open(idOf(11), bob)->epochs.size(), kEpochsMax);
  head.members.push_back(head.members[1]);
  EXPECT_THROW(sealed(), Error);
}

}  // namespace
}  // namespace blazedb::sealed
