// `liftmark assign`: the arm and the reason for one unit or a stream of units.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/assign/exposure_rows.hpp"
#include "apps/cli/catalog_source.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "apps/cli/texts.hpp"
#include "apps/cli/verify/export_reader.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/input_stream.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/segments.hpp"
#include "engine/record/stored_units.hpp"

namespace liftmark::cli {
namespace {

using assign::Assignment;
using nlohmann::ordered_json;

struct AssignOptions {
  std::string store_path;
  std::string catalog_path;
  std::string experiment;
  std::optional<std::string> unit;
  std::vector<std::string> attributes;
  std::vector<std::string> segments;
  std::string consent;  ///< empty: as stored, or granted without a store
  std::string input_path;
  std::string input_format;
  std::string format;
  ExportColumns columns;
  std::string exposures_path;
  std::string at;  ///< of the exposures; empty: now
  bool explain = false;
  bool keep = false;
};

/// A 64-bit number does not survive every JSON reader, so a bucket is 16 hexadecimal digits.
ordered_json to_json(std::string_view unit, std::string_view experiment, const assign::Explanation& told,
                     bool explain) {
  const Assignment& answer = told.assignment;
  ordered_json row{{"unit", unit},
                   {"experiment", experiment},
                   {"arm", answer.arm()},
                   {"reason", name(answer.reason)},
                   {"measured", answer.measured()},
                   {"epoch", answer.epoch},
                   {"bucket", fmt::format("{:016x}", answer.bucket)}};
  if (answer.sticky_unreadable) row["sticky_unreadable"] = true;
  row["value"] = answer.payload().empty() ? ordered_json(answer.arm())
                                          : ordered_json::parse(answer.payload(), nullptr, false);
  if (!explain) return row;
  row["steps"] = ordered_json::array();
  for (const assign::Step& step : told.steps) {
    row["steps"].push_back({{"check", step.check}, {"passed", step.passed}, {"detail", step.detail}});
  }
  return row;
}

/// Decides for each unit it is given and prints the answers as it goes.
class Answers final : public RowSink {
 public:
  /// `stored` may be null: then no store tells what it knows of a unit.
  Answers(const Catalog& catalog, const AssignOptions& options, const StoredUnits* stored,
          StoredSegments stored_segments)
      : assigner_(compile_assigner(catalog)),
        options_(options),
        exposures_(catalog, options.exposures_path, options.at),
        stored_(stored),
        stored_segments_(std::move(stored_segments)) {
    for (const assign::Experiment& experiment : assigner_->experiments()) {
      if (options_.experiment.empty() || options_.experiment == experiment.key)
        keys_.push_back(experiment.key);
    }
    if (keys_.empty() && !options_.experiment.empty()) {
      throw Error(ErrorCode::usage,
                  Problem{"--experiment", "the catalog has no such experiment", options_.experiment, ""});
    }
    if (options_.format == "csv") fmt::print("unit,experiment,arm,reason,epoch,bucket\n");
  }

  void add(const ExportedRow& row) override {
    assign::Context context;
    context.unit = row.unit;
    context.attributes = row.attributes;
    const auto stored = stored_segments_.of(row.unit);
    segments_.assign(options_.segments.begin(), options_.segments.end());
    segments_.insert(segments_.end(), stored.begin(), stored.end());
    context.segments = segments_;
    StoredUnit known;
    if (stored_ != nullptr) known = stored_->find(row.unit);
    context.sticky = known.kept;
    context.sticky_unreadable = stored_ != nullptr && stored_->sticky_unreadable();
    context.consent = options_.consent.empty()        ? known.consent
                      : options_.consent == "granted" ? assign::Consent::granted
                      : options_.consent == "denied"  ? assign::Consent::denied
                                                      : assign::Consent::unknown;
    if (row.experiment) return answer(context, *row.experiment);
    for (const std::string& key : keys_) answer(context, key);
  }

  void reject(std::int64_t line, std::string_view reason) override {
    fmt::print(stderr, "liftmark: line {}: {}\n", line, reason);
    ++rejected_;
  }

  std::uint64_t rejected() const noexcept { return rejected_; }
  void close_exposures() { exposures_.close(); }
  /// First arms of sticky experiments given so far; for a caller who enrols.
  std::vector<KeptArm> take_kept() { return std::exchange(kept_, {}); }

