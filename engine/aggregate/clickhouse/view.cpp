#include "engine/aggregate/clickhouse/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/aggregate/clickhouse/event_sql.hpp"
#include "engine/aggregate/clickhouse/metric_queries.hpp"
#include "engine/aggregate/experiment_facts.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

/// Units per group of each dimension, by epoch.
void count_splits(const Run& run, Statistics& statistics) {
  const Population& population = run.population;
  for (std::size_t d = 0; d < population.dimensions.size(); ++d) {
    const Dimension& dimension = population.dimensions[d];
    std::vector<std::vector<std::int64_t>> units(dimension.groups.size(),
                                                 std::vector<std::int64_t>(population.cells(), 0));
    for_each_row(run.store.cluster(),
                 fmt::format("SELECT g{0}, cell, count() FROM lm_value GROUP BY g{0}, cell", d),
                 [&](const Rows& rows) { units[rows.natural(0)][rows.natural(1)] += rows.integer(2); });
    add_splits(population, dimension, units, statistics);
  }
}

/// As the embedded store does, over sums that the shards have formed.
void measure(Run& run, Statistics& statistics) {
  check_metrics(run);
  const EventSql events(run);
  make_values(run, events, statistics);
  count_splits(run, statistics);
  TextCodes texts;
  Asked asked;
  std::string bytes = statistics.experiment + "\n";
  for (std::size_t m = 0; m < run.needs.metrics.size(); ++m) {
    const MetricNeeds& needs = run.needs.metrics[m];
    MetricSums sums(needs, run.population);
    const auto kept = kept_sums(needs, run.population);
    if (needs.reported) {
      load_metric(run, events, m, asked, texts, sums);
      if (kept) load_kept(run, events, m, texts, *kept);
    }
    sums.settle_cap();
    sums.append(texts, bytes);
    if (kept) kept->append(texts, bytes);
    if (!needs.reported) continue;
    statistics.metrics.push_back(sums.statistics(texts));
    if (kept) kept->describe(texts, statistics.metrics.back());
  }
  statistics.data_digest = sha256_hex(bytes);
}

/// Takes a session's tables from the servers' memory, which would keep them for ten minutes. After an error
/// they stay as long: a server that does not answer is not asked again.
class SessionTables {
 public:
  explicit SessionTables(Cluster& cluster) : cluster_(cluster) {}
  SessionTables(const SessionTables&) = delete;
  SessionTables& operator=(const SessionTables&) = delete;
  ~SessionTables() {
    if (std::uncaught_exceptions() > errors_) return;
    try {
      for (const char* table : kSessionTables) cluster_.query(fmt::format("DROP TABLE IF EXISTS {}", table));
    } catch (...) {  // the report is there
    }
  }

 private:
  Cluster& cluster_;
  int errors_ = std::uncaught_exceptions();
};

/// Rows of a block of a temporary table: a server's threads take blocks, and one of its own choosing, of a
/// million rows, would keep one busy.
constexpr std::int64_t kBlock = 65'536;

class View final : public StoreView {
 public:
  View(const std::string& address, const ReaderOptions& options, const ServerOptions& server)
      : store_(parse_address(address), Limits{.rows = server.max_rows, .block = kBlock}),
        rows_at_once_(server.rows_at_once) {
    if (server.on_statement) store_.cluster().on_query(server.on_statement);
    if (server.on_progress) store_.cluster().on_progress(server.on_progress);
    commits_ = store_.commits();
    tables_ = store_.row_tables();
    if (tables_.own())
      commits_.last = std::max(commits_.last, tables_.latest(store_.cluster(), now_micros()));
    as_of_ = options.as_of.value_or(commits_.last);
    if (as_of_ > commits_.last)
      throw Error(ErrorCode::usage, "--as-of", "the moment lies after the last commit of the store",
                  "leave it out to see everything recorded so far");
    until_ = std::min(as_of_, options.until.value_or(as_of_));
  }

  Micros as_of() const override { return as_of_; }
  std::vector<Micros> altered_after() const override { return store_.altered_after(as_of_); }
  std::vector<CatalogVersion> catalogs() const override { return store_.catalogs(as_of_); }
  std::vector<SourceDeliveries> deliveries() const override { return store_.deliveries(as_of_, commits_); }
  FirstExposure first_exposure(std::string_view experiment) const override {
    return clickhouse::first_exposure(store_, tables_, hidden(), experiment, as_of_, until_);
  }

  /// Rows are removed while statements run: what was aggregated meanwhile is thrown away.
  Statistics aggregate(const Catalog& catalog, std::string_view experiment,
                       const AggregateOptions& options) const override {
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      const Hidden before = hidden();
      Statistics statistics = aggregate_without(before, catalog, experiment, options);
      if (hidden().latest == before.latest) return statistics;
    }
    throw Error(ErrorCode::storage, "ClickHouse",
                fmt::format("{} times units were erased or events purged while the report ran", kAttempts),
                "run it again when that is over");
  }

 private:
  static constexpr int kAttempts = 3;

  /// Of own tables nothing is removed here.
  Hidden hidden() const { return tables_.own() ? Hidden() : read_hidden(store_.cluster()); }

  Statistics aggregate_without(const Hidden& hidden, const Catalog& catalog, std::string_view experiment,
                               const AggregateOptions& options) const {
    const ExperimentDefinition& definition = experiment_of(catalog, experiment);
    Statistics statistics;
    statistics.experiment = std::string(experiment);
    statistics.as_of = until_;
    statistics.crossed = crossed_experiments(catalog, definition.plan);
    statistics.has_door = !tables_.own();
    statistics.has_recorded_times = !tables_.own() || tables_.recorded_times();
    Run run{.store = store_,
            .tables = tables_,
            .catalog = catalog,
            .experiment = definition,
            .as_of = as_of_,
            .until = until_,
            .uncertain = commits_.uncertain,
            .hidden = hidden,
            .slices = slices_of(store_.cluster(), tables_, rows_at_once_)};
    const SessionTables tables(store_.cluster());
    make_units(run, dimensions_of(definition.plan, options.segments), statistics);
    read_expected_shares(catalogs(), catalog, run.population.arms, statistics);
    read_counters(store_.counters(as_of_, commits_), statistics);
    run.needs = needs_of(catalog, plan_metrics(definition.plan));
    bound_time(run.needs, run.population.first, run.population.last);
    read_all_history(run.population.dimensions, run.needs);
    if (options.bots) statistics.counts["suspected_bots"] = make_bots(run);
    measure(run, statistics);
    return statistics;
  }

  mutable Store store_;  ///< a connection: asking changes nothing
  CommitList commits_;   ///< of own tables, `last` is their latest row
  RowTables tables_;
  std::int64_t rows_at_once_;
  Micros as_of_ = 0, until_ = 0;
};

}  // namespace

std::unique_ptr<StoreView> open_view(const std::string& store, const ReaderOptions& options,
                                     const ServerOptions& server) {
  return std::make_unique<View>(store, options, server);
}

}  // namespace liftmark::clickhouse
