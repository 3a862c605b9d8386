#pragma once
// The options of `liftmark analyze`, and what they say to the engine.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/arguments.hpp"
#include "apps/cli/output.hpp"
#include "engine/aggregate/summary_table.hpp"
#include "engine/aggregate/table.hpp"
#include "engine/analyse/analyse.hpp"

namespace liftmark::cli {

/// As typed. Repeatable options are lists.
struct AnalyzeOptions {
  std::vector<std::string> files, arm_files;
  std::string arm, control, unit, time, experiment;
  std::vector<std::string> proportions, means, ratios, covariates, caps, segments, where, shares;
  std::vector<std::string> primaries, guardrails, decreasing, fieller;
  std::string method = "fixed", theta = "pooled", rule = "clear_win_no_harm", delimiter = ",";
  double alpha = 0.05, power = 0.8;
  std::optional<double> mde;
  std::optional<std::int64_t> planned_n;
  bool summary = false, row_arms = false;
  std::string units, latest, metric_column = "metric";
  std::vector<std::string> arm_suffixes;
  ReportOutput output;
};

/// Declares every option on the subcommand.
void add_analyze_options(Command& command, AnalyzeOptions& options);

/// One file of rows, and the arm it holds when it is the file of one arm.
struct TableFile {
  std::string path, arm;
};
std::vector<TableFile> files_of(const AnalyzeOptions& options);

/// What to read: rows per unit, or a summary. Both throw Error{usage} naming the option.
TableSpec table_of(const AnalyzeOptions& options);
SummarySpec summary_of(const AnalyzeOptions& options);

/// What to ask of it. Throws Error{usage} naming the option.
Analysis analysis_of(const AnalyzeOptions& options, const std::vector<TableMetric>& metrics);

}  // namespace liftmark::cli
