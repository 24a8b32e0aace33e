// The demo runs the quick start live: it prints the calls that a program makes and what each does. It measures every
// number in the run that prints it. If something is not as its text says, the demo fails.
#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "blazedb/topology.h"
#include "codec/json.h"
#include "codec/text.h"
#include "command.h"
#include "interrupt.h"
#include "iso_tables.h"
#include "output.h"
#include "progress.h"
#include "temporary_folder.h"
#include "terminal.h"
#include "text.h"

namespace blazedb::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::size_t kColumns = 100;
constexpr std::size_t kTimedWrites = 200;
constexpr std::chrono::seconds kTimedWritesMax{2};  // a slow disk makes fewer writes, not a longer demo
constexpr std::chrono::seconds kArrivalMax{10};     // a write that takes longer to arrive has failed
constexpr std::chrono::seconds kCatchUpMax{60};
constexpr std::uint64_t kTransactionRecords = 500;

// Throws if `holds` is false: the demo must not print what is not true.
void require(bool holds, const std::string& otherwise) {
  if (!holds) throw Error(ErrorCode::Misuse, "the demo found " + otherwise);
}

std::string latencyRow(const std::string& from, const std::string& to, const std::string& median,
                       const std::string& most, const std::string& slowest, const std::string& insert) {
  return padRight(from, 18) + padRight(to, 10) + padLeft(median, 10) + padLeft(most, 10) + padLeft(slowest, 10) +
         padLeft(insert, 14);
}

class Demo {
 public:
  explicit Demo(Interrupt& interrupt);
  void run();
  void keepFiles();

 private:
  void showDatabases();
  void loadTables();
  void connectThem();
  void writeOnEitherSide();
  void measureLatency();
  void showTransaction();
  void provokeConflict();
  void showReadOnlyReplica();
  void showGraph();
  void compareAll();

  Database open(const std::string& name, SyncRole role);
  // Waits until everything is in sync, with a progress bar, and prints how long it took.
  void catchUp(ConnectionId connection, std::uint64_t records);
  // Returns the time from now until `arrived` returns true. Calls it again and again without a pause.
  nanoseconds timeUntil(const std::function<bool()>& arrived);
  void timeWrites(Database& writer, Database& reader);

  void heading(const std::string& title);
  void say(const std::string& text) { print("   " + text + "\n"); }
  void code(const std::string& text) { say(colours_.accent(text)); }
  void sayArrival(const std::string& where, nanoseconds after, const std::string& what);

  Interrupt& interrupt_;
  Colours colours_;
  Clock::time_point start_ = Clock::now();
  std::vector<IsoTable> tables_ = readIsoTables();
  TemporaryFolder folder_;
  std::string password_ = UUID::generate().toString();
  Database server_;
  Database client_;
  Database replica_;
  Topology topology_;
  NodeId serverNode_ = topology_.registerDatabase(server_, "server");
  NodeId clientNode_ = topology_.registerDatabase(client_, "client");
  ConnectionId connection_;
  UUID germany_;
  int headings_ = 0;
};

Demo::Demo(Interrupt& interrupt)
    : interrupt_(interrupt),
      server_(open("server", SyncRole::server)),
      client_(open("client", SyncRole::client)),
      replica_(open("replica", SyncRole::client)) {}

Database Demo::open(const std::string& name, SyncRole role) {
  return Database::open(name, folder_.path() + "/" + name + ".blazedb", password_, {.role = role});
}

void Demo::run() {
  print(colours_.bold("BlazeDB demo") +
        ": encrypted databases that stay in sync. All numbers are measured in this run.\n");
  showDatabases();
  loadTables();
  connectThem();
  writeOnEitherSide();
  measureLatency();
  showTransaction();
  provokeConflict();
  showReadOnlyReplica();
  showGraph();
  compareAll();
}

void Demo::showDatabases() {
  heading("Two databases, each an encrypted file with a password");
  code("Database server = Database::open(\"server\", path1, password, {.role = SyncRole::server});");
  code("Database client = Database::open(\"client\", path2, password, {.role = SyncRole::client});");
  DatabaseInfo info = server_.info();
  say("in " + codec::onOneLine(folder_.path()) + ", pages of " + sizeText(info.pageSize) + " encrypted with " +
      info.cipher);
}

