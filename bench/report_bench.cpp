// The report of 30 metrics x 3 arms x 120 days: goals 20 ms, 150 kB, 40 kB gzip. `bytes` and `gzip` are
// counters of the run.
//   build/bench/bench/report_bench

#include <benchmark/benchmark.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "reports/fixtures.hpp"
#include "reports/formats.hpp"

using namespace liftmark;

namespace {

/// Size of `text` as a web server's gzip would send it.
double gzipped(const std::string& text) {
  auto length = compressBound(static_cast<uLong>(text.size()));
  std::vector<Bytef> packed(length);
  compress2(packed.data(), &length, reinterpret_cast<const Bytef*>(text.data()),
            static_cast<uLong>(text.size()), 6);
  return static_cast<double>(length) + 12;  // gzip's head and tail are 12 bytes longer than zlib's
}

void render(benchmark::State& state, std::string format) {
  const Scorecard card = fixtures::large();
  const auto* row = reports::find_format(format);
  std::string page;
  for (auto _ : state) {
    page = row->render(card, {});
    benchmark::DoNotOptimize(page);
  }
  state.counters["bytes"] = static_cast<double>(page.size());
  state.counters["gzip"] = gzipped(page);
}
BENCHMARK_CAPTURE(render, html, "html")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(render, markdown, "markdown")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(render, text, "text")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(render, csv, "csv")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(render, json, "json")->Unit(benchmark::kMillisecond);

/// The floor beside it: the page's bytes copied once.
void copy_the_page(benchmark::State& state) {
  const std::string page = reports::find_format("html")->render(fixtures::large(), {});
  for (auto _ : state) benchmark::DoNotOptimize(std::string(page));
}
BENCHMARK(copy_the_page)->Unit(benchmark::kMillisecond);

}  // namespace
