// blazedb watch: prints the result of a query and then what changes in it, until ^C.
//
// A thread of the database tells what has changed; this one prints. Between them lies a list, and an event that wakes
// this one.
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "codec/json.h"
#include "command.h"
#include "forward.h"
#include "open.h"
#include "output.h"
#include "query_arguments.h"
#include "server/transition.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

struct WatchOptions {
  QueryArguments which;
  std::vector<std::string> fields;
  bool json = false;
};

class Updates {
 public:
  Updates() : event_(eventfd(0, EFD_CLOEXEC)) {
    if (event_ < 0) throw Error(ErrorCode::IoError, "the system gives no eventfd");
  }
  ~Updates() { close(event_); }
  Updates(const Updates&) = delete;

  void add(const QueryUpdate& update) {
    std::lock_guard lock(mutex_);
    updates_.push_back(update);
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = write(event_, &one, sizeof one);  // it is readable already, if it fails
  }
  // Waits for some; none: a signal has come.
  std::vector<QueryUpdate> wait() {
    if (!waitReadable(event_)) return {};
    std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    [[maybe_unused]] auto taken = read(event_, &count, sizeof count);
    return std::exchange(updates_, {});
  }

 private:
  const int event_;
  std::mutex mutex_;
  std::vector<QueryUpdate> updates_;
};

std::string recordText(const Record& record) { return codec::recordToJson(record, record.id()); }

void printForPeople(const QueryUpdate& update) {
  for (const auto& each : update.removed) printLine("- " + each.id.toString());
  for (const auto& each : update.inserted) print("+ " + recordText(each.record) + "\n");
  for (const auto& each : update.changed) print("~ " + recordText(each.record) + "\n");
  for (const auto& each : update.moved)
    print("> " + recordText(each.record) + "  (from " + std::to_string(each.from + 1) + " to " +
          std::to_string(each.to + 1) + ")\n");
  printLine("= " + counted(update.count, "record"));
}

void printAsJson(const QueryUpdate& update) {
  auto whole = [](const Record& record) {
    Object object(record);
    object.set("_id", record.id()->toString());
    return object;
  };
  auto withPeer = [](Object object, const std::optional<UUID>& peer) {
    object.set("peer", peer ? Value(peer->toString()) : Value());
    return object;
  };
  auto placed = [&](const std::vector<QueryUpdate::Placed>& all) {
    Array array;
    for (const auto& each : all)
      array.emplace_back(withPeer({{"index", jsonNumber(each.index)}, {"record", whole(each.record)}}, each.peer));
    return array;
  };
  Array removed, moved;
  for (const auto& each : update.removed)
    removed.emplace_back(withPeer({{"index", jsonNumber(each.index)}, {"id", each.id.toString()}}, each.peer));
  for (const auto& each : update.moved)
    moved.emplace_back(withPeer(
        {{"from", jsonNumber(each.from)}, {"to", jsonNumber(each.to)}, {"record", whole(each.record)}}, each.peer));
  printJson({{"first", update.isFirst},
             {"count", jsonNumber(update.count)},
             {"removed", std::move(removed)},
             {"inserted", placed(update.inserted)},
             {"changed", placed(update.changed)},
             {"moved", std::move(moved)}});
}

int runWatch(const WatchOptions& options) {
  Interrupt interrupt;  // before any thread starts
  std::optional<server::Transition> transition;
  if (!visitor()) transition.emplace(std::vector{options.which.database.file});
  Database database = openDatabase(options.which.database, Use::read);
  Query query = queryOf(database, options.which);
  std::vector<std::string> fields = options.fields;
  std::erase(fields, "_id");  // it is always there
  if (!options.fields.empty()) query = query.fields(fields);
  Updates updates;
  std::optional<server::ControlServer> control;
  if (!visitor()) {
    control.emplace(std::vector{database}, runForVisitor);
    transition->end();
  }
  Subscription live = query.observe([&](const QueryUpdate& update) { updates.add(update); });
  for (;;) {
    std::vector<QueryUpdate> news = updates.wait();
    if (news.empty()) break;
    for (const QueryUpdate& update : news) options.json ? printAsJson(update) : printForPeople(update);
    flushOutput();
  }
  live.reset();
  if (visitor() && visitor()->isStopped())
    throw Error(ErrorCode::Offline, "the process that has the file open has ended; start blazedb watch again");
  if (transition) transition->begin();
  return kFine;
}

}  // namespace

Run declareWatch(Arguments& arguments) {
  auto options = std::make_shared<WatchOptions>();  // shared with the parser, which fills it in
  addQuery(arguments, options->which);
  arguments.names("--fields", options->fields, "print only these fields");
  addJson(arguments, options->json, "print each change as a JSON object on a line");
  arguments.note(
      "Prints the records of the result with + before them, and then what each commit changes: + a record has come, - "
      "the record with this id has left, ~ it was changed, > it has moved; = is the number of records then. While it "
      "runs, other commands on the file work; if another process has the file open, such as a hub, it watches there.");
  arguments.example("blazedb watch todo.blazedb 'NOT done' --sort due --limit 10");
  arguments.example("blazedb watch hub.blazedb 'total > 1000' -c orders --json");
  return [options] { return runWatch(*options); };
}

}  // namespace blazedb::cli
