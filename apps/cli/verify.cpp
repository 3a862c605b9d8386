// `liftmark verify`: replays an export of who got which arm against a catalog, before anybody is moved.

#include <fmt/format.h>

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "apps/cli/catalog_source.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/verify/export_reader.hpp"
#include "apps/cli/verify/replay.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/input_stream.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

struct VerifyOptions {
  std::string export_path = "-";
  std::string catalog_path;
  std::string input;
  ExportColumns columns;
  ReplayOptions replay;
  std::vector<std::string> arm_names;
  bool as_json = false;
};

/// The catalog's experiments as if all were running: an experiment is verified before it starts.
std::shared_ptr<const assign::Assigner> compile_catalog(const std::string& path) {
  Catalog catalog = read_catalog(path);
  assign::Definitions definitions{{}, std::move(catalog.layers), std::move(catalog.holdouts)};
  for (ExperimentDefinition& experiment : catalog.experiments) {
    experiment.assignment.status = assign::Status::running;
    definitions.experiments.push_back(std::move(experiment.assignment));
  }
  assign::Compilation compilation = assign::Assigner::compile(std::move(definitions));
  if (compilation.assigner == nullptr) throw Error(ErrorCode::definition, std::move(compilation.problems));
  return compilation.assigner;
}

double rate(const ReplayCounts& counts) {
  return counts.rows == 0 ? 0.0 : static_cast<double>(counts.matched) / static_cast<double>(counts.rows);
}

json to_json(const ReplayCounts& counts) {
  return {{"rows", counts.rows},
          {"matched", counts.matched},
          {"mismatched", counts.rows - counts.matched},
          {"match_rate", counts.rows == 0 ? json() : json(rate(counts))}};
}

void print_json(const ReplayResult& result) {
  json report = to_json(result.total);
  report["rejected"] = result.rejected;
  report["experiments"] = json::object();
  for (const auto& [key, counts] : result.experiments) report["experiments"][key] = to_json(counts);
  report["mismatches"] = json::array();
  for (const Mismatch& mismatch : result.mismatches) {
    json steps = json::array();
    for (const assign::Step& step : mismatch.steps)
      steps.push_back({{"check", step.check}, {"passed", step.passed}, {"detail", step.detail}});
    report["mismatches"].push_back(
        {{"line", mismatch.line},
         {"unit", mismatch.unit},
         {"experiment", mismatch.experiment},
         {"exported", mismatch.exported.empty() ? json() : json(mismatch.exported)},
         {"assigned", mismatch.assigned.empty() ? json() : json(mismatch.assigned)},
         {"reason", mismatch.reason},
         {"steps", steps}});
  }
  fmt::print("{}\n", report.dump(2, ' ', false, json::error_handler_t::replace));
}

std::string_view arm_name(const std::string& arm) {
  return arm.empty() ? std::string_view("no arm") : arm;
}

void print_text(const ReplayResult& result) {
  for (const auto& [key, counts] : result.experiments)
    fmt::print("{}: {} of {} rows match ({:.4f}%)\n", key, counts.matched, counts.rows, 100.0 * rate(counts));
  for (const auto& [reason, count] : result.rejected) fmt::print("rejected, {}: {} rows\n", reason, count);
  if (!result.rejected_lines.empty())
    fmt::print("first rejected lines: {}\n", fmt::join(result.rejected_lines, ", "));
  for (const Mismatch& mismatch : result.mismatches) {
    fmt::print("line {}: unit {}, experiment {}: {} in the export, {} here ({})\n", mismatch.line,
               json(mismatch.unit).dump(-1, ' ', false, json::error_handler_t::replace), mismatch.experiment,
               arm_name(mismatch.exported), arm_name(mismatch.assigned), mismatch.reason);
    for (const assign::Step& step : mismatch.steps)
      fmt::print("    {} {}: {}\n", step.passed ? "+" : "-", step.check, step.detail);
  }
  const std::uint64_t mismatched = result.total.rows - result.total.matched;
  if (mismatched > result.mismatches.size())
    fmt::print("... and {} more; --show {} prints them all\n", mismatched - result.mismatches.size(),
               mismatched);
}

