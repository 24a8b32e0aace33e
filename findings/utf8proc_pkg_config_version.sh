#!/usr/bin/env bash
# utf8proc 2.8.0 (Debian libutf8proc-dev 2.8.0-1): pkg-config says that it is 2.6.0.
#
# Guess: the Version of libutf8proc.pc is the version of the library, so that a build may ask for `libutf8proc >= 2.7`.
#
# Seen: the header and the library say 2.8.0, with the tables of Unicode 15.0.0, and the .pc file of the same package says
# 2.6.0. So `pkg-config --exists 'libutf8proc >= 2.7'` fails although the library is newer. A build that needs a version has
# to look at UTF8PROC_VERSION_MAJOR and so on in the header. (The same .pc file defines UTF8PROC_EXPORTS, which is for
# building the library itself; with gcc on Linux it changes nothing.)
#
# The script fails if that is no longer so. It needs gcc, pkg-config, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libutf8proc2=2.8.0-1 libutf8proc-dev=2.8.0-1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" utf8proc; done
libraries=$(dirname "$(find utf8proc -name libutf8proc.so.2)")

cat >version.c <<'C'
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

int main(void) {
  printf("header %d.%d.%d, library %s, Unicode %s\n", UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR,
         UTF8PROC_VERSION_PATCH, utf8proc_version(), utf8proc_unicode_version());
  return strcmp(utf8proc_version(), "2.8.0") == 0 && UTF8PROC_VERSION_MINOR == 8 ? 0 : 1;
}
C
gcc -isystem utf8proc/usr/include version.c -o version -L"$libraries" -l:libutf8proc.so.2 -Wl,-rpath,"$PWD/$libraries"
./version
export PKG_CONFIG_LIBDIR="$PWD/$libraries/pkgconfig"
said=$(pkg-config --modversion libutf8proc)
echo "pkg-config $said"
[[ $said == 2.6.0 ]]
! pkg-config --exists 'libutf8proc >= 2.7'
