// Database: one encrypted file, one replica of the data in it.
//
//   Database db = Database::open("DB1", "db1.blazedb", "correct horse");
//   UUID id = db.insert({{"message", "Hello!"}, {"value", 42}});
//   db.fetch(id)->string("message").value();
//
// Ownership   Database and Collection are cheap handles, copied like a shared_ptr; the file closes when the last
//             handle, and every topology in which it is registered, has gone. A process owns its file: a second open()
//             gives DatabaseInUse. A child made by fork() must not use it, and ends with _exit() or exec().
// Threads     Every function may be called from any thread. One writer at a time; threads that write together share a
//             commit. Readers run beside the writer on a snapshot.
// Durability  With Durability::full (the default) what a call wrote is on disk when it returns. With
//             Durability::normal a power cut may take back the last moments, never consistency; a crash of the process
//             alone takes back nothing.
// Errors      Functions throw blazedb::Error; those that any call may give: DiskFull, IoError, DamagedPage, NeedsReopen
//             (an earlier sync to disk failed), OutOfMemory, Closed. A call that throws has changed nothing. Values and
//             records, which you make, throw std::bad_alloc as those of the standard library do.
// Callbacks   What a function of yours throws while a call of yours runs it (a transaction, a predicate, a progress)
//             goes through that call to you, which has then changed nothing; of a std::bad_alloc it makes OutOfMemory.
//             On a thread of BlazeDB's (onConflict, Topology::onStatus) it is thrown away; the callback is called again
//             with the next event.
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
#include "blazedb/records.h"
#include "blazedb/rejected.h"
#include "blazedb/remote.h"
#include "blazedb/removed_record.h"
#include "blazedb/subscription.h"
#include "blazedb/sync_role.h"
#include "blazedb/token.h"

namespace blazedb {

namespace db {
struct Access;
}

enum class Durability : std::uint8_t { full, normal };

struct DatabaseOptions {
  std::optional<SyncRole> role = {};  // absent: what the file says (a new file: client). Kept in the file.
  Durability durability = Durability::full;
  bool createIfMissing = true;
  // For reading alone: nothing is written, neither to the file nor beside it, so that file and folder may be read-only.
  // What a crash has left in the log is seen all the same. Several may have the file open so, while nobody has it open
  // for writing (DatabaseInUse). What would write, or sync, throws OpenedReadOnly; backup() works.
  bool readOnly = false;
  // How long a deleted record's id is remembered for replicas that are away. One that stays away longer is told
  // everything again when it returns.
  std::chrono::hours tombstoneRetention{24 * 30};
  // What a guess at the password costs, for a new file: Argon2id memory and passes. At least 19 MiB and 2 passes.
  std::uint32_t passwordMemoryKiB = 64 * 1024;
  std::uint32_t passwordPasses = 3;
};

// done and total in the unit that the function names; false cancels (the function throws Cancelled and leaves nothing
// behind).
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

struct CollectionInfo {
  std::string name;
  std::uint64_t count = 0;
};

struct DatabaseInfo {
  std::string name;
  std::string path;
  UUID replica;  // which copy of the data this file is
  SyncRole role = SyncRole::client;
  std::string cipher;
  std::uint32_t pageSize = 0;  // bytes
  std::uint64_t fileBytes = 0;
  std::uint64_t feedEnd = 0;  // changes so far
  std::uint64_t conflicts = 0;
  std::uint64_t rejected = 0;          // as many as rejectedChanges() lists
  std::optional<UUID> readOnlySource;  // set: a read-only replica of that one
  // A log that was found beside the file when it was opened and was of no use to it: it belongs to an earlier state of
  // the file, or to another database. This is where it is now; empty where there was none.
  std::string unusedLog;
  std::string writeProblem = {};  // why the latest write was not kept, where the storage refused it; empty: one was
  std::vector<CollectionInfo> collections;
};

struct VerifyReport {
  std::uint64_t records = 0;          // that are there; deleted ones are looked at too
  std::vector<std::string> problems;  // empty: every page is authentic and every record as it should be
};

struct Difference {
  enum class Kind : std::uint8_t { onlyInFirst, onlyInSecond, different };
  std::string collection;
  UUID record;
  Kind kind = Kind::different;
};

class BLAZEDB_API Database : public Records {
 public:
  // Opens or creates the file at `path`. `name` (1 to 128 of [A-Za-z0-9_.-]) is stored when the file is created; an
  // empty one takes what is stored. Takes as long as Argon2id does, about 75 ms by default. Errors: WrongPassword,
  // DamagedPage, TruncatedFile, NotADatabase, NewerFormat, DatabaseInUse (with the owner's pid), NotFound (no file, and
  // createIfMissing is false), WrongLog (the log beside it is of a later state: the file seems to be an older copy),
  // InvalidArgument, IoError, DiskFull, OutOfMemory.
  static Database open(const std::string& name, const std::string& path, const std::string& password,
                       const DatabaseOptions& options = {});

