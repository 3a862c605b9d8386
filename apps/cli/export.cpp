// `liftmark export`: the raw exposures or events, as CSV or NDJSON that import reads back.

#include "engine/record/export.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/texts.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark::cli {
namespace {

struct ExportArguments {
  std::string store, kind = "events", format = "csv", unit, experiment, from, to, as_of;
  std::vector<std::string> types;
};

void run(const ExportArguments& arguments) {
  ExportOptions options;
  options.kind = arguments.kind == "events" ? ExportOptions::Kind::events : ExportOptions::Kind::exposures;
  options.format = arguments.format == "csv" ? ExportOptions::Format::csv : ExportOptions::Format::ndjson;
  if (!arguments.unit.empty()) options.unit = arguments.unit;
  if (!arguments.experiment.empty()) options.experiment = arguments.experiment;
  options.types = arguments.types;
  if (!arguments.from.empty()) options.from = moment(arguments.from, "--from");
  if (!arguments.to.empty()) options.to = moment(arguments.to, "--to");
  if (!arguments.as_of.empty()) options.as_of = moment(arguments.as_of, "--as-of");
  export_rows(arguments.store, options, [](std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
      throw Error(ErrorCode::data, "standard output", "cannot write", "is the disk full?");
  });
}

}  // namespace

void add_export(Command& program) {
  auto* command = program.add_subcommand("export", "Raw exposures or events as CSV or NDJSON");
  auto arguments = std::make_shared<ExportArguments>();
  command->add_option("store", arguments->store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("kind", arguments->kind, "events or exposures")->one_of({"events", "exposures"});
  command->add_option("--format", arguments->format, "csv or ndjson")->one_of({"csv", "ndjson"});
  command->add_option("--unit", arguments->unit, "One unit's rows only");
  command->add_option("--type", arguments->types, "Event types (default: all)");
  command->add_option("--experiment", arguments->experiment, "Exposures of one experiment only");
  command->add_option("--from", arguments->from, "From this moment on");
  command->add_option("--to", arguments->to, "Before this moment");
  command->add_option("--as-of", arguments->as_of, "As the store stood then");
  command->footer(
      "Example:\n  liftmark export shop.db events --type purchase --from 2026-03-01 > purchases.csv");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace liftmark::cli
