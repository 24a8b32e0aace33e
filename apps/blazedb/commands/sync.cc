#include <memory>
#include <optional>

#include "command.h"
#include "open.h"
#include "sync_remote.h"
#include "syncing.h"

namespace blazedb::cli {
namespace {

struct Sync {
  DatabasePair databases;
  std::string mode;
  bool adopt = false;
  bool acceptRemovals = false;
  bool keepOwn = false;
  RemoteSync remote;
  bool watch = false;
  bool json = false;
};

ConnectionMode parseMode(const std::string& name) {
  if (name == "readOnly") return ConnectionMode::readOnly;
  if (name == "writeOnly") return ConnectionMode::writeOnly;
  return ConnectionMode::bidirectional;
}

int syncFiles(const Sync& options) {
  if (options.adopt && options.mode != "readOnly") throw UsageError("--adopt is for --mode readOnly");
  if (std::string given = options.keepOwn ? "--keep-own" : options.remote.givenOption(); !given.empty())
    throw UsageError(given + " is for the database of a hub, HOST:PORT/NAME, and " + options.databases.b.file +
                     " is a file");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.databases.a.file, options.databases.b.file});
  auto [a, b] = openDatabases(options.databases);
  SyncJob job{.databases = {a, b}, .watch = options.watch, .json = options.json};
  if (transition) job.transition = &*transition;
  job.connect = [&] {
    Topology topology;
    NodeId from = topology.registerDatabase(job.databases[0], "A");
    NodeId to = topology.registerDatabase(job.databases[1], "B");
    return connectionOf(topology,
                        topology.connectLocal(from, to, parseMode(options.mode),
                                              {.adopt = options.adopt, .acceptRemovals = options.acceptRemovals}));
  };
  job.advice = [](ErrorCode) { return std::string(); };
  return runSync(job, interrupt);
}

int syncWithHub(const Sync& options, const RemoteAddress& address) {
  if (!options.mode.empty() || options.adopt || !options.databases.b.passwordFile.empty())
    throw UsageError(
        "--mode, --adopt and --password-file-b are for two files; which way data goes to and from a hub is said by the "
        "token");
  options.remote.refuseContradictions();
  if (options.keepOwn && options.watch)
    throw UsageError("--keep-own is for a sync that ends, and --watch goes on anyway");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.databases.a.file});
  Database database = openDatabase(options.databases.a);
  RemoteNode remote = options.remote.node(address);
  SyncJob job{.databases = {database}, .watch = options.watch, .json = options.json};
  job.keepOwn = options.keepOwn;
  job.adviceToReaders = " (--keep-own lets them stay here; who wants to be without them syncs a new database)";
  if (transition) job.transition = &*transition;
  SyncPolicy policy = options.remote.policy();
  policy.acceptRemovals = options.acceptRemovals;
  job.connect = [&] { return connectionOf(database.enableSync(remote, policy)); };
  job.advice = adviceAboutHub;
  return runSync(job, interrupt);
}

int sync(const Sync& options) {
  if (std::optional<RemoteAddress> address = parseRemote(options.databases.b.file))
    return syncWithHub(options, *address);
  return syncFiles(options);
}

}  // namespace

Run declareSync(Arguments& arguments) {
  auto options = std::make_shared<Sync>();  // shared with the parser, which fills it in
  addDatabases(arguments, options->databases, "another database, or that of a hub: HOST:PORT/NAME or HOST/NAME");
  arguments.choice("--mode", {"bidirectional", "readOnly", "writeOnly"}, options->mode,
                   "which way: readOnly, B only receives; writeOnly, B only sends (default: bidirectional)");
  arguments.flag("--adopt", options->adopt, "with readOnly: B gives up what it has written itself, for what A has");
  arguments.flag("--accept-removals", options->acceptRemovals,
                 "remove as many records as one side holds no more, where the other was away for very long; blazedb "
                 "removed has them for a while");
  options->remote.declare(arguments);
  arguments.flag("--keep-own", options->keepOwn,
                 "with a hub and a token that may only read: what was written here stays here, and is no error");
  arguments.flag("--watch", options->watch, "stay connected until ^C, with a line for each change of the status");
  addJson(arguments, options->json, "print the summary, or with --watch each change of the status, as JSON");
  arguments.note(
      "Connects A with B and ends when both have everything. Different fields of a record never conflict; of the same "
      "field the server's write wins, between equals the later one, and what was overridden is kept: see blazedb "
      "conflicts. The roles are those that the files were made with.");
  arguments.note("After --mode readOnly, B is a read-only replica of A until blazedb release.");
  arguments.note(
      "With a hub, everything is inside TLS 1.3. The port is 8080 where none is given. A file is what exists as one, "
      "begins with . or /, has no /, or lies in a folder that exists. Without --watch a hub that is not reached is an "
      "error; with it, it is tried again.");
  arguments.note(
      "Where a token may only read, what was written here cannot get to the hub: all else is brought, then that is an "
      "error. Ask for a token that may write; or let it stay here, with --keep-own; or begin without it: sync a new "
      "database (blazedb create), and blazedb diff shows what only the old one has.");
  arguments.example("blazedb sync notes.blazedb copy.blazedb");
  arguments.example("blazedb sync notes.blazedb replica.blazedb --mode readOnly");
  arguments.example(
      "blazedb sync notes.blazedb hub.example.com/Notes --encryption smartProxy --token-file notes.token");
  return [options] { return sync(*options); };
}

}  // namespace blazedb::cli
