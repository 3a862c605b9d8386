#include "engine/aggregate/kept_sums.hpp"

namespace liftmark {

std::unique_ptr<KeptSums> kept_sums(const MetricNeeds& needs, const Population& population) {
  if (!needs.kept || !needs.reported) return nullptr;
  switch (needs.metric->kind) {
    case MetricKind::quantile:
      return quantile_sums(needs, population);
    case MetricKind::breadth:
      return item_sums(needs, population);
    case MetricKind::time_to_event:
      return follow_up_sums(needs, population);
    default:
      return refund_delay_sums(needs, population);
  }
}

void append_integer(std::int64_t value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace liftmark
