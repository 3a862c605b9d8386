#include "engine/analyse/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "engine/aggregate/needs.hpp"
#include "engine/analyse/cut.hpp"
#include "engine/analyse/deliveries_check.hpp"
#include "engine/analyse/distribution_check.hpp"
#include "engine/definition/time_point.hpp"
#include "stats/distributions.hpp"
#include "stats/multiplicity.hpp"
#include "stats/sample_ratio.hpp"

namespace liftmark {
namespace {

// Thresholds of MEASUREMENT "Sample ratio".
constexpr double kFailsOnce = 0.001, kWatchedOnce = 0.01, kFailsSequential = 0.01, kBalanceWatched = 0.001;
constexpr double kDirichletConcentration = 1000;
// Shares above which a reader should look; they withhold nothing.
constexpr double kCrossoversWatched = 0.01, kDuplicatesWatched = 0.05, kLateWatched = 0.01,
                 kUnsettledWatched = 0.5;
constexpr const char* kPassed = "passed";
constexpr const char* kWatched = "watched";
constexpr const char* kFailed = "failed";
constexpr const char* kNotRun = "not_run";

double number(std::int64_t count) {
  return static_cast<double>(count);
}

/// Counts and expected shares of one epoch, as doubles that outlive the spans made of them.
struct Split {
  std::vector<double> counts, shares;
  stats::ArmCounts view() const { return {.counts = counts, .shares = shares}; }
};

std::vector<Split> splits_by_epoch(const Statistics& statistics) {
  std::vector<Split> splits;
  for (const auto& [epoch, shares] : statistics.expected_shares) {
    Split split{.counts = {}, .shares = shares};
    for (const auto& arm : statistics.arms) {
      const auto found = arm.units_by_epoch.find(epoch);
      split.counts.push_back(found == arm.units_by_epoch.end() ? 0.0 : number(found->second));
    }
    splits.push_back(std::move(split));
  }
  return splits;
}

/// Epochs with units whose shares no version of the catalog knows.
std::vector<Check::Place> unknown_epochs(const Statistics& statistics) {
  std::map<int, std::int64_t> units;
  for (const auto& arm : statistics.arms)
    for (const auto& [epoch, count] : arm.units_by_epoch)
      if (!statistics.expected_shares.count(epoch)) units[epoch] += count;
  std::vector<Check::Place> places;
  for (const auto& [epoch, count] : units)
    if (count > 0)
      places.push_back({.dimension = "epoch", .group = std::to_string(epoch), .p_value = std::nullopt});
  return places;
}

/// Where the split is wrong, worst first: chi-squares of each group added over the epochs, as their degrees
/// of freedom. Descriptive.
std::vector<Check::Place> localise(const Statistics& statistics) {
  struct Sum {
    double statistic = 0;
    int degrees_of_freedom = 0;
    bool unit_in_empty_arm = false;
  };
  std::map<std::pair<std::string, std::string>, Sum> groups;
  for (const auto& row : statistics.splits) {
    const auto shares = statistics.expected_shares.find(row.epoch);
    if (shares == statistics.expected_shares.end()) continue;
    const std::vector<double> counts(row.units.begin(), row.units.end());
    const auto test = stats::sample_ratio_chi_square({.counts = counts, .shares = shares->second});
    if (!test.p_value) continue;
    auto& sum = groups[{row.dimension, row.group}];
    sum.statistic += test.statistic.value_or(0);
    sum.degrees_of_freedom += test.degrees_of_freedom;
    sum.unit_in_empty_arm = sum.unit_in_empty_arm || test.unit_in_empty_arm;
  }
  std::vector<Check::Place> places;
  for (const auto& [name, sum] : groups)
    places.push_back(
        {.dimension = name.first,
         .group = name.second,
         .p_value = sum.unit_in_empty_arm ? 0.0 : stats::chi2_sf(sum.statistic, sum.degrees_of_freedom)});
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.p_value < b.p_value; });
  std::vector<double> p_values;
  for (const auto& place : places) p_values.push_back(*place.p_value);
  const auto adjusted = stats::adjust_holm(p_values);  // over all groups looked at
  for (std::size_t i = 0; i < places.size(); ++i) places[i].p_value = adjusted[i];
  constexpr std::size_t kShown = 10;
  if (places.size() > kShown) places.resize(kShown);
  return places;
}

