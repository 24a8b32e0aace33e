// The tables of a database, inside the encrypted file.
//
//   meta           key -> value: replica, name, role, schema, source (of a read-only replica), horizon, stale, copied
//                  (from a file with another replica id, and not written to since), inherited (how many of the first
//                  incarnations are those of the file that it was copied from), lostUntil (sync::StampRules), and
//                  "remote " with an address: the replica that was found there
//   collections    one row each, with the number and the digest of its live records: one page that every commit touches
//   records        one row per record that is held, dead ones included (src/sync/record_state.h has the bytes)
//   feed           position -> row, in commit order. A record that changes again gets a new entry; the old one is stale
//                  (the row's own position is elsewhere): readers skip it, upkeep trims it. `mark` is not 0 at the end
//                  of a transaction: the hybrid clock's time, so that the last entry tells where the clock stands.
//   incarnations   every writable opening that wrote or spoke: its random id and the first position that it could write
//   origins        (replica, incarnation) of peers, numbered, so that a row can say in a byte where its latest change
//                  came from
//   importers      peers that are given what a filter chooses, and which
//   delivered      what each of them may have (Delivery): since or until which position
//   cursors        by scope: how far each peer's feed has been applied here, how far each has applied this one, and
//                  when it was last seen
//   peers          the incarnation in which each peer last told how far it is
//   rejected       records that an end of a link has not taken from the other (src/db/tables_rejected.h)
//   conflicts      the journal: what a merge overrode that this replica had written
//   removed        records that a peer has removed without a delete, for as long as deletes are remembered
//   replicas       which replicas have come with which token
//   tokens         the hash of each token, and what it allows
#pragma once

namespace blazedb::db {

inline constexpr int kSchemaVersion = 1;

// Keys of meta.
inline constexpr const char* kSchemaKey = "schema";
inline constexpr const char* kReplica = "replica";
inline constexpr const char* kName = "name";
inline constexpr const char* kRole = "role";
inline constexpr const char* kSource = "source";
inline constexpr const char* kCopied = "copied";
inline constexpr const char* kInherited = "inherited";
inline constexpr const char* kHorizon = "horizon";
inline constexpr const char* kStale = "stale";
inline constexpr const char* kLostUntil = "lostUntil";
inline constexpr const char* kRemote = "remote ";  // and an address: the replica that was there

inline constexpr const char* kSchema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE collections(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, live INTEGER NOT NULL,
  digest_low INTEGER NOT NULL, digest_high INTEGER NOT NULL);
CREATE TABLE records(
  row INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL,
  origin INTEGER NOT NULL, flags INTEGER NOT NULL, stamps BLOB NOT NULL, fields BLOB NOT NULL);
CREATE UNIQUE INDEX records_by_id ON records(collection, id);
CREATE INDEX records_dead ON records(position) WHERE flags & 1 = 0;
CREATE INDEX records_dead_whole ON records(position) WHERE flags & 3 = 2;
CREATE TABLE feed(position INTEGER PRIMARY KEY, row INTEGER NOT NULL, mark INTEGER NOT NULL);
CREATE TABLE incarnations(number INTEGER PRIMARY KEY, id INTEGER NOT NULL, first INTEGER NOT NULL);
CREATE TABLE origins(
  id INTEGER PRIMARY KEY, replica BLOB NOT NULL, incarnation INTEGER NOT NULL, UNIQUE(replica, incarnation));
CREATE TABLE importers(
  number INTEGER PRIMARY KEY, replica BLOB NOT NULL UNIQUE, filter TEXT, floor INTEGER NOT NULL DEFAULT 0);
CREATE TABLE delivered(
  row INTEGER NOT NULL, importer INTEGER NOT NULL, kind INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY(row, importer)) WITHOUT ROWID;
CREATE INDEX delivered_taken_back ON delivered(importer, position) WHERE kind = 2;
CREATE TABLE cursors(
  peer BLOB NOT NULL, scope BLOB NOT NULL, incarnation INTEGER NOT NULL DEFAULT 0,
  position INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
  reach INTEGER NOT NULL DEFAULT 0,
  acknowledged INTEGER NOT NULL DEFAULT 0, acknowledged_complete INTEGER NOT NULL DEFAULT 0,
  passed INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER,
  PRIMARY KEY(peer, scope)) WITHOUT ROWID;
CREATE TABLE peers(replica BLOB PRIMARY KEY, incarnation INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE conflicts(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  field TEXT NOT NULL, lost BLOB NOT NULL, lost_stamp BLOB NOT NULL, won BLOB NOT NULL, won_stamp BLOB NOT NULL);
CREATE TABLE tokens(
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, user TEXT NOT NULL,
  role INTEGER NOT NULL, rights INTEGER NOT NULL, collections BLOB NOT NULL, teams BLOB NOT NULL,
  created_us INTEGER NOT NULL, expires_us INTEGER, revoked_us INTEGER);
)sql";

// Tables that files of an earlier version lack. Opening such a file makes them.
inline constexpr const char* kAddedTables = R"sql(
CREATE TABLE IF NOT EXISTS removed(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, because INTEGER NOT NULL, peer BLOB NOT NULL,
  collection TEXT NOT NULL, record BLOB NOT NULL, fields BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS replicas(
  token INTEGER NOT NULL, replica BLOB NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY(token, replica)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replicas_by_id ON replicas(replica);
CREATE TABLE IF NOT EXISTS rejected(
  peer BLOB NOT NULL, scope BLOB NOT NULL, by_peer INTEGER NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL, since_ms INTEGER NOT NULL, changed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(peer, by_peer, scope, collection, record)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rejected_by_record ON rejected(record, collection);
)sql";

}  // namespace blazedb::db
