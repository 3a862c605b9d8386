// `liftmark plan`: how many units, how long, what could be found; the three designs side by side.

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "apps/cli/plan/baseline.hpp"
#include "apps/cli/plan/history.hpp"
#include "apps/cli/texts.hpp"
#include "engine/definition/error.hpp"
#include "stats/log_rank_power.hpp"
#include "stats/power.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::ordered_json;
using stats::PlanDesign;

struct Options {
  StatedBaseline stated;
  std::string scale;  ///< empty: log, or the metric's own in a store
  double mde = 0.05, alpha = 0.05, power = 0.8, share = 0.5, reduction = 0.0;
  std::optional<double> margin;
  double units_per_day = 0.0;
  int primaries = 1, variants = 1, weeks = 8;
  bool json = false;
  HistoryQuestion past;  ///< store and metric: where the baseline comes from instead
  std::optional<History> history;
};

struct Row {
  PlanDesign design;
  double units = 0;      ///< of the two compared arms
  double all_units = 0;  ///< of all arms
  std::optional<double> days;
};

struct Answer {
  stats::PlanQuestion question;
  std::vector<Row> rows;
  std::vector<std::pair<int, std::vector<std::optional<double>>>> weeks;  ///< detectable lift per design
  std::optional<std::size_t> recommended;                                 ///< index into rows
  struct LogRank {
    double hazard_ratio = 1, events = 0, units = 0;
  };
  std::optional<LogRank> log_rank;  ///< of a time to an event: the same change, as the other test sees it
};

constexpr PlanDesign kDesigns[] = {PlanDesign::fixed, PlanDesign::obrien_fleming, PlanDesign::always_valid};

std::string_view title(PlanDesign design) {
  switch (design) {
    case PlanDesign::fixed:
      return "fixed horizon, one look";
    case PlanDesign::obrien_fleming:
      return "group sequential, O'Brien-Fleming-type";
    case PlanDesign::always_valid:
      return "always valid, look any day";
  }
  return "";
}

stats::Baseline baseline_of(const Options& options) {
  auto baseline = options.history ? options.history->baseline : baseline_of(options.stated);
  if (options.reduction > 0) baseline.variance_kept = 1.0 - options.reduction;
  return baseline;
}

stats::Scale scale_of(const Options& options) {
  if (options.history) return options.history->scale;
  return options.scale == "fieller" ? stats::Scale::fieller : stats::Scale::log;
}

/// The hazard ratio of exponential times that changes the restricted mean as asked, and what a log-rank test
/// at one look needs for it. Nothing for other metrics, margins, or a change to the window's ends.
std::optional<Answer::LogRank> log_rank_of(const stats::PlanQuestion& question, double lift) {
  const stats::Baseline& b = question.baseline;
  const double before = b.mean / b.window, after = before * (1 + lift);
  if (!(b.window > 0) || question.margin || lift == 0 || !(after > 0 && after < 1)) return {};
  const double hazard = stats::hazard_of_restricted_mean(before);
  stats::HazardQuestion asked{
      .hazard_ratio = stats::hazard_of_restricted_mean(after) / hazard, .null_ratio = 1, .design = question};
  asked.design.design = PlanDesign::fixed;
  const double events = stats::schoenfeld_events(asked);
  return Answer::LogRank{.hazard_ratio = asked.hazard_ratio,
                         .events = std::ceil(events),
                         .units = std::ceil(events / stats::event_probability(asked, -std::expm1(-hazard)))};
}

/// Arms beyond the two compared share the traffic as the variants do: `share` is a variant's part of the two.
double arms_factor(const Options& options) {
  return (1.0 - options.share) + options.share * options.variants;
}

