// Database: one encrypted file, one replica of the data in it.
//
//   Database db = Database::open("DB1", "db1.blazedb", "correct horse");
//   UUID id = db.insert({{"message", "Hello!"}, {"value", 42}});
//   db.fetch(id)->string("message").value();
//
// Ownership   Database and Collection are cheap handles, copied like a shared_ptr. The file closes when the last handle
//             has gone, and every topology in which the database is registered. A process owns its file: a second
//             open() throws DatabaseInUse. A child made by fork() must not use it, and ends with _exit() or exec().
// Threads     Any thread may call any function. One thread writes at a time; threads that write together share a
//             commit. Readers run beside the writer, each on a snapshot.
// Durability  With Durability::full (the default) a write is on disk when the call returns. With Durability::normal a
//             power cut may take back the last commits, as whole transactions; a crash of the process takes back none.
// Errors      Functions throw blazedb::Error. Any call may throw DiskFull, IoError, DamagedPage, OutOfMemory or
//             NeedsReopen (an earlier sync to disk failed). A writing call may also throw OpenedReadOnly, and Misuse
//             inside transaction(). A call that throws has changed nothing, except for restamp() and transferAll(),
//             which commit on the way. Values and records, which the caller makes, throw std::bad_alloc as those of the
//             standard library do.
// Callbacks   Some calls run a function of the caller (a transaction, a predicate, a progress). An exception from it
//             leaves through that call, which has then changed nothing; a std::bad_alloc becomes OutOfMemory. Callbacks
//             on a thread of BlazeDB (onConflict, Topology::onStatus) are different: BlazeDB discards what they throw,
//             and calls them with the next event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/conflict.h"
#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/progress.h"
#include "blazedb/records.h"
#include "blazedb/rejected.h"
#include "blazedb/remote.h"
#include "blazedb/removed_record.h"
#include "blazedb/rights.h"
#include "blazedb/subscription.h"
#include "blazedb/sync_role.h"
#include "blazedb/token.h"

namespace blazedb {

namespace db {
struct Access;
}

enum class Durability : std::uint8_t { full, normal };

struct DatabaseOptions {
  std::optional<SyncRole> role = {};  // stored in the file. Absent: the stored role; client in a new file
  Durability durability = Durability::full;
  bool createIfMissing = true;
  // Open for reading only. BlazeDB then writes nothing, neither to the file nor beside it, so both may lie on a
  // read-only file system. Commits that a crash left in the log are visible. Several processes may open one file this
  // way, unless a process has it open for writing (DatabaseInUse). Calls that write or sync throw OpenedReadOnly;
  // backup() works.
  bool readOnly = false;
  // How long this database remembers the id of a deleted record, for replicas that are away. A replica that stays away
  // longer gets everything again when it returns.
  std::chrono::hours tombstoneRetention{24 * 30};
  // For a new file: what one guess at the password costs, as Argon2id memory (19 MiB to 1 GiB) and passes (2 to 16).
  std::uint32_t passwordMemoryKiB = 64 * 1024;
  std::uint32_t passwordPasses = 3;
};

struct CollectionInfo {
  std::string name;
  std::uint64_t count = 0;  // records, deleted ones not counted
};

struct DatabaseInfo {
  std::string name;
  std::string path;
  UUID replica;  // the id of this copy of the data
  SyncRole role = SyncRole::client;
  std::string cipher;
  std::uint32_t pageSize = 0;  // bytes
  std::uint64_t fileBytes = 0;
  std::uint64_t feedEnd = 0;           // the position of the latest change: grows with each change, local or merged
  std::uint64_t conflicts = 0;         // how many conflicts() lists
  std::uint64_t rejected = 0;          // how many rejectedChanges() lists
  std::optional<UUID> readOnlySource;  // set: this database is a read-only replica of that one
  // Opening found a log beside the file that belongs to an earlier state of the file or to another database, and moved
  // it to this path. Empty: there was none.
  std::string unusedLog;
  std::string writeProblem = {};  // why the storage failed to keep the latest write; empty: it kept it
  std::vector<CollectionInfo> collections;
};

struct VerifyReport {
  std::uint64_t records = 0;          // live records, of all collections
  std::uint64_t deleted = 0;          // deleted records whose ids the database remembers
  std::vector<std::string> problems;  // one sentence each; empty: every page is authentic, every record sound
};

struct Difference {
  enum class Kind : std::uint8_t { onlyInFirst, onlyInSecond, different };
  std::string collection;
  UUID record;
  Kind kind = Kind::different;
};

class BLAZEDB_API Database : public Records {
 public:
  // Opens the file at `path`, or creates it. A new file stores `name` (1 to 128 of [A-Za-z0-9_.-]). With an existing
  // file an empty `name` takes the stored one; another name holds until the file is closed. Deriving the key from
  // `password` takes about 75 ms by default. Errors: WrongPassword, DamagedPage, TruncatedFile, NotADatabase,
  // NewerFormat, DatabaseInUse (with the owner's pid), NotFound (no file, and createIfMissing is false), WrongLog (the
  // log beside the file is of a later state: the file seems to be an older copy), InvalidArgument (the name, an empty
  // password, a cost out of bounds), NotSupported (OpenSSL without AES-256-GCM, or a file system that cannot name a new
  // file atomically), OpenedReadOnly (a role to store, with readOnly), IoError, DiskFull, OutOfMemory.
  static Database open(const std::string& name, const std::string& path, const std::string& password,
                       const DatabaseOptions& options = {});

