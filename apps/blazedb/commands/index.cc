// blazedb index: makes, lists and drops the indexes of a collection.
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct IndexCommand {
  std::string action;
  DatabaseArgument database;
  std::vector<std::string> words;  // of create and drop: the name, and the expressions
  std::string collection;
  bool unique = false;
  std::string where;
  bool text = false;
  bool trigrams = false;
  bool diacritics = false;
  std::vector<std::string> prefix;
  bool json = false;
};

int create(const IndexCommand& command) {
  if (command.words.size() < 2)
    throw UsageError("say what the index is of, for example: blazedb index create FILE by_city city age");
  if (!command.text && (command.trigrams || command.diacritics || !command.prefix.empty()))
    throw UsageError("--trigrams, --diacritics and --prefix go with --text");
  if (command.text && (command.unique || !command.where.empty()))
    throw UsageError("--unique and --where do not go with --text");
  FullTextOptions text;
  for (const std::string& each : command.prefix)
    text.prefix.push_back(static_cast<unsigned>(parseListNumber(each, "length", "--prefix 2,3")));
  Interrupt interrupt;
  Collection collection = collectionOf(openDatabase(command.database), command.collection);
  Progress progress = progressWith(interrupt, "indexing", "records");
  std::vector<std::string> expressions(command.words.begin() + 1, command.words.end());
  if (command.text) {
    if (command.trigrams) text.tokenizer = FullTextOptions::Tokenizer::trigram;
    text.removeDiacritics = !command.diacritics;
    text.progress = progress;
    collection.createFullTextIndex(command.words[0], expressions, text);
  } else {
    collection.createIndex(command.words[0], expressions, {command.unique, command.where, progress});
  }
  return kFine;
}

void printIndex(const std::string& collection, const IndexInfo& index, bool json) {
  if (json) {
    Array expressions;
    for (const std::string& each : index.expressions) expressions.emplace_back(each);
    Object object{{"collection", collection}, {"name", index.name}, {"expressions", std::move(expressions)}};
    object.set("fullText", index.isFullText);
    if (index.isFullText) {
      Array prefix;
      for (unsigned length : index.fullText.prefix) prefix.emplace_back(length);
      object.set("trigrams", index.fullText.tokenizer == FullTextOptions::Tokenizer::trigram);
      object.set("diacritics", !index.fullText.removeDiacritics);
      object.set("prefix", std::move(prefix));
    } else {
      object.set("unique", index.unique);
    }
    if (!index.where.empty()) object.set("where", index.where);
    return printJson(object);
  }
  std::string line = padRight(collection, 16) + " " + padRight(index.name, 16) + " ";
  for (std::size_t i = 0; i < index.expressions.size(); i++) line += (i > 0 ? ", " : "") + index.expressions[i];
  bool isTrigram = index.fullText.tokenizer == FullTextOptions::Tokenizer::trigram;
  if (index.isFullText) line += isTrigram ? "  (full text, trigrams)" : "  (full text)";
  if (index.unique) line += "  (unique)";
  if (!index.where.empty()) line += "  where " + index.where;
  printLine(line);
}

int list(const IndexCommand& command) {
  Database database = openDatabase(command.database, Use::read);
  bool any = false;
  for (const CollectionInfo& info : database.collections()) {
    if (!command.collection.empty() && info.name != command.collection) continue;
    for (const IndexInfo& index : database.collection(info.name).indexes()) {
      printIndex(info.name, index, command.json);
      any = true;
    }
  }
  if (!any && !command.json) printLine("no indexes");
  return kFine;
}

int run(const IndexCommand& command) {
  bool describes = command.unique || !command.where.empty() || command.text || command.trigrams || command.diacritics ||
                   !command.prefix.empty();
  if (describes && command.action != "create")
    throw UsageError("--unique, --where, --text and what goes with them are for create");
  if (command.action == "create") return create(command);
  if (command.action == "list") {
    if (!command.words.empty()) throw UsageError("list takes no name; it lists all indexes, or with -c those of one");
    return list(command);
  }
  if (command.words.size() != 1) throw UsageError("say which index to drop: blazedb index drop FILE NAME");
  collectionOf(openDatabase(command.database), command.collection).dropIndex(command.words[0]);
  return kFine;
}

}  // namespace

Run declareIndex(Arguments& arguments) {
  auto command = std::make_shared<IndexCommand>();  // shared with the parser, which fills it in
  arguments.requiredChoice("create|list|drop", {"create", "list", "drop"}, command->action, "what to do");
  addDatabase(arguments, command->database);
  arguments.optionalMany("NAME", command->words,
                         "for create and drop: the name of the index; for create, then the fields or expressions");
  addCollection(arguments, command->collection, "the collection of the index (default: default; for list: all)");
  arguments.flag("--unique", command->unique, "for create: no two records may have the same values");
  arguments.option("--where", "EXPRESSION", command->where, "for create: only these records are in the index");
  arguments.flag("--text", command->text, "for create: a full-text index, for query --match");
  arguments.flag("--trigrams", command->trigrams,
                 "for create --text: find any three characters, also in languages without spaces");
  arguments.flag("--diacritics", command->diacritics, "for create --text: tell e and é apart");
  arguments.names("--prefix", command->prefix,
                  "for create --text: lengths of beginnings of words that are looked for often, such as 2,3");
  addJson(arguments, command->json, "list as JSON, one index on each line");
  arguments.note(
      "An index makes queries faster and has no influence on their results; query --explain shows what it does for "
      "one. "
      "It belongs to the file and is not synced. A unique index refuses local writes; what a sync brings is kept, even "
      "if it has the same values.");
  arguments.example("blazedb index create shop.blazedb by_customer customer 'year(created)' -c orders");
  arguments.example("blazedb index create notes.blazedb words title body --text");
  arguments.example("blazedb index list shop.blazedb");
  arguments.example("blazedb index drop shop.blazedb by_customer -c orders");
  return [command] { return run(*command); };
}

}  // namespace blazedb::cli
