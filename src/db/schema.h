// The tables of a database, inside the encrypted file.
//
//   meta           key -> value: replica, name, role, schema, source (of a read-only replica), horizon, stale, copied
//                  (from a file with another replica id, and not written to since), inherited (how many of the first
//                  incarnations are those of the file that it was copied from), lostUntil (sync::StampRules),
//                  cursorKey (src/db/cursor_seal.h), and "remote " with an address: the replica that was found there
//   collections    one row each, with the number and the digest of its live records: one page that every commit touches
//   records        one row per record that is held, dead ones included (src/sync/record_state.h has the bytes)
//   feed           position -> row, in commit order. A record that changes again gets a new entry; the old one is stale
//                  (the row's own position is elsewhere): readers skip it, upkeep trims it. `mark` is not 0 at the end
//                  of a transaction: the hybrid clock's time, so that the last entry tells where the clock stands.
//   indexes        the indexes of collections; each is an index of SQLite on records, too (src/db/index.h)
//   incarnations   every writable opening that wrote or spoke: its random id and the first position that it could write
//   origins        (replica, incarnation) of peers, numbered, so that a row can say in a byte where its latest change
//                  came from
//   importers      peers that are given what a filter chooses, and which
//   deliveries     what each of them may have (Delivery): since or until which position
//   cursors        by scope: how far each peer's feed has been applied here, how far each has applied this one, and
//                  when it was last seen
//   places         the sealed places of those cursors whose feed hides its positions (sync/cursor.h)
//   peers          the incarnation in which each peer last told how far it is
//   rejected       records that an end of a link has not taken from the other (src/db/tables_rejected.h)
//   rejected_together
//                  which of them came in one transaction
//   refused        changes of this database that peers' rights refused, and that left their records
//   conflicts      the journal: what a merge overrode that this replica had written
//   removed        records that a peer has removed without a delete, for as long as deletes are remembered
//   replicas       which replicas have come with which token
//   tokens         the hash of each token, and what it allows
//   subjects       users whom an issuer knows, and what it said of them last; each has a token
//   policies, users, teams, members, team_fields
//                  what the users of this hub may read and write
#pragma once

#include "storage/connection.h"

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
inline constexpr const char* kCursorKey = "cursorKey";  // CursorSeal
inline constexpr const char* kRemote = "remote ";       // and an address: the replica that was there

// The statements that make the tables, each in the file that has the SQL on them (tables_meta.cc and so on). They make
// what is not there yet: a file of an earlier version lacks some.
extern const char kMetaTables[], kRecordTables[], kIndexTables[], kPeerTables[], kJournalTables[], kRejectedTables[],
    kRefusedTables[], kTokenTables[], kRightsTables[];
// Moves what the table had of which `deliveries` has taken the place, if the file has that one.
void moveDeliveries(storage::Connection& connection);
inline constexpr const char* kTables[] = {kMetaTables,     kRecordTables,  kIndexTables, kPeerTables,  kJournalTables,
                                          kRejectedTables, kRefusedTables, kTokenTables, kRightsTables};

}  // namespace blazedb::db
