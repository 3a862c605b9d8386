#include "engine/analyse/correction.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "stats/distributions.hpp"
#include "stats/multiplicity.hpp"

namespace liftmark {
namespace {

/// The rule's name in stats; empty for those that are no rule on p-values alone.
std::string_view rule_name(Correction correction) {
  switch (correction) {
    case Correction::holm:
      return "holm";
    case Correction::hochberg:
      return "hochberg";
    case Correction::benjamini_hochberg:
      return "bh";
    case Correction::benjamini_yekutieli:
      return "by";
    case Correction::allocation:
    case Correction::dunnett:
      return {};
  }
  return {};
}

const stats::MultiplicityRule& rule_of(Correction correction) {
  const auto wanted = rule_name(correction);
  for (const auto& rule : stats::kMultiplicityRules)
    if (rule.name == wanted) return rule;
  throw std::logic_error("a correction without a rule");
}

void adjust(const stats::MultiplicityRule& rule, const std::vector<Comparison*>& family) {
  std::vector<double> p;
  for (const auto* comparison : family) p.push_back(*comparison->p_value);
  const auto adjusted = rule.adjust(p);
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->adjusted_p_value = adjusted[i];
}

double units_of(const MetricResult& metric, const std::string& arm) {
  for (const auto& row : metric.arms)
    if (row.arm == arm) return static_cast<double>(row.units);
  return 0;
}

/// Large samples: the normal limit of Dunnett's t, on the scale that the p-values are from.
void adjust_dunnett(MetricResult& metric) {
  std::map<std::string, std::vector<Comparison*>> by_control;
  for (auto& comparison : metric.comparisons)
    if (comparison.p_value) by_control[comparison.against].push_back(&comparison);
  for (const auto& [control, family] : by_control) {
    stats::ManyToOne design{.n_control = units_of(metric, control), .n_treatments = {}, .df = std::nullopt};
    std::vector<double> statistics;
    for (const auto* comparison : family) {
      design.n_treatments.push_back(units_of(metric, comparison->arm));
      const double p = std::max(*comparison->p_value, std::numeric_limits<double>::min());
      statistics.push_back(stats::normal_upper_quantile(p / 2));
    }
    const auto adjusted = stats::dunnett_step_down(design, statistics, true);
    for (std::size_t i = 0; i < family.size(); ++i)
      family[i]->adjusted_p_value = std::max(adjusted[i], *family[i]->p_value);
  }
}

}  // namespace

void add_adjusted_p_values(Correction correction, std::vector<MetricResult>& metrics) {
  if (correction == Correction::allocation) return;
  for (const char* role : {"primary", "secondary"}) {
    std::vector<Comparison*> family;
    for (auto& metric : metrics) {
      if (metric.role != role) continue;
      if (correction == Correction::dunnett) adjust_dunnett(metric);
      for (auto& comparison : metric.comparisons)
        if (comparison.p_value) family.push_back(&comparison);
    }
    if (correction != Correction::dunnett && !family.empty()) adjust(rule_of(correction), family);
  }
}

}  // namespace liftmark