 private:
  void remember(const assign::Context& context, const Assignment& given) {
    if (given.reason != assign::Reason::assigned || given.sticky_unreadable) return;
    if (assigner_->experiments()[*assigner_->find(given.experiment())].sticky)
      kept_.push_back({std::string(context.unit), std::string(given.experiment()), given.epoch,
                       std::string(given.arm())});
  }

  void answer(const assign::Context& context, std::string_view key) {
    assign::Explanation told;
    if (options_.explain) {
      told = assigner_->explain(context, key);
    } else {
      told.assignment = assigner_->assign(context, key);
    }
    if (options_.keep) remember(context, told.assignment);
    exposures_.add(*assigner_, context, told.assignment);
    const Assignment& given = told.assignment;
    if (options_.format == "ndjson") {
      fmt::print("{}\n", to_json(context.unit, key, told, options_.explain)
                             .dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    } else if (options_.format == "csv") {
      fmt::print("{},{},{},{},{},{:016x}\n", csv_field(context.unit), csv_field(key), csv_field(given.arm()),
                 name(given.reason), given.epoch, given.bucket);
    } else {
      fmt::print("{}: {} ({}{})\n", key, given.arm().empty() ? std::string_view("no arm") : given.arm(),
                 name(given.reason),
                 given.sticky_unreadable ? ", a fresh hash: the kept arms could not be read" : "");
      for (const assign::Step& step : told.steps) {
        std::string_view detail = step.detail;
        while (detail.ends_with('\n')) detail.remove_suffix(1);
        fmt::print("    {} {}: {}\n", step.passed ? "+" : "-", step.check, detail);
      }
    }
  }

  std::shared_ptr<const assign::Assigner> assigner_;
  const AssignOptions& options_;
  ExposureRows exposures_;
  const StoredUnits* stored_;
  std::vector<KeptArm> kept_;
  std::vector<std::string> keys_;
  StoredSegments stored_segments_;
  std::vector<std::string_view> segments_;  ///< of the present unit
  std::uint64_t rejected_ = 0;
};

/// NAME=VALUE pairs; a name listed in `numbers` holds a number.
std::vector<assign::Attribute> read_attributes(const AssignOptions& options) {
  std::vector<assign::Attribute> attributes;
  for (const std::string& pair : options.attributes) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos) {
      throw Error(ErrorCode::usage,
                  Problem{"--attribute", "is not of the form NAME=VALUE", pair, "for example country=CZ"});
    }
    const std::string_view attribute = std::string_view(pair).substr(0, equals);
    const std::string_view text = std::string_view(pair).substr(equals + 1);
    const auto& numbers = options.columns.numbers;
    if (std::find(numbers.begin(), numbers.end(), attribute) == numbers.end()) {
      attributes.push_back({attribute, text});
      continue;
    }
    double number = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
      throw Error(ErrorCode::usage,
                  Problem{"--attribute", "is not a number", pair, "leave out --number for a text"});
    }
    attributes.push_back({attribute, number});
  }
  return attributes;
}

void check(const AssignOptions& options) {
  if (options.unit.has_value() == !options.input_path.empty())
    throw Error(ErrorCode::usage, "--unit", "give either one unit or --input", "for example --unit user-1");
  if (options.store_path.empty() && options.catalog_path.empty())
    throw Error(ErrorCode::usage, "--catalog", "give a store or a catalog file",
                "for example liftmark assign shop.db --unit user-1");
  if (!options.at.empty() && options.exposures_path.empty())
    throw Error(ErrorCode::usage, "--at", "is the moment of exposures", "name a file: --exposures FILE");
  if (options.keep && options.store_path.empty())
    throw Error(ErrorCode::usage, "--keep", "arms are kept in a store", "name the store first");
}

/// One unit of the command line, or all of a file.
void answer_units(const AssignOptions& options, Answers& answers) {
  if (options.unit) {
    const std::vector<assign::Attribute> attributes = read_attributes(options);
    return answers.add(
        {.line = 1, .unit = *options.unit, .arm = {}, .experiment = {}, .attributes = attributes});
  }
  const auto input = InputStream::open(options.input_path);
  const std::string file = options.input_path == "-" ? "standard input" : options.input_path;
  const bool ndjson =
      options.input_format.empty() ? named_as_ndjson(options.input_path) : options.input_format == "ndjson";
  ndjson ? replay_ndjson(*input, options.columns, answers)
         : replay_csv(*input, file, options.columns, answers);
}

