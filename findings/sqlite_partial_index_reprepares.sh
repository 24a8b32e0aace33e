#!/usr/bin/env bash
# SQLite 3.40.1 (Debian libsqlite3-0 3.40.1-2+deb12u2) makes the plan of a prepared statement anew each time that a
# parameter is bound, also to the same value, if it has compared this parameter with the condition of a partial index:
# `WHERE kind = ?1` beside an index with `WHERE kind = 5`. The partial index is not used, and a full index answers.
# SQLITE_DBCONFIG_ENABLE_QPSG stops it.
#
# Guess: a statement that a full index answers is prepared once, whatever partial indexes there are beside.
#
# Seen (SQLITE_STMTSTATUS_REPREPARE): of 1,000 lookups none prepares again without the partial index, 999 or more do
# with it, and none with it and QPSG. A statement on one table alone that a UNIQUE index answers is spared.
#
# The script fails if that is no longer so. It needs gcc, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=3.40.1-2+deb12u2
apt-get download -q "libsqlite3-0=$version" "libsqlite3-dev=$version" >/dev/null 2>&1
for package in ./*.deb; do dpkg-deb -x "$package" root; done
library=$(dirname "$(find root -name 'libsqlite3.so.0' | head -1)")
cat >count.c <<'C'
#include <sqlite3.h>
#include <stdio.h>

static int prepared_again(int partial, int stable) {
  sqlite3 *db;
  sqlite3_stmt *find;
  sqlite3_open(":memory:", &db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, stable, (int *)0);
  sqlite3_exec(db, "CREATE TABLE t(kind INTEGER, id INTEGER, text TEXT); CREATE INDEX by_id ON t(kind, id);", 0, 0, 0);
  if (partial) sqlite3_exec(db, "CREATE INDEX texts ON t(text) WHERE kind = 5;", 0, 0, 0);
  sqlite3_prepare_v3(db, "SELECT text FROM t WHERE kind = ?1 AND id = ?2", -1, SQLITE_PREPARE_PERSISTENT, &find, 0);
  for (int i = 0; i < 1000; i++) {
    sqlite3_bind_int(find, 1, 5);
    sqlite3_bind_int(find, 2, i);
    sqlite3_step(find);
    sqlite3_reset(find);
  }
  int count = sqlite3_stmt_status(find, SQLITE_STMTSTATUS_REPREPARE, 0);
  sqlite3_finalize(find);
  sqlite3_close(db);
  return count;
}

int main(void) {
  int without = prepared_again(0, 0), with = prepared_again(1, 0), stable = prepared_again(1, 1);
  printf("SQLite %s: prepared again %d times without the partial index, %d with it, %d with it and QPSG\n",
         sqlite3_libversion(), without, with, stable);
  return without == 0 && with >= 999 && stable == 0 ? 0 : 1;
}
C
gcc -O1 -o count count.c -Iroot/usr/include "$library/libsqlite3.so.0" -Wl,-rpath,"$PWD/$library"
./count
