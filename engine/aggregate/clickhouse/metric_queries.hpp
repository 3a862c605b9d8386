#pragma once
// From the shards' tables to MetricSums and KeptSums. Internal to the ClickHouse engine.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/clickhouse/unit_values.hpp"
#include "engine/aggregate/kept_sums.hpp"
#include "engine/aggregate/metric_sums.hpp"

namespace liftmark::clickhouse {

/// Texts of answers as value codes.
class TextCodes final : public Texts {
 public:
  ValueCode code(const std::string& text);
  std::string_view text(ValueCode code) const override;

 private:
  std::map<std::string, ValueCode, std::less<>> codes_;
  std::vector<std::string> texts_;
};

/// Sums of one group of a shard.
struct SumRow {
  std::size_t index = 0, cell = 0;
  bool history = true;
  LoadedSums sums{};
};

/// Answers that more than one metric asks for, by statement.
struct Asked {
  std::map<std::string, std::vector<SumRow>> counts{};
};

/// Loads everything the shards sum for the metric, the percentile of its cap first.
/// Throws Error{data} when sums leave 128 bits.
void load_metric(const Run& run, const EventSql& events, std::size_t metric, Asked& asked, TextCodes& texts,
                 MetricSums& sums);

/// What a metric keeps beside the sums. Rows of units come to the client here, see docs/clickhouse.md.
void load_kept(Run& run, const EventSql& events, std::size_t metric, TextCodes& texts, KeptSums& kept);

}  // namespace liftmark::clickhouse
