// A report from a store beside its limit, the same question answered by a loop over user-clustered arrays in
// memory: six metrics and two pre-period covariates over one experiment with three arms, one unit in six
// never exposed. Goals: a first report within 6 times the limit (same run, same threads), a repeated one
// after 1% new events 10 times faster than the first, memory under 1 GB.
//
//   aggregate_bench FOLDER [--open] [--keep] [--report-only [--threads=2]] [--repeated-only]
//
// FOLDER holds the columns of the aggregation peers' generator (e_user, e_type, e_ts, e_amt, x_user, x_arm,
// x_ts: .bin) or, as "events=20000000", says how many events to make. The store is written to FOLDER (or the
// temporary folder) and removed afterwards; --keep leaves it and takes it up again. --open: not compacted.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/aggregate/aggregate.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/recorder.hpp"

namespace {

using namespace liftmark;
namespace fs = std::filesystem;

constexpr const char* kCatalog = R"({"schema": "liftmark.catalog/1", "metrics": [
  {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7, "maturity": "any"},
  {"key": "revenue", "kind": "mean", "numerator": {"event": "purchase"}, "window_days": 7, "cap": {"percentile": 0.99},
   "covariate": {"lookback_days": 7}, "maturity": "any"},
  {"key": "orders", "kind": "count", "numerator": {"event": "purchase"}, "window_days": 7, "maturity": "any"},
  {"key": "ctr", "kind": "ratio", "numerator": {"event": "click"}, "denominator": {"event": "view"}, "window_days": 7,
   "maturity": "any"},
  {"key": "views", "kind": "count", "numerator": {"event": "view"}, "window_days": 7, "covariate": {"lookback_days": 7},
   "maturity": "any"},
  {"key": "back", "kind": "retention", "numerator": {"event": ["view", "click", "add_to_cart", "purchase"]},
   "retention": {"kind": "on_day", "day": 7}}],
  "experiments": [{"key": "ranking", "arms": [{"key": "a", "role": "control"}, {"key": "b"}, {"key": "c"}],
  "hashing": {"salt": "ranking-1"}, "plan": {"primary": ["back"],
  "secondary": ["conversion", "revenue", "orders", "ctr", "views"]}}]})";
constexpr std::array<const char*, 4> kTypes{"view", "click", "add_to_cart", "purchase"};
constexpr std::array<const char*, 3> kArms{"a", "b", "c"};
constexpr Micros kStart = 1'767'225'600'000'000;  // 2026-01-01
constexpr Micros kExperiment = kStart + 7 * kMicrosPerDay;
constexpr std::uint8_t kNoArm = 255;

constexpr Micros kHour = 3600 * kMicrosPerSecond;

/// Events and exposures in order of time. In the store they end six hours ago, so that some windows are open.
struct Shop {
  std::vector<std::uint32_t> user, cents, exposed_user;
  std::vector<std::uint8_t> type, exposed_arm;
  std::vector<std::uint64_t> at, exposed_at;  // milliseconds
};

template <class T>
void read_column(const fs::path& path, std::vector<T>& column) {
  column.resize(fs::file_size(path) / sizeof(T));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(column.data()), static_cast<std::streamsize>(fs::file_size(path)));
}

Shop read_shop(const fs::path& folder) {
  Shop shop;
  read_column(folder / "e_user.bin", shop.user);
  read_column(folder / "e_amt.bin", shop.cents);
  read_column(folder / "e_type.bin", shop.type);
  read_column(folder / "e_ts.bin", shop.at);
  read_column(folder / "x_user.bin", shop.exposed_user);
  read_column(folder / "x_arm.bin", shop.exposed_arm);
  read_column(folder / "x_ts.bin", shop.exposed_at);
  return shop;
}

