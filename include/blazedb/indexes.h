// Indexes: what a collection keeps sorted, so that a query need not look at every record.
//
//   users.createIndex("by_city_and_age", {"city", "age"});
//   users.createIndex("by_mail", {"lower(mail)"}, {.unique = true});
//   users.query("city = 'Oslo' AND age > 30").all();  // by the first one
//
// A query has the same result with an index and without. docs/query.md says which queries an index helps. Indexes
// belong to one file: a backup has them, and a sync does not send them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/progress.h"
#include "blazedb/record.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

struct IndexOptions {
  // No two records may have the same values, unless one of the values is null or missing. A local write that would
  // break this throws AlreadyExists. What comes from a peer is merged all the same, since neither database could know
  // of the other's record: duplicates() lists such records.
  bool unique = false;
  // Only the records for which this expression is true are in the index. A query uses such an index if it has the same
  // terms, joined by AND.
  std::string where = {};
  // Records are the unit.
  Progress progress = {};
};

// For createFullTextIndex: what a text is made of. A search finds records that have its words; case does not count.
struct FullTextOptions {
  enum class Tokenizer : std::uint8_t {
    // Letters, digits and the marks on them, in one piece. For languages that write words apart.
    words,
    // Every three characters in a row. Finds any part of a text of at least three characters, so also words in texts
    // without spaces, as in Chinese and Japanese. Takes several times the space.
    trigram,
  };
  Tokenizer tokenizer = Tokenizer::words;
  bool removeDiacritics = true;       // "resume" finds "résumé"; of words alone
  std::vector<unsigned> prefix = {};  // makes searches for beginnings of words of these lengths, 1 to 32, faster
  Progress progress = {};             // records are the unit
};

struct IndexInfo {
  std::string name;
  std::vector<std::string> expressions;
  bool unique = false;
  std::string where = {};
  bool isFullText = false;
  FullTextOptions fullText = {};  // without the progress
};

// A record that a search has found.
struct SearchHit {
  Record record;
  double score = 0;     // of two hits of one search the better one has the higher
  std::string excerpt;  // of its text, with the words that were found between marks
};

struct ExcerptOptions {
  std::string before = "[", after = "]";  // the marks
  std::string cut = "...";                // where text is left out
  unsigned words = 16;                    // at most so many, 1 to 64
  std::string of = {};                    // the expression of the index to show; empty: the one that fits best
  bool whole = false;                     // the whole text; needs `of`, or an index of one expression
};

// What a user has typed, as the text of a search for records that have all its words, or for the last one, words that
// begin with it. Nothing in it is an operator.
BLAZEDB_API std::string searchFor(std::string_view typed);

// Records that have the same values in a unique index.
struct Duplicate {
  Array values;
  std::vector<UUID> records;
};

// How a query was answered: see Query::explain.
struct Explanation {
  std::string index;         // by which the records were found; empty: it looked at every record of the collection
  bool sorted = false;       // the records had to be sorted; false: they came in their order
  std::uint64_t looked = 0;  // how many records it looked at
  std::uint64_t found = 0;   // how many are in the result
  // All of it in one line, for people.
  std::string text;
};

}  // namespace blazedb
