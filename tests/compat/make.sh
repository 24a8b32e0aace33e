#!/usr/bin/env bash
# Makes the files in files/, with the command line of an earlier version, for files_test.cc:
#
#   tests/compat/make.sh BLAZEDB FOLDER     BLAZEDB: the program; FOLDER: a new folder
#
# Those there are of commit 303502c, of 2026-11-27.
#
#   hub      a server: records, deletes, a removed field, a token, and a client that has come with it
#   client   that client: in sync but for what it wrote since; one of its writes was overridden; its process was killed,
#            so that its latest commits are in the log alone
#   shared   what an app shares: one collection of two, some of whose records were deleted since
#   app      a read-only replica of it
#   copy     a backup of the client
set -euo pipefail
blazedb=$(realpath "$1")
mkdir "$2"
cd "$2"
export BLAZEDB_PASSWORD='correct horse'
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# in_background LINE ARGUMENT...: starts blazedb and waits until it has printed a line that begins so.
in_background() {
  local line=$1
  shift
  "$blazedb" "$@" >output 2>errors &
  until grep -q "^$line" output; do
    jobs %% >/dev/null || { cat errors >&2; exit 1; }
  done
}
value_of() { awk -v key="$1" '$1 == key { print $2; exit }' output; }

"$blazedb" create hub.blazedb --role server
for n in {1..30}; do echo "{\"n\": $n, \"text\": \"note $n\"}"; done | "$blazedb" import hub.blazedb - -c notes
shared=$("$blazedb" insert hub.blazedb '{"title": "of both", "stars": 1}')
narrowed=$("$blazedb" insert hub.blazedb '{"title": "narrowed", "gone": true}')
"$blazedb" update hub.blazedb "$narrowed" '{"title": "narrowed"}' --replace
deleted=$("$blazedb" insert hub.blazedb '{"title": "deleted"}')
"$blazedb" token create hub.blazedb --name laptop --user ada >laptop.token
in_background pin serve hub.blazedb --host 127.0.0.1 --port 0
to_hub=("$(awk '/^listening on/ { print $3 }' output)/hub" --token-file laptop.token --pin "$(value_of pin)" --encryption smartProxy)

"$blazedb" create client.blazedb
"$blazedb" sync client.blazedb "${to_hub[@]}"
"$blazedb" delete hub.blazedb "$deleted"
"$blazedb" update client.blazedb "$shared" '{"stars": 2, "by": "client"}'
"$blazedb" update hub.blazedb "$shared" '{"stars": 3}'
"$blazedb" sync client.blazedb "${to_hub[@]}"
"$blazedb" stop hub.blazedb
wait
"$blazedb" update hub.blazedb "$shared" '{"title": "changed at the hub"}'
"$blazedb" backup client.blazedb copy.blazedb
in_background pin serve client.blazedb --host 127.0.0.1 --port 0
"$blazedb" insert client.blazedb '{"title": "unsent"}'
"$blazedb" update client.blazedb "$shared" '{"by": "client, later"}'
kill -KILL %%
wait || true

"$blazedb" create shared.blazedb
for n in {1..10}; do echo "{\"n\": $n}"; done | "$blazedb" import shared.blazedb - -c open
"$blazedb" insert shared.blazedb '{"diary": "private"}' -c private
in_background sharing share shared.blazedb --group compat --root groups --collections open
"$blazedb" create app.blazedb
"$blazedb" attach app.blazedb --group compat --root groups --database shared --read-only
first=$("$blazedb" export shared.blazedb -c open | head -1 | sed 's/.*"_id":"\([^"]*\)".*/\1/')
"$blazedb" delete shared.blazedb "$first" -c open
"$blazedb" stop shared.blazedb
wait

rm -rf groups output errors laptop.token ./*.pem ./*-owner ./*-control
