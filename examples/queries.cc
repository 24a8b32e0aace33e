// Queries: conditions, an order, pages, sums and groups.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database db = Database::open("People", "people.blazedb", "correct horse");
  Collection users = db.collection("users");
  users.insertMany({{{"name", "Ada"}, {"age", 36}, {"city", "London"}, {"tags", Array{"admin", "early"}}},
                    {{"name", "Bo"}, {"age", 28}, {"city", "Oslo"}},
                    {{"name", "Chi"}, {"age", 51}, {"city", "Oslo"}, {"tags", Array{"early"}}},
                    {{"name", "Dov"}, {"age", 44}, {"city", nullptr}}});

  // [query]
  Array cities{"Oslo", "London"};
  Query query = users.query("age > $min AND city IN $cities", {{"min", 30}, {"cities", cities}})
                    .orderBy("age", Order::descending)
                    .limit(10);
  for (const Record& user : query) std::cout << user.string("name").value() << "\n";  // Chi, Ada
  // [/query]
  bool right = query.count() == 2 && query.first()->string("name") == "Chi";

  // [more]
  users.query("name STARTS WITH 'a' NOCASE OR 'early' IN tags").all();    // Ada, Chi
  users.query("ANY tag IN tags SATISFIES length(tag) > 4 END").exists();  // true: "admin", "early"
  users.query("city IS NULL OR NOT EXISTS city").count();                 // 1: Dov
  users.query("created < now()").count();                                 // 0: no record has the field
  // [/more]
  right = right && users.query("name STARTS WITH 'a' NOCASE OR 'early' IN tags").count() == 2 &&
          users.query("city IS NULL OR NOT EXISTS city").count() == 1;

  // [where]
  users.query(field("age") > 30 && field("city").in({"Oslo", "London"})).count();          // 2
  users.query(field("name").startsWith("a").nocase() || !field("city").exists()).count();  // 1
  // [/where]
  right = right && users.query(field("age") > 30 && field("city").in({"Oslo", "London"})).count() == 2;

  // [sums]
  std::cout << *users.query().average("age") << "\n";  // 39.75
  for (const Object& group : users.query("EXISTS city")
                                 .groupBy({"city"})
                                 .aggregate({{"people", Aggregate::count()}, {"oldest", Aggregate::max("age")}}))
    std::cout << group.string("city").value_or("-") << " " << *group.integer("people")
              << "\n";  // - 1, London 1, Oslo 2
  // [/sums]
  right = right && users.query().average("age") == 39.75 && users.query().distinct("city").size() == 3;

  // [change]
  users.updateMany("age >= $age", {{"age", 50}}, {{"senior", true}});
  users.removeMany("city = 'Oslo' AND NOT EXISTS senior");  // Bo
  // [/change]
  right = right && users.count() == 3 && users.query("senior").first()->string("name") == "Chi";
  return right ? 0 : 1;
}
