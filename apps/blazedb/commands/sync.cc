// blazedb sync: syncs a file with another file (syncFiles) or with the database of a hub (syncWithHub).
//
// Both check the options that belong to them, open the files and say how to connect. runSync (syncing.h) does the rest.
#include <filesystem>
#include <memory>
#include <optional>

#include "command.h"
#include "open.h"
#include "sync_remote.h"
#include "syncing.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Sync {
  DatabasePair databases;
  bool readOnly = false;
  bool readWrite = false;
  bool writeOnly = false;
  bool adopt = false;
  bool acceptRemovals = false;
  bool keepOwn = false;
  std::vector<std::string> collections;
  RemoteSync remote;
  bool watch = false;
  bool json = false;
};

ConnectionMode modeOf(const Sync& options) {
  if (options.readOnly) return ConnectionMode::readOnly;
  if (options.writeOnly) return ConnectionMode::writeOnly;
  return ConnectionMode::bidirectional;
}

int syncFiles(const Sync& options) {
  if (options.adopt && !options.readOnly) throw UsageError("--adopt needs --read-only");
  if (std::string given = options.keepOwn ? "--keep-own" : options.remote.givenOption(); !given.empty())
    throw UsageError(given + " is for the database of a hub, HOST:PORT/NAME, and " + options.databases.b.file +
                     " is a file");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.databases.a.file, options.databases.b.file});
  auto [a, b] = openDatabases(options.databases);
  if (a.info().replica == b.info().replica)
    throw Error(ErrorCode::DuplicateReplica,
                options.databases.a.file + " and " + options.databases.b.file +
                    " carry the same replica id: one is a copy of the other. Give the copy an id of its own with "
                    "blazedb renew FILE");
  SyncJob job{.databases = {a, b}, .watch = options.watch, .json = options.json};
  job.collections = options.collections;
  if (transition) job.transition = &*transition;
  job.connect = [&] {
    Topology topology;
    NodeId from = topology.registerDatabase(job.databases[0], "A");
    NodeId to = topology.registerDatabase(job.databases[1], "B");
    ConnectOptions how{.adopt = options.adopt,
                       .acceptRemovals = options.acceptRemovals,
                       .collections = collectionsOf(options.collections)};
    try {
      return connectionOf(topology, topology.connectLocal(from, to, modeOf(options), how));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::HasOwnWrites) throw;
      throw Error(error.code(), messageOf(error) + " (--adopt discards them)");
    }
  };
  job.advice = [](ErrorCode) { return std::string(); };
  return runSync(job, interrupt);
}

int syncWithHub(const Sync& options, const RemoteAddress& address) {
  if (options.adopt || !options.databases.b.passwordFile.empty())
    throw UsageError("--adopt and --password-file-b are for two files");
  options.remote.refuseContradictions();
  if (options.keepOwn && options.watch)
    throw UsageError("--keep-own is for a sync that ends; --watch goes on without it");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.databases.a.file});
  Database database = openDatabase(options.databases.a);
  RemoteNode remote = options.remote.node(address);
  SyncJob job{.databases = {database}, .watch = options.watch, .json = options.json};
  job.collections = options.collections;
  job.keepOwn = options.keepOwn;
  job.adviceToReaders =
      " (--keep-own leaves them here, --collections names what to sync; to be without them, sync a new database)";
  if (transition) job.transition = &*transition;
  SyncPolicy policy = options.remote.policy();
  policy.mode = modeOf(options);
  policy.collections = collectionsOf(options.collections);
  policy.acceptRemovals = options.acceptRemovals;
  job.connect = [&] { return connectionOf(database.enableSync(remote, policy)); };
  job.advice = adviceAboutHub;
  return runSync(job, interrupt);
}

int sync(const Sync& options) {
  const std::string &a = options.databases.a.file, &b = options.databases.b.file;
  if (parseRemote(a) && parseRemote(b) && !std::filesystem::exists(a))
    throw UsageError("both are databases of hubs: sync a file with each of them");
  if (parseRemote(a) && !parseRemote(b))
    throw UsageError("the file comes first, the database of the hub second: write " + quoted(b) + " before " + a);
  if (std::optional<RemoteAddress> address = parseRemote(b)) return syncWithHub(options, *address);
  return syncFiles(options);
}

}  // namespace

Run declareSync(Arguments& arguments) {
  auto options = std::make_shared<Sync>();  // shared with the parser, which fills it in
  addDatabases(arguments, options->databases,
               "another database: a file, or the database of a hub as HOST:PORT/NAME or HOST/NAME");
  arguments.flag("--read-only", options->readOnly,
                 "B only receives, and becomes a read-only replica of A; with a hub, A only receives");
  arguments.flag("--read-write", options->readWrite, "data goes both ways (the default)");
  arguments.flag("--write-only", options->writeOnly, "B only sends; with a hub, A only sends");
  arguments.exclusive({"--read-only", "--read-write", "--write-only"});
  arguments.flag("--adopt", options->adopt, "with --read-only: A's records replace everything that B holds");
  arguments.flag("--accept-removals", options->acceptRemovals,
                 "if one side was away for longer than deletes are remembered, remove the records there that the other "
                 "side no longer holds, however many they are; blazedb removed lists them for 30 days");
  arguments.names("--collections", options->collections, "sync only these collections (default: all)");
  options->remote.declare(arguments);
  arguments.flag("--keep-own", options->keepOwn,
                 "for a hub: leave the writes of A here that cannot get there, and succeed");
  arguments.flag("--watch", options->watch, "stay connected until ^C; print a line for each change of the status");
  addJson(arguments, options->json, "print the summary as JSON, or with --watch each change of the status");
  arguments.note(
      "Connects A with B and ends when both have everything. Writes to different fields of a record never conflict. If "
      "both wrote the same field, a server's write wins over a client's, and between equals the later one wins. "
      "blazedb conflicts lists the overridden values. blazedb set --role changes the role of a file.");
  arguments.note(
      "After --read-only between two files, B is a read-only replica of A until blazedb release. With a hub, A can "
      "still be written to: its writes stay here until a sync without --read-only.");
  arguments.note(
      "sync connects with a hub by TLS 1.3, unless --no-tls is given, and at port 8080, unless B names another. B is a "
      "file if it exists, begins with . or /, has neither / nor :, or its folder exists; otherwise it is the database "
      "of a hub. If the hub cannot be reached, sync fails; with --watch it tries again.");
  arguments.note(
      "With --read-only, or a token that may only read or grants only some collections, writes of A cannot get to the "
      "hub. sync then brings everything else and fails. Sync without --read-only, or get a token that may write; name "
      "the collections to sync with --collections; or leave the writes here with --keep-own; or sync a new database "
      "(blazedb create), and blazedb diff shows what only the old one has.");
  arguments.example("blazedb sync notes.blazedb copy.blazedb");
  arguments.example("blazedb sync notes.blazedb replica.blazedb --read-only");
  arguments.example(
      "blazedb sync notes.blazedb hub.example.com/Notes --encryption smartProxy --token-file notes.token");
  return [options] { return sync(*options); };
}

}  // namespace blazedb::cli