  const std::string& name() const;
  const std::string& path() const;
  SyncRole role() const;

  // InvalidArgument for a name that is not 1 to 128 of [A-Za-z0-9_.-].
  Collection collection(const std::string& name) const;
  std::vector<CollectionInfo> collections() const;

  // Runs `body` as one transaction. When it returns, everything is committed together; when it throws, nothing is, and
  // the exception goes on to the caller. Other writers wait meanwhile. A call of this database inside `body`, other
  // than through the Transaction, throws Misuse if it writes.
  void transaction(const std::function<void(Transaction&)>& body);

  // What was overridden, oldest first.
  std::vector<Conflict> conflicts() const;
  // Writes the lost value again, as a new write that beats what overrode it, and ends the conflict. A deleted record
  // comes back. NotFound.
  void restoreConflict(std::int64_t id);
  // Ends the conflict and keeps what won. NotFound.
  void dismissConflict(std::int64_t id);
  // `callback` runs on the database's own thread for each new conflict, with no lock held. What it throws is thrown
  // away.
  [[nodiscard]] Subscription onConflict(std::function<void(const Conflict&)> callback);

  // What peers have removed here without a delete, oldest first: those with an `id` above `after`, a thousand or fewer
  // where they are large. They are kept as long as deletes are (DatabaseOptions::tombstoneRetention).
  std::vector<RemovedRecord> removedRecords(std::int64_t after = 0) const;
  // Inserts such a record again, as a new write that goes to the peers, and takes it off the list. NotFound, and what
  // insert throws: AlreadyExists where the record has come back by other ways.
  void restoreRemoved(std::int64_t id);
  // Records that a connected database has not taken from this one, or this one not from it; the oldest first.
  std::vector<RejectedChange> rejectedChanges() const;

  // Wraps the data key with a key from the new password; nothing is encrypted again. WrongPassword where `current` is
  // not the present one.
  void changePassword(const std::string& current, const std::string& replacement);

  // Writes a copy to a new file while the database is in use: consistent, encrypted with a key of its own under the
  // same password, and with a replica id of its own, so that it can take part in a sync beside the original.
  // AlreadyExists, Cancelled. Progress in pages.
  void backup(const std::string& path, const Progress& progress = {});

  // Authenticates every page and decodes every record. Progress in records, deleted ones too.
  VerifyReport verify(const Progress& progress = {});

  DatabaseInfo info() const;

  // A file that was copied behind BlazeDB's back carries the replica id of its original; this gives it one of its own.
  void renewReplicaId();

  // Tokens for clients that connect to this database (token.h). createToken: InvalidArgument for a text, a collection's
  // name or a time that cannot be, or a token that could neither read nor write.
  NewToken createToken(const TokenOptions& options);
  // All that were ever made, oldest first, revoked ones too.
  std::vector<Token> tokens() const;
  // For good. A second time changes nothing. NotFound.
  void revokeToken(std::int64_t id);
  // The token with this secret. WrongToken where there is none or it is revoked, ExpiredToken.
  Token checkToken(const std::string& secret) const;

  // Keeps this database in sync with one that a hub offers, for as long as the SyncEngine lives. Returns at once;
  // errors as Topology::connectRemote.
  [[nodiscard]] SyncEngine enableSync(const RemoteNode& remote, const SyncPolicy& policy = {}) const;

  // Mends what was written while the machine's clock was ahead. Such writes would win over everybody's until that time
  // comes, and other databases refuse them (ClockSkew). To be called when the clock is right again: every write that is
  // dated more than five minutes after now is dated now, as a write of this database, and goes out as a change; writes
  // after it are dated as usual. What the records say does not change. Gives the number of records, 0 where all was in
  // order. Other writers wait meanwhile. When it fails or the process dies, a part is done; call it again. Throws
  // ReadOnlyReplica.
  //
  // It mends this database alone. Another one that has taken the wrong dates over (because its clock was wrong too: two
  // databases of one machine, say) has to be mended as well, before the two are connected. Both then count as having
  // written now: where they differ, the one that was mended later wins, field by field, be it the older write, and a
  // delete that had not reached it comes undone. So sync them first, while the clock is still wrong; or mend one, and
  // begin the others anew from a backup of it. A read-only replica that has them is released, and connected with adopt.
  std::uint64_t restamp();

  // Ends being a read-only replica: this database may be written to again.
  void releaseReadOnly();

 private:
  friend struct db::Access;
  explicit Database(std::shared_ptr<db::OpenDatabase> open);
  std::shared_ptr<db::OpenDatabase> open_;
};

// Do two databases hold the same live records? Gives those that differ, at most `limit`; none if they are equal. Reads
// both, page by page.
BLAZEDB_API std::vector<Difference> diff(const Database& first, const Database& second, std::size_t limit = 1000);

}  // namespace blazedb
