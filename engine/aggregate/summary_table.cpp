#include "engine/aggregate/summary_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "engine/aggregate/table_values.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kRejectedKept = 100;
constexpr std::size_t kMostMetrics = 200;

using Names = std::array<std::string_view, 4>;
constexpr Names kUnits{"n", "units", "count", "users"}, kSuccesses{"successes", "conversions", "", ""},
    kMean{"mean", "average", "", ""}, kVariance{"variance", "var", "", ""},
    kDeviation{"sd", "std", "standard_deviation", ""}, kSum{"sum", "total", "", ""},
    kSumSquares{"sum_squares", "sum_sq", "sumsq", ""};

std::string first_of(const ColumnIndex& columns, const Names& names) {
  for (const auto name : names)
    if (!name.empty() && columns.has(name)) return std::string(name);
  return {};
}

/// The usual names of a table with one row per arm and metric.
SummaryColumns usual_columns(const ColumnIndex& columns, const std::string& file) {
  SummaryColumns found{.units = first_of(columns, kUnits),
                       .successes = first_of(columns, kSuccesses),
                       .mean = first_of(columns, kMean),
                       .variance = first_of(columns, kVariance),
                       .deviation = first_of(columns, kDeviation),
                       .sum = first_of(columns, kSum),
                       .sum_squares = first_of(columns, kSumSquares)};
  const bool by_mean = !found.mean.empty() && (!found.variance.empty() || !found.deviation.empty());
  const bool by_sums = !found.sum.empty() && !found.sum_squares.empty();
  if (by_mean || by_sums) found.successes.clear();
  if (!by_mean && !by_sums && found.successes.empty()) found.successes = found.sum;  // a sum of 0/1 values
  if (found.units.empty() || (!by_mean && !by_sums && found.successes.empty()))
    throw Error(
        ErrorCode::data, file + ":1", "the columns do not say what each arm's units and values are",
        "have n with successes, with mean and variance, or with sum and sum_squares; or name them with "
        "--proportion and --mean");
  return found;
}

/// What one row says of one metric; a field that is not used stays 0.
struct Cells {
  double units = 0, successes = 0, mean = 0, variance = 0, deviation = 0, sum = 0, sum_squares = 0;
};

/// Moments of the cells, or nothing when they cannot be.
std::optional<stats::CoMoments> moments_of(const SummaryColumns& columns, const Cells& cells) {
  const double n = cells.units;
  if (n < 0 || n != std::floor(n)) return std::nullopt;
  if (columns.proportion()) {
    if (cells.successes < 0 || cells.successes > n || cells.successes != std::floor(cells.successes))
      return std::nullopt;
    return stats::CoMoments::from_counts(std::llround(n), std::llround(cells.successes));
  }
  if (n == 0) return stats::CoMoments(1);
  if (!columns.mean.empty()) {
    const double variance = columns.variance.empty() ? cells.deviation * cells.deviation : cells.variance;
    if (variance < 0 || cells.deviation < 0) return std::nullopt;
    return stats::CoMoments::from_mean_variance(std::llround(n), cells.mean, variance);
  }
  // The table has nothing better than sums of squares; extended precision keeps what digits they hold.
  const long double sum = cells.sum, squares = cells.sum_squares;
  const long double central = squares - sum * sum / static_cast<long double>(n);
  if (central < -1e-9L * squares) return std::nullopt;
  const auto variance =
      n > 1 ? static_cast<double>(std::max(central, 0.0L) / static_cast<long double>(n - 1)) : 0.0;
  return stats::CoMoments::from_mean_variance(std::llround(n), cells.sum / n, variance);
}

struct Column {
  std::string SummaryColumns::*name;
  double Cells::*cell;
};
constexpr std::array kColumns{Column{&SummaryColumns::units, &Cells::units},
                              Column{&SummaryColumns::successes, &Cells::successes},
                              Column{&SummaryColumns::mean, &Cells::mean},
                              Column{&SummaryColumns::variance, &Cells::variance},
                              Column{&SummaryColumns::deviation, &Cells::deviation},
                              Column{&SummaryColumns::sum, &Cells::sum},
                              Column{&SummaryColumns::sum_squares, &Cells::sum_squares}};

/// A running total as it stood.
struct Standing {
  double when;
  stats::CoMoments moments;
};

