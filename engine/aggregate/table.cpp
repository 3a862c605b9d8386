#include "engine/aggregate/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <unordered_map>

#include "engine/aggregate/table_cells.hpp"
#include "engine/aggregate/table_values.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/utf8.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kRejectedKept = 100;
constexpr double kMostRejected = 0.5;
constexpr std::int64_t kDayMicros = 86'400'000'000;

std::string shortened(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string shown(text.substr(0, kLongest));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return text.size() > kLongest ? shown + "..." : shown;
}

/// Where each thing stands in the present file.
struct Places {
  std::optional<std::size_t> arm, unit, time;
  std::vector<std::size_t> values;  ///< as State::value_columns
  std::vector<std::size_t> segments, conditions;
  std::size_t width = 0;
};

}  // namespace

struct TableAggregator::State {
  TableSpec spec;
  std::vector<std::string> value_columns;  ///< distinct columns of all metrics
  std::vector<bool> binary_column;         ///< only 0 and 1 are accepted
  std::vector<MetricCells> metrics;
  std::vector<std::string> arms;
  std::vector<std::int64_t> arm_units, arm_crossed;
  std::vector<std::vector<std::string>> groups;  ///< by segment
  std::vector<std::map<std::string, std::uint32_t, std::less<>>> group_codes;
  Places places;
  std::vector<std::string_view> condition_texts;  // reused from row to row
  std::string file, file_arm;
  std::unordered_map<std::string, std::size_t> unit_index;
  std::vector<UnitRow> units;
  std::map<std::string, std::int64_t> counts;
  std::vector<RejectedRow> rejected;
  std::map<std::int64_t, std::vector<std::int64_t>> units_by_day;
  std::vector<std::vector<std::vector<std::int64_t>>> split_units;  ///< [segment][group][arm]
  std::optional<std::int64_t> first_time, last_time;
  std::int64_t rows = 0, rejected_rows = 0, used = 0;
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash{XXH3_createState(), XXH3_freeState};

  explicit State(TableSpec table);
  std::size_t column_of(const std::string& column);
  std::optional<std::size_t> arm_of(std::string_view text, const TableRow& row);
  void reject(const TableRow& row, std::string_view reason, std::string_view column, std::string_view value);
  bool passes(const TableRow& row);
  bool read_values(const TableRow& row, UnitRow& unit);
  bool read_groups(const TableRow& row, UnitRow& unit);
  bool read_time(const TableRow& row, UnitRow& unit);
  void keep(std::string_view unit_id, UnitRow&& unit);
  void accumulate(const UnitRow& unit);
  void check_readable() const;
  std::size_t control_arm() const;
  std::vector<double> expected_shares();
  Statistics statistics();
};

TableAggregator::State::State(TableSpec table) : spec(std::move(table)) {
  if (!hash) throw std::bad_alloc();
  XXH3_128bits_reset(hash.get());
  for (const auto& metric : spec.metrics) {
    MetricCells cells(metric.key, {.ratio = metric.kind == MetricKind::ratio,
                                   .covariates = static_cast<int>(metric.covariates.size()),
                                   .binary = metric.kind == MetricKind::proportion});
    cells.cap = metric.cap;
    cells.columns.push_back(column_of(metric.numerator));
    if (metric.kind == MetricKind::ratio) cells.columns.push_back(column_of(metric.denominator));
    if (metric.kind == MetricKind::proportion) binary_column[cells.columns.front()] = true;
    for (const auto& covariate : metric.covariates) cells.columns.push_back(column_of(covariate));
    cells.segments = spec.segments.size();
    metrics.push_back(std::move(cells));
  }
  groups.resize(spec.segments.size());
  group_codes.resize(spec.segments.size());
  split_units.resize(spec.segments.size());
}

std::size_t TableAggregator::State::column_of(const std::string& column) {
  const auto found = std::find(value_columns.begin(), value_columns.end(), column);
  if (found != value_columns.end()) return static_cast<std::size_t>(found - value_columns.begin());
  value_columns.push_back(column);
  binary_column.push_back(false);
  return value_columns.size() - 1;
}