void Demo::loadTables() {
  std::uint64_t records = 0;
  std::string names;
  auto start = Clock::now();
  for (const IsoTable& table : tables_) {
    std::vector<UUID> ids = server_.collection(table.collection).insertMany(table.records);
    records += ids.size();
    names += (names.empty() ? "" : ", ") + grouped(ids.size()) + " " + table.collection;
    for (std::size_t i = 0; i < ids.size(); i++)
      if (table.collection == "countries" && table.records[i].string("alpha_2") == "DE") germany_ = ids[i];
  }
  auto duration = Clock::now() - start;
  require(!germany_.isNil(), "no Germany in ISO 3166-1");
  say("server.insertMany: " + names + " (the ISO tables)");
  say(counted(records, "record") + " on disk in " + durationText(duration) + ", " + rateText(records, duration));
}

void Demo::connectThem() {
  heading("Connect them: each gets what the other has");
  code("topology.connectLocal(serverNode, clientNode, ConnectionMode::bidirectional);");
  connection_ = topology_.connectLocal(serverNode_, clientNode_, ConnectionMode::bidirectional);
  catchUp(connection_, server_.info().feedEnd);
}

void Demo::catchUp(ConnectionId connection, std::uint64_t records) {
  auto start = Clock::now();
  {
    ProgressBar bar("syncing", "records");
    Subscription listener =
        topology_.onStatus(connection, [&bar](const ConnectionStatus& status) { bar.show(status.done, status.total); });
    topology_.synchronize(kCatchUpMax);
  }
  auto duration = Clock::now() - start;
  std::uint64_t bytes = topology_.status(connection).bytes;
  say(counted(records, "record") + " arrived in " + durationText(duration) + ", " + rateText(records, duration) + ", " +
      sizeText(bytes) + " across the link");
}

void Demo::writeOnEitherSide() {
  heading("Write on either side: the write arrives at the other by itself");
  Collection onServer = server_.collection("countries");
  Collection onClient = client_.collection("countries");

  code("UUID id = server.insert({{\"message\", \"Hello!\"}, {\"value\", 42}});");
  UUID id = server_.insert({{"message", "Hello!"}, {"value", 42}});
  nanoseconds after = timeUntil([&] { return client_.fetch(id).has_value(); });
  sayArrival("client", after, codec::valueToJson(Value(static_cast<const Object&>(*client_.fetch(id)))));

  code("client.collection(\"countries\").updateFields(germany, {{\"calling_code\", \"+49\"}});");
  onClient.updateFields(germany_, {{"calling_code", "+49"}});
  after = timeUntil([&] { return onServer.fetch(germany_)->contains("calling_code"); });
  Record germany = *onServer.fetch(germany_);
  for (const char* field : {"alpha_3", "flag", "numeric", "official_name"}) germany.erase(field);
  sayArrival("server", after, codec::valueToJson(Value(static_cast<const Object&>(germany))));

  code("server.remove(id);");
  server_.remove(id);
  after = timeUntil([&] { return !client_.fetch(id).has_value(); });
  sayArrival("client", after, "no record " + id.toString());
}

void Demo::sayArrival(const std::string& where, nanoseconds after, const std::string& what) {
  say("  " + where + ", " + padLeft(durationText(after), 7) + " later: " + colours_.good(shortened(what, 70)));
}

nanoseconds Demo::timeUntil(const std::function<bool()>& arrived) {
  constexpr int kAsksBetweenLooks = 256;
  auto start = Clock::now();
  for (int asks = 1; !arrived(); asks++) {
    if (asks % kAsksBetweenLooks != 0) continue;
    if (interrupt_.requested()) throw Error(ErrorCode::Cancelled, "interrupted");
    require(Clock::now() - start < kArrivalMax, "a write that did not arrive");
  }
  return Clock::now() - start;
}

