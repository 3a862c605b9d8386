#pragma once
// A table with one row per unit to Statistics: what `analyze` does instead of reading a store.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/text_predicate.hpp"

namespace liftmark {

/// One metric of a table. Row tables: `numerator` is the column of the unit value, `denominator` that of a
/// ratio, `covariates` the columns of what was known before. Summary tables: see `SummaryColumns`.
struct TableMetric {
  std::string key;
  MetricKind kind = MetricKind::mean;  ///< proportion, mean or ratio
  std::string numerator = {}, denominator = {};
  std::vector<std::string> covariates = {};
  std::optional<double> cap = {};  ///< both tails at +-cap, on the numerator and on the covariates
};

struct TableSpec {
  std::string arm_column = {};  ///< empty when every file is one arm
  std::string control = {};     ///< key of the control arm; empty: the first arm seen
  std::vector<TableMetric> metrics = {};
  std::vector<std::string> segments = {};
  TextPredicate where = {};      ///< only rows for which it holds count; it names columns
  std::string unit_column = {};  ///< when given: repeated units count once, crossovers are found
  std::string time_column = {};  ///< when given: the first row of a unit in time, and lines over time
  std::map<std::string, double> shares = {};  ///< expected share by arm; empty: equal
};

/// One data row. The texts need only live during the call.
struct TableRow {
  std::span<const std::string_view> fields;
  std::string_view raw;  ///< the row as it stands in the file, for the digest
  std::int64_t line = 0;
  std::string_view problem;  ///< why the reader says the row is broken; empty when it is not
};

/// A rejected row, for the message and the rejects file.
struct RejectedRow {
  std::string reason;  ///< "not_a_number", "missing_value", "not_binary", "missing_arm", "not_utf8",
                       ///< "column_count" ..
  std::string column, value, file;
  std::int64_t line = 0;
};

/// More distinct arms than this is a wrong column, not an experiment.
inline constexpr std::size_t kMostArms = 100;
/// Values of one segment column beyond this many are pooled as "(other)".
inline constexpr std::size_t kMostGroups = 1000;

/// Reads rows and keeps sufficient statistics; with a unit column also each unit's values until the end.
/// Values: decimal numbers up to 1e15 in size; true/false, yes/no, t/f count as 1/0. A row with a value that
/// is missing or no number is rejected for all metrics, so that all metrics speak of the same units.
class TableAggregator {
 public:
  explicit TableAggregator(TableSpec spec);
  ~TableAggregator();
  TableAggregator(TableAggregator&&) noexcept;

  /// A file begins: its header, its name for messages, and its arm when the file is one arm. Throws
  /// Error{data} naming every missing column and the nearest column there is.
  void begin_file(const std::vector<std::string>& header, const std::string& file,
                  const std::string& arm = {});
  void add(const TableRow& row);
  /// Ends the reading. Throws Error{data} when nothing can be compared: no rows, one arm, an unknown control,
  /// or more than half of the rows rejected.
  Statistics finish();

  const std::vector<RejectedRow>& rejected() const noexcept;  ///< the first 100

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