void read_arm_names(const std::vector<std::string>& pairs, ReplayOptions& options) {
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::usage,
                  {"--arm-name", "is not of the form NAME=KEY", pair, "for example 0=control"});
    options.arm_names[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

void run(VerifyOptions options) {
  read_arm_names(options.arm_names, options.replay);
  Replay replay(compile_catalog(options.catalog_path), options.replay);
  const auto input = InputStream::open(options.export_path);
  const std::string file = options.export_path == "-" ? "standard input" : options.export_path;
  const bool ndjson =
      options.input.empty() ? named_as_ndjson(options.export_path) : options.input == "ndjson";
  ndjson ? replay_ndjson(*input, options.columns, replay) : replay_csv(*input, file, options.columns, replay);
  const ReplayResult& result = replay.result();
  options.as_json ? print_json(result) : print_text(result);
  if (result.good()) return;
  std::fflush(stdout);
  if (result.total.rows == 0 && result.rejected.empty())
    throw Error(ErrorCode::data, file, "holds no rows", "an export has a header and one row per unit");
  std::uint64_t rejected = 0;
  for (const auto& [reason, count] : result.rejected) rejected += count;
  throw Error(ErrorCode::data, file,
              fmt::format("{} of {} rows do not match, {} cannot be read",
                          result.total.rows - result.total.matched, result.total.rows, rejected),
              "compare \"hashing\" with the other system's settings; docs/bucketing-schemes.md lists them");
}

}  // namespace

void add_verify(Command& program) {
  auto* command = program.add_subcommand(
      "verify", "Replay an export of (unit, arm) against a catalog and list mismatches");
  auto options = std::make_shared<VerifyOptions>();
  command
      ->add_option("export", options->export_path, "CSV or NDJSON, plain, gzip or zstd; - is standard input")
      ->required();
  command
      ->add_option("--catalog", options->catalog_path,
                   "The catalog: a JSON file, or a store with the one in force")
      ->required();
  command->add_option("--experiment", options->replay.experiment,
                      "For an export without an experiment column");
  command->add_option("--input", options->input, "Format of the export; by its name when not given")
      ->one_of({"csv", "ndjson"});
  command->add_option("--unit", options->columns.unit, "Column with the unit's id")->show_default();
  command->add_option("--arm", options->columns.arm, "Column with the arm; empty: the unit was in no arm")
      ->show_default();
  command->add_option("--experiment-column", options->columns.experiment, "Column with the experiment's key")
      ->show_default();
  command->add_option("--number", options->columns.numbers,
                      "A CSV column that is a number, not a text (repeatable)");
  command->add_option("--arm-name", options->arm_names, "NAME=KEY: the export's name of an arm (repeatable)");
  command->add_flag("--served", options->replay.served,
                    "Compare the arm that is served, even outside the traffic");
  command->add_option("--show", options->replay.shown, "Mismatches to print with their explanation")
      ->show_default();
  command->add_flag("--json", options->as_json, "Print the result as JSON");
  command->footer(
      "Other columns are the unit's attributes. Experiments count as running, whatever their status; consent "
      "as granted.\n"
      "Exit code 0 when every row matches, 4 when one does not.\n\n"
      "Example:\n"
      "  printf 'unit,arm\\nuser-3,control\\n' > export.csv\n"
      "  printf '%s' '{\"schema\":\"liftmark.catalog/1\",\"currency\":\"EUR\",\n"
      "    "
      "\"metrics\":[{\"key\":\"buyers\",\"kind\":\"proportion\",\"numerator\":{\"event\":\"purchase\"}}],\n"
      "    \"experiments\":[{\"key\":\"checkout\",\"plan\":{\"primary\":[\"buyers\"]},\n"
      "      \"arms\":[{\"key\":\"control\",\"role\":\"control\"},{\"key\":\"new\"}],\n"
      "      \"hashing\":{\"scheme\":\"growthbook-v2\"}}]}' > catalog.json\n"
      "  liftmark verify export.csv --catalog catalog.json");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
