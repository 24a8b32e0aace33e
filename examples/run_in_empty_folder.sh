#!/usr/bin/env bash
# run_in_empty_folder.sh PROGRAM: runs it where no earlier run has left a database; the folder is gone afterwards.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$1"
