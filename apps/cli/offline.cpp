// `liftmark offline`: what a candidate recommendation policy would have earned, from a log with propensities.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/commands.hpp"
#include "apps/cli/offline/render.hpp"
#include "apps/cli/progress.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {
namespace {

struct Options {
  std::string log, on_policy, policy = "uniform", items, item_class, item_column, format = "text", output;
  std::string as_of;
  PolicyLogColumns columns;
  StorePolicyLog store;
  double alpha = 0.05, clip = 0.0;
  int folds = 5;
  bool quiet = false;
};

/// "column:NAME", "distribution:NAME", "table:FILE" or "uniform".
bool policy_is(const Options& options, std::string_view kind, std::string& rest) {
  const std::string prefix = std::string(kind) + ":";
  if (!options.policy.starts_with(prefix)) return false;
  rest = options.policy.substr(prefix.size());
  return true;
}

CsvOptions csv_options() {
  CsvOptions options;
  options.unnamed_columns = true;  // tables written with an index column have none
  return options;
}

PolicyLog read_log(const Options& options, const std::string& path, const PolicyLogColumns& columns) {
  const auto input = InputStream::open(path);
  ProgressBar bar("reading " + path, !options.quiet);
  CsvReader csv(*input, path == "-" ? "standard input" : path, csv_options());
  return read_policy_log(csv, columns, [&] {
    bar.show(static_cast<double>(input->consumed()), static_cast<double>(input->size()));
  });
}

PolicyLog read_store(const Options& options) {
  if (options.store.experiment.empty())
    throw Error(ErrorCode::usage, "--experiment", "a store holds many experiments: name one",
                "liftmark offline shop.db --experiment recommendations");
  const Reader reader(options.log, reader_options(options.as_of));
  return read_policy_log(reader, options.store);
}

/// Adds every item of the file to the log's actions and returns their classes, 0 for unknown ones.
std::vector<std::uint32_t> read_items(const Options& options, PolicyLog& log) {
  const auto input = InputStream::open(options.items);
  CsvReader csv(*input, options.items, csv_options());
  const std::string& wanted = options.item_column;
  const std::size_t item =
      csv.require_column(wanted.empty() && log.columns.contains("action") ? log.columns["action"] : wanted);
  const bool classed = !options.item_class.empty();
  const std::size_t feature = classed ? csv.require_column(options.item_class) : 0;
  std::vector<std::string> names{""};
  std::vector<std::uint32_t> classes(log.actions.size(), 0);
  while (csv.next()) {
    csv.require_good();
    const std::uint32_t action = log.action(csv.fields()[item]);
    classes.resize(log.actions.size(), 0);
    if (!classed) continue;
    const auto found = std::find(names.begin(), names.end(), csv.fields()[feature]);
    classes[action] = static_cast<std::uint32_t>(found - names.begin());
    if (found == names.end()) names.emplace_back(csv.fields()[feature]);
  }
  return classed ? classes : std::vector<std::uint32_t>();
}

/// A CSV file with the columns action, probability and, where the decision depends on it, context.
CandidatePolicy read_table(const std::string& path, PolicyLog& log) {
  const auto input = InputStream::open(path);
  CsvReader csv(*input, path, csv_options());
  const std::size_t action = csv.require_column("action"), share = csv.require_column("probability");
  const auto context = csv.column("context");
  struct Row {
    std::uint32_t action;
    std::string context;
    double probability;
  };
  std::vector<Row> rows;
  while (csv.next()) {
    csv.require_good();
    const auto fields = csv.fields();
    double probability = -1.0;
    const auto [end, code] =
        std::from_chars(fields[share].data(), fields[share].data() + fields[share].size(), probability);
    if (code != std::errc() || end != fields[share].data() + fields[share].size() || !(probability >= 0) ||
        probability > 1)
      throw Error(ErrorCode::data, Problem{fmt::format("{}:{}", path, csv.line()), "is no probability",
                                           std::string(fields[share]), "a number from 0 to 1"});
    rows.push_back({log.action(fields[action]), context ? std::string(fields[*context]) : "", probability});
  }
  CandidatePolicy policy{path, std::vector<double>(log.actions.size() * log.contexts.size(), 0.0)};
  for (std::size_t c = 0; c < log.contexts.size(); ++c) {
    double total = 0.0;
    for (const Row& row : rows)
      if (!context || row.context == log.contexts[c]) {
        policy.table[c * log.actions.size() + row.action] += row.probability;
        total += row.probability;
      }
    if (std::abs(total - 1.0) > 1e-3)
      throw Error(ErrorCode::data, path,
                  fmt::format("the probabilities{} add up to {:g}, not 1",
                              context ? " in context \"" + log.contexts[c] + "\"" : "", total),
                  "list every action the candidate may choose");
  }
  return policy;
}

CandidatePolicy candidate_of(const Options& options, PolicyLog& log) {
  std::string rest;
  if (options.policy == "uniform") return uniform_policy(log);
  if (policy_is(options, "table", rest)) return read_table(rest, log);
  if (policy_is(options, "column", rest) || policy_is(options, "distribution", rest)) return {rest, {}};
  throw Error(ErrorCode::usage, Problem{"--policy", "is no policy", options.policy,
                                        "uniform, table:FILE, column:NAME or distribution:NAME"});
}

void write(const Options& options, const std::string& text) {
  if (options.output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(options.output, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw Error(ErrorCode::storage, options.output, "cannot be written",
                "check that the folder exists and has space");
}

void run(Options options) {
  const PolicyLogColumns plain = options.columns;
  policy_is(options, "column", options.columns.candidate);
  policy_is(options, "distribution", options.columns.distribution);
  const bool from_store = options.log != "-" && is_store(options.log);
  PolicyLog log = from_store ? read_store(options) : read_log(options, options.log, options.columns);
  PolicyOptions evaluating;
  evaluating.alpha = options.alpha;
  evaluating.folds = options.folds;
  if (options.clip > 0) evaluating.clip = options.clip;
  if (!options.items.empty()) evaluating.classes = read_items(options, log);
  const CandidatePolicy candidate = candidate_of(options, log);
  if (!evaluating.classes.empty()) evaluating.classes.resize(log.actions.size(), 0);
  OfflineReport report{.log = options.log == "-" ? "standard input" : options.log,
                       .columns = log.columns,
                       .rows_read = log.rows_read,
                       .rejected = log.rejected,
                       .evaluation = evaluate_policy(log, candidate, evaluating),
                       .on_policy = {},
                       .alpha = options.alpha};
  if (!options.on_policy.empty()) {
    const PolicyLog outcome = read_log(options, options.on_policy, plain);
    report.on_policy = OnPolicy{options.on_policy, static_cast<std::int64_t>(outcome.rounds.size()),
                                logged_value(outcome, options.alpha)};
  }
  write(options, render(report, options.format));
}

void add_columns(Command& command, Options& options) {
  PolicyLogColumns& columns = options.columns;
  command.add_option("--action", columns.action, "Column with what was shown (item_id, action, item, arm)");
  command.add_option("--reward", columns.reward, "Column with what came of it (reward, click)");
  command.add_option("--propensity", columns.propensity,
                     "Column with its logged probability (propensity, propensity_score, pscore)");
  command.add_option("--context", columns.context,
                     "Column that the logged and the candidate's probabilities depend on (position)");
  command.add_option("--unit", columns.unit, "Column with who saw it: errors are then over units (unit)");
}

}  // namespace

void add_offline(Command& program) {
  auto* command = program.add_subcommand(
      "offline", "The value of a policy that did not run, from a log with propensities");
  auto options = std::make_shared<Options>();
  command->add_option("log", options->log, "CSV, plain, gzip or zstd; - is standard input; or a store")
      ->required();
  command
      ->add_option(
          "--policy", options->policy,
          "uniform; table:FILE (columns action, probability[, context]); column:NAME (the candidate's "
          "probability of the logged action); distribution:NAME (\"item=0.7;other=0.3\")")
      ->show_default();
  command->add_option("--on-policy", options->on_policy,
                      "A log that the candidate itself produced: its plain mean is compared");
  add_columns(*command, *options);
  command->add_option("--items", options->items, "CSV with all items: every one is an action");
  command->add_option("--item-column", options->item_column, "Its column with the item (as --action)");
  command->add_option("--item-class", options->item_class,
                      "Its column that the reward model groups items by, e.g. a category");
  command->add_option("--clip", options->clip, "Cut weights above this (square root of the number of rows)")
      ->positive();
  command->add_option("--alpha", options->alpha, "1 - level of the intervals")
      ->between(1e-6, 0.5)
      ->show_default();
  command->add_option("--folds", options->folds, "Folds of the reward model")
      ->between(2, 100)
      ->show_default();
  command->add_option("--experiment", options->store.experiment, "Of a store: whose exposures");
  command
      ->add_option("--reward-event", options->store.reward_event,
                   "Of a store: the reward is 1 after such an event")
      ->show_default();
  command->add_flag("--reward-value", options->store.value, "Of a store: the sum of their values instead");
  command->add_option("--window-days", options->store.window_days, "Of a store: within so many days")
      ->between(1, 365)
      ->show_default();
  command->add_option("--context-attribute", options->store.context,
                      "Of a store: an attribute of the exposure as context");
  command->add_option("--as-of", options->as_of, "Of a store: as known at this moment");
  command->add_option("--format", options->format, "text, markdown or json")
      ->one_of({"text", "markdown", "json"})
      ->show_default();
  command->add_option("--output", options->output, "A file (standard output)");
  command->add_flag("--quiet", options->quiet, "No progress bar");
  command->footer(
      "Inverse propensity (IPS), self-normalised (SNIPS) and doubly robust values, the effective sample "
      "size, what the "
      "log cannot speak about, and what clipping hides. docs/offline.md explains each number.\n\n"
      "Examples:\n"
      "  liftmark offline impressions.csv.gz --policy uniform --context position\n"
      "  liftmark offline impressions.csv --policy column:new_probability --unit shopper --reward bought\n"
      "  printf 'item,propensity,reward\\na,0.5,1\\nb,0.5,0\\n' | liftmark offline -\n"
      "  liftmark offline shop.db --experiment recommendations --reward-event purchase");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