  // The name under which it was opened.
  const std::string& name() const;
  const std::string& path() const;  // as it was given to open()
  SyncRole role() const;            // the role that the file has now

  // A handle to the collection `name`, 1 to 128 of [A-Za-z0-9_.-]; its first record creates it. Throws
  // InvalidArgument.
  Collection collection(const std::string& name) const;
  // Every collection that holds a record, remembers a delete or has an index, with its number of live records.
  std::vector<CollectionInfo> collections() const;

  // Runs `body` once, on this thread, as one transaction. When `body` returns, everything is committed together. When
  // it throws, nothing is, and the exception goes on to the caller. Other writers wait meanwhile. Inside `body`, write
  // through the Transaction: another writing call of this database throws Misuse, and a reading one sees the last
  // commit. The changes stay in memory until the commit.
  void transaction(const std::function<void(Transaction&)>& body);

  // The conflict journal (conflict.h), oldest first.
  std::vector<Conflict> conflicts() const;
  // Writes the lost value again, as a new write that beats the winner, and ends the conflict. If the record was
  // deleted, it comes back. Errors: NotFound (no such conflict, or the record is no longer known), ReadOnlyReplica,
  // TooLarge.
  void restoreConflict(std::int64_t id);
  // Ends the conflict and keeps the winner. Throws NotFound.
  void dismissConflict(std::int64_t id);
  // Calls `callback` for each conflict from now on, on the database's own thread, with no lock held. `callback` may
  // call the API. What it throws is discarded.
  [[nodiscard]] Subscription onConflict(std::function<void(const Conflict&)> callback);

  // Records that peers removed here without a delete (removed_record.h), oldest first: those with an `id` above
  // `after`, at most 1,000, fewer if they are large. For more, pass the last id. They are kept for
  // DatabaseOptions::tombstoneRetention.
  std::vector<RemovedRecord> removedRecords(std::int64_t after = 0) const;
  // Inserts a removed record again, as a new write that goes to the peers, and takes it off the list. Errors: NotFound,
  // AlreadyExists (the record has come back by another way), ReadOnlyReplica.
  void restoreRemoved(std::int64_t id);
  // Records that a peer refused to take from this database, or this database from a peer (rejected.h); oldest first.
  std::vector<RejectedChange> rejectedChanges() const;
  // Makes a rejected change again, as a new write that goes to the peers, and takes it off the list. Errors: NotFound
  // (no such change, or it is an update and the record has gone: discard it), AlreadyExists (a unique index),
  // InvalidArgument (an increment of what is no longer a number), TooLarge, ReadOnlyReplica.
  void retry(std::int64_t id);
  // Gives a rejected change up. What the peer has taken by then, because the rights had returned, stays. Throws
  // NotFound.
  void discard(std::int64_t id);
  // Calls `callback` for each change that a peer refuses of this database's user from now on, once it has left its
  // record, as onConflict() does.
  [[nodiscard]] Subscription onRejected(std::function<void(const RejectedChange&)> callback);

  // Makes `replacement` the password. Only the data key is encrypted again, not the pages. Errors: WrongPassword
  // (`current` is not the password), InvalidArgument (`replacement` is empty).
  void changePassword(const std::string& current, const std::string& replacement);

