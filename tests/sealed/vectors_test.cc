// The byte layouts never change: vectors.txt has one of each, and an independent reader opens them.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sealed/cell.h"
#include "sealed/envelope.h"
#include "sealed/id_of.h"
#include "sealed/keyring.h"

namespace blazedb::sealed {
namespace {

using base::Bytes;

const std::string kFolder = BLAZEDB_SOURCE_DIR "/tests/sealed/";

// 0, 1, 2, and so on.
class Counting final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

template <class Range>
std::string hexOf(const Range& bytes) {
  std::string text;
  char digits[3];
  for (std::uint8_t byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text.empty() ? "-" : text;
}

std::string textOf(const sync::Stamp& stamp) {
  return std::to_string(stamp.authority) + "," + std::to_string(stamp.time) + "," + std::to_string(stamp.writer);
}

// One line for each thing: what a hub would have, and for a cell also what is in it, after `=`.
std::string allVectors() {
  Counting random;
  const Bytes root(32, 20), nextRoot(32, 21), secret(32, 30), device(32, 31), tokenKey(32, 40);
  MemberSecret member;
  member.group = idOf(1);
  member.member = idOf(10);
  member.secret = crypto::SecretBytes(secret);
  member.root = crypto::SigningKey(root).publicHalf();
  std::string out = "password correct horse\n";
  Bytes envelope = sealEnvelope(member, base::viewOf("correct horse"), random, {64 * 1024, 3});
  out += "envelope " + hexOf(envelope) + "\n";

  KeyringHead head;
  head.group = idOf(1);
  head.root = member.root;
  head.nextRoot = crypto::SigningKey(nextRoot).publicHalf();
  head.members = {{MemberKind::password, idOf(10), boxKeyOf(secret).publicHalf()}};
  KeyringSecrets secrets;
  secrets.tokenKey = crypto::SecretBytes(tokenKey);
  Epoch first, second;
  first.key = crypto::SecretBytes(Bytes(32, 51));
  second.number = 2;
  second.key = crypto::SecretBytes(Bytes(32, 52));
  secrets.epochs.push_back(std::move(first));
  Bytes version = sealKeyring(head, secrets, root, random);
  out += "keyring " + hexOf(version) + "\n";
  head.version = 2;
  head.before = Keyring::read(version)->hash();
  head.members.push_back({MemberKind::device, idOf(11), boxKeyOf(device).publicHalf()});
  secrets.epochs[0].retired = 5'000'000;
  secrets.epochs.push_back(std::move(second));
  out += "keyring " + hexOf(sealKeyring(head, secrets, root, random)) + "\n";

  const sync::Stamp stamp{7, 0x19aaaac37f50001, 0xFEDCBA9876543210}, over{0, 0x19aaaac37f50000, 42};
  for (std::uint32_t epoch : {1u, 2u}) {
    Bytes epochKey(32, static_cast<std::uint8_t>(50 + epoch));
    CellKeys keys({idOf(1), UUID(), epoch, "people"}, tokenKey, epochKey);
    auto add = [&](Kind kind, const std::string& name, const sync::Stamp& replaced, const Bytes& value) {
      Bytes cell;
      keys.seal(kind, idOf(99), stamp, {name, replaced, value}, cell);
      Token token = kind == Kind::field ? keys.tokenOf(name) : Token{};
      out += std::string("cell ") + static_cast<char>(kind) + " " + std::to_string(epoch) + " people " +
             hexOf(idOf(99).bytes) + " " + hexOf(token) + " " + textOf(stamp) + " " + hexOf(cell) + " = " +
             hexOf(base::viewOf(name)) + " " + textOf(replaced) + " " + hexOf(value) + "\n";
    };
    add(Kind::base, "", {}, {});
    add(Kind::tomb, "", over, {});
    add(Kind::floor, "", {}, {});
    add(Kind::field, "salary", {}, {0x19, 0x07, 0xD0});
    add(Kind::field, "salary", over, {0xF7});
    add(Kind::field, std::string(100, 'n'), {}, Bytes(50, 0x41));
  }
  return out;
}

std::string fileOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int readerOn(const std::string& path) {
  std::string command = "PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 " + kFolder + "sealed_reader.py " + path + " 2>&1";
  int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Vectors, AreWhatTheyWere) {
  std::string now = allVectors();
  EXPECT_TRUE(now == fileOf(kFolder + "vectors.txt")) << "what is made now:\n" << now;
}

TEST(Vectors, AnIndependentReaderOpensThem) { EXPECT_EQ(readerOn(kFolder + "vectors.txt"), 0); }

// One character of each line.
TEST(Vectors, AnIndependentReaderNoticesAChange) {
  const std::string sound = fileOf(kFolder + "vectors.txt"),
                    path = testing::TempDir() + "vectors" + std::to_string(getpid()) + ".txt";
  std::size_t lines = 0;
  for (std::size_t end = sound.find('\n'); end != std::string::npos; end = sound.find('\n', end + 1)) {
    std::string changed = sound;
    changed[end - 1] = changed[end - 1] == '1' ? '2' : '1';
    std::ofstream(path) << changed;
    EXPECT_EQ(readerOn(path), 1) << changed.substr(sound.rfind('\n', end - 1) + 1, 40);
    lines++;
  }
  EXPECT_EQ(lines, 16u);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace blazedb::sealed