void TableAggregator::State::reject(const TableRow& row, std::string_view reason, std::string_view column,
                                    std::string_view value) {
  ++rejected_rows;
  ++counts["rejected_" + std::string(reason)];
  if (rejected.size() < kRejectedKept)
    rejected.push_back({.reason = std::string(reason),
                        .column = std::string(column),
                        .value = shortened(value),
                        .file = file,
                        .line = row.line});
}

bool TableAggregator::State::passes(const TableRow& row) {
  condition_texts.clear();
  for (const std::size_t column : places.conditions) condition_texts.push_back(trimmed(row.fields[column]));
  return spec.where.holds(condition_texts);
}

std::optional<std::size_t> TableAggregator::State::arm_of(std::string_view text, const TableRow& row) {
  const auto key = file_arm.empty() ? trimmed(text) : std::string_view(file_arm);
  if (key.empty()) {
    reject(row, "missing_arm", spec.arm_column, text);
    return std::nullopt;
  }
  const auto found = std::find(arms.begin(), arms.end(), key);
  if (found != arms.end()) return static_cast<std::size_t>(found - arms.begin());
  if (!is_utf8(key)) {
    reject(row, "not_utf8", spec.arm_column, text);
    return std::nullopt;
  }
  if (arms.size() == kMostArms)
    throw Error(ErrorCode::data, fmt::format("{}:{}", file, row.line),
                fmt::format("column \"{}\" has more than {} different values", spec.arm_column, kMostArms),
                "name the column that holds the arm with --arm");
  arms.emplace_back(key);
  arm_units.push_back(0);
  arm_crossed.push_back(0);
  return arms.size() - 1;
}

bool TableAggregator::State::read_values(const TableRow& row, UnitRow& unit) {
  unit.values.resize(value_columns.size());
  for (std::size_t i = 0; i < value_columns.size(); ++i) {
    const auto text = row.fields[places.values[i]];
    const auto value = field_value(text);
    if (!value.number) {
      reject(row, value.reason, value_columns[i], text);
      return false;
    }
    if (binary_column[i] && *value.number != 0.0 && *value.number != 1.0) {
      reject(row, "not_binary", value_columns[i], text);
      return false;
    }
    unit.values[i] = *value.number;
  }
  return true;
}

bool TableAggregator::State::read_groups(const TableRow& row, UnitRow& unit) {
  for (std::size_t s = 0; s < spec.segments.size(); ++s) {
    auto text = trimmed(row.fields[places.segments[s]]);
    if (text.empty()) text = "(none)";
    auto found = group_codes[s].find(text);
    if (found == group_codes[s].end()) {
      if (!is_utf8(text)) {
        reject(row, "not_utf8", spec.segments[s], text);
        return false;
      }
      if (groups[s].size() >= kMostGroups) text = "(other)";
      found =
          group_codes[s].try_emplace(std::string(text), static_cast<std::uint32_t>(groups[s].size())).first;
      if (found->second == groups[s].size()) groups[s].emplace_back(text);
    }
    unit.groups.push_back(found->second);
  }
  return true;
}

bool TableAggregator::State::read_time(const TableRow& row, UnitRow& unit) {
  if (!places.time) return true;
  const auto text = row.fields[*places.time];
  const auto time = parse_time(trimmed(text));
  if (!time) {
    reject(row, "not_a_time", spec.time_column, text);
    return false;
  }
  unit.time = *time;
  return true;
}

void TableAggregator::State::keep(std::string_view unit_id, UnitRow&& unit) {
  const auto [found, added] = unit_index.try_emplace(std::string(unit_id), units.size());
  if (added) {
    units.push_back(std::move(unit));
    return;
  }
  ++counts["repeated_units"];
  UnitRow& kept = units[found->second];
  const bool crossed = kept.crossed || kept.arm != unit.arm;
  if (places.time && unit.time < kept.time) kept = std::move(unit);
  kept.crossed = crossed;
}