Check sample_ratio(const CheckInput& input) {
  Check check{.kind = "sample_ratio", .status = kNotRun};
  const auto splits = splits_by_epoch(input.statistics);
  if (splits.empty()) {
    check.note = "no_expected_shares";
    return check;
  }
  check.places = unknown_epochs(input.statistics);
  if (!check.places.empty()) {  // nobody can say what the split should have been
    check.status = kFailed;
    check.note = "epoch_without_shares";
    return check;
  }
  stats::SampleRatioTest test;
  if (input.seen_once && splits.size() == 1) {
    test = stats::sample_ratio_chi_square(splits.front().view());
    check.note = "chi_square";
  } else {
    std::vector<stats::ArmCounts> views;
    for (const auto& split : splits) views.push_back(split.view());
    test = stats::sample_ratio_sequential(views, kDirichletConcentration);
    check.note = "sequential_multinomial";
  }
  check.p_value = test.p_value;
  if (!test.p_value && !test.unit_in_empty_arm) {
    check.note = stats::name(test.reason);
    return check;
  }
  const bool once = check.note == "chi_square";
  const double p = test.p_value.value_or(0.0);
  check.status =
      p < (once ? kFailsOnce : kFailsSequential) ? kFailed : (once && p < kWatchedOnce ? kWatched : kPassed);
  if (test.unit_in_empty_arm) {
    check.status = kFailed;
    check.note = "unit_in_empty_arm";
  } else if (test.statistic) {
    check.numbers.push_back({once ? "chi_square" : "log_bayes_factor", test.statistic});
    check.numbers.push_back({"degrees_of_freedom", test.degrees_of_freedom});
  }
  if (check.status != kPassed) check.places = localise(input.statistics);
  return check;
}

Check crossovers(const CheckInput& input) {
  std::int64_t crossed = 0;
  for (const auto& arm : input.statistics.arms) crossed += arm.crossed_units;
  const auto units = total_units(input.statistics);
  Check check{.kind = "crossovers", .status = kPassed};
  check.numbers.push_back({"crossed_units", number(crossed)});
  if (units == 0) return check;
  const double share = number(crossed) / number(units);
  check.numbers.push_back({"crossover_share", share});
  if (share > kCrossoversWatched) check.status = kWatched;
  return check;
}

/// Pre-period balance of the first covariate of each primary; of each metric where none decides.
Check balance(const CheckInput& input) {
  Check check{.kind = "balance", .status = kNotRun, .note = "no_covariates"};
  const bool decides = std::any_of(input.tasks.begin(), input.tasks.end(),
                                   [](const auto& task) { return task.role.role == Role::primary; });
  for (const auto& task : input.tasks) {
    const auto& layout = task.data.layout;
    if ((decides && task.role.role != Role::primary) || layout.covariates == 0) continue;
    const std::array<std::size_t, 1> column{layout.ratio ? 2u : 1u};
    for (const auto pair : input.pairs) {
      std::vector<Cell> cells;
      for (const auto& cell : task.data.cells)
        if (cell.history.n() > 0)
          cells.push_back({.epoch = cell.epoch, .arm = cell.arm, .history = cell.history.select(column)});
      const auto contrast = contrast_of(cells, pair, {}, {});
      if (contrast.reason != stats::Reason::none) continue;
      const auto test = stats::estimate_lift(contrast, stats::Scale::absolute,
                                             stats::Inference{.reference = stats::Reference::student});
      if (!test.p_value) continue;
      check.note.clear();
      check.places.push_back({.dimension = task.metric.key,
                              .group = input.statistics.arms[pair.treatment].key,
                              .p_value = test.p_value});
      if (!check.p_value || *test.p_value < *check.p_value) check.p_value = test.p_value;
    }
  }
  if (check.p_value) check.status = *check.p_value < kBalanceWatched ? kWatched : kPassed;
  return check;
}

