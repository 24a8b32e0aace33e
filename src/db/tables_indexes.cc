#include "db/tables_indexes.h"

#include <utility>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/schema.h"

namespace blazedb::db {

const char kIndexTables[] = R"sql(
CREATE TABLE IF NOT EXISTS indexes(
  id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, name TEXT NOT NULL, definition BLOB NOT NULL,
  rules TEXT NOT NULL, UNIQUE(collection, name));
)sql";

namespace {

// The names of the members of a definition.
constexpr char kExpressions[] = "expressions", kUnique[] = "unique", kWhere[] = "where";
constexpr char kTrigrams[] = "trigrams", kDiacritics[] = "diacritics", kPrefix[] = "prefix";  // of full text

base::Bytes encoded(const IndexInfo& info) {
  Object definition;
  Array expressions, prefix;
  for (const std::string& each : info.expressions) expressions.emplace_back(each);
  for (unsigned each : info.fullText.prefix) prefix.emplace_back(static_cast<std::int64_t>(each));
  definition.set(kExpressions, std::move(expressions));
  if (info.isFullText) {
    definition.set(kTrigrams, info.fullText.tokenizer == FullTextOptions::Tokenizer::trigram);
    definition.set(kDiacritics, !info.fullText.removeDiacritics);
    definition.set(kPrefix, std::move(prefix));
  } else {
    definition.set(kUnique, info.unique);
    definition.set(kWhere, info.where);
  }
  base::Bytes bytes;
  if (std::optional<Error> error = codec::encodeFields(bytes, definition)) throw std::move(*error);
  return bytes;
}

IndexInfo decoded(std::string name, base::ByteView definition) {
  IndexInfo info;
  info.name = std::move(name);
  Object members;
  bool isSound = codec::decodeFields(definition, members);
  std::optional<Array> expressions = members.array(kExpressions), prefix = members.array(kPrefix);
  if (!isSound || !expressions)
    throw Error(ErrorCode::DamagedPage, "the index '" + info.name + "' cannot be read; restore the file from a backup");
  for (const Value& each : *expressions)
    if (const auto* text = each.as<std::string>()) info.expressions.push_back(*text);
  info.unique = members.boolean(kUnique).value_or(false);
  info.where = members.string(kWhere).value_or("");
  std::optional<bool> trigrams = members.boolean(kTrigrams);
  info.isFullText = trigrams.has_value();
  if (trigrams.value_or(false)) info.fullText.tokenizer = FullTextOptions::Tokenizer::trigram;
  info.fullText.removeDiacritics = !members.boolean(kDiacritics).value_or(false);
  if (!prefix) return info;
  for (const Value& each : *prefix)
    if (const auto* length = each.as<std::int64_t>()) info.fullText.prefix.push_back(static_cast<unsigned>(*length));
  return info;
}

}  // namespace

struct IndexTable::Stored {
  std::int64_t number = 0, collection = 0;
  std::string rules;
  IndexInfo info;

  Index sorted() const { return {number, collection, info}; }
  TextIndex texts() const { return {number, collection, info}; }
};

std::vector<IndexTable::Stored> IndexTable::stored() {
  Use select = statements_.use("SELECT id, collection, rules, name, definition FROM indexes ORDER BY collection, name");
  std::vector<Stored> all;
  while (select->step())
    all.push_back({select->integer(0), select->integer(1), std::string(select->text(2)),
                   decoded(std::string(select->text(3)), select->blob(4))});
  return all;
}

Indexes IndexTable::all() {
  Indexes all;
  // A file of an earlier version that is open for reading has no table.
  Use exists = statements_.use("SELECT 1 FROM sqlite_schema WHERE name = 'indexes'");
  if (!exists->step()) return all;
  for (const Stored& each : stored())
    if (each.rules != indexRules())
      continue;
    else if (each.info.isFullText)
      all.texts.push_back(std::make_shared<const TextIndex>(each.texts()));
    else
      all.sorted.push_back(std::make_shared<const Index>(each.sorted()));
  return all;
}

std::int64_t IndexTable::add(std::int64_t collection, const IndexInfo& info) {
  {
    base::Bytes definition = encoded(info);
    std::string rules = indexRules();
    Use insert = statements_.use("INSERT INTO indexes(collection, name, definition, rules) VALUES(?1, ?2, ?3, ?4)");
    insert->bind(1, collection).bindText(2, info.name).bindBlob(3, definition).bindText(4, rules).run();
  }
  std::int64_t number = statements_.connection().lastInsertRow();
  Stored added{number, collection, "", info};
  statements_.connection().execute((info.isFullText ? added.texts().create() : added.sorted().create()).c_str());
  return number;
}

void IndexTable::erase(const Stored& stored) {
  statements_.forgetMade();
  statements_.connection().execute((stored.info.isFullText ? stored.texts().drop() : stored.sorted().drop()).c_str());
  statements_.use("DELETE FROM indexes WHERE id = ?1")->bind(1, stored.number).run();
}

void IndexTable::remove(std::int64_t number) {
  for (const Stored& each : stored())
    if (each.number == number) erase(each);
}

std::vector<std::string> IndexTable::check() {
  std::vector<std::string> faults;
  for (const Stored& each : stored()) {
    if (!each.info.isFullText) continue;
    try {
      statements_.connection().execute(each.texts().check().c_str());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::DamagedPage) throw;
      faults.push_back("the full-text index '" + each.info.name +
                       "' does not fit the records; drop it and make it again");
    }
  }
  return faults;
}

bool IndexTable::hasOutdated() {
  for (const Stored& each : stored())
    if (each.rules != indexRules()) return true;
  return false;
}

void IndexTable::renewOutdated() {
  for (const Stored& each : stored()) {
    if (each.rules == indexRules()) continue;
    erase(each);
    add(each.collection, each.info);
  }
}

}  // namespace blazedb::db
