#include "query_arguments.h"

#include <cctype>

#include "codec/json.h"
#include "text.h"

namespace blazedb::cli {
namespace {

// NAME=VALUE; a value that is no JSON is a string.
Object readParameters(const std::vector<std::string>& given) {
  Object parameters;
  for (const std::string& each : given) {
    std::size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError("'" + each + "' is no parameter; write NAME=VALUE, for example min=30");
    std::string name = each.substr(0, equals), text = each.substr(equals + 1);
    if (name.starts_with('$')) name.erase(0, 1);
    if (parameters.contains(name)) throw UsageError("a value for $" + name + " is given twice");
    Value value(text);
    try {
      value = codec::valueFromJson(text);
    } catch (const Error& error) {
      // A word is a text. What can only be meant as JSON is not.
      bool isNumber = text.find_first_not_of("-0123456789") == std::string::npos && !text.empty();
      if (isNumber || text.starts_with('{') || text.starts_with('[') || text.starts_with('"'))
        throw UsageError("the value of $" + name + " is no JSON: " + messageOf(error));
    }
    parameters.set(std::move(name), std::move(value));
  }
  return parameters;
}

// "age" or "age:desc".
Query sorted(Query query, const std::vector<std::string>& by) {
  for (std::string each : by) {
    Order order = Order::ascending;
    std::size_t cut = each.find_last_of(": ");
    std::string ending = cut == std::string::npos ? "" : each.substr(cut + 1);
    for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (ending == "asc" || ending == "desc") {
      order = ending == "asc" ? Order::ascending : Order::descending;
      each.resize(cut);
    }
    query = query.orderBy(each, order);
  }
  return query;
}

}  // namespace

void addQuery(Arguments& arguments, QueryArguments& query) {
  addDatabase(arguments, query.database);
  arguments.optional("EXPRESSION", query.expression, "which records, for example 'age > 30' (default: all)");
  addCollection(arguments, query.collection, "the collection to ask (default: default)");
  arguments.list("--param", "NAME=VALUE", query.parameters,
                 "the value of $NAME in the expression, as JSON or as text; repeat the option for several");
  arguments.list("--sort", "FIELD[:desc]", query.sort,
                 "sort by this field or expression; repeat the option for several");
  arguments.number("--limit", "N", query.limit, "at most so many records");
  arguments.number("--offset", "N", query.offset, "leave out the first ones");
}

Query queryOf(const Database& database, const QueryArguments& arguments) {
  Object parameters = readParameters(arguments.parameters);
  Query query = existingCollection(database, arguments.collection).query(arguments.expression, parameters);
  query = sorted(query, arguments.sort).offset(arguments.offset);
  return arguments.limit ? query.limit(*arguments.limit) : query;
}

}  // namespace blazedb::cli