struct Total {
  stats::CoMoments moments = stats::CoMoments(1);
  std::optional<double> latest;
  std::map<int, Standing> by_day;  ///< running totals: the last row of each day
};

constexpr double kMostDays = 10'000;

void stand(Total& total, double when, const stats::CoMoments& moments) {
  if (!(when >= 0 && when <= kMostDays)) return;
  const auto [day, fresh] = total.by_day.try_emplace(std::max(1, static_cast<int>(std::ceil(when - 1e-9))),
                                                     Standing{when, moments});
  if (!fresh && day->second.when <= when) day->second = {when, moments};
}

}  // namespace

struct SummaryAggregator::State {
  SummarySpec spec;
  bool by_name = false;  ///< metrics are rows
  std::optional<ColumnIndex> columns;
  SummaryColumns row_columns;
  std::string file, file_arm;
  std::vector<std::string> arms;
  std::map<std::pair<std::string, std::string>, Total> totals;  ///< [arm, metric]
  std::map<std::string, Total> arm_units;
  std::map<std::string, std::int64_t> counts;
  std::vector<RejectedRow> rejected;
  std::int64_t rows = 0, rejected_rows = 0, rows_passed = 0;

  void reject(const TableRow& row, std::string_view reason, std::string_view column, std::string_view value);
  std::optional<double> cell(const TableRow& row, const std::string& column, bool& bad);
  bool passes(const TableRow& row);
  bool add_metric(const TableRow& row, const std::string& arm, const std::string& suffix,
                  const SummaryColumns& metric);
  void add_arm(const TableRow& row, const std::string& arm, const std::string& suffix);
  void put(const TableRow& row, Total& total, stats::CoMoments moments);
  std::string text(const TableRow& row, const std::string& column);
  std::string arm_of(const TableRow& row);
  void check_file(ColumnIndex& index);
  void check_readable() const;
  std::vector<MetricStatistics::Day> running(const std::vector<std::string>& names,
                                             const std::string& metric) const;
};

std::string SummaryAggregator::State::text(const TableRow& row, const std::string& column) {
  return std::string(trimmed(row.fields[columns->find(column, "").value_or(0)]));
}

std::string SummaryAggregator::State::arm_of(const TableRow& row) {
  if (spec.row_arms) return fmt::format("row {}", ++rows_passed);
  return file_arm.empty() ? text(row, spec.arm_column) : file_arm;
}

void SummaryAggregator::State::reject(const TableRow& row, std::string_view reason, std::string_view column,
                                      std::string_view value) {
  ++rejected_rows;
  ++counts["rejected_" + std::string(reason)];
  if (rejected.size() < kRejectedKept)
    rejected.push_back({.reason = std::string(reason),
                        .column = std::string(column),
                        .value = std::string(value.substr(0, 60)),
                        .file = file,
                        .line = row.line});
}

std::optional<double> SummaryAggregator::State::cell(const TableRow& row, const std::string& column,
                                                     bool& bad) {
  const auto field = row.fields[columns->find(column, "").value_or(0)];
  const auto value = field_value(field);
  if (!value.number && std::string_view(value.reason) != "missing_value") {
    bad = true;
    reject(row, value.reason, column, field);
  }
  return value.number;
}

bool SummaryAggregator::State::passes(const TableRow& row) {
  std::vector<std::string_view> texts;
  for (const auto& column : spec.where.names())
    texts.push_back(trimmed(row.fields[columns->find(column, "").value_or(0)]));
  return spec.where.holds(texts);
}

/// Adds to a total, or replaces it when rows are running totals.
void SummaryAggregator::State::put(const TableRow& row, Total& total, stats::CoMoments moments) {
  if (spec.latest_column.empty()) {
    if (moments.n() > 0) total.moments.merge(moments);
    return;
  }
  bool bad = false;
  const auto when = cell(row, spec.latest_column, bad);
  if (bad || !when) return;
  stand(total, *when, moments);
  if (total.latest && *total.latest > *when) return;
  total.moments = std::move(moments);
  total.latest = when;
}

