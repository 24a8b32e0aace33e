// The operations on records of a database, a collection or a transaction. Outside a transaction each operation is a
// transaction of its own; within() and its variants at the top decide that. The operations follow in the order of the
// header.
#include "blazedb/records.h"

#include "base/names.h"
#include "base/typed.h"
#include "blazedb/error.h"
#include "db/engine.h"
#include "db/query_plan.h"

namespace blazedb {
namespace {

// Runs one operation; outside a transaction, as a transaction of its own.
template <class Body>
auto within(db::Engine& engine, db::Changes* open, Body&& body) {
  return base::typed([&] {
    if (open) return open->operation([&] { return body(*open); });
    std::optional<decltype(body(*open))> result;
    engine.write([&](db::Changes& changes) { result = body(changes); });
    return std::move(*result);
  });
}

const db::Snapshot& snapshotOf(const db::Engine& engine, const db::Changes* open) {
  return open ? *open : engine.snapshot();
}

// Runs an operation on several records.
template <class Body>
auto withinAsOne(db::Engine& engine, db::Changes* open, const std::string& collection, Body&& body) {
  if (open) return base::typed([&] { return open->several(collection, [&] { return body(*open); }); });
  return within(engine, open, body);
}

// Calls `change` for each record that matches: all are found before the first change. `find` may call the user.
template <class Find, class Change>
std::uint64_t changeMatching(db::Engine& engine, db::Changes* open, const std::string& collection, Find&& find,
                             Change&& change) {
  auto changeAll = [&](db::Changes& c, const std::vector<UUID>& ids) {
    for (const UUID& id : ids) change(c, id);
    return std::uint64_t{ids.size()};
  };
  if (!open) return within(engine, open, [&](db::Changes& c) { return changeAll(c, find(c)); });
  std::vector<UUID> ids = base::typed([&] { return find(*open); });
  return withinAsOne(engine, open, collection, [&](db::Changes& c) { return changeAll(c, ids); });
}

auto matching(const std::string& collection, const Predicate& where) {
  return [&](db::Changes& c) { return c.matching(collection, where); };
}

// A plan of the records for which an expression is true, in the open transaction.
db::QueryPlan planOf(std::shared_ptr<db::Engine> engine, const std::string& collection,
                     std::shared_ptr<db::Changes*> open, const std::string& expression, const Object& parameters) {
  db::QueryPlan plan{std::move(engine), collection, std::move(open)};
  if (!expression.empty() || !parameters.empty()) plan.where = db::bound(expression, parameters);
  return plan;
}

// To change records. An empty text may be a mistake of a caller that filled it in.
db::QueryPlan planToChange(std::shared_ptr<db::Engine> engine, const std::string& collection,
                           std::shared_ptr<db::Changes*> open, const std::string& where, const Object& parameters) {
  if (where.empty())
    throw Error(ErrorCode::InvalidArgument, "the expression is empty; write \"true\" to change every record");
  return planOf(std::move(engine), collection, std::move(open), where, parameters);
}

// The ids of a plan's records.
auto matching(db::QueryPlan plan) {
  return [plan = std::move(plan)](db::Changes& c) mutable {
    plan.changes = c.handle();
    return db::Scan(plan).ids();
  };
}

}  // namespace

// Not in the header: there gcc 12 warns in the caller that a moved optional may be uninitialized.
Fetched::Fetched(std::optional<Record> record) : record_(std::move(record)) {}
Record Fetched::take() { return std::move(*record_); }
Record Fetched::value() && { return std::move(record_.value()); }
Record Fetched::value_or(Record other) const& {
  if (record_) return *record_;
  return other;
}
Fetched::operator std::optional<Record>() const& { return record_; }
Fetched::operator std::optional<Record>() && { return std::move(record_); }
bool operator==(const Fetched& a, const std::optional<Record>& b) { return a.record_ == b; }

Records::Records(std::shared_ptr<db::Engine> engine, std::string collection, std::shared_ptr<db::Changes*> changes)
    : engine_(std::move(engine)), collection_(std::move(collection)), changes_(std::move(changes)) {}

db::Changes* Records::open() const {
  if (changes_ && !*changes_)
    throw Error(
        ErrorCode::Misuse,
        "the transaction to which this belongs has ended; a Transaction, its collections and its queries cannot be "
        "used after it");
  return changes_ ? *changes_ : nullptr;
}

UUID Records::insert(const Record& record) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.insert(collection_, std::nullopt, record); });
}

