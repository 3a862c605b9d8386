#include "engine/aggregate/unit_program.hpp"

#include <algorithm>
#include <limits>

namespace liftmark {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

UnitProgram::UnitProgram(const Needs& needs, const std::vector<std::string>& types, bool from_start)
    : types_(types.size()),
      daily_(needs.features.size()),
      steps_(needs.features.size()),
      surfaces_(needs.features.size()),
      kept_(needs.features.size()),
      orders_(needs.features.size()) {
  index_metrics(needs);
  for (const Feature& feature : needs.features)
    if (feature.from_start == from_start) bounds_.insert(bounds_.end(), {feature.from, feature.to});
  std::sort(bounds_.begin(), bounds_.end());
  bounds_.erase(std::unique(bounds_.begin(), bounds_.end()), bounds_.end());
  for (std::size_t interval = 0; interval <= bounds_.size(); ++interval) {
    const Micros from = interval == 0 ? std::numeric_limits<Micros>::min() : bounds_[interval - 1];
    const std::size_t before = actions_.size();
    for (const std::string& type : types) add_type(needs, type, from, from_start);
    idle_.push_back(actions_.size() == before);
  }
}

void UnitProgram::index_metrics(const Needs& needs) {
  for (std::size_t m = 0; m < needs.metrics.size(); ++m) {
    const MetricNeeds& metric = needs.metrics[m];
    const auto place = static_cast<std::uint16_t>(m);
    if (metric.daily && metric.reported)
      for (std::uint8_t i = 0; i < (metric.layout.ratio ? 2 : 1); ++i)
        daily_[static_cast<std::size_t>(metric.features[i])].push_back({place, i});
    for (std::size_t step = 0; step < metric.steps.size(); ++step)
      steps_[static_cast<std::size_t>(metric.steps[step])].push_back(
          {place, static_cast<std::uint8_t>(step)});
    if (metric.kept && metric.reported && metric.orders < 0)
      kept_[static_cast<std::size_t>(metric.features.front())].push_back(place);
    if (metric.surface >= 0) surfaces_[static_cast<std::size_t>(metric.features.front())].push_back(place);
  }
  for (std::size_t o = 0; o < needs.orders.size(); ++o)
    orders_[static_cast<std::size_t>(needs.orders[o].feature)].push_back(static_cast<std::uint16_t>(o));
}

void UnitProgram::add_type(const Needs& needs, const std::string& type, Micros from, bool from_start) {
  const auto begin = static_cast<std::uint32_t>(actions_.size());
  for (std::size_t o = 0; o < needs.orders.size() && !from_start; ++o)
    if (contains(needs.orders[o].refund_types, type))
      actions_.push_back({.feature = static_cast<std::uint16_t>(o), .extra = Action::kRefund});
  for (std::size_t f = 0; f < needs.features.size(); ++f) {
    const Feature& feature = needs.features[f];
    if (feature.from_start == from_start && from >= feature.from && from < feature.to &&
        contains(feature.types, type))
      actions_.push_back(action(needs, f));
  }
  table_.push_back({begin, static_cast<std::uint32_t>(actions_.size()) - begin});
}

Action UnitProgram::action(const Needs& needs, std::size_t place) const {
  const Feature& feature = needs.features[place];
  Action action{.feature = static_cast<std::uint16_t>(place),
                .aggregation = feature.aggregation,
                .checked = feature.predicate >= 0 || feature.property >= 0 || feature.positive};
  action.once = feature.aggregation == Aggregation::any;
  action.mask = feature.aggregation == Aggregation::sum ? -1 : 0;
  action.one = feature.aggregation == Aggregation::sum ? 0 : 1;
  action.additive = action.once || action.mask != 0 || feature.aggregation == Aggregation::count;
  const auto keep = [&](Action::Extra extra, bool wanted) {
    if (wanted) action.extra = static_cast<std::uint8_t>(action.extra | extra);
  };
  keep(Action::kOrder, !orders_[place].empty());
  keep(Action::kStep, !steps_[place].empty());
  keep(Action::kSurface, !surfaces_[place].empty());
  keep(Action::kKept, !kept_[place].empty());
  keep(Action::kDaily, !daily_[place].empty());
  return action;
}

}  // namespace liftmark
