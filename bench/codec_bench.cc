// The cost of encoding and decoding a record: ten fields, 168 bytes as CBOR, 213 as JSON.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "codec/fields.h"
#include "codec/json.h"
#include "measure.h"

namespace blazedb::codec {
namespace {

const Record kReading = bench::reading(4711);

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

// Not BENCHMARK_MAIN, which refuses the arguments of the other programs.
int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