void TableAggregator::State::accumulate(const UnitRow& unit) {
  ++used;
  ++arm_units[unit.arm];
  if (unit.crossed) ++arm_crossed[unit.arm];
  for (std::size_t s = 0; s < unit.groups.size(); ++s) {
    auto& by_group = split_units[s];
    if (by_group.size() <= unit.groups[s]) by_group.resize(unit.groups[s] + 1);
    auto& by_arm = by_group[unit.groups[s]];
    if (by_arm.size() <= unit.arm) by_arm.resize(unit.arm + 1);
    ++by_arm[unit.arm];
  }
  if (places.time) {
    auto& by_arm = units_by_day[unit.time / kDayMicros];
    if (by_arm.size() <= unit.arm) by_arm.resize(unit.arm + 1);
    ++by_arm[unit.arm];
    first_time = first_time ? std::min(*first_time, unit.time) : unit.time;
    last_time = last_time ? std::max(*last_time, unit.time) : unit.time;
  }
  for (auto& metric : metrics)
    metric.add(unit, places.time ? std::optional(unit.time / kDayMicros) : std::nullopt);
}

void TableAggregator::State::check_readable() const {
  if (rows == 0)
    throw Error(ErrorCode::data, file, "the table has no rows",
                "give a file with a header and one row per unit");
  if (static_cast<double>(rejected_rows) > kMostRejected * static_cast<double>(rows)) {
    std::vector<std::string> reasons;
    for (const auto& [name, count] : counts)
      if (name.starts_with("rejected_")) reasons.push_back(fmt::format("{} {}", count, name.substr(9)));
    const auto& first = rejected.front();
    throw Error(ErrorCode::data, fmt::format("{}:{}", first.file, first.line),
                fmt::format("{} of {} rows were rejected ({}); the first: column \"{}\" holds \"{}\"",
                            rejected_rows, rows, fmt::join(reasons, ", "), first.column, first.value),
                "check that the columns named hold what the options say");
  }
  if (used == 0) {
    throw Error(
        ErrorCode::data, file,
        fmt::format("none of {} rows passes --where on {}", rows, fmt::join(spec.where.names(), ", ")),
        "check the values' spelling");
  }
  if (arms.size() < 2)
    throw Error(ErrorCode::data, file,
                fmt::format("only one arm: \"{}\"; there is nothing to compare it with", arms.front()),
                spec.arm_column.empty() ? "give each arm's file with --arm-file ARM=FILE"
                                        : "name the column that tells the arms apart with --arm");
}

std::size_t TableAggregator::State::control_arm() const {
  if (spec.control.empty()) return 0;
  const auto found = std::find(arms.begin(), arms.end(), spec.control);
  if (found != arms.end()) return static_cast<std::size_t>(found - arms.begin());
  const auto meant = nearest(spec.control, {arms.begin(), arms.end()});
  throw Error(ErrorCode::data, file, fmt::format("no row has the control arm \"{}\"", spec.control),
              fmt::format("{}Arms: {}.", meant.empty() ? "" : fmt::format("Did you mean \"{}\"? ", meant),
                          fmt::join(arms, ", ")));
}

std::vector<double> TableAggregator::State::expected_shares() {
  for (const auto& [arm, share] : spec.shares) {
    if (std::find(arms.begin(), arms.end(), arm) != arms.end()) continue;
    arms.push_back(arm);  // an arm that should have units and has none
    arm_units.push_back(0);
    arm_crossed.push_back(0);
  }
  std::vector<double> shares;
  for (const auto& arm : arms) {
    if (spec.shares.empty()) {
      shares.push_back(1.0);
      continue;
    }
    const auto found = spec.shares.find(arm);
    if (found == spec.shares.end())
      throw Error(ErrorCode::usage, "--shares", fmt::format("arm \"{}\" has no share", arm),
                  fmt::format("give every arm one; arms: {}", fmt::join(arms, ", ")));
    shares.push_back(found->second);
  }
  return shares;
}

