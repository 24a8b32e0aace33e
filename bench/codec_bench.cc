// What a record costs between the file, the wire and the program: ten fields, 168 bytes as CBOR, 213 as JSON.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "codec/fields.h"
#include "codec/json.h"

namespace blazedb::codec {
namespace {

const Object kReading{{"type", "reading"},
                      {"seq", 4711},
                      {"ts", 1763800000000004711},
                      {"name", "item-00004711"},
                      {"owner", "user-06409"},
                      {"city", "Springfield"},
                      {"temp", 71.35},
                      {"active", false},
                      {"tag", "52d2b8b8a2b9d0f1"},
                      {"note", "c1e0f4f5a0b34c9e8d77665544332211"}};

base::Bytes encodedReading() {
  base::Bytes out;
  if (encodeFields(out, kReading)) std::abort();
  return out;
}

void encode(benchmark::State& state) {
  base::Bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(encodeFields(out, kReading));
  }
}
BENCHMARK(encode);

void check(benchmark::State& state) {
  base::Bytes bytes = encodedReading();
  for (auto _ : state) {
    FieldsReader reader(bytes);
    while (reader.next()) {
    }
    benchmark::DoNotOptimize(reader.ok());
  }
}
BENCHMARK(check);

void decode(benchmark::State& state) {
  base::Bytes bytes = encodedReading();
  Object fields;
  for (auto _ : state) benchmark::DoNotOptimize(decodeFields(bytes, fields));
}
BENCHMARK(decode);

void writeJson(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(recordToJson(kReading, std::nullopt));
}
BENCHMARK(writeJson);

void readJson(benchmark::State& state) {
  std::string json = recordToJson(kReading, std::nullopt);
  for (auto _ : state) benchmark::DoNotOptimize(recordFromJson(json));
}
BENCHMARK(readJson);

}  // namespace
}  // namespace blazedb::codec
