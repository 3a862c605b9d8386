// `liftmark analyze`: the scorecard straight from a table, no store needed.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "apps/cli/analyze/options.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/provenance.hpp"
#include "engine/analyse/analyse.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/input_stream.hpp"
#include "reports/formats.hpp"

namespace liftmark::cli {
namespace {

CsvOptions csv_options(const AnalyzeOptions& options) {
  CsvOptions csv;
  set_separator(csv, options.delimiter, "--delimiter");
  csv.unnamed_columns = true;  // tables written with an index column have none
  return csv;
}

/// Reads one file into a TableAggregator or a SummaryAggregator.
template <class Aggregator>
void read_table(const TableFile& file, const CsvOptions& csv, Aggregator& table) {
  const auto input = InputStream::open(file.path);
  const std::string shown = file.path == "-" ? "standard input" : file.path;
  CsvReader reader(*input, shown, csv);
  table.begin_file(reader.header(), shown, file.arm);
  while (reader.next()) {
    const auto problem = reader.problem();
    table.add({.fields = reader.fields(),
               .raw = reader.raw(),
               .line = reader.line(),
               .problem = problem == CsvProblem::none ? std::string_view() : name(problem)});
  }
}

void tell_rejected(const Statistics& statistics, const std::vector<RejectedRow>& rejected) {
  const auto found = statistics.counts.find("rows_rejected");
  if (found == statistics.counts.end() || found->second == 0) return;
  fmt::print(stderr, "{} of {} rows rejected; the first:\n", found->second,
             statistics.counts.at("rows_read"));
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < rejected.size() && i < kShown; ++i)
    fmt::print(stderr, "  {}:{}: {}: {} \"{}\"\n", rejected[i].file, rejected[i].line, rejected[i].reason,
               rejected[i].column, rejected[i].value);
}

template <class Aggregator>
Statistics read_all(const AnalyzeOptions& options, Aggregator& table) {
  const CsvOptions csv = csv_options(options);
  for (const auto& file : files_of(options)) read_table(file, csv, table);
  auto statistics = table.finish();
  tell_rejected(statistics, table.rejected());
  return statistics;
}

Scorecard scorecard_of(const AnalyzeOptions& options) {
  if (options.summary) {
    SummaryAggregator table(summary_of(options));
    const auto statistics = read_all(options, table);
    return analyse(statistics, analysis_of(options, table.metrics()));
  }
  const auto spec = table_of(options);
  const auto analysis =
      analysis_of(options, spec.metrics);  // wrong options are told before a long file is read
  TableAggregator table(spec);
  return analyse(read_all(options, table), analysis);
}

void run(const AnalyzeOptions& options, const Command& command) {
  report_format(options.output.format);  // mistakes in what to write come before the work
  report_language(options.output.language);
  auto card = scorecard_of(options);
  add_provenance(command, card);
  write_report(card, options.output);
}

}  // namespace

void add_analyze(Command& program) {
  auto* command =
      program.add_subcommand("analyze", "The scorecard straight from a table with one row per unit");
  auto options = std::make_shared<AnalyzeOptions>();
  add_analyze_options(*command, *options);
  command->footer(
      "Summary tables: --proportion KEY=SUCCESSES/UNITS, --mean KEY=mean:COLUMN,variance:COLUMN,units:COLUMN "
      "(or sum,\n"
      "sum_squares), columns named; without them one row per arm and metric with the usual column names. "
      "Several files,\n"
      "one an arm: --arm-file control=a.csv --arm-file treatment=b.csv.\n\n"
      "Without --primary there is no plan: every interval stands by itself at 1 - alpha and there is no "
      "verdict.\n"
      "With it, alpha is shared over primaries and variants, and the rule gives a verdict.\n\n"
      "Example:\n"
      "  liftmark analyze hillstrom.csv.gz --arm segment --control \"No E-Mail\" --proportion visit \\\n"
      "    --proportion conversion --mean spend --ratio aov=spend/conversion --covariate spend:history \\\n"
      "    --segment channel --method fixed --format json");
  command->callback([options, command] { run(*options, *command); });
}

}  // namespace liftmark::cli