Check completeness(const CheckInput& input) {
  Check check{.kind = "completeness", .status = kNotRun};
  std::optional<double> smallest;
  for (const auto& task : input.tasks) {
    if (task.data.immature_units.empty()) continue;
    const auto waiting =
        std::accumulate(task.data.immature_units.begin(), task.data.immature_units.end(), std::int64_t{0});
    const auto units = total_units(input.statistics);
    if (units == 0) continue;
    const double settled = 1 - number(waiting) / number(units);
    if (!smallest || settled < *smallest) smallest = settled;
    if (task.role.role != Role::secondary)
      check.numbers.push_back({"settled_share_" + task.metric.key, settled});
  }
  if (!smallest) {
    check.note = input.seen_once ? "table" : "";
    return check;
  }
  check.numbers.insert(check.numbers.begin(), {"settled_share", smallest});
  check.status = *smallest < kUnsettledWatched ? kWatched : kPassed;
  return check;
}

Check full_weeks(const CheckInput& input) {
  Check check{.kind = "full_weeks", .status = kNotRun};
  const auto days = static_cast<std::int64_t>(input.statistics.units_by_day.size());
  if (input.seen_once && days == 0) {
    check.note = "table";
    return check;
  }
  const std::int64_t run = days > 0 ? days : days_run(input.statistics);
  check.numbers = {{"days", number(run)}, {"days_over", number(run % 7)}};
  check.status = run >= 7 && run % 7 == 0 ? kPassed : kWatched;
  if (days == 0) return check;
  // How often each weekday had units: a gap can leave one out of whole weeks.
  std::array<std::int64_t, 7> weekdays{};
  for (std::size_t day = 0; day < input.statistics.units_by_day.size(); ++day) {
    const auto& units = input.statistics.units_by_day[day];
    if (std::any_of(units.begin(), units.end(), [](std::int64_t n) { return n > 0; })) ++weekdays[day % 7];
  }
  const auto [least, most] = std::minmax_element(weekdays.begin(), weekdays.end());
  check.numbers.push_back({"weekdays", number(7 - std::count(weekdays.begin(), weekdays.end(), 0))});
  check.numbers.push_back({"weekday_least_days", number(*least)});
  check.numbers.push_back({"weekday_most_days", number(*most)});
  if (*least != *most) check.status = kWatched;
  return check;
}

/// Does another treatment of the data change what a primary metric says?
Check sensitivity(const CheckInput& input) {
  Check check{.kind = "sensitivity", .status = kNotRun};
  for (std::size_t i = 0; i < input.tasks.size(); ++i) {
    if (input.tasks[i].role.role != Role::primary) continue;
    const auto& result = input.results[i];
    for (const auto& row : result.sensitivities) {
      const auto planned =
          std::find_if(result.comparisons.begin(), result.comparisons.end(),
                       [&](const Comparison& c) { return c.arm == row.arm && c.against == row.against; });
      if (planned == result.comparisons.end() || planned->reading.empty()) continue;
      if (check.status == kNotRun) check.status = kPassed;
      const auto reading = read_lift(row.relative, input.tasks[i].metric.direction);
      if (reading.empty() || reading == planned->reading) continue;
      check.status = kWatched;
      check.places.push_back(
          {.dimension = result.key, .group = row.arm + " " + row.kind, .p_value = std::nullopt});
    }
  }
  return check;
}

/// A count of bad rows against all rows, watched above a share.
Check row_share(const char* kind, std::int64_t bad, std::int64_t rows, double watched) {
  Check check{.kind = kind, .status = kPassed};
  check.numbers.push_back({"rows", number(bad)});
  if (rows <= 0) return check;
  check.numbers.push_back({"share", number(bad) / number(rows)});
  if (number(bad) / number(rows) > watched) check.status = kWatched;
  return check;
}

