// The certificate that a hub makes for itself: whatever has happened to it, the hub starts and keeps its pin.
#include "link/own_certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "link/authority.h"
#include "link/certificate.h"
#include "link/hub_fixture.h"
#include "link/tls.h"

namespace blazedb::link {
namespace {

using Care = OwnCertificate::Care;

constexpr std::int64_t kDayMs = 86'400'000;

class OwnCertificateTest : public HubTest {
 protected:
  CertificateFacts facts() const {
    return TlsContext::forServer({own.certificateFile, own.keyFile, "", true})->shown();
  }
  Care careAt(std::int64_t wallMs) const { return own.care(wallMs).what; }
  // Expects that the certificate is now valid, for the same key.
  void expectMended() {
    CertificateFacts now = facts();
    EXPECT_EQ(now.pin, pin);
    EXPECT_LT(now.fromMs, clock.wallMs());
    EXPECT_GT(now.untilMs, clock.wallMs() + 3000 * kDayMs);
    EXPECT_EQ(careAt(clock.wallMs()), Care::none);
  }
  static void empty(const std::string& path) { std::ofstream(path, std::ios::trunc); }

  // The certificate as the fixture made it.
  OwnCertificate own{file("hub.crt"), file("hub.key"), {"localhost", "127.0.0.1"}};
};

TEST_F(OwnCertificateTest, IsMadeOnceAndItsKeyIsItsOwnersAlone) {
  expectMended();
  struct stat status {};
  ASSERT_EQ(stat(own.keyFile.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(own.certificateFile.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
  EXPECT_ERROR(InvalidArgument, (OwnCertificate{file("a.crt"), file("a.key"), {"a,IP:1.2.3.4"}}.care(0)));
}

TEST_F(OwnCertificateTest, AWrongClockDoesNotMatterLater) {
  for (std::int64_t wallMs : {std::int64_t{0}, 3600 * kDayMs, clock.wallMs() + 1095 * kDayMs, std::int64_t{-1},
                              clock.wallMs() + 2'000'000 * kDayMs}) {
    std::filesystem::remove(own.certificateFile);
    EXPECT_EQ(careAt(wallMs), Care::renewed);
    EXPECT_EQ(careAt(wallMs), Care::none) << wallMs;
    expectMended();
  }
}

TEST_F(OwnCertificateTest, IsRenewedBeforeItEnds) {
  std::int64_t untilMs = facts().untilMs;
  EXPECT_EQ(careAt(untilMs - 31 * kDayMs), Care::none);
  EXPECT_EQ(careAt(untilMs - 29 * kDayMs), Care::renewed);
  EXPECT_GT(facts().untilMs, untilMs + 3000 * kDayMs);
  EXPECT_EQ(facts().pin, pin);
}

// The certificate as the hub would have made it earlier, or with another clock.
TEST_F(OwnCertificateTest, OneThatIsOverOrNotYetValidIsRenewed) {
  Authority::selfSign(own.certificateFile, own.keyFile, "DNS:localhost", -1);
  pin = pinOfFile(own.certificateFile);
  OwnCertificate::Cared cared = own.care(clock.wallMs());
  EXPECT_EQ(cared.what, Care::renewed);
  EXPECT_EQ(cared.why, "it had expired");
  expectMended();
  Authority::selfSign(own.certificateFile, own.keyFile, "DNS:localhost", 9000, 1095);
  pin = pinOfFile(own.certificateFile);
  cared = own.care(clock.wallMs());
  EXPECT_EQ(cared.what, Care::renewed);
  EXPECT_EQ(cared.why, "it was not valid yet");
  expectMended();
}

TEST_F(OwnCertificateTest, IsMadeAgainWhereACrashOrSomebodyHasLeftTheKeyAlone) {
  std::filesystem::remove(own.certificateFile);
  EXPECT_EQ(careAt(clock.wallMs()), Care::renewed);
  expectMended();
  empty(own.certificateFile);
  EXPECT_EQ(careAt(clock.wallMs()), Care::renewed);
  expectMended();
  std::ofstream(own.certificateFile + ".new") << "half of a certi";  // left by a crash
  std::filesystem::remove(own.certificateFile);
  EXPECT_EQ(careAt(clock.wallMs()), Care::renewed);
  EXPECT_FALSE(std::filesystem::exists(own.certificateFile + ".new"));
  expectMended();
}

TEST_F(OwnCertificateTest, IsMadeAgainWhereItIsThatOfAnotherKey) {
  OwnCertificate other{file("other.crt"), file("other.key"), {"localhost"}};
  EXPECT_EQ(other.care(clock.wallMs()).what, Care::made);
  std::filesystem::copy(other.certificateFile, own.certificateFile, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(careAt(clock.wallMs()), Care::renewed);
  expectMended();
}

TEST_F(OwnCertificateTest, ALostKeyIsSaidAndNotReplacedWhileTheHubServes) {
  for (bool gone : {true, false}) {
    gone ? void(std::filesystem::remove(own.keyFile)) : empty(own.keyFile);
    EXPECT_ERROR(InvalidArgument, own.care(clock.wallMs(), false));
    EXPECT_EQ(careAt(clock.wallMs()), Care::keyLost);
    EXPECT_NE(facts().pin, pin);
    pin = facts().pin;
    expectMended();
  }
  // What an earlier crash of a first start left.
  std::filesystem::remove(own.certificateFile);
  empty(own.keyFile);
  EXPECT_EQ(careAt(clock.wallMs()), Care::made);
}

TEST_F(OwnCertificateTest, WhatIsNoKeyIsLeftForItsOperator) {
  std::ofstream(own.keyFile, std::ios::trunc) << "-----BEGIN PRIVATE KEY-----\nMIGH";
  EXPECT_ERROR(InvalidArgument, own.care(clock.wallMs()));
  EXPECT_EQ(std::filesystem::file_size(own.keyFile), 32u);
}

TEST_F(OwnCertificateTest, WhatAnAuthorityVouchesForIsLeftAlone) {
  Authority authority("test authority");
  authority.issue(own.certificateFile, own.keyFile, "DNS:localhost", 3);
  pin = pinOfFile(own.certificateFile);
  EXPECT_EQ(careAt(clock.wallMs()), Care::none);
  EXPECT_EQ(facts().pin, pin);
}

TEST_F(OwnCertificateTest, IsNoLinkAndNoFifo) {
  for (const std::string& path : {own.certificateFile, own.keyFile}) {
    std::string kept = path + ".kept";
    std::filesystem::rename(path, kept);
    ASSERT_EQ(symlink(kept.c_str(), path.c_str()), 0);
    EXPECT_ERROR(InvalidArgument, own.care(clock.wallMs()));
    std::filesystem::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_ERROR(InvalidArgument, own.care(clock.wallMs()));
    std::filesystem::remove(path);
    std::filesystem::rename(kept, path);
  }
  expectMended();
}

}  // namespace
}  // namespace blazedb::link