void Demo::measureLatency() {
  heading("Latency: from the return of insert() until the other side can read the record");
  say(latencyRow("inserts at", "read at", "median", "95 %", "slowest", "insert()"));
  timeWrites(server_, client_);
  timeWrites(client_, server_);
}

void Demo::timeWrites(Database& writer, Database& reader) {
  std::vector<nanoseconds> inserts, arrivals;
  auto start = Clock::now();
  while (arrivals.size() < kTimedWrites && Clock::now() - start < kTimedWritesMax) {
    auto before = Clock::now();
    UUID id = writer.insert({{"number", static_cast<long>(arrivals.size())}, {"by", writer.name()}});
    inserts.push_back(Clock::now() - before);
    arrivals.push_back(timeUntil([&] { return reader.fetch(id).has_value(); }));
  }
  std::sort(inserts.begin(), inserts.end());
  std::sort(arrivals.begin(), arrivals.end());
  auto part = [](const std::vector<nanoseconds>& sorted, double which) {
    return durationText(sorted[static_cast<std::size_t>(which * static_cast<double>(sorted.size() - 1))]);
  };
  say(colours_.good(latencyRow(grouped(arrivals.size()) + " at " + writer.name(), reader.name(), part(arrivals, 0.5),
                               part(arrivals, 0.95), part(arrivals, 1), part(inserts, 0.5))));
}

void Demo::showTransaction() {
  heading("A transaction arrives whole");
  code("server.transaction([](Transaction& t) { ... " + grouped(kTransactionRecords) + " inserts ... });");
  Collection arriving = client_.collection("readings");
  std::set<std::uint64_t> seen;
  std::uint64_t looks = 0;
  std::exception_ptr failure;
  std::thread writer([&] {
    try {
      server_.transaction([](Transaction& transaction) {
        Collection readings = transaction.collection("readings");
        for (std::uint64_t i = 0; i < kTransactionRecords; i++) readings.insert({{"number", static_cast<long>(i)}});
      });
    } catch (...) {
      failure = std::current_exception();
    }
  });
  try {
    timeUntil([&] {
      looks++;
      return *seen.insert(arriving.count()).first >= kTransactionRecords;
    });
  } catch (...) {
    failure = std::current_exception();
  }
  writer.join();
  if (failure) std::rethrow_exception(failure);
  require(
      seen == std::set<std::uint64_t>{0, kTransactionRecords} || seen == std::set<std::uint64_t>{kTransactionRecords},
      "a part of a transaction at the client");
  say("client.count() was called " + grouped(looks) +
      " times meanwhile: " + colours_.good("0, then " + grouped(kTransactionRecords) + ", never anything between"));
}

void Demo::provokeConflict() {
  heading("A conflict: both write the same field while they are disconnected");
  Collection onServer = server_.collection("countries");
  Collection onClient = client_.collection("countries");
  auto show = [&](const std::string& when) {
    topology_.synchronize(kArrivalMax);
    Record atServer = *onServer.fetch(germany_);
    Record atClient = *onClient.fetch(germany_);
    require(atServer == atClient, "two databases that differ after a sync");
    say(when + ": both have capital = " + colours_.good(atServer.string("capital").value()) +
        ", currency = " + atServer.string("currency").value());
  };
  code("topology.disconnect(connection);");
  topology_.disconnect(connection_);
  code("server.collection(\"countries\").updateFields(germany, {{\"capital\", \"Berlin\"}});");
  onServer.updateFields(germany_, {{"capital", "Berlin"}});
  code("client.collection(\"countries\").updateFields(germany, {{\"capital\", \"Bonn\"}, {\"currency\", \"EUR\"}});");
  onClient.updateFields(germany_, {{"capital", "Bonn"}, {"currency", "EUR"}});
  connection_ = topology_.connectLocal(serverNode_, clientNode_, ConnectionMode::bidirectional);
  show("reconnected");
  say("the client wrote later, but the server's write wins; other fields do not conflict");

  std::vector<Conflict> conflicts = client_.conflicts();
  require(conflicts.size() == 1, grouped(conflicts.size()) + " conflicts instead of one");
  const Conflict& conflict = conflicts.front();
  code("client.conflicts();");
  say("  " + conflict.collection + " " + conflict.record.toString() + ", " + conflict.field + ": lost " +
      codec::valueToJson(conflict.lost) + ", won " + codec::valueToJson(conflict.won.value_or(Value())));
  code("client.restoreConflict(" + std::to_string(conflict.id) + ");");
  client_.restoreConflict(conflict.id);
  show("restored");
}

