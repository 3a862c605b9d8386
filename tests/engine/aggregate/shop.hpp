#pragma once
// Recording small shops for the aggregation tests: times in days from a Monday midnight, money in units.

#include <cmath>
#include <string>
#include <vector>

#include "engine/aggregate/aggregate.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"

namespace shop {

inline constexpr liftmark::Micros kStart = 1'772'409'600'000'000;  // 2026-03-02T00:00:00Z, a Monday

inline liftmark::Micros day(double days) {
  return kStart + static_cast<liftmark::Micros>(std::llround(days * 86'400e6));
}

struct Happening {
  bool exposure = false;
  std::string id, unit, what;  ///< what: the arm or the event type
  liftmark::Micros at = 0;
  double value = 0.0;
  std::string reference;
  std::string key, text;  ///< one attribute or property
  int epoch = 1;
  liftmark::Micros delay = 1'000'000;  ///< recorded so much later
  std::string experiment = "checkout";
  bool fallback = false;
};

inline Happening exposed(std::string unit, std::string arm, double at, std::string country = {},
                         int epoch = 1) {
  return {.exposure = true,
          .id = "x-" + unit + "-" + arm + std::to_string(at),
          .unit = unit,
          .what = arm,
          .at = day(at),
          .reference = {},
          .key = country.empty() ? "" : "country",
          .text = country,
          .epoch = epoch};
}

inline Happening event(std::string id, std::string unit, std::string type, double at, double value = 0.0) {
  return {.exposure = false,
          .id = id,
          .unit = unit,
          .what = type,
          .at = day(at),
          .value = value,
          .reference = {},
          .key = {},
          .text = {}};
}

inline void add(liftmark::Batch& batch, const Happening& row) {
  const liftmark::Property property{row.key, row.text};
  const std::span<const liftmark::Property> properties(&property, row.key.empty() ? 0 : 1);
  if (row.exposure) {
    batch.add(liftmark::Exposure{.id = row.id,
                                 .experiment = row.experiment,
                                 .epoch = row.epoch,
                                 .unit = row.unit,
                                 .arm = row.what,
                                 .at = row.at,
                                 .recorded_at = row.at + row.delay,
                                 .attributes = properties,
                                 .propensity = {},
                                 .fallback = row.fallback});
  } else {
    batch.add(liftmark::Event{.id = row.id,
                              .unit = row.unit,
                              .type = row.what,
                              .at = row.at,
                              .recorded_at = row.at + row.delay,
                              .value = std::llround(row.value * 1e6),
                              .reference = row.reference,
                              .properties = properties});
  }
}

/// Records in this order, `batch_size` rows a commit. Times may be of any year.
inline void record(liftmark::Store& store, const std::vector<Happening>& rows, std::size_t batch_size = 100) {
  liftmark::Recorder recorder(
      store, {.oldest = 100'000 * liftmark::kMicrosPerDay, .newest = 100'000 * liftmark::kMicrosPerDay});
  for (std::size_t i = 0; i < rows.size(); i += batch_size) {
    liftmark::Batch batch("test");
    for (std::size_t j = i; j < std::min(rows.size(), i + batch_size); ++j) add(batch, rows[j]);
    recorder.record(std::move(batch));
  }
}

inline const liftmark::MetricStatistics& metric(const liftmark::Statistics& statistics,
                                                const std::string& key) {
  for (const auto& metric : statistics.metrics)
    if (metric.metric == key) return metric;
  throw std::logic_error("no metric " + key);
}

}  // namespace shop
