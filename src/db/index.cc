#include "db/index.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "blazedb/error.h"
#include "codec/text.h"
#include "db/columns.h"
#include "query/functions.h"
#include "query/key_ranges.h"
#include "query/sort_key.h"
#include "query/walk.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kExpressionsMax = 16;
// Counts up when keys change.
constexpr int kKeyFormat = 1;

std::unique_ptr<const query::Bound> parsed(const std::string& expression) {
  auto bound = std::make_unique<const query::Bound>(query::parse(expression), Object());
  std::string shown = "'" + codec::printable(expression) + "'";
  if (bound->usesTime())
    throw Error(ErrorCode::InvalidArgument,
                "an index cannot look at the time, and " + shown + " does with now(): index the field instead");
  if (bound->fields().empty())
    throw Error(ErrorCode::InvalidArgument, "an index is of fields, and " + shown + " names none");
  return bound;
}

// Any bytes as a literal.
std::string literal(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string made = "x'";
  for (unsigned char c : text) made.append({kDigits[c >> 4], kDigits[c & 15]});
  return made + "'";
}

// A text, or the texts of an array, each on a line. Returns false if it is neither.
bool appendText(base::Bytes& out, const query::Operand& value) {
  if (value.type() == query::Operand::Type::text) {
    out.insert(out.end(), value.bytes().begin(), value.bytes().end());
    return true;
  }
  if (value.type() != query::Operand::Type::array) return false;
  for (query::Elements elements(value.bytes()); elements.next();) {
    std::size_t before = out.size();
    if (before > 0 && out.back() != '\n') out.push_back('\n');
    if (!appendText(out, elements.value())) out.resize(before);
  }
  return true;
}

}  // namespace

std::vector<std::unique_ptr<const query::Bound>> indexExpressions(const std::vector<std::string>& expressions) {
  if (expressions.empty() || expressions.size() > kExpressionsMax)
    throw Error(ErrorCode::InvalidArgument,
                "an index is of 1 to " + std::to_string(kExpressionsMax) + " fields or expressions");
  std::vector<std::unique_ptr<const query::Bound>> bounds;
  for (const std::string& each : expressions) bounds.push_back(parsed(each));
  return bounds;
}

std::string callOf(const char* function, const std::vector<std::string>& expressions, const std::string& of) {
  std::string call = std::string(function) + "(" + of + "id, " + of + "fields";
  for (const std::string& each : expressions) call += ", " + literal(each);
  return call + ")";
}

Index::Index(std::int64_t number, std::int64_t collection, IndexInfo info)
    : number_(number), collection_(collection), info_(std::move(info)), bounds_(indexExpressions(info_.expressions)) {
  for (const auto& each : bounds_) expressions_.push_back(each.get());
  if (!info_.where.empty()) where_ = parsed(info_.where);

  std::string name = "index_" + std::to_string(number), key = callOf("index_key", info_.expressions);
  std::string part = "collection = " + std::to_string(collection) + " AND flags & 1";
  if (where_) part += " AND " + callOf("index_has", {info_.where}) + " NOTNULL";
  std::string among = " FROM records INDEXED BY " + name + " WHERE " + key + " >= ?1 AND " + key + " < ?2 AND " + part;
  std::string range = among + " ORDER BY " + key;
  create_ = "CREATE INDEX " + name + " ON records(" + key + ") WHERE " + part;
  drop_ = "DROP INDEX " + name;
  records_ = "SELECT id, fields" + range;
  recordsBackwards_ = records_ + " DESC";
  keys_ = "SELECT " + key + range;
  notGiven_ = "SELECT row" + among +
              " AND NOT EXISTS(SELECT 1 FROM deliveries d WHERE d.importer = ?3 AND d.row = records.row)";
}

bool Index::isSame(const Index& other) const {
  bool hasSameWhere = where_ && other.where_ ? query::isSame(*where_, *other.where_) : !where_ && !other.where_;
  return hasSameWhere && info_.unique == other.info_.unique &&
         std::equal(expressions_.begin(), expressions_.end(), other.expressions_.begin(), other.expressions_.end(),
                    [](const query::Bound* a, const query::Bound* b) { return query::isSame(*a, *b); });
}

std::optional<base::Bytes> Index::valuesOf(const UUID& id, base::ByteView fields) const {
  if (where_ && !query::Evaluator(*where_, {}).matches(id, fields)) return std::nullopt;
  base::Bytes key;
  for (const query::Bound* each : expressions_) {
    query::Evaluator evaluator(*each, {});
    query::Operand value = evaluator.value(id, fields);
    if (value.isUnknown()) return std::nullopt;
    query::appendSortKey(key, value);
  }
  return key;
}

std::vector<UUID> SameValues::next(base::ByteView key) {
  std::size_t at = 0;
  bool isUnknown = false;
  for (std::size_t i = 0; i < index_.expressions().size(); i++) {
    isUnknown = isUnknown || query::isKeyOfUnknown(key.subspan(at));
    at += query::sortKeyBytes(key.subspan(at));
  }
  std::vector<UUID> before;
  if (isUnknown || !base::equal(values_, key.first(at))) before = end();
  if (isUnknown) return before;
  values_.assign(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(at));
  records_.push_back(uuidOf(key.subspan(at)));
  return before;
}

std::vector<UUID> SameValues::end() {
  std::vector<UUID> records = std::exchange(records_, {});
  return records.size() > 1 ? records : std::vector<UUID>();
}

// The expressions that a connection has met, ready to be evaluated.
struct IndexFunctions::State {
  struct Compiled {
    explicit Compiled(std::string_view text) : bound(query::parse(text), Object()), evaluator(bound, {}) {}
    query::Bound bound;
    query::Evaluator evaluator;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::unique_ptr<Compiled>, Hash, std::equal_to<>> compiled;
  base::Bytes key;
  std::uint64_t calls = 0;

  query::Operand value(base::ByteView expression, const UUID& id, base::ByteView fields) {
    auto known = compiled.find(base::textOf(expression));
    if (known == compiled.end()) {
      auto fresh = std::make_unique<Compiled>(base::textOf(expression));
      known = compiled.emplace(base::textOf(expression), std::move(fresh)).first;
    }
    return known->second->evaluator.value(id, fields);
  }
};

IndexFunctions::IndexFunctions(storage::Connection& connection) : state_(std::make_shared<State>()) {
  connection.define("index_key", [state = state_](std::span<const base::ByteView> arguments) {
    UUID id = uuidOf(arguments[0]);
    state->key.clear();
    for (base::ByteView expression : arguments.subspan(2))
      query::appendSortKey(state->key, state->value(expression, id, arguments[1]));
    state->key.insert(state->key.end(), id.bytes.begin(), id.bytes.end());
    state->calls++;
    return std::optional<base::ByteView>(state->key);
  });
  connection.define("index_has", [state = state_](std::span<const base::ByteView> arguments) {
    bool has = state->value(arguments[2], uuidOf(arguments[0]), arguments[1]).isTrue();
    return has ? std::optional<base::ByteView>(base::ByteView()) : std::nullopt;
  });
  connection.define("index_text", [state = state_](std::span<const base::ByteView> arguments) {
    state->calls++;
    state->key.clear();
    bool has = appendText(state->key, state->value(arguments[2], uuidOf(arguments[0]), arguments[1]));
    return has ? std::optional<base::ByteView>(state->key) : std::nullopt;
  });
}

std::uint64_t IndexFunctions::calls() const { return state_->calls; }

std::string indexRules() { return std::to_string(kKeyFormat) + " " + query::unicodeVersion(); }

}  // namespace blazedb::db
