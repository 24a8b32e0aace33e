#include "iso_tables.h"

#include <filesystem>
#include <utility>

#include "blazedb/error.h"
#include "codec/json.h"
#include "text_input.h"

namespace blazedb::cli {
namespace {

constexpr const char* kFolder = "/usr/share/iso-codes/json/";

// Each file is one object. It has one array of objects, named by the number of the standard.
std::vector<Record> readTable(const std::string& standard) {
  std::string path = kFolder + ("iso_" + standard + ".json");
  if (!std::filesystem::exists(path))
    throw Error(ErrorCode::NotFound, "the demo needs the ISO tables of the package iso-codes, and there is no " + path +
                                         "; run apt-get install iso-codes");
  std::string text = TextInput({.path = path, .unit = "the table"}).rest();
  Value content = codec::valueFromJson(text);
  const Object* object = content.as<Object>();
  const Value* rows = object ? object->find(standard) : nullptr;
  const Array* array = rows ? rows->as<Array>() : nullptr;
  if (!array) throw Error(ErrorCode::InvalidArgument, path + " is not a table of ISO " + standard);
  std::vector<Record> records;
  for (const Value& row : *array)
    if (const Object* fields = row.as<Object>()) records.emplace_back(*fields);
  return records;
}

}  // namespace

std::vector<IsoTable> readIsoTables() {
  std::vector<IsoTable> tables;
  for (auto [collection, standard] :
       {std::pair("countries", "3166-1"), std::pair("subdivisions", "3166-2"), std::pair("languages", "639-3")})
    tables.push_back({collection, readTable(standard)});
  return tables;
}

}  // namespace blazedb::cli
