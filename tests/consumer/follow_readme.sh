#!/usr/bin/env bash
# follow_readme.sh README DIR COMPILER [FLAG…]: does in an empty folder what the README says: stores its program and its
# CMakeLists.txt, and runs the commands below each "<!-- run by …". COMPILER is what these call c++.
set -euo pipefail
readme=$1
dir=$2
compiler=$(command -v "$3")
shift 3
rm -rf "$dir"
mkdir -p "$dir/bin" "$dir/empty"
printf '#!/bin/sh\nexec %s "$@"\n' "$compiler $*" >"$dir/bin/c++"
chmod +x "$dir/bin/c++"
export PATH="$dir/bin:$PATH" CXX="$dir/bin/c++"
cd "$dir/empty"

# The first block of a language.
block() { awk -v begin='```'"$1" '$0 == begin { on = 1; next } on && $0 == "```" { exit } on' "$readme"; }
block cpp >main.cc
block cmake >CMakeLists.txt
awk '/^<!-- run by / { marked = 1 } $0 == "```" { on = marked = 0 } on; marked && $0 == "```sh" { on = 1 }' \
  "$readme" >../commands

bash -euxo pipefail ../commands | tee ../said
test "$(grep -c '^Hello!$' ../said)" = 2  # it was built in two ways, and run