  // Writes a consistent copy to the new file `path` while the database stays in use. The copy has an encryption key of
  // its own, the same password, and a replica id of its own, so it can sync beside the original. Progress in pages.
  // Errors: AlreadyExists, Cancelled, NotSupported (as open()).
  void backup(const std::string& path, const Progress& progress = {});

  // Authenticates every page, decodes every record and checks the totals. Writers wait while pages are read. Faults in
  // the data are in the report, not thrown. Progress in records, deleted ones included. Throws Cancelled.
  VerifyReport verify(const Progress& progress = {});

  // What the database is and holds at this moment. Its sums come from several short reads, so that a write between two
  // of them may be in one and not in the other. Throws DamagedPage, IoError.
  DatabaseInfo info() const;

  // Stores another name, 1 to 128 of [A-Za-z0-9_.-], under which hubs and apps offer this database from the next
  // open() on; until then name() stays. (To change the role, open the file with DatabaseOptions::role.) Throws
  // InvalidArgument.
  void rename(const std::string& name);

  // Gives this database a new replica id and forgets its peers. For a file that was copied by other means than
  // backup(), before the copy connects for the first time: until then it carries the id of its original.
  void renewReplicaId();

  // Makes a token for clients that connect to this database (token.h). The result has the secret, which is not stored.
  // Errors: InvalidArgument (a text, the name of a collection, a time that is over, a token that may neither read nor
  // write), TooLarge (more than 1,000 collections or teams).
  NewToken createToken(const TokenOptions& options);
  // Every token ever made, revoked ones too, oldest first; without the secrets.
  std::vector<Token> tokens() const;
  // Revokes a token for good; a hub closes its connections within a second. Revoking it again changes nothing. Throws
  // NotFound.
  void revokeToken(std::int64_t id);
  // The token with this secret. Errors: WrongToken (there is none, or it is revoked), ExpiredToken.
  Token checkToken(const std::string& secret) const;

  // What the users of this database's clients may read and write (rights.h).
  Policies policies() const;
  Users users() const;

  // Keeps this database in sync with one that a hub offers, for as long as the SyncEngine lives. Returns at once.
  // Errors as Topology::connectRemote.
  [[nodiscard]] SyncEngine enableSync(const RemoteNode& remote, const SyncPolicy& policy = {}) const;

  // Mends writes that were made while the machine's clock was ahead. Such writes would win over all others until that
  // time comes, and other databases refuse them (ClockSkew). Set the clock right, then call this. It dates every write
  // that is more than five minutes ahead as a write of this database, now, and sends it as a change. The values stay
  // the same. Returns the number of records that it mended; 0 if all dates were right. Other writers wait meanwhile. If
  // it fails or the process dies, some records are mended: call it again. Throws ReadOnlyReplica.
  //
  // It mends this database only. Another database may have taken over the wrong dates because its clock was wrong too,
  // on the same machine for example. Mend that one as well before the two connect. Both then count as having written
  // now: where they differ, the database that was mended later wins, field by field, even with the older value, and a
  // delete that had not reached it is undone. To avoid that, sync them while the clock is still wrong; or mend one and
  // start the others again from a backup of it. Release a read-only replica that has wrong dates, and connect it with
  // adopt.
  std::uint64_t restamp();

  // Ends being a read-only replica: this database accepts writes again. Disconnect it from its source first. Does
  // nothing in a database that is no replica.
  void releaseReadOnly();

 private:
  friend struct db::Access;
  explicit Database(std::shared_ptr<db::OpenDatabase> open);
  std::shared_ptr<db::OpenDatabase> open_;
};

// Compares the live records of two databases, by id and fields. Returns the records that differ, at most `limit`; none
// if the databases are equal. Reads both page by page; records that are written meanwhile may or may not be listed.
// Errors: DamagedPage, IoError. Thread-safe.
BLAZEDB_API std::vector<Difference> diff(const Database& first, const Database& second, std::size_t limit = 1000);

// Copies all live records of all collections of `from` to `to`, with their ids. A record that `to` has already gets the
// fields that `from` has (Records::update), so a second transfer writes nothing, and connected databases may transfer
// too. A counter is copied with what each database has added, so nothing counts twice if the two are connected later.
// Writes 1,000 records a commit, of a page that is read from one snapshot. Progress in records. Returns the number
// of records of `from`. Errors as Records::upsert, Cancelled: what was copied until then stays.
BLAZEDB_API std::uint64_t transferAll(const Database& from, Database to, const Progress& progress = {});

}  // namespace blazedb