std::int64_t rows_read(const Statistics& statistics) {
  for (const char* name : {"events_read", "rows_read"})
    if (const auto found = statistics.counts.find(name); found != statistics.counts.end())
      return found->second;
  return total_units(statistics);
}

/// Rows that came to the store's door, which is where duplicates are counted; 0 for a table.
std::int64_t rows_offered(const Statistics& statistics) {
  std::int64_t rows = statistics.duplicates + statistics.conflicts + statistics.repeated_exposures;
  bool store = false;
  for (const auto& [name, count] : statistics.counts) {
    if (name != "accepted" && name.rfind("accepted:", 0) != 0) continue;
    rows += count;
    store = true;
  }
  return store ? rows : 0;
}

/// A store counts at its door, where a row does not say which experiments it will serve: of all its rows.
Check duplicates(const CheckInput& input) {
  if (!input.statistics.has_door) return {.kind = "duplicates", .status = kNotRun, .note = "own_tables"};
  const auto offered = rows_offered(input.statistics);
  Check check = row_share("duplicates", input.statistics.duplicates,
                          offered > 0 ? offered : rows_read(input.statistics), kDuplicatesWatched);
  if (offered > 0) check.note = "in_the_store";
  check.numbers.push_back({"repeated_exposures", number(input.statistics.repeated_exposures)});
  check.numbers.push_back({"conflicts", number(input.statistics.conflicts)});
  if (input.statistics.conflicts > 0) check.status = kWatched;
  return check;
}

/// The hours in which an experiment was measured: until its last window is over, up to the last hour that is.
HourRange hours_run(const CheckInput& input) {
  const Statistics& statistics = input.statistics;
  if (!statistics.first_exposure) return {};
  Micros longest = 0;
  for (const MetricTask& task : input.tasks) longest = std::max(longest, end_of_window(task.metric));
  const Micros over = statistics.last_exposure.value_or(statistics.as_of) + longest;
  return {hour_of(*statistics.first_exposure), hour_of(std::min(statistics.as_of, over)) - 1};
}

Check late_events(const CheckInput& input) {
  if (input.seen_once) return {.kind = "late_events", .status = kNotRun, .note = "table"};
  if (!input.statistics.has_recorded_times)
    return {.kind = "late_events", .status = kNotRun, .note = "own_tables"};
  // A history imported in one go is late as a whole, which says nothing about the shop's own delivery.
  constexpr double kBulkImport = 0.9;
  const auto rows = rows_read(input.statistics);
  Check check = row_share("late_events", input.statistics.late_events, rows, kLateWatched);
  if (number(input.statistics.late_events) >= kBulkImport * number(rows) && check.status == kWatched) {
    check.status = kNotRun;
    check.note = "bulk_import";
  }
  const Lateness late = lateness(input.deliveries, hours_run(input));
  if (late.rows == 0) return check;
  check.numbers.push_back({"late_hour", number(late.hour)});
  check.numbers.push_back({"late_day", number(late.day)});
  check.numbers.push_back({"late_week", number(late.week)});
  return check;
}

Check clock_skew(const CheckInput& input) {
  if (input.seen_once) return {.kind = "clock_skew", .status = kNotRun, .note = "table"};
  if (!input.statistics.has_recorded_times)
    return {.kind = "clock_skew", .status = kNotRun, .note = "own_tables"};
  Check check = row_share("clock_skew", input.statistics.future_events, rows_read(input.statistics), 0);
  const auto clocks = clocks_ahead(input.deliveries, hours_run(input));
  double lead = 0.0;
  for (const SourceClock& clock : clocks) {
    lead = std::max(lead, clock.largest_lead_seconds);
    check.places.push_back({.dimension = "source",
                            .group = fmt::format("{}: {} of {} rows, up to {:.3g} s ahead", clock.source,
                                                 clock.future, clock.rows, clock.largest_lead_seconds),
                            .p_value = std::nullopt});
  }
  if (clocks.empty()) return check;
  check.numbers.push_back({"sources_ahead", static_cast<double>(clocks.size())});
  check.numbers.push_back({"largest_lead_seconds", lead});
  check.status = kWatched;
  return check;
}

