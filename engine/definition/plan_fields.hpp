#pragma once
// The fields of a plan, named once for reading and writing.

#include "engine/definition/names.hpp"

namespace liftmark {

template <typename Fields>
void describe_plan(Fields& fields, Plan& plan) {
  constexpr Rule kShare{.least = 0.0, .most = 1.0, .open = true};
  constexpr Rule kWeeks{.least = 0, .most = 728, .multiple_of = 7};
  fields.field("primary", plan.primary, kRequired);
  fields.field("secondary", plan.secondary);
  fields.objects("guardrails", plan.guardrails, [](auto& f, Guardrail& guardrail) {
    f.field("metric", guardrail.metric, kRequired);
    f.field("margin", guardrail.margin, {.required = true, .least = 0.0, .most = 10.0, .open = true});
  });
  fields.choice("method", plan.method, kMethods);
  fields.field("alpha", plan.alpha, kShare);
  fields.field("guardrail_alpha", plan.guardrail_alpha, kShare);
  fields.field("harm_alpha", plan.harm_alpha, kShare);
  fields.field("power", plan.power, kShare);
  fields.field("mde", plan.mde, {.least = 0.0, .most = 100.0, .open = true});
  fields.field("planned_units", plan.planned_units, {.least = 2, .most = 1e15});
  fields.field("min_days", plan.min_days, kWeeks);
  fields.field("horizon_days", plan.horizon_days, {.least = 1, .most = 1000});
  fields.choice("correction", plan.correction, kCorrections);
  fields.field("segments", plan.segments);
  fields.field("spending", plan.spending);
  fields.field("spending_parameter", plan.spending_parameter, {.least = -40.0, .most = 40.0});
  fields.field("look_days", plan.look_days, {.least = 1, .most = 1000});
  fields.field("rule", plan.rule);
  fields.field("against", plan.against);
  fields.field("prior_mean", plan.prior_mean, {.least = -10.0, .most = 10.0});
  fields.field("prior_standard_deviation", plan.prior_standard_deviation,
               {.least = 0.0, .most = 10.0, .open = true});
  fields.field("margin_rate", plan.margin_rate, {.least = 0.0, .most = 1.0});
  fields.field("cost_per_unit", plan.cost_per_unit, {.least = 0.0});
  fields.field("interactions", plan.interactions);
}

}  // namespace liftmark