UUID Records::insert(const UUID& id, const Record& record) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.insert(collection_, id, record); });
}

std::vector<UUID> Records::insertMany(const std::vector<Record>& records, const InsertOptions& options) {
  return withinAsOne(*engine_, open(), collection_, [&](db::Changes& c) {
    std::vector<UUID> ids;
    ids.reserve(records.size());
    for (const Record& record : records) ids.push_back(c.insertOr(options.onConflict, collection_, record));
    return ids;
  });
}

Fetched Records::fetch(const UUID& id) const {
  return base::typed([&] { return snapshotOf(*engine_, open()).fetch(collection_, id); });
}

std::vector<std::optional<Record>> Records::fetchMany(const std::vector<UUID>& ids) const {
  return base::typed([&] { return snapshotOf(*engine_, open()).fetchMany(collection_, ids); });
}

std::vector<Record> Records::fetchAll() const {
  std::vector<Record> all;
  forEach([&](const Record& record) {
    all.push_back(record);
    return true;
  });
  return all;
}

void Records::forEach(const std::function<bool(const Record&)>& visit) const {
  base::typed([&] { snapshotOf(*engine_, open()).forEach(collection_, visit); });
}

Query Records::query(const std::string& expression, const Object& parameters) const {
  return base::typed([&] {
    return Query(std::make_shared<const db::QueryPlan>(planOf(engine_, collection_, changes_, expression, parameters)));
  });
}

std::uint64_t Records::count() const {
  return base::typed([&] { return snapshotOf(*engine_, open()).count(collection_); });
}

void Records::update(const UUID& id, const Record& record) {
  within(*engine_, open(), [&](db::Changes& c) { return c.update(collection_, id, record), true; });
}

void Records::updateFields(const UUID& id, const Record& fields) {
  within(*engine_, open(), [&](db::Changes& c) { return c.updateFields(collection_, id, fields), true; });
}

void Records::updateFields(const UUID& id, std::initializer_list<FieldChange> changes) {
  within(*engine_, open(),
         [&](db::Changes& c) { return c.updateFields(collection_, id, db::toChange(changes)), true; });
}

Value Records::increment(const UUID& id, const std::string& field, Increment by) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.increment(collection_, id, field, by.by()); });
}

void Records::unset(const UUID& id, const std::vector<std::string>& fields) {
  within(*engine_, open(), [&](db::Changes& c) { return c.unset(collection_, id, fields), true; });
}

std::uint64_t Records::updateMany(const Predicate& where, const Record& fields) {
  return changeMatching(*engine_, open(), collection_, matching(collection_, where),
                        [&](db::Changes& c, const UUID& id) { c.updateFields(collection_, id, fields); });
}

std::uint64_t Records::updateMany(const std::string& where, const Object& parameters, const Record& fields) {
  db::QueryPlan plan = base::typed(planToChange, engine_, collection_, changes_, where, parameters);
  return changeMatching(*engine_, open(), collection_, matching(std::move(plan)),
                        [&](db::Changes& c, const UUID& id) { c.updateFields(collection_, id, fields); });
}

std::uint64_t Records::updateMany(const std::string& where, const Record& fields) {
  return updateMany(where, {}, fields);
}

bool Records::upsert(const UUID& id, const Record& record) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.upsert(collection_, id, record); });
}

UUID Records::upsert(const Record& record) {
  if (!record.id()) return insert(record);
  upsert(*record.id(), record);
  return *record.id();
}

