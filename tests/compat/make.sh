#!/usr/bin/env bash
# Makes the files in files/, with the command line of an earlier version, for files_test.cc:
#
#   tests/compat/make.sh BLAZEDB FOLDER     BLAZEDB: the program; FOLDER: a new folder
#
# All but `late` are of commit 303502c, of 2026-11-27, which did not keep rejected records yet. `late` is of commit
# f8608db, of 2026-11-29.
#
#   hub      a server: records, deletes, a removed field, a token, and a client that has connected with it
#   client   that client: in sync except for its latest writes; one of its writes was overridden; its process was killed,
#            so its latest commits are only in the log
#   shared   a database that an app shares: one of its two collections, with some records deleted since
#   app      a read-only replica of it
#   copy     a backup of the client
#   late     a file whose password was changed and whose replica id was renewed, once a read-only replica, with a record
#            that another database has refused, since its clock was behind
set -euo pipefail
blazedb=$(realpath "$1")
mkdir "$2"
cd "$2"
export BLAZEDB_PASSWORD='correct horse'
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# Sets the clock to 2024-05-01, so that the contents of the files are in the past on every machine that runs the tests.
cc -shared -fPIC -o clock.so -x c - <<'C'
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec* now) {
  int result = (int)syscall(SYS_clock_gettime, id, now);
  if (id == CLOCK_REALTIME) now->tv_sec -= atol(getenv("SECONDS_BEHIND"));
  return result;
}
C
export SECONDS_BEHIND=$(($(date +%s) - $(date +%s -d 2024-05-01T12:00:00Z))) LD_PRELOAD=$PWD/clock.so

remove_the_rest() { rm -rf groups other.blazedb clock.so output errors laptop.token ./*.pem ./*-owner ./*-control; }

# in_background LINE ARGUMENT...: starts blazedb and waits until it has printed a line that begins with LINE.
in_background() {
  local line=$1
  shift
  : >output
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

"$blazedb" --help | grep -q '^  rejected' || { remove_the_rest; exit; }

"$blazedb" create late.blazedb
"$blazedb" sync shared.blazedb late.blazedb --mode readOnly
"$blazedb" release late.blazedb
for next in 'battery staple' "$BLAZEDB_PASSWORD"; do
  BLAZEDB_NEW_PASSWORD=$next "$blazedb" passwd late.blazedb
  BLAZEDB_PASSWORD=$next
done
"$blazedb" renew late.blazedb
"$blazedb" create other.blazedb
"$blazedb" sync late.blazedb other.blazedb
"$blazedb" insert late.blazedb '{"title": "refused"}'
SECONDS_BEHIND=$((SECONDS_BEHIND + 3600)) "$blazedb" sync late.blazedb other.blazedb || [ $? = 1 ]

remove_the_rest
