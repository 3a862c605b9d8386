// Aggregation from a store against the in-memory limit: the same question (six metrics and a pre-period
// covariate over one experiment with three arms, one unit in six never exposed) answered by one loop over
// user-clustered arrays. Limit on two cores: 0.20-0.29 s for 20M events; goal: within 6 times of it, same
// run, same threads.
//   LIFTMARK_BENCH_EVENTS=20000000 build/bench/bench/aggregate_bench
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "engine/aggregate/aggregate.hpp"
#include "engine/record/recorder.hpp"

namespace {

using namespace liftmark;

constexpr const char* kCatalog = R"({"schema": "liftmark.catalog/1", "metrics": [
  {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7},
  {"key": "revenue", "kind": "mean", "numerator": {"event": "purchase"}, "window_days": 7, "cap": {"percentile": 0.99},
   "covariate": {"lookback_days": 7}},
  {"key": "orders", "kind": "count", "numerator": {"event": "purchase"}, "window_days": 7},
  {"key": "ctr", "kind": "ratio", "numerator": {"event": "click"}, "denominator": {"event": "view"}, "window_days": 7},
  {"key": "views", "kind": "count", "numerator": {"event": "view"}, "window_days": 7, "covariate": {"lookback_days": 7}},
  {"key": "back", "kind": "retention", "numerator": {"event": ["view", "click", "purchase"]},
   "retention": {"kind": "on_day", "day": 7}}],
  "experiments": [{"key": "ranking", "arms": [{"key": "a", "role": "control"}, {"key": "b"}, {"key": "c"}],
  "hashing": {"salt": "ranking-1"}, "plan": {"primary": ["revenue"],
  "secondary": ["conversion", "orders", "ctr", "views", "back"]}}]})";
constexpr std::array<const char*, 4> kTypes{"view", "click", "add_to_cart", "purchase"};
constexpr std::array<const char*, 3> kArms{"a", "b", "c"};
constexpr Micros kStart = 1'767'225'600'000'000;  // 2026-01-01
constexpr Micros kExperiment = kStart + 7 * kMicrosPerDay;

struct Row {
  std::uint32_t unit = 0;
  std::uint8_t type = 0;
  Micros at = 0;
  Millionths value = 0;
};

struct Shop {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("liftmark-bench-" + std::to_string(::getpid()));
  std::vector<Row> rows;  // by unit, then time
  std::vector<Micros> first;
  std::vector<std::uint8_t> arm;
  Catalog catalog = parse_catalog(kCatalog);

  Shop() {
    const char* wanted = std::getenv("LIFTMARK_BENCH_EVENTS");
    make(wanted ? static_cast<std::size_t>(std::atoll(wanted)) : 1'000'000);
    std::filesystem::create_directories(folder);
    record();
  }
  ~Shop() { std::filesystem::remove_all(folder); }
  std::filesystem::path path() const { return folder / "shop.db"; }

  void make(std::size_t events) {
    std::mt19937_64 random(1);
    const std::size_t units = std::max<std::size_t>(events / 8, 10);
    const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    for (std::size_t unit = 0; unit < units; ++unit) {
      const bool exposed = random() % 6 != 0;
      first.push_back(exposed ? kExperiment + static_cast<Micros>(uniform() * 14) * kMicrosPerDay : 0);
      arm.push_back(static_cast<std::uint8_t>(random() % 3));
    }
    std::lognormal_distribution<double> money(4, 0.9);
    for (std::size_t i = 0; i < events; ++i) {
      Row row{.unit = static_cast<std::uint32_t>(uniform() * uniform() * static_cast<double>(units)),
              .at = kStart + static_cast<Micros>(uniform() * 21 * static_cast<double>(kMicrosPerDay))};
      const double draw = uniform();
      row.type = draw < 0.03 ? 3 : draw < 0.1 ? 2 : draw < 0.3 ? 1 : 0;
      if (row.type == 3) row.value = std::llround(money(random) * 1e6);
      rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.at < b.at; });
  }

  void record() {
    Store store = Store::create(path());
    store.put_catalog(catalog.text, catalog.digest);
    Recorder recorder(store, {.oldest = 100'000 * kMicrosPerDay, .newest = 100'000 * kMicrosPerDay});
    Batch batch("bench");
    const auto send = [&](bool last) {
      if (batch.size() < 10'000 && !last) return;
      recorder.record(batch);
      batch.clear();
    };
    for (std::size_t unit = 0; unit < first.size(); ++unit) {
      if (first[unit] == 0) continue;
      const std::string id = "u" + std::to_string(unit);
      batch.add(Exposure{.id = {},
                         .experiment = "ranking",
                         .unit = id,
                         .arm = kArms[arm[unit]],
                         .at = first[unit],
                         .recorded_at = first[unit],
                         .attributes = {},
                         .propensity = {}});
      send(false);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::string unit = "u" + std::to_string(rows[i].unit);
      const std::string id = "e" + std::to_string(i);
      batch.add(Event{.id = id,
                      .unit = unit,
                      .type = kTypes[rows[i].type],
                      .at = rows[i].at,
                      .recorded_at = rows[i].at,
                      .value = rows[i].value,
                      .reference = {},
                      .properties = {}});
      send(false);
    }
    send(true);
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.unit < b.unit; });
  }
};

const Shop& shop() {
  static const Shop shop;
  return shop;
}

void from_store(benchmark::State& state) {
  const Shop& data = shop();
  for (auto _ : state) {
    const Reader reader(data.path());
    benchmark::DoNotOptimize(aggregate(reader, data.catalog, "ranking",
                                       {.threads = static_cast<int>(state.range(0)), .segments = {}}));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data.rows.size()));
}
BENCHMARK(from_store)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

/// One thread over arrays in memory: unit totals and double sums, no maturity, days or strata.
void in_memory_limit(benchmark::State& state) {
  const Shop& data = shop();
  for (auto _ : state) {
    std::array<std::array<double, 12>, 3> sums{};
    for (std::size_t i = 0; i < data.rows.size();) {
      const std::uint32_t unit = data.rows[i].unit;
      double views = 0, clicks = 0, orders = 0, revenue = 0, before = 0, back = 0;
      for (; i < data.rows.size() && data.rows[i].unit == unit; ++i) {
        const Row& row = data.rows[i];
        const Micros since = row.at - data.first[unit];
        if (since >= 0 && since < 7 * kMicrosPerDay) {
          views += row.type == 0;
          clicks += row.type == 1;
          orders += row.type == 3;
          revenue += static_cast<double>(row.value);
        } else if (since >= 0 && since < 8 * kMicrosPerDay) {
          back = 1;
        } else if (since < 0 && since >= -7 * kMicrosPerDay) {
          before += static_cast<double>(row.value);
        }
      }
      if (data.first[unit] == 0) continue;
      auto& s = sums[data.arm[unit]];
      const std::array<double, 12> added{
          1,      orders > 0 ? 1.0 : 0.0, orders, revenue,         revenue * revenue, views,
          clicks, views * clicks,         before, before * before, before * revenue,  back};
      for (std::size_t k = 0; k < added.size(); ++k) s[k] += added[k];
    }
    benchmark::DoNotOptimize(sums);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data.rows.size()));
}
BENCHMARK(in_memory_limit)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
