#include "apps/cli/analyze/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "engine/analyse/methods.hpp"
#include "engine/analyse/verdict.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/definition/predicate.hpp"

namespace liftmark::cli {
namespace {

[[noreturn]] void misuse(const char* option, std::string what, const std::string& value, std::string hint) {
  throw Error(ErrorCode::usage, Problem{option, std::move(what), value, std::move(hint)});
}

double number_of(const char* option, const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    misuse(option, "not a number", text, "write it like 0.05");
  return value;
}

struct Pair {
  std::string left, right;
};

/// "left<separator>right"; both sides must be there.
Pair split(const char* option, const std::string& text, char separator, const char* form) {
  const auto at = text.find(separator);
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    misuse(option, "does not have the right form", text, fmt::format("write {}", form));
  return {text.substr(0, at), text.substr(at + 1)};
}

/// "KEY=COLUMN", or "COLUMN" whose key is its name.
TableMetric one_column(MetricKind kind, const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos) return {.key = text, .kind = kind, .numerator = text};
  const char* option = kind == MetricKind::proportion ? "--proportion" : "--mean";
  const auto [key, column] = split(option, text, '=', "COLUMN or KEY=COLUMN");
  return {.key = key, .kind = kind, .numerator = column};
}

TableMetric ratio_of(const std::string& text) {
  const auto [key, columns] = split("--ratio", text, '=', "KEY=NUMERATOR/DENOMINATOR");
  const auto [numerator, denominator] = split("--ratio", columns, '/', "KEY=NUMERATOR/DENOMINATOR");
  return {.key = key, .kind = MetricKind::ratio, .numerator = numerator, .denominator = denominator};
}

TableMetric& metric_named(const char* option, std::vector<TableMetric>& metrics, const std::string& key) {
  std::vector<std::string_view> known;
  for (auto& metric : metrics) {
    if (metric.key == key) return metric;
    known.push_back(metric.key);
  }
  const auto meant = nearest(key, known);
  misuse(option, "names no metric of this command", key,
         meant.empty() ? fmt::format("metrics: {}", fmt::join(known, ", "))
                       : fmt::format("Did you mean \"{}\"?", meant));
}

/// The column of a ratio's covariate may be a ratio itself: "spend:history" or
/// "aov:before_revenue/before_orders".
void add_covariate(std::vector<TableMetric>& metrics, const std::string& text) {
  const auto [key, column] = split("--covariate", text, ':', "METRIC:COLUMN");
  metric_named("--covariate", metrics, key).covariates.push_back(column);
}

Metric definition_of(const TableMetric& table, const AnalyzeOptions& options) {
  Metric metric;
  metric.key = metric.name = table.key;
  metric.kind = table.kind;
  metric.window_days = 0;
  metric.lookback_days = table.covariates.empty() ? 0 : metric.lookback_days;
  metric.format = table.kind == MetricKind::proportion ? "percent" : "number";
  const auto named = [&](const std::vector<std::string>& keys) {
    return std::find(keys.begin(), keys.end(), table.key) != keys.end();
  };
  if (named(options.decreasing)) metric.direction = Direction::decrease;
  if (named(options.fieller)) metric.scale = Scale::fieller;
  return metric;
}

void check_numbers(const AnalyzeOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1))
    misuse("--alpha", "must lie between 0 and 1", fmt::format("{}", options.alpha), "0.05 is usual");
  if (!(options.power > 0 && options.power < 1))
    misuse("--power", "must lie between 0 and 1", fmt::format("{}", options.power), "0.8 is usual");
  if (options.planned_n && *options.planned_n < 2)
    misuse("--planned-n", "must be at least 2", fmt::format("{}", *options.planned_n),
           "give the planned units of the two compared arms together");
}

Method method_of(const AnalyzeOptions& options) {
  const auto* method = find_plan_method(options.method);
  if (method == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& row : plan_methods()) known.push_back(row.key);
    misuse("--method", "there is no such method", options.method,
           fmt::format("one of {}", fmt::join(known, ", ")));
  }
  if (method->any_time && !options.planned_n)
    misuse("--planned-n", "is needed with this method", options.method,
           "give the planned units of the two compared arms together, as fixed before the start");
  return method->method;
}