Shop make_shop(std::size_t events) {
  Shop shop;
  std::mt19937_64 random(1);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const std::size_t units = std::max<std::size_t>(events * 12 / 100, 10);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> exposures;
  for (std::uint32_t unit = 0; unit < units; ++unit)
    if (random() % 6 != 0)
      exposures.push_back({(kExperiment + static_cast<Micros>(uniform() * 14 * kMicrosPerDay)) / 1000, unit});
  std::sort(exposures.begin(), exposures.end());
  for (const auto& [at, unit] : exposures) {
    shop.exposed_at.push_back(at);
    shop.exposed_user.push_back(unit);
    shop.exposed_arm.push_back(static_cast<std::uint8_t>(random() % 3));
  }
  std::lognormal_distribution<double> money(8.1, 0.9);
  for (std::size_t i = 0; i < events; ++i) {
    const double draw = uniform();
    shop.at.push_back(static_cast<std::uint64_t>(
        kStart / 1000 +
        static_cast<Micros>(21.0 * 86'400'000.0 * static_cast<double>(i) / static_cast<double>(events))));
    shop.user.push_back(static_cast<std::uint32_t>(uniform() * uniform() * static_cast<double>(units)));
    shop.type.push_back(draw < 0.03 ? 3 : draw < 0.1 ? 2 : draw < 0.3 ? 1 : 0);
    shop.cents.push_back(shop.type.back() == 3 ? static_cast<std::uint32_t>(money(random)) : 0);
  }
  return shop;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

Micros now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Cost {
  double wall = 0.0, cpu = 0.0;
};

Cost measure(const std::string& what, const std::function<void()>& work) {
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  work();
  const Cost cost{std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                  cpu_seconds() - cpu};
  fmt::print("{:<60} {:>8.3f} s {:>8.3f} s CPU\n", what, cost.wall, cost.cpu);
  std::fflush(stdout);
  return cost;
}

void record(const fs::path& path, const Shop& shop) {
  Store store = Store::create(path);
  const Catalog catalog = parse_catalog(kCatalog);
  store.put_catalog(catalog.text, catalog.digest);
  Recorder recorder(store, {.oldest = 100'000 * kMicrosPerDay, .newest = 100'000 * kMicrosPerDay});
  const Micros shift = now() - 6 * kHour - static_cast<Micros>(shop.at.back()) * 1000;
  Batch batch("bench");
  const auto sent = [&](bool last) {
    if (batch.size() < 10'000 && !last) return;
    recorder.record(std::move(batch));
    batch = Batch("bench");
  };
  std::size_t x = 0;
  std::string unit, id;
  for (std::size_t i = 0; i < shop.at.size() || x < shop.exposed_at.size();) {
    const bool exposure =
        x < shop.exposed_at.size() && (i == shop.at.size() || shop.exposed_at[x] <= shop.at[i]);
    const std::uint32_t user = exposure ? shop.exposed_user[x] : shop.user[i];
    const Micros at = shift + static_cast<Micros>(exposure ? shop.exposed_at[x] : shop.at[i]) * 1000;
    unit = "u" + std::to_string(user);
    id = exposure ? "x" + std::to_string(x) : "e" + std::to_string(i);
    const Micros recorded = at + 1000 * static_cast<Micros>(i % 977);
    if (exposure) {
      batch.add(Exposure{.id = id,
                         .experiment = "ranking",
                         .unit = unit,
                         .arm = kArms[shop.exposed_arm[x]],
                         .at = at,
                         .recorded_at = recorded,
                         .attributes = {},
                         .propensity = {}});
      ++x;
    } else {
      batch.add(Event{.id = id,
                      .unit = unit,
                      .type = kTypes[shop.type[i]],
                      .at = at,
                      .recorded_at = recorded,
                      .value = static_cast<Millionths>(shop.cents[i]) * 10'000,
                      .reference = {},
                      .properties = {}});
      ++i;
    }
    sent(false);
  }
  sent(true);
}

/// One in a hundred more, of the last hours; recorded as they come.
void record_more(const fs::path& path, const Shop& shop, unsigned round) {
  Store store = Store::open(path);
  Recorder recorder(store, {.oldest = 100'000 * kMicrosPerDay, .newest = 100'000 * kMicrosPerDay});
  std::mt19937_64 random(round);
  const std::size_t more = shop.at.size() / 100;
  const Micros from = now() - 5 * kHour;
  for (std::size_t i = 0; i < more;) {
    Batch batch("bench");
    for (std::size_t end = std::min(more, i + 10'000); i < end; ++i) {
      const std::size_t like = random() % shop.at.size();
      const std::string unit = "u" + std::to_string(shop.user[like]);
      const std::string id = fmt::format("more{}-{}", round, i);
      batch.add(Event{.id = id,
                      .unit = unit,
                      .type = kTypes[shop.type[like]],
                      .at = from + static_cast<Micros>(i) * (5 * kHour / static_cast<Micros>(more)),
                      .recorded_at = {},
                      .value = static_cast<Millionths>(shop.cents[like]) * 10'000,
                      .reference = {},
                      .properties = {}});
    }
    recorder.record(std::move(batch));
  }
}

/// The limit's arrays: events by user.
struct Clustered {
  std::vector<std::size_t> begin;
  std::vector<std::uint64_t> at, first;
  std::vector<std::uint32_t> cents;
  std::vector<std::uint8_t> type, arm;
};

Clustered cluster(const Shop& shop) {
  Clustered by;
  const std::size_t users =
      1 + std::max(*std::max_element(shop.user.begin(), shop.user.end()),
                   *std::max_element(shop.exposed_user.begin(), shop.exposed_user.end()));
  by.begin.assign(users + 1, 0);
  for (const std::uint32_t user : shop.user) ++by.begin[user + 1];
  std::partial_sum(by.begin.begin(), by.begin.end(), by.begin.begin());
  std::vector<std::size_t> next = by.begin;
  by.at.resize(shop.at.size());
  by.cents.resize(shop.at.size());
  by.type.resize(shop.at.size());
  for (std::size_t i = 0; i < shop.at.size(); ++i) {
    const std::size_t to = next[shop.user[i]]++;
    by.at[to] = shop.at[i];
    by.cents[to] = shop.cents[i];
    by.type[to] = shop.type[i];
  }
  by.first.assign(users, 0);
  by.arm.assign(users, kNoArm);
  for (std::size_t i = shop.exposed_at.size(); i-- > 0;) {
    by.first[shop.exposed_user[i]] = shop.exposed_at[i];
    by.arm[shop.exposed_user[i]] = shop.exposed_arm[i];
  }
  return by;
}

struct Unit {
  std::uint32_t views = 0, clicks = 0, orders = 0, views_before = 0, back = 0;
  std::uint64_t revenue = 0, before = 0;
};

constexpr std::uint64_t kDay = 86'400'000;

Unit unit_of(const Clustered& by, std::size_t user) {
  Unit u;
  const std::uint64_t first = by.first[user];
  for (std::size_t i = by.begin[user]; i < by.begin[user + 1]; ++i) {
    if (by.at[i] < first) {
      if (first - by.at[i] > 7 * kDay) continue;
      if (by.type[i] == 3) u.before += by.cents[i];
      u.views_before += by.type[i] == 0;
      continue;
    }
    const std::uint64_t since = by.at[i] - first;
    if (since < 7 * kDay) {
      u.views += by.type[i] == 0;
      u.clicks += by.type[i] == 1;
      u.orders += by.type[i] == 3;
      if (by.type[i] == 3) u.revenue += by.cents[i];
    } else if (since < 8 * kDay) {
      u.back = 1;
    }
  }
  return u;
}

using Sums = std::array<std::array<double, 24>, 3>;

void add_unit(const Unit& u, double cap, std::array<double, 24>& s) {
  const double r = static_cast<double>(u.revenue), c = std::min(r, cap), o = u.orders, v = u.views,
               k = u.clicks;
  const double x = static_cast<double>(u.before), p = u.views_before, b = u.orders > 0 ? 1.0 : 0.0;
  const std::array<double, 24> added{1,     r,     r * r, c,     c * c, o,     o * o, o * r,
                                     v,     v * v, k,     k * k, v * k, x,     x * x, x * r,
                                     x * c, x * o, x * b, p,     p * p, p * v, p * k, b};
  for (std::size_t i = 0; i < added.size(); ++i) s[i] += added[i];
}

/// Unit totals, the 99th percentile of revenue, 24 sums per arm: no maturity, days, strata or exactness.
Sums in_memory(const Clustered& by, int threads) {
  const std::size_t users = by.first.size();
  std::vector<Unit> units(users);
  std::vector<std::thread> others;
  const auto work = [&](int t) {
    const auto edge = [&](int k) {
      return users * static_cast<std::size_t>(k) / static_cast<std::size_t>(threads);
    };
    for (std::size_t user = edge(t); user < edge(t + 1); ++user)
      if (by.arm[user] != kNoArm) units[user] = unit_of(by, user);
  };
  for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
  std::vector<std::uint64_t> revenue;
  for (std::size_t user = 0; user < users; ++user)
    if (by.arm[user] != kNoArm) revenue.push_back(units[user].revenue);
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.99 * static_cast<double>(revenue.size()))) - 1;
  std::nth_element(revenue.begin(), revenue.begin() + rank, revenue.end());
  Sums sums{};
  for (std::size_t user = 0; user < users; ++user)
    if (by.arm[user] != kNoArm)
      add_unit(units[user], static_cast<double>(revenue[static_cast<std::size_t>(rank)]), sums[by.arm[user]]);
  return sums;
}

double total(const std::vector<Cell>& cells, std::size_t arm, std::size_t value) {
  double sum = 0.0;
  for (const Cell& cell : cells)
    if (cell.arm == arm) sum += cell.history.sum(value) + cell.no_history.sum(value);
  return sum;
}

const MetricStatistics& metric(const Statistics& statistics, const std::string& key) {
  return *std::find_if(statistics.metrics.begin(), statistics.metrics.end(),
                       [&](const MetricStatistics& m) { return m.metric == key; });
}

/// Whether the report and the limit agree on what both have.
void compare(const Statistics& statistics, const Sums& sums) {
  bool same = true;
  const auto near = [&](double a, double b) { same = same && std::abs(a - b) <= 1e-9 * std::abs(b); };
  for (std::size_t arm = 0; arm < 3; ++arm) {
    near(static_cast<double>(statistics.arms[arm].units), sums[arm][0]);
    near(total(metric(statistics, "revenue").uncapped, arm, 0) * 100, sums[arm][1]);
    near(total(metric(statistics, "orders").cells, arm, 0), sums[arm][5]);
    near(total(metric(statistics, "ctr").cells, arm, 1), sums[arm][8]);
    near(total(metric(statistics, "ctr").cells, arm, 0), sums[arm][10]);
    near(total(metric(statistics, "revenue").uncapped, arm, 1) * 100, sums[arm][13]);
    near(total(metric(statistics, "views").cells, arm, 1), sums[arm][19]);
    near(total(metric(statistics, "conversion").cells, arm, 0), sums[arm][23]);
  }
  fmt::print("report and limit give {} numbers\n", same ? "the same" : "DIFFERENT");
}

double load() {
  double average = 0.0;
  return getloadavg(&average, 1) == 1 ? average : 0.0;
}

Statistics report(const fs::path& store, int threads, ReportMemory* memory = nullptr) {
  const Reader reader(store);
  return aggregate(reader, catalog_of(reader), "ranking",
                   {.threads = threads, .segments = {}, .memory = memory});
}

/// The same report after 1% more events, anew and out of what the one before left, in turn.
void compare_repeated(const fs::path& store, const Shop& shop, int threads) {
  ReportMemory memory;
  report(store, threads, &memory);
  Cost anew{1e9, 1e9}, repeated{1e9, 1e9};
  for (unsigned round = 0; round < 3; ++round) {
    measure("1% more events", [&] { record_more(store, shop, round); });
    Statistics first, again;
    const Cost a = measure("report made anew", [&] { first = report(store, threads); });
    const Cost r = measure("repeated report", [&] { again = report(store, threads, &memory); });
    anew = {std::min(anew.wall, a.wall), std::min(anew.cpu, a.cpu)};
    repeated = {std::min(repeated.wall, r.wall), std::min(repeated.cpu, r.cpu)};
    if (first.data_digest != again.data_digest || memory.recalled() != round + 1)
      fmt::print("DIFFERENT, or nothing was reused\n");
  }
  fmt::print("anew / repeated, {} threads: {:.1f} of wall time, {:.1f} of CPU time (load {:.1f})\n", threads,
             anew.wall / repeated.wall, anew.cpu / repeated.cpu, load());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string from = argc > 1 ? argv[1] : "events=2000000";
  const auto flag = [&](const char* name) {
    return std::any_of(argv, argv + argc,
                       [&](const char* argument) { return std::string(argument) == name; });
  };
  const bool made = from.rfind("events=", 0) == 0;
  const fs::path folder = made ? fs::temp_directory_path() : fs::path(from);
  const fs::path store = folder / fmt::format("aggregate-bench{}.db", flag("--open") ? "-open" : "");
  if (!fs::exists(store)) {
    const Shop shop =
        made ? make_shop(static_cast<std::size_t>(std::atoll(from.c_str() + 7))) : read_shop(folder);
    fmt::print("{} events, {} exposures, load {:.1f}\n", shop.at.size(), shop.exposed_at.size(), load());
    measure("recording, 10,000 a commit", [&] { record(store, shop); });
    if (!flag("--open"))
      measure("compaction", [&] {
        Store opened = Store::open(store);
        Recorder recorder(opened);
        compact(recorder);
      });
  }
  if (flag("--report-only")) {
    const int threads = flag("--threads=2") ? 2 : 1;
    measure(fmt::format("report, {} threads", threads), [&] { report(store, threads); });
    return 0;
  }
  if (flag("--repeated-only")) {
    compare_repeated(
        store, made ? make_shop(static_cast<std::size_t>(std::atoll(from.c_str() + 7))) : read_shop(folder),
        2);
    return 0;
  }
  const Statistics statistics = report(store, 2);  // warms the file cache
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("peak so far {:.0f} MB\n", static_cast<double>(usage.ru_maxrss) / 1e3);
  const Shop shop =
      made ? make_shop(static_cast<std::size_t>(std::atoll(from.c_str() + 7))) : read_shop(folder);
  const Clustered by = cluster(shop);
  Sums sums{};
  for (const int threads : {1, 2}) {
    Cost limit{1e9, 1e9}, ours{1e9, 1e9};
    for (int round = 0; round < 3; ++round) {
      const Cost l =
          measure(fmt::format("in memory, {} threads", threads), [&] { sums = in_memory(by, threads); });
      const Cost o = measure(fmt::format("report, {} threads", threads), [&] { report(store, threads); });
      limit = {std::min(limit.wall, l.wall), std::min(limit.cpu, l.cpu)};
      ours = {std::min(ours.wall, o.wall), std::min(ours.cpu, o.cpu)};
    }
    fmt::print("report / limit, {} threads: {:.1f} of wall time, {:.1f} of CPU time (load {:.1f})\n", threads,
               ours.wall / limit.wall, ours.cpu / limit.cpu, load());
  }
  compare(statistics, sums);
  if (!flag("--keep")) {
    compare_repeated(store, shop, 2);
    for (const char* end : {"", "-wal", "-shm", ".lock"}) fs::remove(store.string() + end);
  }
}