bool SummaryAggregator::State::add_metric(const TableRow& row, const std::string& arm,
                                          const std::string& suffix, const SummaryColumns& metric) {
  Cells cells;
  for (const auto& column : kColumns) {
    const auto& name = metric.*column.name;
    if (name.empty()) continue;
    bool bad = false;
    const auto value = cell(row, name + suffix, bad);
    if (bad) return false;
    if (!value) {
      ++counts["skipped_" + metric.key];
      return true;
    }
    cells.*column.cell = *value;
  }
  auto moments = moments_of(metric, cells);
  if (!moments) {
    reject(row, "impossible_values", metric.key, fmt::format("units {}", cells.units));
    return false;
  }
  put(row, totals[{arm, metric.key}], std::move(*moments));
  return true;
}

void SummaryAggregator::State::add_arm(const TableRow& row, const std::string& arm,
                                       const std::string& suffix) {
  if (arm.empty()) return reject(row, "missing_arm", spec.arm_column, "");
  if (std::find(arms.begin(), arms.end(), arm) == arms.end()) {
    if (arms.size() == kMostArms)
      throw Error(ErrorCode::data, fmt::format("{}:{}", file, row.line),
                  fmt::format("column \"{}\" has more than {} different values", spec.arm_column, kMostArms),
                  "name the column that holds the arm with --arm");
    arms.push_back(arm);
  }
  if (by_name) {
    auto metric = row_columns;
    metric.key = text(row, spec.metric_column);
    if (metric.key.empty()) return reject(row, "missing_metric", spec.metric_column, "");
    const bool known = std::any_of(spec.metrics.begin(), spec.metrics.end(),
                                   [&](const SummaryColumns& other) { return other.key == metric.key; });
    if (!known && spec.metrics.size() == kMostMetrics)
      return reject(row, "too_many_metrics", spec.metric_column, metric.key);
    if (!known) spec.metrics.push_back(metric);
    add_metric(row, arm, suffix, metric);
    return;
  }
  for (const auto& metric : spec.metrics)
    if (!add_metric(row, arm, suffix, metric)) return;
  if (spec.units_column.empty()) return;
  bool bad = false;
  const auto units = cell(row, spec.units_column + suffix, bad);
  if (!bad && units && *units >= 0)
    put(row, arm_units[arm], stats::CoMoments::from_counts(std::llround(*units), 0));
}

void SummaryAggregator::State::check_file(ColumnIndex& index) {
  if (spec.arm_suffixes.empty() && file_arm.empty() && !spec.row_arms) index.find(spec.arm_column, "--arm");
  for (const auto& column : spec.where.names()) index.find(column, "--where");
  if (!spec.latest_column.empty()) index.find(spec.latest_column, "--latest");
  std::vector<std::string> suffixes;
  for (const auto& arm : spec.arm_suffixes) suffixes.push_back(arm.suffix);
  if (suffixes.empty()) suffixes.emplace_back();
  if (by_name) {
    index.find(spec.metric_column, "--metric-column");
    row_columns = usual_columns(index, file);
    return;
  }
  for (const auto& suffix : suffixes) {
    for (const auto& metric : spec.metrics)
      for (const auto& column : kColumns)
        if (!(metric.*column.name).empty()) index.find(metric.*column.name + suffix, "metric " + metric.key);
    if (!spec.units_column.empty()) index.find(spec.units_column + suffix, "--units");
  }
}

void SummaryAggregator::State::check_readable() const {
  if (rows == 0)
    throw Error(ErrorCode::data, file, "the table has no rows",
                "give a file with a header and one row per arm");
  if (totals.empty() && !rejected.empty())
    throw Error(ErrorCode::data, fmt::format("{}:{}", rejected.front().file, rejected.front().line),
                fmt::format("no row could be used; the first: {} in column \"{}\": \"{}\"",
                            rejected.front().reason, rejected.front().column, rejected.front().value),
                "check that the columns named hold what the options say");
  if (arms.empty())
    throw Error(ErrorCode::data, file, fmt::format("none of {} rows passes --where", rows),
                "check the values' spelling");
  if (arms.size() < 2)
    throw Error(ErrorCode::data, file,
                fmt::format("only one arm: \"{}\"; there is nothing to compare it with", arms.front()),
                "give the column that tells the arms apart with --arm, or each arm's file with --arm-file");
}

SummaryAggregator::SummaryAggregator(SummarySpec spec) : state_(std::make_unique<State>()) {
  state_->by_name = spec.metrics.empty();
  state_->spec = std::move(spec);
}
SummaryAggregator::~SummaryAggregator() = default;
SummaryAggregator::SummaryAggregator(SummaryAggregator&&) noexcept = default;

