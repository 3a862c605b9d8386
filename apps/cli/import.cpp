// `liftmark import`: exposures and events from CSV or NDJSON files into a store.

#include "engine/record/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "apps/cli/progress.hpp"
#include "apps/cli/store_commands.hpp"
#include "apps/cli/texts.hpp"
#include "apps/service/local_socket.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/predicate.hpp"
#include "engine/record/clickhouse/recorder.hpp"
#include "engine/record/compaction.hpp"

namespace liftmark::cli {
namespace {

struct ImportArguments {
  std::string store;
  std::vector<std::string> files;
  std::vector<std::string> map, set, keep, where;
  std::string kind = "auto", format = "auto", recorded_at = "import", rejects, source;
  std::string delimiter = ",", group_by;
  double max_rejected = 0.1;
  double max_age_days = 0.0;
  bool json = false, quiet = false;
};

std::map<std::string, std::string> pairs(const std::vector<std::string>& texts, const char* option) {
  std::map<std::string, std::string> result;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(ErrorCode::usage, option, fmt::format("\"{}\" is not of the form FIELD=..", text),
                  "see import --help");
    result[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return result;
}

ImportOptions options_of(const ImportArguments& arguments) {
  ImportOptions options;
  if (arguments.format != "auto")
    options.format = arguments.format == "csv" ? ImportOptions::Format::csv : ImportOptions::Format::ndjson;
  if (arguments.kind != "auto")
    options.kind = arguments.kind == "events" ? ImportOptions::Kind::events : ImportOptions::Kind::exposures;
  options.source = arguments.source;
  options.columns = pairs(arguments.map, "--map");
  options.constants = pairs(arguments.set, "--set");
  if (!arguments.keep.empty()) {
    options.properties = arguments.keep;
    if (arguments.keep.size() == 1 && arguments.keep[0] == "none") options.properties->clear();
  }
  options.recorded_at_event_time = arguments.recorded_at == "event-time";
  set_separator(options.csv, arguments.delimiter, "--delimiter");
  options.where = TextPredicate(read_conditions(arguments.where, "--where"));
  options.group_by = arguments.group_by;
  options.rejects = arguments.rejects;
  options.max_rejected_share = arguments.max_rejected;
  return options;
}

void print(const std::string& file, const ImportResult& result, bool json) {
  if (json) {
    nlohmann::json line{{"file", file},
                        {"rows", result.rows},
                        {"accepted", result.accepted},
                        {"duplicate", result.duplicate},
                        {"conflict", result.conflict},
                        {"repeat", result.repeat},
                        {"filtered", result.filtered},
                        {"joined", result.joined},
                        {"rejected", result.rejected},
                        {"durable", result.durable},
                        {"reasons", result.rejected_by_reason},
                        {"rejects_file", result.rejects.string()},
                        {"seconds", result.seconds}};
    fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} rows in {:.1f} s: {} recorded", file, result.rows, result.seconds, result.accepted);
  if (result.joined > 0) fmt::print(" from {} rows", result.rows - result.filtered - result.rejected);
  if (result.filtered > 0) fmt::print(", {} rows left out by --where", result.filtered);
  if (result.repeat > 0) fmt::print(", {} repeated exposures", result.repeat);
  if (result.duplicate > 0) fmt::print(", {} known already", result.duplicate);
  if (result.conflict > 0)
    fmt::print(", {} with a known id but other content (the first is kept)", result.conflict);
  if (result.rejected > 0) fmt::print(", {} rejected", result.rejected);
  if (!result.durable) fmt::print("; not durable: a power failure may lose the last commits");
  fmt::print("\n");
  for (const auto& [reason, count] : result.rejected_by_reason) fmt::print("  {:>10}  {}\n", count, reason);
  if (result.rejected > 0) fmt::print("  lines and reasons: {}\n", result.rejects.string());
}

/// Whether one of the files had more bad rows than are allowed.
bool import_files(const ImportArguments& arguments, ImportOptions options, BatchSink& recorder) {
  bool failed = false;
  options.idle = service::give_way;
  for (const std::string& file : arguments.files) {
    const ImportResult result = [&] {
      ProgressBar bar(file, !arguments.quiet);
      options.progress = [&bar](const ImportProgress& progress) {
        const double rate = static_cast<double>(progress.rows) / std::max(progress.seconds, 1e-3);
        bar.show(static_cast<double>(progress.bytes), static_cast<double>(progress.total_bytes),
                 fmt::format("{} rows  {}/s", grouped(static_cast<double>(progress.rows)), grouped(rate)));
        service::give_way();
      };
      return import_file(recorder, file, options);
    }();
    print(file, result, arguments.json);
    failed = failed || result.too_many_rejected;
  }
  return failed;
}

void finish(const ImportArguments& arguments, bool failed) {
  if (failed)
    throw Error(ErrorCode::data, arguments.files.front(),
                fmt::format("more than {:.3g}% of the rows were rejected; the good ones are kept",
                            100 * arguments.max_rejected),
                "see the rejects file; --max-rejected allows more");
}

void run(const ImportArguments& arguments) {
  ImportOptions options = options_of(arguments);
  options.oldest =
      arguments.max_age_days > 0 ? static_cast<Micros>(arguments.max_age_days * 86'400e6) : INT64_MAX / 2;
  if (clickhouse::is_address(arguments.store)) {
    clickhouse::Store store(clickhouse::parse_address(arguments.store));
    clickhouse::Recorder recorder(store);
    return finish(arguments, import_files(arguments, options, recorder));
  }
  WritingStore open(arguments.store);
  FileSink sink(open.recorder);
  const bool failed = import_files(arguments, options, sink);
  compact(open.recorder);
  finish(arguments, failed);
}

std::string fields_help() {
  std::string text = "Fields:\n";
  for (const ImportField& field : import_fields())
    text += fmt::format("  {:<12} {}\n", field.name, field.meaning);
  return text;
}

}  // namespace

void add_import(Command& program) {
  auto* command = program.add_subcommand("import", "Exposures and events from CSV or NDJSON into a store");
  auto arguments = std::make_shared<ImportArguments>();
  command->add_option("store", arguments->store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("files", arguments->files, "CSV or NDJSON, plain, gzip or zstd; - is standard input")
      ->required();
  command->add_option("--map", arguments->map, "FIELD=COLUMN; value may be a product: value=Quantity*Price");
  command->add_option("--set", arguments->set,
                      "FIELD=TEXT for rows that have no such column or leave it empty");
  command
      ->add_option("--keep", arguments->keep, "Columns kept as properties (default: all others; none: none)")
      ->delimiter(',');
  command->add_option("--kind", arguments->kind, "auto: exposures when there is an arm and no type")
      ->one_of({"auto", "events", "exposures"});
  command->add_option("--format", arguments->format, "auto: by the first byte")
      ->one_of({"auto", "csv", "ndjson"});
  command->add_option("--delimiter,--separator", arguments->delimiter,
                      "Between the columns of a CSV file: a character, tab, or whitespace");
  command
      ->add_option("--where", arguments->where,
                   "Only rows that meet this condition, e.g. 'Quantity>0'; repeated: all of them")
      ->one_value_each();
  command->add_option(
      "--group-by", arguments->group_by,
      "Rows with the same text in this column are one event with this id, e.g. an order's lines");
  command->add_option("--source", arguments->source, "Name of the source (default: the file's name)");
  command
      ->add_option("--recorded-at", arguments->recorded_at,
                   "What as-of reports take as the moment of recording")
      ->one_of({"import", "event-time"});
  command->add_option("--rejects", arguments->rejects,
                      "Where rejected lines are listed (default: FILE.rejects.csv here)");
  command->add_option("--max-rejected", arguments->max_rejected,
                      "Share of rejected rows above which the import fails (0.1)");
  command->add_option("--max-age-days", arguments->max_age_days, "Reject older events (default: any age)");
  command->add_flag("--json", arguments->json, "One JSON object a file");
  command->add_flag("--quiet", arguments->quiet, "No progress bar");
  command->footer(
      fields_help() +
      "\nConditions: COLUMN=VALUE, COLUMN!=VALUE (with nothing behind: empty, not empty), < <= > >= with a "
      "number,\n"
      "^= $= *= ~= (begins, ends, contains, matches), negated !^= .., or a predicate as JSON "
      "(docs/importing.md).\n"
      "Rows left out are counted apart from rejected ones. With --group-by values add up, the earliest time "
      "counts,\n"
      "and properties stay where the rows agree.\n"
      "\nExample:\n"
      "  liftmark import shop.db exposures.csv events.ndjson.zst\n"
      "  liftmark import shop.db lines.csv.gz --map unit='Customer ID' --map at=InvoiceDate \\\n"
      "    --map value=Quantity*Price --set type=purchase --group-by Invoice --where 'Invoice!^=C' \\\n"
      "    --where 'Quantity>0' --where 'Price>0' --where 'Customer ID!='");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace liftmark::cli