Answer compute(const Options& options) {
  Answer answer;
  stats::PlanQuestion& question = answer.question;
  question.baseline = baseline_of(options);
  question.scale = scale_of(options);
  question.treatment_share = options.share;
  question.alpha = options.alpha / (options.margin ? 1.0 : options.primaries * options.variants);
  question.power = options.power;
  question.margin = options.margin;
  question.looks = std::max(1, options.weeks * 7);
  try {
    for (const PlanDesign design : kDesigns) {
      question.design = design;
      Row row{.design = design,
              .units = std::ceil(stats::lift_sample_size(question, options.margin ? 0.0 : options.mde)),
              .all_units = 0,
              .days = {}};
      row.all_units = std::ceil(row.units * arms_factor(options));
      if (options.units_per_day > 0) row.days = row.all_units / options.units_per_day;
      answer.rows.push_back(row);
    }
    answer.log_rank = log_rank_of(question, options.mde);
    if (options.units_per_day > 0 && !options.margin)
      for (int week = 1; week <= options.weeks; ++week) {
        std::vector<std::optional<double>> lifts;
        for (const PlanDesign design : kDesigns) {
          question.design = design;
          question.looks = week * 7;
          lifts.push_back(stats::minimal_detectable_lift(
              question, options.units_per_day * 7 * week / arms_factor(options),
              options.mde < 0 ? stats::Change::fall : stats::Change::rise));
        }
        answer.weeks.emplace_back(week, std::move(lifts));
      }
  } catch (const std::domain_error& error) {
    throw Error(ErrorCode::usage, "plan", error.what(), "see liftmark plan --help");
  }
  // People look: always valid when it fits the time there is, else the group-sequential design, else neither
  // fits.
  for (const PlanDesign design : {PlanDesign::always_valid, PlanDesign::obrien_fleming})
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {
      const Row& row = answer.rows[i];
      if (!answer.recommended && row.design == design && row.days && *row.days <= options.weeks * 7)
        answer.recommended = i;
    }
  return answer;
}

std::string percent(const std::optional<double>& lift) {
  return lift ? fmt::format("{:+.2f}%", *lift * 100) : "none";
}

void print_history(const Options& options) {
  const History& past = *options.history;
  fmt::print("The past of {} in {}: {} units of arm {} of experiment {}\n", options.past.metric,
             options.past.store, grouped(static_cast<double>(past.units)), past.arm, past.experiment);
  fmt::print("  {} {:.6g}, standard deviation of a unit {:.6g}\n", past.measure, past.baseline.mean,
             std::sqrt(past.baseline.variance));
  fmt::print("  before exposure explains {:.1f}% of the variance (correlation {:.2f})\n",
             100 * past.variance_reduction, past.covariate_correlation);
  fmt::print("  {} new units a day over {:.0f} days\n\n", grouped(past.units_per_day), std::ceil(past.days));
}

void print_text(const Options& options, const Answer& answer) {
  const auto& baseline = answer.question.baseline;
  if (options.history) print_history(options);
  if (options.margin)
    fmt::print(
        "To show that a metric at {:g} gets no worse than {:.4g}%, when nothing changes, with power {:g}\n\n",
        baseline.mean, *options.margin * 100, options.power);
  else
    fmt::print("To find a relative lift of {:.4g}% on a metric at {:.6g} with power {:g}\n\n",
               options.mde * 100, baseline.mean, options.power);
  fmt::print("  {:<40} {:>14} {:>14} {:>8}\n", "design", "two arms", "all arms", "days");
  for (const Row& row : answer.rows)
    fmt::print("  {:<40} {:>14} {:>14} {:>8}\n", title(row.design), grouped(row.units),
               grouped(row.all_units), row.days ? fmt::format("{:.1f}", *row.days) : "-");
  fmt::print("\n  alpha {:.3g} {} for each comparison; {:.0f}% of the two arms' units in the variant\n",
             answer.question.alpha, options.margin ? "one-sided" : "two-sided", options.share * 100);
  if (answer.log_rank)
    fmt::print(
        "  as a hazard ratio {:.4g}: a log-rank test at one look needs {} events, about {} units "
        "(exponential "
        "times)\n",
        answer.log_rank->hazard_ratio, grouped(answer.log_rank->events), grouped(answer.log_rank->units));
  if (!answer.weeks.empty()) {
    fmt::print("\nSmallest lift found with that power, by week\n\n  {:>4} {:>14} {:>10} {:>18} {:>14}\n",
               "week", "units", "fixed", "group sequential", "always valid");
    for (const auto& [week, lifts] : answer.weeks)
      fmt::print("  {:>4} {:>14} {:>10} {:>18} {:>14}\n", week, grouped(options.units_per_day * 7 * week),
                 percent(lifts[0]), percent(lifts[1]), percent(lifts[2]));
  }
  if (answer.recommended) {
    const Row& best = answer.rows[*answer.recommended];
    fmt::print("\nRecommended: {}; {} units, {:.0f} days. Plan whole weeks: {} weeks.\n", title(best.design),
               grouped(best.all_units), std::ceil(*best.days), std::max(2.0, std::ceil(*best.days / 7)));
  } else if (options.units_per_day > 0) {
    fmt::print(
        "\nNot to be found within {} weeks at this traffic: look for a larger effect, more traffic, or less "
        "variance.\n",
        options.weeks);
  } else {
    fmt::print("\nGive --units-per-day for a duration, a table by week and a recommendation.\n");
  }
}