Statistics TableAggregator::State::statistics() {
  for (const auto& unit : units) accumulate(unit);
  check_readable();
  const auto control = control_arm();
  const auto shares = expected_shares();
  // Control first, then by key: the answer does not depend on the order of the rows.
  std::vector<std::size_t> order(arms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if ((a == control) != (b == control)) return a == control;
    return arms[a] < arms[b];
  });
  Statistics result;
  const bool crossed =
      std::any_of(arm_crossed.begin(), arm_crossed.end(), [](std::int64_t n) { return n > 0; });
  for (const auto arm : order) {
    result.arms.push_back({.key = arms[arm],
                           .control = arm == control,
                           .units = arm_units[arm],
                           .crossed_units = arm_crossed[arm],
                           .units_by_epoch = {{1, arm_units[arm]}}});
    result.expected_shares[1].push_back(shares[arm]);
  }
  const auto reordered = [&](const std::vector<std::int64_t>& by_arm) {
    std::vector<std::int64_t> ordered;
    for (const auto arm : order) ordered.push_back(arm < by_arm.size() ? by_arm[arm] : 0);
    return ordered;
  };
  for (std::size_t s = 0; s < groups.size(); ++s)
    for (std::size_t g = 0; g < split_units[s].size(); ++g)
      result.splits.push_back(
          {.dimension = spec.segments[s], .group = groups[s][g], .units = reordered(split_units[s][g])});
  if (!units_by_day.empty()) {
    for (auto day = units_by_day.begin()->first; day <= units_by_day.rbegin()->first; ++day) {
      const auto found = units_by_day.find(day);
      result.units_by_day.push_back(
          reordered(found == units_by_day.end() ? std::vector<std::int64_t>{} : found->second));
    }
  }
  for (const auto& metric : metrics)
    result.metrics.push_back(metric.statistics(
        {.arms = order, .dimensions = spec.segments, .groups = groups, .crossovers = crossed}));
  result.first_exposure = first_time;
  result.last_exposure = last_time;
  result.as_of = last_time.value_or(0);
  result.repeated_exposures = counts["repeated_units"];
  counts["rows_read"] = rows;
  counts["rows_rejected"] = rejected_rows;
  result.counts = counts;
  const XXH128_hash_t digest = XXH3_128bits_digest(hash.get());
  result.data_digest = fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
  return result;
}

TableAggregator::TableAggregator(TableSpec spec) : state_(std::make_unique<State>(std::move(spec))) {}
TableAggregator::~TableAggregator() = default;
TableAggregator::TableAggregator(TableAggregator&&) noexcept = default;

void TableAggregator::begin_file(const std::vector<std::string>& header, const std::string& file,
                                 const std::string& arm) {
  State& state = *state_;
  state.file = file;
  state.file_arm = arm;
  state.places = {};
  ColumnIndex columns(header, file);
  auto& places = state.places;
  places.width = header.size();
  if (arm.empty() && !state.spec.arm_column.empty())
    places.arm = columns.find(state.spec.arm_column, "--arm");
  if (!state.spec.unit_column.empty()) places.unit = columns.find(state.spec.unit_column, "--unit");
  if (!state.spec.time_column.empty()) places.time = columns.find(state.spec.time_column, "--time");
  for (const auto& column : state.value_columns)
    places.values.push_back(columns.find(column, "a metric's column").value_or(0));
  for (const auto& segment : state.spec.segments)
    places.segments.push_back(columns.find(segment, "--segment").value_or(0));
  for (const auto& column : state.spec.where.names())
    places.conditions.push_back(columns.find(column, "--where").value_or(0));
  columns.throw_problems();
}

void TableAggregator::add(const TableRow& row) {
  State& state = *state_;
  ++state.rows;
  XXH3_128bits_update(state.hash.get(), row.raw.data(), row.raw.size());
  if (!row.problem.empty()) return state.reject(row, row.problem, "", row.raw);
  if (row.fields.size() != state.places.width)
    return state.reject(row, "column_count", "", fmt::format("{} fields", row.fields.size()));
  if (!state.passes(row)) {
    ++state.counts["rows_filtered"];
    return;
  }
  const auto arm = state.arm_of(state.places.arm ? row.fields[*state.places.arm] : std::string_view(), row);
  if (!arm) return;
  UnitRow unit{.arm = *arm};
  if (!state.read_values(row, unit) || !state.read_groups(row, unit) || !state.read_time(row, unit)) return;
  if (!state.places.unit) return state.accumulate(unit);
  const auto id = trimmed(row.fields[*state.places.unit]);
  if (id.empty()) return state.reject(row, "missing_unit", state.spec.unit_column, id);
  state.keep(id, std::move(unit));
}

Statistics TableAggregator::finish() {
  return state_->statistics();
}

const std::vector<RejectedRow>& TableAggregator::rejected() const noexcept {
  return state_->rejected;
}

}  // namespace liftmark