bool Records::upsertFields(const UUID& id, const Record& fields) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.upsertFields(collection_, id, fields); });
}

bool Records::upsertFields(const UUID& id, std::initializer_list<FieldChange> changes) {
  return within(*engine_, open(),
                [&](db::Changes& c) { return c.upsertFields(collection_, id, db::toChange(changes)); });
}

std::vector<UUID> Records::upsertMany(const std::vector<Record>& records) {
  return insertMany(records, {OnConflict::replace});
}

UUID Records::key(std::string_view name) const {
  static const UUID space = UUID::parse("95757045-e6f2-4ea8-b2f9-80dd4bed69db").value();
  return UUID::fromName(UUID::fromName(space, collection_), name);
}

bool Records::remove(const UUID& id) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.remove(collection_, id); });
}

std::uint64_t Records::removeMany(const Predicate& where) {
  return changeMatching(*engine_, open(), collection_, matching(collection_, where),
                        [&](db::Changes& c, const UUID& id) { c.remove(collection_, id); });
}

std::uint64_t Records::removeMany(const std::string& where, const Object& parameters) {
  db::QueryPlan plan = base::typed(planToChange, engine_, collection_, changes_, where, parameters);
  return changeMatching(*engine_, open(), collection_, matching(std::move(plan)),
                        [&](db::Changes& c, const UUID& id) { c.remove(collection_, id); });
}

std::uint64_t Records::removeMany(const std::vector<UUID>& ids) {
  return withinAsOne(*engine_, open(), collection_, [&](db::Changes& c) {
    std::uint64_t removed = 0;
    for (const UUID& id : ids) removed += c.remove(collection_, id) ? 1 : 0;
    return removed;
  });
}

bool Records::purge(const UUID& id) {
  return within(*engine_, open(), [&](db::Changes& c) { return c.purge(collection_, id); });
}

void Records::requireNoTransaction() const {
  if (changes_)
    throw Error(ErrorCode::Misuse,
                "indexes, observers and team fields belong to the database; call this outside of a transaction");
}

void Records::createIndex(const std::string& name, const std::vector<std::string>& expressions,
                          const IndexOptions& options) {
  base::typed([&] {
    requireNoTransaction();
    engine_->indexes().create(collection_, {name, expressions, options.unique, options.where}, options.progress);
  });
}

void Records::createFullTextIndex(const std::string& name, const std::vector<std::string>& expressions,
                                  const FullTextOptions& options) {
  base::typed([&] {
    requireNoTransaction();
    IndexInfo info{name, expressions};
    info.isFullText = true;
    info.fullText = options;
    info.fullText.progress = {};
    engine_->indexes().create(collection_, info, options.progress);
  });
}

std::vector<IndexInfo> Records::indexes() const {
  return base::typed(&db::IndexKeeper::of, engine_->indexes(), collection_);
}

void Records::dropIndex(const std::string& name) {
  base::typed([&] {
    requireNoTransaction();
    engine_->indexes().drop(collection_, name);
  });
}

void Records::setTeamField(const std::string& field) {
  base::typed([&] {
    requireNoTransaction();
    engine_->rights().setTeamField(collection_, field);
  });
}

std::string Records::teamField() const { return base::typed(&db::Rights::teamField, engine_->rights(), collection_); }

Subscription Records::observe(std::function<void(const std::vector<RecordChange>&)> callback) const {
  return base::typed([&] {
    requireNoTransaction();
    return engine_->observers().observe(collection_, std::move(callback));
  });
}

std::vector<Duplicate> Records::duplicates(const std::string& index) const {
  return base::typed(&db::IndexKeeper::duplicates, engine_->indexes(), collection_, index);
}

Collection Transaction::collection(const std::string& name) {
  return base::typed([&] {
    base::requireName(name, "collection");
    return Collection(engine_, name, changes_);
  });
}

}  // namespace blazedb
