#!/usr/bin/env bash
# build_with_pkg_config.sh DIR COMPILER [FLAG…]: builds and runs the consumer with the flags from pkg-config, as a
# Makefile would.
set -euo pipefail
project=$(dirname "${BASH_SOURCE[0]}")/project
dir=$1
shift
mkdir -p "$dir"
eval "flags=($(pkg-config --cflags --libs blazedb))"  # pkg-config quotes what it prints for a shell
"$@" -std=c++20 "$project/main.cc" "${flags[@]}" -o "$dir/consumer"
"$dir/consumer"
