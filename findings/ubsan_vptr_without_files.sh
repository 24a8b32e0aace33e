#!/usr/bin/env bash
# libubsan1 12.2.0-14+deb12u1 (the UBSan of gcc 12.2 in Debian 12): the vptr check takes valid objects for invalid in a
# process that cannot open a file.
#
# Guess: -fsanitize=vptr reads the object and its type, and needs nothing else.
#
# Seen: where RLIMIT_NOFILE leaves no file descriptor, the first virtual call on an object of each type is reported as
# "member call on address ... which does not point to an object of type", with "<memory cannot be printed>". The same
# program without the limit is clean. To see whether it may read memory, the check writes it into a pipe, which takes two
# descriptors; without a pipe it takes all memory for unreadable. clang 14's runtime (1:14.0.6-12) does the same. So a
# test that uses up the files of its own process needs -fno-sanitize=vptr, or has to keep two descriptors.
#
# The script fails if that is no longer so. It needs g++ 12, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libubsan1=12.2.0-14+deb12u1 >/dev/null 2>&1
dpkg-deb -x libubsan1_*.deb ubsan

cat >call.cc <<'CC'
#include <sys/resource.h>

#include <cstdio>
#include <memory>

struct Shape {
  virtual ~Shape() = default;
  virtual int sides() const { return 0; }
};
struct Square : Shape {
  int sides() const override { return 4; }
};

int main(int count, char**) {
  std::unique_ptr<Shape> shape = std::make_unique<Square>();
  rlimit none{3, 3};
  if (count > 1) setrlimit(RLIMIT_NOFILE, &none);
  std::printf("%d sides\n", shape->sides());
}
CC
g++ -std=c++17 -fsanitize=undefined call.cc -o call
export LD_LIBRARY_PATH=$PWD/ubsan/usr/lib/x86_64-linux-gnu
./call >with_files 2>&1
./call limited >without_files 2>&1
echo "with files: $(grep -c 'runtime error' with_files || true) reports; without: $(grep -c 'runtime error' without_files || true)"
head -n 1 without_files
grep -q 'runtime error' with_files && exit 1
grep -q 'does not point to an object of type' without_files && grep -q '4 sides' without_files