std::map<std::string, double> shares_of(const AnalyzeOptions& options) {
  std::map<std::string, double> shares;
  for (const auto& text : options.shares) {
    const auto at = text.rfind('=');
    if (at == std::string::npos || at == 0)
      misuse("--shares", "does not have the right form", text, "write ARM=SHARE");
    const double share = number_of("--shares", text.substr(at + 1));
    if (!(share >= 0)) misuse("--shares", "must not be negative", text, "shares need not add up to 1");
    shares[text.substr(0, at)] = share;
  }
  return shares;
}

/// "KEY=mean:COLUMN,variance:COLUMN,units:COLUMN" or with sum and sum_squares, or deviation.
SummaryColumns summary_mean(const std::string& text) {
  constexpr const char* kForm = "KEY=mean:COLUMN,variance:COLUMN,units:COLUMN, or with sum and sum_squares";
  auto [key, columns] = split("--mean", text, '=', kForm);
  SummaryColumns metric{.key = key};
  for (std::size_t at = 0; at <= columns.size();) {
    const auto comma = std::min(columns.find(',', at), columns.size());
    const auto [word, column] = split("--mean", columns.substr(at, comma - at), ':', kForm);
    at = comma + 1;
    if (word == "mean")
      metric.mean = column;
    else if (word == "variance")
      metric.variance = column;
    else if (word == "deviation")
      metric.deviation = column;
    else if (word == "sum")
      metric.sum = column;
    else if (word == "sum_squares")
      metric.sum_squares = column;
    else if (word == "units")
      metric.units = column;
    else
      misuse("--mean", "has a word that is none of mean, variance, deviation, sum, sum_squares, units", word,
             kForm);
  }
  const bool by_mean = !metric.mean.empty() && (!metric.variance.empty() || !metric.deviation.empty());
  const bool by_sums = metric.mean.empty() && !metric.sum.empty() && !metric.sum_squares.empty();
  if (metric.units.empty() || !(by_mean || by_sums))
    misuse("--mean", "is not enough for a mean and its variance", text, kForm);
  return metric;
}

}  // namespace

