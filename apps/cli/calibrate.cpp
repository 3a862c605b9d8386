// `liftmark calibrate`: A/A on the shop's own history; each metric's false-positive rate and coverage.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "apps/cli/progress.hpp"
#include "engine/aggregate/aggregate.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/analyse/calibration.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string store, experiment, as_of, format = "text";
  int rounds = 1000, days = 28;
  std::uint64_t seed = 1;
  bool quiet = false;
};

struct Calibration {
  PlaceboHistory history;
  std::vector<CalibrationRow> rows;
};

Calibration measure(const Options& options) {
  const Reader reader(options.store, reader_options(options.as_of));
  const Catalog catalog = catalog_of(reader);
  const ExperimentDefinition& experiment = experiment_of(catalog, options.experiment);
  Calibration result;
  ProgressBar bar("dealing arms", !options.quiet);
  result.history = placebo_history(reader, catalog, experiment.plan, options.days);
  CalibrationOptions dealing;
  dealing.rounds = options.rounds;
  dealing.seed = options.seed;
  dealing.progress = [&](int done) { bar.show(done, options.rounds); };
  result.rows = calibrate(result.history, analysis_for(catalog, experiment), experiment.assignment, dealing);
  return result;
}

std::string share_text(std::int64_t count, std::int64_t rounds) {
  const MonteCarloShare share = monte_carlo_share(count, rounds);
  return fmt::format("{:.2f}% ± {:.2f}", share.share * 100, share.error * 100);
}

/// Above the nominal rate by more than three Monte Carlo errors (of the nominal rate itself).
bool too_often(const CalibrationRow& row) {
  const std::int64_t count = std::max(row.found, row.found_ever.value_or(0));
  const auto nominal = static_cast<std::int64_t>(row.nominal * static_cast<double>(row.rounds) + 0.5);
  const double error = monte_carlo_share(std::max<std::int64_t>(nominal, 1), row.rounds).error;
  return monte_carlo_share(count, row.rounds).share > row.nominal + 3 * error;
}

void print_text(const Options& options, const Calibration& of) {
  fmt::print("A/A on {} visitors first seen {} to {}, dealt {} times into the arms of \"{}\" (seed {})\n\n",
             of.history.day.size(), format_time(of.history.from).substr(0, 10),
             format_time(of.history.to).substr(0, 10), options.rounds, options.experiment, options.seed);
  fmt::print("{:<16}{:<11}{:<26}{:>9}{:>18}{:>18}{:>18}{:>18}{:>13}\n", "metric", "role", "arm", "allowed",
             "false findings", "looking daily", "covers the lift", "covers difference", "no interval");
  for (const CalibrationRow& row : of.rows) {
    const std::int64_t said = row.rounds - row.no_interval;
    fmt::print("{:<16}{:<11}{:<26}{:>8.2f}%{:>18}{:>18}{:>18}{:>18}{:>12.1f}%{}\n", row.metric, row.role,
               row.arm + " / " + row.against, row.nominal * 100, share_text(row.found, row.rounds),
               row.found_ever ? share_text(*row.found_ever, row.rounds) : "-",
               said > 0 ? share_text(said - row.missed_zero, said) : "-",
               said > 0 ? share_text(said - row.missed_absolute, said) : "-",
               100 * monte_carlo_share(row.no_interval, row.rounds).share,
               too_often(row) ? "  too often" : "");
  }
  fmt::print(
      "\n± is the Monte Carlo error of {} rounds. Nothing differs between the arms, so every finding is "
      "false and "
      "every interval should hold 0. \"Too often\" is more than three errors above what the plan allows.\n",
      options.rounds);
}

void print_json(const Options& options, const Calibration& of) {
  ordered_json out{{"experiment", options.experiment},
                   {"rounds", options.rounds},
                   {"seed", options.seed},
                   {"units", of.history.day.size()},
                   {"from", format_time(of.history.from)},
                   {"to", format_time(of.history.to)},
                   {"rows", ordered_json::array()}};
  const auto share = [](std::int64_t count, std::int64_t rounds) {
    const MonteCarloShare value = monte_carlo_share(count, rounds);
    return rounds > 0 ? ordered_json{{"share", value.share}, {"error", value.error}} : ordered_json();
  };
  for (const CalibrationRow& row : of.rows) {
    const std::int64_t said = row.rounds - row.no_interval;
    ordered_json one{{"metric", row.metric},
                     {"role", row.role},
                     {"arm", row.arm},
                     {"against", row.against},
                     {"allowed", row.nominal},
                     {"false_findings", share(row.found, row.rounds)},
                     {"covers_relative", share(said - row.missed_zero, said)},
                     {"covers_absolute", share(said - row.missed_absolute, said)},
                     {"no_interval", share(row.no_interval, row.rounds)},
                     {"too_often", too_often(row)}};
    one["false_findings_looking_daily"] =
        row.found_ever ? share(*row.found_ever, row.rounds) : ordered_json();
    out["rows"].push_back(std::move(one));
  }
  fmt::print("{}\n", out.dump(2));
}

void run(const Options& options) {
  const Calibration result = measure(options);
  options.format == "json" ? print_json(options, result) : print_text(options, result);
}

}  // namespace

void add_calibrate(Command& program) {
  auto* command =
      program.add_subcommand("calibrate", "A/A on the shop's own history: error rates per metric");
  auto options = std::make_shared<Options>();
  command->add_option("store", options->store, "The store")->required();
  command->add_option("experiment", options->experiment, "Whose arms, metrics and plan to try")->required();
  command->add_option("--rounds", options->rounds, "How often the visitors are dealt into arms")
      ->between(10, 1'000'000)
      ->show_default();
  command->add_option("--days", options->days, "Days of visitors, before the longest window's end")
      ->between(1, 400)
      ->show_default();
  command->add_option("--seed", options->seed, "The same seed gives the same answer")->show_default();
  command->add_option("--as-of", options->as_of, "As the store knew it at this moment");
  command->add_option("--format", options->format, "text or json")->one_of({"text", "json"})->show_default();
  command->add_flag("--quiet", options->quiet, "No progress bar");
  command->footer(
      "Needs events only: a visitor is whoever was seen in the days tried, exposed by the first event there. "
      "The store is "
      "read once; only the arms are dealt anew. docs/calibrate.md says what is measured.\n\n"
      "Example:\n"
      "  liftmark calibrate shop.db recommendations --rounds 2000");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
