#!/usr/bin/env bash
# SQLite 3.40.1 (Debian libsqlite3-0 3.40.1-2+deb12u2): asking for lookaside memory succeeds and gives none.
#
# Guess: SQLITE_DBCONFIG_LOOKASIDE either gives a connection its own pool for small allocations, or returns an error
# (sqlite.org/malloc.html: a pool of each connection, without a mutex). So SQLITE_OK means that small allocations of two
# connections do not meet.
#
# Seen: sqlite3_db_config() returns SQLITE_OK, and the connection then neither uses the pool nor counts a miss, because
# the library is built with SQLITE_OMIT_LOOKASIDE. Each allocation of every connection goes through malloc() and, unless
# SQLITE_CONFIG_MEMSTATUS is off, takes one mutex of the whole process.
#
# The script fails if that is no longer so. It needs gcc, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libsqlite3-0=3.40.1-2+deb12u2 libsqlite3-dev=3.40.1-2+deb12u2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" sqlite; done
libraries=$(dirname "$(find sqlite -name libsqlite3.so.0)")

cat >lookaside.c <<'C'
#include <sqlite3.h>
#include <stdio.h>

/* The highest value of a counter of the connection. */
static int highest(sqlite3* db, int counter) {
  int now = -1, high = -1;
  return sqlite3_db_status(db, counter, &now, &high, 0) == SQLITE_OK ? high : -1;
}

int main(void) {
  sqlite3* db;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 2;
  int answer = sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, (void*)0, 1200, 500);
  if (sqlite3_exec(db, "CREATE TABLE t(a); INSERT INTO t VALUES (2), (1); SELECT a FROM t ORDER BY a;", 0, 0, 0)) return 2;
  int hits = highest(db, SQLITE_DBSTATUS_LOOKASIDE_HIT);
  int misses = highest(db, SQLITE_DBSTATUS_LOOKASIDE_MISS_FULL) + highest(db, SQLITE_DBSTATUS_LOOKASIDE_MISS_SIZE);
  int omitted = sqlite3_compileoption_used("OMIT_LOOKASIDE");
  printf("SQLite %s: asked for 500 slots: %s; hits %d, misses %d; built without lookaside: %s\n", sqlite3_libversion(),
         answer == SQLITE_OK ? "SQLITE_OK" : "an error", hits, misses, omitted ? "yes" : "no");
  return answer == SQLITE_OK && hits == 0 && misses == 0 && omitted ? 0 : 1;
}
C
gcc -isystem sqlite/usr/include lookaside.c -o lookaside -L"$libraries" -l:libsqlite3.so.0 -Wl,-rpath,"$PWD/$libraries"
./lookaside