void add_analyze_options(Command& command, AnalyzeOptions& o) {
  const auto list = [&](const char* flags, std::vector<std::string>& to, const char* text) {
    return command.add_option(flags, to, text)->one_value_each();
  };
  command.add_option("file", o.files, "CSV files: plain, gzip or zstd; - is standard input");
  list("--arm-file", o.arm_files, "ARM=FILE: a file that holds one arm");
  command.add_option("--arm", o.arm, "Column that holds the arm");
  command.add_option("--control", o.control, "The control arm (default: the first arm seen)");
  list("--proportion", o.proportions, "[KEY=]COLUMN of 0/1 values")->group("Metrics");
  list("--mean", o.means, "[KEY=]COLUMN of values per unit")->group("Metrics");
  list("--ratio", o.ratios, "KEY=NUMERATOR/DENOMINATOR, summed over units")->group("Metrics");
  list("--covariate", o.covariates, "METRIC:COLUMN known before the start; adjusts the metric")
      ->group("Metrics");
  list("--cap", o.caps, "METRIC=VALUE: unit values are cut at +-VALUE")->group("Metrics");
  list("--decrease", o.decreasing, "METRIC for which less is better")->group("Metrics");
  list("--fieller", o.fieller,
       "METRIC whose lift is made by Fieller's method, for values that may be negative")
      ->group("Metrics");
  list("--segment", o.segments, "Column that groups the units")->group("Rows");
  list("--where", o.where, "Only rows that meet this condition: COLUMN=VALUE, COLUMN>NUMBER .. (see import)")
      ->group("Rows");
  command.add_option("--unit", o.unit, "Column of the unit's id: repeats count once, crossovers are found")
      ->group("Rows");
  command.add_option("--time", o.time, "Column of the unit's first exposure: lines over time")->group("Rows");
  command.add_option("--delimiter", o.delimiter, "Field separator: a character, tab, or whitespace")
      ->group("Rows");
  command
      .add_flag("--summary", o.summary,
                "The table holds counts, means and variances or sums per arm and metric")
      ->group("Summary tables");
  command.add_option("--metric-column", o.metric_column, "Column that names the metric (default metric)")
      ->group("Summary tables");
  command.add_option("--units", o.units, "Column of units for the sample ratio")->group("Summary tables");
  command
      .add_option("--latest", o.latest,
                  "Rows are running totals over this column of days since the start: the last one counts, "
                  "the others make the line over time")
      ->group("Summary tables");
  list("--arm-suffix", o.arm_suffixes, "ARM=SUFFIX: a row holds this arm in columns with this ending")
      ->group("Summary tables");
  command.add_flag("--row-arms", o.row_arms, "Every row is an arm of its own: row 1, row 2 ..")
      ->group("Summary tables");
  list("--shares", o.shares, "ARM=SHARE planned (default: equal)")->group("Plan");
  list("--primary", o.primaries, "METRIC that decides; alpha is then shared out")->group("Plan");
  list("--guardrail", o.guardrails, "METRIC=MARGIN: may not get worse by this relative margin")
      ->group("Plan");
  command.add_option("--method", o.method, "How intervals are made (default fixed)")->group("Plan");
  command
      .add_option("--planned-n", o.planned_n,
                  "Planned units of the two compared arms; for always-valid methods")
      ->group("Plan");
  command.add_option("--alpha", o.alpha, "Two-sided error (default 0.05)")->group("Plan");
  command.add_option("--power", o.power, "Power of the smallest effect shown (default 0.8)")->group("Plan");
  command.add_option("--mde", o.mde, "Planned smallest relative effect")->group("Plan");
  command.add_option("--theta", o.theta, "Covariate slope: pooled (default) or within-arms")->group("Plan");
  command.add_option("--rule", o.rule, "Rule that gives the verdict")->group("Plan");
  command.add_option("--experiment", o.experiment, "Name shown in the report (default: the file's)")
      ->group("Output");
  add_output_options(command, o.output, "Output");
}

SummarySpec summary_of(const AnalyzeOptions& options) {
  for (const auto* row_option : {&options.segments, &options.covariates, &options.caps, &options.ratios})
    if (!row_option->empty())
      misuse("--summary", "goes with neither --segment, --covariate, --cap nor --ratio", row_option->front(),
             "these need one row per unit");
  SummarySpec summary{.arm_column = options.arm.empty() ? "arm" : options.arm,
                      .control = options.control,
                      .metric_column = options.metric_column,
                      .units_column = options.units,
                      .latest_column = options.latest};
  for (const auto& text : options.arm_suffixes) {
    const auto [arm, suffix] = split("--arm-suffix", text, '=', "ARM=SUFFIX");
    summary.arm_suffixes.push_back({.arm = arm, .suffix = suffix});
  }
  for (const auto& text : options.proportions) {
    const auto [key, columns] = split("--proportion", text, '=', "KEY=SUCCESSES/UNITS");
    const auto [successes, units] = split("--proportion", columns, '/', "KEY=SUCCESSES/UNITS");
    summary.metrics.push_back({.key = key, .units = units, .successes = successes});
  }
  for (const auto& text : options.means) summary.metrics.push_back(summary_mean(text));
  summary.where = TextPredicate(read_conditions(options.where, "--where"));
  summary.row_arms = options.row_arms;
  summary.shares = shares_of(options);
  return summary;
}

std::vector<TableFile> files_of(const AnalyzeOptions& options) {
  std::vector<TableFile> files;
  for (const auto& path : options.files) files.push_back({.path = path, .arm = {}});
  for (const auto& text : options.arm_files) {
    const auto [arm, path] = split("--arm-file", text, '=', "ARM=FILE");
    files.push_back({.path = path, .arm = arm});
  }
  if (files.empty())
    misuse("analyze", "no file is given", "", "liftmark analyze FILE --arm COLUMN --proportion COLUMN");
  if (!options.files.empty() && options.arm.empty() && !options.summary)
    misuse("--arm", "is missing", "",
           "name the column that holds the arm, or give each arm's file with --arm-file");
  return files;
}

