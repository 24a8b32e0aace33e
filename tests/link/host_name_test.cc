#include "link/host_name.h"

#include <gtest/gtest.h>

namespace blazedb::link {
namespace {

void expectName(const std::string& written, const std::string& dialled, const std::string& shown,
                const std::string& verified) {
  HostName name(written);
  EXPECT_EQ(name.dialled, dialled) << written;
  EXPECT_EQ(name.shown, shown) << written;
  EXPECT_EQ(name.verified, verified) << written;
}

TEST(HostName, ACertificateHasNoDotAtTheEnd) {
  expectName("hub.example", "hub.example", "hub.example", "hub.example");
  expectName("Hub.Example.", "hub.example.", "hub.example", "hub.example");
}

TEST(HostName, ACertificateHasNoInterface) {
  expectName("fe80::1%lo", "fe80::1%lo", "fe80::1%lo", "fe80::1");
  expectName("::1", "::1", "::1", "::1");
  expectName("0:0::1", "::1", "::1", "::1");
}

TEST(HostName, AnIPv4AddressIsOneInIPv6Too) {
  expectName("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1");
  expectName("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1");
}

TEST(HostName, WhatIsNoAddressIsAName) { expectName("010.0.0.1", "010.0.0.1", "010.0.0.1", "010.0.0.1"); }

}  // namespace
}  // namespace blazedb::link
