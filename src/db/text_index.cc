#include "db/text_index.h"

#include <algorithm>
#include <utility>

#include "blazedb/error.h"
#include "db/index.h"
#include "query/key_ranges.h"

namespace blazedb {

std::string searchFor(std::string_view typed) {
  std::string search;
  auto isSpace = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  for (auto at = typed.begin(); at != typed.end();) {
    auto begin = std::find_if_not(at, typed.end(), isSpace);
    at = std::find_if(begin, typed.end(), isSpace);
    if (begin == at) break;
    search += search.empty() ? "\"" : " \"";
    for (; begin != at; ++begin) search += *begin == '"' ? "\"\"" : std::string(1, *begin);
    search += '"';
  }
  return search.empty() ? search : search + "*";
}

namespace db {
namespace {

constexpr unsigned kPrefixMax = 32;
constexpr unsigned kExcerptWordsMax = 64;

std::string tokenizerOf(const FullTextOptions& options) {
  if (options.tokenizer == FullTextOptions::Tokenizer::trigram) return "trigram";
  // Marks belong to words. By default FTS5 splits Hindi words at their vowel signs, and finds others.
  return std::string("unicode61 remove_diacritics ") + (options.removeDiacritics ? "2" : "0") +
         " categories ''L* N* Co M*''";
}

std::string textOf(const std::string& expression, const std::string& of) {
  return "CAST(" + callOf("index_text", {expression}, of) + " AS TEXT)";
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : between) + part;
  return all;
}

}  // namespace

TextIndex::TextIndex(std::int64_t number, std::int64_t collection, IndexInfo info)
    : number_(number), collection_(collection), info_(std::move(info)), table_("words_" + std::to_string(number)) {
  indexExpressions(info_.expressions);
  for (unsigned length : info_.fullText.prefix)
    if (length == 0 || length > kPrefixMax)
      throw Error(ErrorCode::InvalidArgument, "a prefix is of 1 to " + std::to_string(kPrefixMax) + " characters");
  if (info_.fullText.prefix.size() > kPrefixMax)
    throw Error(ErrorCode::InvalidArgument, "there are too many lengths of prefixes");

  std::string view = "texts_" + std::to_string(number);
  std::vector<std::string> names = columns(), texts, olds, news, differ;
  for (std::size_t i = 0; i < names.size(); i++) {
    const std::string& expression = info_.expressions[i];
    texts.push_back(textOf(expression, "") + " AS " + names[i]);
    olds.push_back(textOf(expression, "old."));
    news.push_back(textOf(expression, "new."));
    differ.push_back(callOf("index_text", {expression}, "old.") + " IS NOT " +
                     callOf("index_text", {expression}, "new."));
  }
  std::string prefixes;
  for (unsigned length : info_.fullText.prefix) prefixes += (prefixes.empty() ? "" : " ") + std::to_string(length);
  std::string list = joined(names, ", "), is = std::to_string(collection);
  std::string insert = "INSERT INTO " + table_ + "(rowid, " + list + ") SELECT new.row, " + joined(news, ", ") +
                       " WHERE new.flags & 1; ";
  std::string remove = "INSERT INTO " + table_ + "(" + table_ + ", rowid, " + list + ") SELECT 'delete', old.row, " +
                       joined(olds, ", ") + " WHERE old.flags & 1; ";
  create_ = "CREATE VIEW " + view + " AS SELECT row, " + joined(texts, ", ") +
            " FROM records WHERE collection = " + is + " AND flags & 1; ";
  create_ += "CREATE VIRTUAL TABLE " + table_ + " USING fts5(" + list + ", content='" + view +
             "', content_rowid='row', tokenize='" + tokenizerOf(info_.fullText) + "'" +
             (prefixes.empty() ? "" : ", prefix='" + prefixes + "'") + "); ";
  create_ += "INSERT INTO " + table_ + "(rowid, " + list + ") SELECT row, " + list + " FROM " + view + "; ";
  create_ += "CREATE TRIGGER " + table_ + "_insert AFTER INSERT ON records WHEN new.collection = " + is + " BEGIN " +
             insert + "END; ";
  create_ += "CREATE TRIGGER " + table_ + "_delete AFTER DELETE ON records WHEN old.collection = " + is + " BEGIN " +
             remove + "END; ";
  create_ +=
      "CREATE TRIGGER " + table_ + "_update AFTER UPDATE OF flags, fields ON records WHEN old.collection = " + is +
      " AND ((old.flags & 1) <> (new.flags & 1) OR " + joined(differ, " OR ") + ") BEGIN " + remove + insert + "END;";
  for (const char* trigger : {"_insert", "_delete", "_update"}) drop_ += "DROP TRIGGER " + table_ + trigger + "; ";
  drop_ += "DROP TABLE " + table_ + "; DROP VIEW " + view + ";";
  check_ = "INSERT INTO " + table_ + "(" + table_ + ", rank) VALUES('integrity-check', 1)";
}

// A search may name one, as in title:hello: so a field has its own name, if FTS5 can take it.
std::vector<std::string> TextIndex::columns() const {
  std::vector<std::string> names;
  for (const std::string& expression : info_.expressions) {
    bool isPlain = !expression.empty() && std::all_of(expression.begin(), expression.end(),
                                                      [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    bool isTaken = expression == "rank" || expression == "rowid" || expression == "row" ||
                   std::find(names.begin(), names.end(), expression) != names.end();
    names.push_back(isPlain && !isTaken ? "\"" + expression + "\"" : "c" + std::to_string(names.size()));
  }
  return names;
}

bool TextIndex::isSame(const TextIndex& other) const {
  const FullTextOptions &a = info_.fullText, &b = other.info_.fullText;
  auto ours = indexExpressions(info_.expressions), theirs = indexExpressions(other.info_.expressions);
  return a.tokenizer == b.tokenizer && a.removeDiacritics == b.removeDiacritics && a.prefix == b.prefix &&
         std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                    [](const auto& x, const auto& y) { return query::isSame(*x, *y); });
}

std::string TextIndex::records(const ExcerptOptions* excerpt, bool ordered) const {
  std::string shown = "NULL";
  if (excerpt) {
    int column = info_.expressions.size() == 1 ? 0 : -1;
    for (std::size_t i = 0; i < info_.expressions.size(); i++)
      if (info_.expressions[i] == excerpt->of) column = static_cast<int>(i);
    if (!excerpt->of.empty() && (column < 0 || info_.expressions[static_cast<std::size_t>(column)] != excerpt->of))
      throw Error(ErrorCode::InvalidArgument,
                  "the index '" + info_.name + "' has no expression '" + excerpt->of + "' to make excerpts of");
    if (excerpt->whole && column < 0)
      throw Error(ErrorCode::InvalidArgument, "an excerpt that is a whole text needs `of`, to say of which expression");
    if (excerpt->words == 0 || excerpt->words > kExcerptWordsMax)
      throw Error(ErrorCode::InvalidArgument, "an excerpt is of 1 to " + std::to_string(kExcerptWordsMax) + " words");
    std::string of = "(" + table_ + ", " + std::to_string(column) + ", ?2, ?3";
    shown = excerpt->whole ? "highlight" + of + ")" : "snippet" + of + ", ?4, " + std::to_string(excerpt->words) + ")";
  }
  return "SELECT r.id, r.fields, f.rank, " + shown + " FROM " + table_ +
         " f CROSS JOIN records r ON r.row = f.rowid WHERE f." + table_ + " MATCH ?1" +
         (ordered ? " ORDER BY f.rank" : "");
}

}  // namespace db
}  // namespace blazedb