void run(AssignOptions options) {
  check(options);
  if (options.format.empty()) options.format = options.unit ? "text" : "ndjson";
  const Catalog catalog = options.catalog_path.empty() ? read_stored_catalog(options.store_path)
                                                       : read_catalog(options.catalog_path);
  std::optional<StoredUnits> stored;
  if (!options.store_path.empty()) stored.emplace(options.store_path);
  if (stored && stored->sticky_unreadable())
    fmt::print(stderr, "liftmark: {}: the kept arms cannot be read; sticky experiments get a fresh hash\n",
               options.store_path);
  Answers answers(catalog, options, stored ? &*stored : nullptr,
                  stored ? StoredSegments(options.store_path) : StoredSegments());
  answer_units(options, answers);
  answers.close_exposures();
  if (options.keep) {
    WritingStore open(options.store_path);
    keep_sticky_arms(open.recorder, answers.take_kept());
  }
  if (answers.rejected() == 0) return;
  std::fflush(stdout);
  throw Error(ErrorCode::data, options.input_path == "-" ? "standard input" : options.input_path,
              fmt::format("{} rows cannot be read", answers.rejected()), "each is named above");
}

}  // namespace

void add_assign(Command& program) {
  auto* command = program.add_subcommand("assign", "Arm and reason for one unit or a stream of units");
  auto options = std::make_shared<AssignOptions>();
  options->columns.arm.clear();
  command->add_option("store", options->store_path,
                      "The store: its catalog, its units' consent, segments and the arms they keep");
  command->add_option("--catalog", options->catalog_path,
                      "A catalog file (JSON) instead of the store's, or without a store");
  command->add_option("--experiment", options->experiment, "One experiment; all when not given");
  command->add_option("--unit", options->unit, "One unit's id");
  command->add_option("--attribute", options->attributes,
                      "NAME=VALUE, an attribute of that unit (repeatable)");
  command->add_option("--segment", options->segments,
                      "A segment that the units are in, beside those stored (repeatable)");
  command
      ->add_option("--consent", options->consent,
                   "The units' consent; as stored, or granted without a store, when not given")
      ->one_of({"granted", "denied", "unknown"});
  command->add_flag("--keep", options->keep,
                    "Keep the arms given in sticky experiments in the store; without it nobody is enrolled");
  command->add_option(
      "--exposures", options->exposures_path,
      "Write what these evaluations leave behind, NDJSON for import: exposures of holdouts that a ledger "
      "follows, and of experiments whose exposure is the evaluation");
  command->add_option("--at", options->at, "The moment of those exposures; now when not given");
  command->add_option("--input", options->input_path,
                      "A file of units, CSV or NDJSON, plain, gzip or zstd; - is standard input");
  command->add_option("--input-format", options->input_format, "By the file's name when not given")
      ->one_of({"csv", "ndjson"});
  command->add_option("--unit-column", options->columns.unit, "Column with the unit's id")->show_default();
  command
      ->add_option("--experiment-column", options->columns.experiment,
                   "Column with an experiment's key, if the file has one")
      ->show_default();
  command->add_option("--number", options->columns.numbers,
                      "An attribute or CSV column that is a number, not a text (repeatable)");
  command->add_option("--format", options->format, "text for one unit and ndjson for a stream when not given")
      ->one_of({"text", "ndjson", "csv"});
  command->add_flag("--explain", options->explain,
                    "Show each step: consent, holdout, audience, traffic, bucket, arm");
  command->footer(
      "Other columns of the file are the units' attributes. Nothing is recorded, unless --keep asks for "
      "it;\n"
      "what --exposures writes is recorded by import.\n\n"
      "Examples:\n"
      "  liftmark assign shop.db --unit user-1 --explain\n"
      "  liftmark assign --catalog examples/catalog.json --unit user-1 --attribute country=CZ --explain\n"
      "  printf 'unit,country\\nuser-1,CZ\\nuser-2,FR\\n' | liftmark assign --catalog examples/catalog.json "
      "--input -\n"
      "  liftmark assign shop.db --input units.csv --exposures exposures.ndjson >arms.ndjson && liftmark "
      "import "
      "shop.db exposures.ndjson");
  command->callback([options] { run(*options); });
}

}  // namespace liftmark::cli