void print_json(const Options& options, const Answer& answer) {
  ordered_json designs = ordered_json::array(), weeks = ordered_json::array();
  for (const Row& row : answer.rows) {
    ordered_json item{
        {"design", stats::name(row.design)}, {"units_two_arms", row.units}, {"units", row.all_units}};
    item["days"] = row.days ? ordered_json(*row.days) : ordered_json(nullptr);
    designs.push_back(item);
  }
  for (const auto& [week, lifts] : answer.weeks) {
    ordered_json item{{"week", week}, {"units", options.units_per_day * 7 * week}};
    for (std::size_t i = 0; i < lifts.size(); ++i)
      item[std::string("mde_") + std::string(stats::name(kDesigns[i]))] =
          lifts[i] ? ordered_json(*lifts[i]) : ordered_json(nullptr);
    weeks.push_back(item);
  }
  ordered_json result{{"schema", "liftmark.plan/1"},
                      {"alpha", answer.question.alpha},
                      {"power", options.power},
                      {"designs", designs},
                      {"weeks", weeks}};
  if (answer.log_rank)
    result["log_rank"] = {{"hazard_ratio", answer.log_rank->hazard_ratio},
                          {"events", answer.log_rank->events},
                          {"units_two_arms", answer.log_rank->units}};
  if (options.history)
    result["history"] = {{"experiment", options.history->experiment},
                         {"arm", options.history->arm},
                         {"metric", options.past.metric},
                         {"units", options.history->units},
                         {"mean", options.history->baseline.mean},
                         {"standard_deviation", std::sqrt(options.history->baseline.variance)},
                         {"variance_reduction", options.history->variance_reduction},
                         {"covariate_correlation", options.history->covariate_correlation},
                         {"units_per_day", options.history->units_per_day},
                         {"days", options.history->days}};
  result["recommended"] = answer.recommended
                              ? ordered_json(stats::name(answer.rows[*answer.recommended].design))
                              : ordered_json(nullptr);
  fmt::print("{}\n", result.dump(2));
}

/// The store's past, where one is given; what was typed stands before it.
void add_history(Options& options) {
  if (options.past.store.empty()) return;
  if (options.past.metric.empty())
    throw Error(ErrorCode::usage, "--store", "needs --metric",
                "liftmark plan --store shop.db --metric conversion");
  if (options.stated.any() || !options.scale.empty())
    throw Error(ErrorCode::usage, "--store", "and a typed baseline or scale exclude each other",
                "leave out --proportion, --mean, --quantile, --event-share and --scale");
  options.history = read_history(options.past);
  if (options.units_per_day <= 0) options.units_per_day = options.history->units_per_day;
}

constexpr const char* kFraction = "FRACTION";

/// "5%" becomes 0.05.
std::string read_percent(std::string& text) {
  if (!text.ends_with('%')) return {};
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used + 1 != text.size()) return "not a number: " + text;
    text = fmt::format("{}", value / 100.0);
  } catch (const std::exception&) {
    return "not a number: " + text;
  }
  return {};
}