/// Hours in which a source of the store was silent.
void add_source_gaps(const CheckInput& input, Check& check) {
  std::int64_t hours = 0;
  for (const SourceGap& gap : source_gaps(input.deliveries, hours_run(input))) {
    hours += gap.hours;
    check.places.push_back({.dimension = "source",
                            .group = fmt::format("{}: {} h from {}", gap.source, gap.hours,
                                                 format_time(gap.first_hour * kMicrosPerHour)),
                            .p_value = std::nullopt});
  }
  if (hours == 0) return;
  check.numbers.push_back({"silent_hours", number(hours)});
  check.status = kWatched;
}

/// Days on which an arm that had units before and after had none, and hours in which a source was silent.
Check gaps(const CheckInput& input) {
  const auto& days = input.statistics.units_by_day;
  Check check{.kind = "gaps", .status = days.empty() ? kNotRun : kPassed};
  for (std::size_t arm = 0; arm < input.statistics.arms.size() && !days.empty(); ++arm) {
    const auto has_units = [&](const std::vector<std::int64_t>& day) {
      return arm < day.size() && day[arm] > 0;
    };
    const auto first = std::find_if(days.begin(), days.end(), has_units);
    const auto last = std::find_if(days.rbegin(), days.rend(), has_units).base();
    if (first >= last) continue;
    const auto empty = std::count_if(first, last, [&](const auto& day) { return !has_units(day); });
    if (empty == 0) continue;
    check.status = kWatched;
    check.numbers.push_back({"empty_days_" + input.statistics.arms[arm].key, number(empty)});
  }
  add_source_gaps(input, check);
  return check;
}

Check bots(const CheckInput& input) {
  const auto found = input.statistics.counts.find("suspected_bots");
  if (found == input.statistics.counts.end()) return {.kind = "bots", .status = kNotRun};
  Check check{.kind = "bots", .status = found->second > 0 ? kWatched : kPassed};
  check.numbers.push_back({"bot_units", number(found->second)});
  if (const auto units = total_units(input.statistics); units > 0)
    check.numbers.push_back({"share", number(found->second) / number(units)});
  return check;
}

constexpr std::array kChecks{
    HealthCheck{"sample_ratio", "do the arms hold the shares of units they should?", sample_ratio},
    HealthCheck{"crossovers", "were units seen in several arms?", crossovers},
    HealthCheck{"balance", "were the arms alike before the start?", balance},
    HealthCheck{"completeness", "are the metrics' windows over?", completeness},
    HealthCheck{"full_weeks", "does the run cover whole weeks?", full_weeks},
    HealthCheck{"sensitivity", "do other treatments of the data say the same?", sensitivity},
    HealthCheck{"distribution", "can the means be trusted at this size?", check_distribution},
    HealthCheck{"duplicates", "were events sent more than once?", duplicates},
    HealthCheck{"late_events", "did events arrive late?", late_events},
    HealthCheck{"clock_skew", "did events come from the future, and from which source?", clock_skew},
    HealthCheck{"gaps", "are there days without units, or hours in which a source was silent?", gaps},
    HealthCheck{"bots", "are there units that no person would be?", bots},
};

}  // namespace

std::span<const HealthCheck> health_checks() noexcept {
  return kChecks;
}

std::vector<Check> run_checks(const CheckInput& input) {
  std::vector<Check> checks;
  for (const auto& row : kChecks) checks.push_back(row.run(input));
  return checks;
}

bool sample_ratio_failed(const std::vector<Check>& checks) noexcept {
  return std::any_of(checks.begin(), checks.end(), [](const Check& check) {
    return check.kind == "sample_ratio" && check.status == kFailed;
  });
}

}  // namespace liftmark