void Demo::showReadOnlyReplica() {
  heading("A third database that only receives");
  code("topology.connectLocal(serverNode, replicaNode, ConnectionMode::readOnly);");
  NodeId node = topology_.registerDatabase(replica_, "replica");
  ConnectionId connection = topology_.connectLocal(serverNode_, node, ConnectionMode::readOnly);
  std::uint64_t records = 0;
  for (const CollectionInfo& collection : server_.collections()) records += collection.count;
  catchUp(connection, records);
  code("UUID id = client.insert({{\"message\", \"Hello from the client\"}});");
  UUID id = client_.insert({{"message", "Hello from the client"}});
  nanoseconds after = timeUntil([&] { return replica_.fetch(id).has_value(); });
  sayArrival("replica", after,
             codec::valueToJson(Value(static_cast<const Object&>(*replica_.fetch(id)))) + ", through the server");
  code("replica.insert({{\"message\", \"Hello from the replica\"}});");
  bool refused = false;
  try {
    replica_.insert({{"message", "Hello from the replica"}});
  } catch (const Error& error) {
    refused = error.code() == ErrorCode::ReadOnlyReplica;
    say("  " + colours_.bad(wrapped(codec::onOneLine(error.what()), 5, kColumns)));
  }
  require(refused, "a write that a read-only replica did not refuse");
}

void Demo::showGraph() {
  heading("The connections");
  code("topology.graph().visualize();");
  // Once a link has been idle for a moment, its ends compare digests of everything that they hold.
  timeUntil([&] { return topology_.status(connection_).verified; });
  std::string text = topology_.graph().visualize();
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = std::min(text.find('\n', start), text.size());
    say("  " + text.substr(start, end - start));
    start = end + 1;
  }
}

void Demo::compareAll() {
  heading("Compare the three databases");
  code("topology.synchronize(); diff(server, client); diff(server, replica);");
  topology_.synchronize(kArrivalMax);
  require(diff(server_, client_).empty(), "that server and client differ");
  require(diff(server_, replica_).empty(), "that server and replica differ");
  std::uint64_t records = 0;
  for (const CollectionInfo& collection : server_.collections()) records += collection.count;
  say(colours_.good("equal") + ": " + counted(records, "record") + ", with the same fields, in all three");
  print("\nDone in " + durationText(Clock::now() - start_) + ".\n");
}

void Demo::keepFiles() {
  folder_.keep();
  printLine("The files are in " + folder_.path() + ". Their password is:");
  printLine("  export BLAZEDB_PASSWORD=" + password_);
  printLine("  blazedb info " + folder_.path() + "/server.blazedb");
}

void Demo::heading(const std::string& title) {
  if (interrupt_.requested()) throw Error(ErrorCode::Cancelled, "interrupted");
  print("\n" + colours_.bold(std::to_string(++headings_) + ". " + title) + "\n");
  flushOutput();
}

int demo(bool keep) {
  Interrupt interrupt;
  Demo demo(interrupt);
  demo.run();
  if (keep) demo.keepFiles();
  return kFine;
}

}  // namespace

Run declareDemo(Arguments& arguments) {
  auto keep = std::make_shared<bool>(false);  // shared with the parser, which fills it in
  arguments.flag("--keep", *keep, "keep the files, and print their folder and their password");
  arguments.note(
      "The demo works in a temporary folder, which it removes. Its records are the ISO tables of the package "
      "iso-codes. It fails if anything is not as it says.");
  arguments.example("blazedb demo");
  return [keep] { return demo(*keep); };
}

}  // namespace blazedb::cli