TableSpec table_of(const AnalyzeOptions& options) {
  TableSpec table{.arm_column = options.arm,
                  .control = options.control,
                  .segments = options.segments,
                  .unit_column = options.unit,
                  .time_column = options.time};
  for (const auto& text : options.proportions)
    table.metrics.push_back(one_column(MetricKind::proportion, text));
  for (const auto& text : options.means) table.metrics.push_back(one_column(MetricKind::mean, text));
  for (const auto& text : options.ratios) table.metrics.push_back(ratio_of(text));
  if (table.metrics.empty())
    misuse("analyze", "no metric is given", "", "add --proportion, --mean or --ratio");
  for (std::size_t i = 0; i < table.metrics.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (table.metrics[i].key == table.metrics[j].key)
        misuse("analyze", "two metrics have the same key", table.metrics[i].key,
               "give one another: KEY=COLUMN");
  for (const auto& text : options.covariates) add_covariate(table.metrics, text);
  for (const auto& text : options.caps) {
    const auto [key, value] = split("--cap", text, '=', "METRIC=VALUE");
    const double cap = number_of("--cap", value);
    if (!(cap > 0)) misuse("--cap", "must be positive", value, "values are cut at +-VALUE");
    metric_named("--cap", table.metrics, key).cap = cap;
  }
  table.where = TextPredicate(read_conditions(options.where, "--where"));
  table.shares = shares_of(options);
  return table;
}

Analysis analysis_of(const AnalyzeOptions& options, const std::vector<TableMetric>& table) {
  check_numbers(options);
  Analysis analysis;
  analysis.seen_once = true;
  auto metrics = table;
  for (const auto* keys : {&options.primaries, &options.decreasing, &options.fieller})
    for (const auto& key : *keys)
      metric_named(keys == &options.primaries    ? "--primary"
                   : keys == &options.decreasing ? "--decrease"
                                                 : "--fieller",
                   metrics, key);
  for (const auto& metric : table) analysis.metrics.push_back(definition_of(metric, options));
  Plan& plan = analysis.plan;
  plan.primary = options.primaries;
  for (const auto& text : options.guardrails) {
    const auto [key, value] = split("--guardrail", text, '=', "METRIC=MARGIN");
    const double margin = number_of("--guardrail", value);
    if (!(margin > 0 && margin < 1))
      misuse("--guardrail", "the margin lies between 0 and 1", text, "0.02 is two per cent");
    metric_named("--guardrail", metrics, key);
    plan.guardrails.push_back({.metric = key, .margin = margin});
  }
  plan.method = method_of(options);
  plan.alpha = options.alpha;
  plan.power = options.power;
  plan.mde = options.mde;
  plan.planned_units = options.planned_n;
  plan.segments = options.segments;
  plan.rule = options.rule;
  if (find_rule(plan.rule) == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& rule : verdict_rules()) known.push_back(rule.name);
    misuse("--rule", "there is no such rule", plan.rule, fmt::format("one of {}", fmt::join(known, ", ")));
  }
  if (options.theta != "pooled" && options.theta != "within-arms")
    misuse("--theta", "there is no such slope", options.theta, "pooled or within-arms");
  analysis.slope = options.theta == "pooled" ? stats::SlopeRule::pooled : stats::SlopeRule::within_arms;
  // Without a decision metric there is no claim about all comparisons together: each interval stands by
  // itself.
  analysis.levels = plan.primary.empty() && plan.guardrails.empty() ? Levels::each : Levels::allocated;
  const auto path = options.files.empty() ? options.arm_files.front() : options.files.front();
  analysis.experiment.key =
      options.experiment.empty() ? std::filesystem::path(path).stem().string() : options.experiment;
  return analysis;
}

}  // namespace liftmark::cli
