#pragma once
// A table of counts, means, variances or sums per arm to Statistics, for those who have no rows per unit.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/aggregate/table.hpp"

namespace liftmark {

/// The columns a summary metric is made of. Enough are: units and successes (a proportion); units, mean and
/// variance (or standard deviation); units, sum and sum of squares.
struct SummaryColumns {
  std::string key = {};
  std::string units = {}, successes = {}, mean = {}, variance = {}, deviation = {}, sum = {},
              sum_squares = {};
  bool proportion() const { return !successes.empty(); }
};

/// One arm's columns when a row holds several arms side by side, e.g. {"control", "_c"}: mean_c, variance_c
/// ..
struct ArmSuffix {
  std::string arm, suffix;
};

struct SummarySpec {
  std::string arm_column = {}, control = {};
  bool row_arms = false;  ///< every row that passes is an arm of its own: "row 1", "row 2" ..
  std::vector<ArmSuffix> arm_suffixes = {};
  /// Empty: every row is one arm of one metric, named in `metric_column`, with its columns found by their
  /// usual names (n, units or count; successes; mean; variance or var; sd; sum; sum_squares or sum_sq).
  std::vector<SummaryColumns> metrics = {};
  std::string metric_column = "metric";
  TextPredicate where = {};
  std::string units_column = {};  ///< units of the sample-ratio check; empty: the first metric's
  std::string latest_column =
      {};  ///< rows are running totals over this column: only each arm's last row counts; read as days since
           ///< the start (at most 10,000), the ones before it make the line over time
  std::map<std::string, double> shares = {};
};

/// Rows of one arm and metric add up (days, countries), unless `latest_column` says that they are running
/// totals. A row whose cells for a metric are empty leaves that metric out, counted as "skipped_<metric>";
/// cells that cannot be (successes above units, a negative variance) reject the row.
class SummaryAggregator {
 public:
  explicit SummaryAggregator(SummarySpec spec);
  ~SummaryAggregator();
  SummaryAggregator(SummaryAggregator&&) noexcept;

  /// As TableAggregator::begin_file.
  void begin_file(const std::vector<std::string>& header, const std::string& file,
                  const std::string& arm = {});
  void add(const TableRow& row);
  /// As TableAggregator::finish.
  Statistics finish();
  /// The metrics met, in order; complete after `finish`.
  std::vector<TableMetric> metrics() const;
  const std::vector<RejectedRow>& rejected() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