void add_baseline(Command& command, Options& options) {
  StatedBaseline& stated = options.stated;
  command.add_option("--proportion", stated.proportion, "Baseline share of units, e.g. 0.04 or 4%")
      ->rewritten(read_percent, kFraction);
  command.add_option("--mean", stated.mean, "Baseline mean per unit, or a ratio metric's ratio");
  command.add_option("--sd", stated.deviation,
                     "Standard deviation of one unit's value (linearised for a ratio)");
  command.add_option("--quantile", stated.quantile, "A quantile metric: its probability, e.g. 0.5 or 90%")
      ->rewritten(read_percent, kFraction);
  command.add_option("--value", stated.value, "The quantile, in the events' unit");
  command.add_option("--density", stated.density,
                     "Share of event values per unit of value near the quantile, e.g. 0.024 when 4.8% of "
                     "orders lie between 41 and 43");
  command.add_option("--values-per-unit", stated.values_per_unit, "Events of an exposed unit, on average")
      ->show_default();
  command
      .add_option("--design-effect", stated.design_effect,
                  "How much the values of one unit resemble each other: 1 + (values of a buyer - 1) x their "
                  "correlation")
      ->show_default();
  command
      .add_option("--event-share", stated.event_share,
                  "A time to an event: share of units that have it within the window, at a constant rate")
      ->rewritten(read_percent, kFraction);
  command.add_option("--window", stated.window, "That window in days; with --mean and --sd too");
  command
      .add_option("--scale", options.scale,
                  "log, or fieller for metrics that may be negative (a store's metric has its own)")
      ->one_of({"log", "fieller"});
}

}  // namespace

void add_plan(Command& program) {
  auto* command =
      program.add_subcommand("plan", "Sample size, duration and the smallest lift that can be found");
  command->footer(
      "Relative lifts on the metric's scale, with the variances of the analysis. A variant's share is its "
      "part "
      "of the two compared arms.\n\n"
      "Examples:\n"
      "  liftmark plan --proportion 0.04 --mde 5% --units-per-day 12000\n"
      "  liftmark plan --store shop.db --metric conversion --mde 5%\n"
      "  liftmark plan --quantile 0.5 --value 42 --density 0.012 --values-per-unit 1.3 --mde 3%\n"
      "  liftmark plan --event-share 30% --window 28 --mde=-2%\n"
      "  liftmark plan --mean 11.8 --sd 45 --mde 3% --variance-reduction 20% --units-per-day 30000 --json");
  auto options = std::make_shared<Options>();
  add_baseline(*command, *options);
  auto* store = command->add_option("--store", options->past.store,
                                    "Take baseline, variance, covariates and traffic from this store's past");
  command->add_option("--metric", options->past.metric, "The metric in that store")->needs(store);
  command
      ->add_option("--experiment", options->past.experiment,
                   "Whose exposed units are that past (the one with the most exposures)")
      ->needs(store);
  command->add_option("--as-of", options->past.as_of, "The past until this moment")->needs(store);
  command->add_option("--mde", options->mde, "Relative lift to find")
      ->rewritten(read_percent, kFraction)
      ->show_default();
  command->add_option("--margin", options->margin, "Plan a guardrail instead: no worse than this, one-sided")
      ->rewritten(read_percent, kFraction);
  command->add_option("--alpha", options->alpha, "Total error rate, split over primaries and variants")
      ->rewritten(read_percent, kFraction)
      ->show_default();
  command->add_option("--power", options->power, "Chance of finding it")
      ->rewritten(read_percent, kFraction)
      ->show_default();
  command->add_option("--primaries", options->primaries, "Primary metrics")->between(1, 100)->show_default();
  command->add_option("--variants", options->variants, "Variants compared with the control")
      ->between(1, 100)
      ->show_default();
  command->add_option("--share", options->share, "A variant's share of the two compared arms")
      ->rewritten(read_percent, kFraction)
      ->show_default();
  command->add_option("--variance-reduction", options->reduction, "By covariates, e.g. 20%")
      ->rewritten(read_percent, kFraction)
      ->show_default();
  command->add_option("--units-per-day", options->units_per_day, "New units a day, all arms");
  command->add_option("--weeks", options->weeks, "Weeks there are")->between(1, 104)->show_default();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] {
    add_history(*options);
    const Answer answer = compute(*options);
    options->json ? print_json(*options, answer) : print_text(*options, answer);
  });
}

}  // namespace liftmark::cli
