#!/usr/bin/env bash
# SQLite 3.40.1 (Debian libsqlite3-0 3.40.1-2+deb12u2): a connection that does not trust its schema, as SQLite's own
# advice for applications says, cannot keep an FTS5 table by triggers, not even by temporary ones of its own.
#
# Guess: FTS5 is safe to use from a schema that is not trusted, since the documentation of FTS5 recommends triggers to
# keep a table with external content; and a TEMP trigger is not of the schema, since the connection has made it.
#
# Seen: with PRAGMA trusted_schema=OFF a direct INSERT into the FTS5 table works. The same INSERT in a trigger of the
# file fails with "unsafe use of virtual table", and in a TEMP trigger too, so the table of the content takes no more
# rows. With trusted_schema=ON both work.
#
# The script fails if that is no longer so. It needs gcc, and apt-get with access to a Debian 12 archive.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q libsqlite3-0=3.40.1-2+deb12u2 libsqlite3-dev=3.40.1-2+deb12u2 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" sqlite; done
libraries=$(dirname "$(find sqlite -name libsqlite3.so.0)")

cat >triggers.c <<'C'
#include <sqlite3.h>
#include <stdio.h>

static const char* result(sqlite3* db, const char* sql) {
  return sqlite3_exec(db, sql, 0, 0, 0) == SQLITE_OK ? "works" : sqlite3_errmsg(db);
}

int main(void) {
  static const char* kinds[] = {"", "TEMP "};
  printf("%s\n", sqlite3_libversion());
  for (int trusted = 0; trusted < 2; trusted++)
    for (int kind = 0; kind < 2; kind++) {
      sqlite3* db = 0;
      char trigger[200];
      sqlite3_open(":memory:", &db);
      sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, trusted, (void*)0);
      sqlite3_exec(db, "CREATE TABLE notes(id INTEGER PRIMARY KEY, text); CREATE VIRTUAL TABLE words USING fts5(text)",
                   0, 0, 0);
      printf("trusted %d, direct: %s\n", trusted, result(db, "INSERT INTO words(rowid, text) VALUES(9, 'a')"));
      snprintf(trigger, sizeof trigger,
               "CREATE %sTRIGGER keep AFTER INSERT ON main.notes BEGIN "
               "INSERT INTO words(rowid, text) VALUES(new.id, new.text); END", kinds[kind]);
      printf("trusted %d, making a %strigger: %s\n", trusted, kinds[kind], result(db, trigger));
      printf("trusted %d, %strigger: %s\n", trusted, kinds[kind], result(db, "INSERT INTO notes(text) VALUES('b')"));
      sqlite3_close(db);
    }
  return 0;
}
C
gcc -Isqlite/usr/include triggers.c -o triggers -L"$libraries" -l:libsqlite3.so.0
LD_LIBRARY_PATH=$libraries ./triggers | tee seen
diff seen - <<'EXPECTED'
3.40.1
trusted 0, direct: works
trusted 0, making a trigger: works
trusted 0, trigger: unsafe use of virtual table "words"
trusted 0, direct: works
trusted 0, making a TEMP trigger: works
trusted 0, TEMP trigger: unsafe use of virtual table "words"
trusted 1, direct: works
trusted 1, making a trigger: works
trusted 1, trigger: works
trusted 1, direct: works
trusted 1, making a TEMP trigger: works
trusted 1, TEMP trigger: works
EXPECTED
