#!/usr/bin/env bash
# CLI11 2.1.2 (Debian libcli11-dev 2.1.2+ds-1): the base of a number depends on how it is written.
#
# Guess: an option that is bound to an integer takes decimal digits, so that 010 is ten; text that is not decimal is
# refused.
#
# Seen: 010 is 8 and 0x10 is 16, for std::uint64_t and for int: the text goes through strtoull() and strtoll() with base
# 0. A month or a port with a leading zero, as scripts make it, silently becomes another number; 08 is refused.
#
# The script fails if that is no longer so. It needs g++, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libcli11-dev=2.1.2+ds-1 >/dev/null 2>&1
dpkg-deb -x libcli11-dev_*.deb cli11

cat >numbers.cc <<'CC'
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <string>

// What the option makes of the text; "refused" if it does not take it.
template <class Number>
std::string read(const std::string& text) {
  CLI::App app;
  Number number = 0;
  app.add_option("--number", number);
  try {
    app.parse(std::vector<std::string>{text, "--number"});  // in reverse order
  } catch (const CLI::ParseError&) {
    return "refused";
  }
  return std::to_string(number);
}

int main() {
  bool same = true;
  for (auto [text, expected] : {std::pair{"010", "8"}, {"0x10", "16"}, {"08", "refused"}, {"10", "10"}}) {
    std::string asUnsigned = read<std::uint64_t>(text), asInt = read<int>(text);
    std::printf("CLI11 %s: %s is %s as std::uint64_t, %s as int\n", CLI11_VERSION, text, asUnsigned.c_str(),
                asInt.c_str());
    same = same && asUnsigned == expected && asInt == expected;
  }
  return same ? 0 : 1;
}
CC
g++ -std=c++17 -O0 -isystem cli11/usr/include numbers.cc -o numbers
./numbers