void SummaryAggregator::begin_file(const std::vector<std::string>& header, const std::string& file,
                                   const std::string& arm) {
  state_->file = file;
  state_->file_arm = arm;
  state_->columns.emplace(header, file);
  state_->check_file(*state_->columns);
  state_->columns->throw_problems();
}

void SummaryAggregator::add(const TableRow& row) {
  State& state = *state_;
  ++state.rows;
  if (!row.problem.empty()) return state.reject(row, row.problem, "", row.raw);
  if (!state.passes(row)) {
    ++state.counts["rows_filtered"];
    return;
  }
  if (!state.spec.arm_suffixes.empty()) {
    for (const auto& arm : state.spec.arm_suffixes) state.add_arm(row, arm.arm, arm.suffix);
    return;
  }
  state.add_arm(row, state.arm_of(row), "");
}

/// The days of which every arm has a row.
std::vector<MetricStatistics::Day> SummaryAggregator::State::running(const std::vector<std::string>& names,
                                                                     const std::string& metric) const {
  std::vector<MetricStatistics::Day> days;
  for (const auto& [day, first] : totals.at({names.front(), metric}).by_day) {
    MetricStatistics::Day all{.day = day, .cells = {}};
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto total = totals.find({names[i], metric});
      if (total == totals.end() || !total->second.by_day.contains(day)) break;
      all.cells.push_back({.epoch = 1, .arm = i, .history = total->second.by_day.at(day).moments});
    }
    if (all.cells.size() == names.size()) days.push_back(std::move(all));
  }
  return days;
}

Statistics SummaryAggregator::finish() {
  State& state = *state_;
  state.check_readable();
  const auto& spec = state.spec;
  auto arms = state.arms;
  const std::string control = spec.control.empty() ? arms.front() : spec.control;
  if (std::find(arms.begin(), arms.end(), control) == arms.end()) {
    const auto meant = nearest(control, {arms.begin(), arms.end()});
    throw Error(ErrorCode::data, state.file, fmt::format("no row has the control arm \"{}\"", control),
                fmt::format("{}Arms: {}.", meant.empty() ? "" : fmt::format("Did you mean \"{}\"? ", meant),
                            fmt::join(arms, ", ")));
  }
  std::sort(arms.begin(), arms.end(), [&](const std::string& a, const std::string& b) {
    if ((a == control) != (b == control)) return a == control;
    return a < b;
  });
  Statistics result;
  for (const auto& arm : arms) {
    auto units = state.arm_units[arm].moments.n();
    if (spec.units_column.empty()) units = state.totals[{arm, spec.metrics.front().key}].moments.n();
    const auto share = spec.shares.find(arm);
    if (!spec.shares.empty() && share == spec.shares.end())
      throw Error(ErrorCode::usage, "--shares", fmt::format("arm \"{}\" has no share", arm),
                  "give every arm one");
    result.expected_shares[1].push_back(spec.shares.empty() ? 1.0 : share->second);
    result.arms.push_back(
        {.key = arm, .control = arm == control, .units = units, .units_by_epoch = {{1, units}}});
  }
  for (const auto& metric : spec.metrics) {
    MetricStatistics data{.metric = metric.key,
                          .layout = {.binary = metric.proportion(), .third = metric.proportion()}};
    for (std::size_t i = 0; i < arms.size(); ++i)
      data.cells.push_back({.epoch = 1, .arm = i, .history = state.totals[{arms[i], metric.key}].moments});
    data.running = state.running(arms, metric.key);
    result.metrics.push_back(std::move(data));
  }
  state.counts["rows_read"] = state.rows;
  state.counts["rows_rejected"] = state.rejected_rows;
  result.counts = state.counts;
  return result;
}

std::vector<TableMetric> SummaryAggregator::metrics() const {
  std::vector<TableMetric> metrics;
  for (const auto& metric : state_->spec.metrics)
    metrics.push_back(
        {.key = metric.key, .kind = metric.proportion() ? MetricKind::proportion : MetricKind::mean});
  return metrics;
}

const std::vector<RejectedRow>& SummaryAggregator::rejected() const noexcept {
  return state_->rejected;
}

}  // namespace liftmark
