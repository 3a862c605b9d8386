#include "engine/record/import_row.hpp"

#include <xxhash.h>

#include <charconv>

#include "engine/record/decimal.hpp"

namespace liftmark {
namespace {

bool truth(std::string_view text) {
  return text == "1" || text == "true" || text == "TRUE" || text == "True";
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// The moments of a row, alike in events and exposures.
template <typename Recorded>
RowFault read_times(const RawRow& row, const RowTimes& times, Recorded& recorded) {
  if (row[Field::at].empty() && times.arrival) {
    // Without an id and a moment of its own a row sent again could not be known again.
    if (row[Field::id].empty()) return {"missing_id_and_time", "id"};
    recorded.at = *times.arrival;
    recorded.arrival_time = true;
  } else {
    const auto moment = parse_moment(row[Field::at]);
    if (!moment) return {row[Field::at].empty() ? "missing_time" : "invalid_time", "at"};
    recorded.at = *moment;
  }
  if (times.recorded_at_event_time) recorded.recorded_at = recorded.at;
  if (row[Field::recorded_at].empty()) return {};
  recorded.recorded_at = parse_moment(row[Field::recorded_at]);
  if (!recorded.recorded_at) return {"invalid_time", "recorded_at"};
  return {};
}

}  // namespace

std::uint64_t RowDistinction::operator()(const RawRow& row) {
  if (!row[Field::id].empty()) return 0;
  const std::uint64_t bytes = XXH3_64bits(row.raw.data(), row.raw.size());
  const std::uint64_t both[2] = {bytes, seen_[bytes]++};
  return XXH3_64bits(both, sizeof both);
}

RowFault read_event(const RawRow& row, const RowTimes& times, Event& event) {
  event.id = row[Field::id];
  event.unit = row[Field::unit];
  event.type = row[Field::type];
  event.reference = row[Field::reference];
  event.properties = row.properties;
  if (const RowFault fault = read_times(row, times, event)) return fault;
  if (row[Field::value].empty() && row.value_factor.empty())
    return {};  // no value is 0; half a product is not
  auto value = parse_decimal(row[Field::value]);
  if (value && row.has_factor) {
    const auto factor = parse_decimal(row.value_factor);
    value = factor ? multiply(*value, *factor) : std::nullopt;
  }
  if (!value) return {"invalid_value", "value"};
  event.value = *value;
  return {};
}

RowFault read_exposure(const RawRow& row, const RowTimes& times, Exposure& exposure) {
  exposure.id = row[Field::id];
  exposure.experiment = row[Field::experiment];
  exposure.unit = row[Field::unit];
  exposure.arm = row[Field::arm];
  exposure.attributes = row.properties;
  exposure.fallback = truth(row[Field::fallback]);
  if (const RowFault fault = read_times(row, times, exposure)) return fault;
  if (const std::string_view text = row[Field::epoch]; !text.empty() && !read_number(text, exposure.epoch))
    return {"invalid_epoch", "epoch"};
  if (const std::string_view text = row[Field::propensity]; !text.empty()) {
    double propensity = 0.0;
    if (!read_number(text, propensity)) return {"invalid_propensity", "propensity"};
    exposure.propensity = propensity;
  }
  return {};
}

}  // namespace liftmark
