#include <algorithm>

#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kGross = 2, kNet = 3;  // of MetricStatistics::factors

/// scale x figure + shift.
Figure linear(Figure figure, double scale, double shift) {
  for (auto* number : {&figure.estimate, &figure.lower, &figure.upper})
    if (*number) *number = scale * **number + shift;
  if (figure.standard_error) *figure.standard_error *= scale;
  return figure;
}

/// How many units the effect is for.
struct Traffic {
  double treated = 0, treated_per_day = 0, all_per_day = 0;
  int days = 0;  ///< with mature units; 0 for tables
};

double units_in(const std::vector<Cell>& cells, std::optional<std::size_t> arm) {
  double units = 0;
  for (const auto& cell : cells)
    if (!arm || cell.arm == *arm) units += static_cast<double>(cell.history.n() + cell.no_history.n());
  return units;
}

Traffic traffic_of(const MetricTask& task, ArmPair pair, double share) {
  Traffic traffic{.treated = units_in(task.data.factors, pair.treatment)};
  for (const auto& day : task.data.by_day)
    if (units_in(day.cells, std::nullopt) > 0) traffic.days = std::max(traffic.days, day.day);
  if (traffic.days == 0) return traffic;
  traffic.treated_per_day = traffic.treated / traffic.days;
  if (share > 0) traffic.all_per_day = units_in(task.data.factors, std::nullopt) / traffic.days / share;
  return traffic;
}

struct Basis {
  const char* name;
  double units;
};

}  // namespace

std::vector<MoneyRow> money_rows(const MetricTask& task, const Statistics& statistics,
                                 const std::vector<ArmPair>& pairs, double traffic_share) {
  std::vector<MoneyRow> rows;
  const Plan& plan = task.plan;
  for (const auto pair : pairs) {
    const Figure effect = difference(task, column_of(task.data.factors, kNet), pair, task.role.alpha);
    const Traffic traffic = traffic_of(task, pair, traffic_share);
    const auto add = [&](const char* kind, const Basis& basis, Figure figure) {
      MoneyRow row{
          .arm = statistics.arms[pair.treatment].key,
          .against = statistics.arms[pair.control].key,
          .kind = kind,
          .basis = basis.name,
          .figure = std::move(figure),
          .assumptions = {{basis.name == std::string_view("so_far") ? "units" : "units_per_day", basis.units},
                          {"window_days", task.metric.window_days}},
          .metric = task.metric.key};
      if (basis.name == std::string_view("if_shipped")) row.assumptions.push_back({"traffic", traffic_share});
      if (kind != std::string_view("incremental_revenue")) {
        row.assumptions.push_back({"margin_rate", plan.margin_rate});
        row.assumptions.push_back({"cost_per_unit", plan.cost_per_unit.value_or(0.0)});
      }
      rows.push_back(std::move(row));
    };
    std::vector<Basis> bases{{"so_far", traffic.treated}};
    if (traffic.days > 0) bases.push_back({"per_day", traffic.treated_per_day});
    if (traffic.all_per_day > 0) bases.push_back({"if_shipped", traffic.all_per_day});
    for (const Basis& basis : bases) add("incremental_revenue", basis, linear(effect, basis.units, 0));
    if (!plan.margin_rate) continue;
    const double cost = plan.cost_per_unit.value_or(0.0);
    const Figure margin = linear(effect, *plan.margin_rate, -cost);
    for (const Basis& basis : bases) add("incremental_margin", basis, linear(margin, basis.units, 0));
    if (cost > 0) add("return_on_cost", bases.front(), linear(margin, 1 / cost, 0));
  }
  return rows;
}

std::vector<RefundRow> refund_rows(const MetricTask& task, const Statistics& statistics) {
  std::vector<RefundRow> rows;
  if (task.data.factors.empty() || task.data.refund_delays.empty()) return rows;
  for (const auto& delay : task.data.refund_delays) {
    const auto units = pooled(task.data.factors, delay.arm, kNet + 1);
    RefundRow row{.metric = task.metric.key,
                  .arm = statistics.arms[delay.arm].key,
                  .units = units.n(),
                  .refunds = delay.refunds,
                  .delay_median_days = delay.median_days,
                  .delay_p90_days = delay.p90_days};
    if (units.n() > 0) {
      row.booked = units.sum(kGross);
      row.net = units.sum(kNet);
      if (*row.booked > 0) row.return_rate = 1 - *row.net / *row.booked;
    }
    const auto exposed = statistics.arms[delay.arm].units;
    if (exposed > 0) row.settled_share = static_cast<double>(units.n()) / static_cast<double>(exposed);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace liftmark
