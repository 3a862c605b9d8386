// calc rows: the product's own planning, one row a kind of metric, every design.

#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/power_inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/log_rank_power.hpp"
#include "stats/power.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::PlanQuestion;

stats::PlanDesign design_of(const json& in) {
  const std::string asked = text(in, "design", "fixed");
  for (const auto design :
       {stats::PlanDesign::fixed, stats::PlanDesign::obrien_fleming, stats::PlanDesign::always_valid})
    if (asked == stats::name(design)) return design;
  refuse(stats::Reason::invalid_input, "the design is fixed, obrien_fleming or always_valid");
}

stats::Scale scale_of(const json& in) {
  const std::string asked = text(in, "scale", "log");
  require(asked == "log" || asked == "fieller", "the scale is log or fieller");
  return asked == "log" ? stats::Scale::log : stats::Scale::fieller;
}

/// Everything of the question but the baseline.
PlanQuestion question_of(const json& in) {
  PlanQuestion question;
  question.treatment_share = number(in, "treatment_share", 0.5);
  question.alpha = number(in, "alpha", 0.05);
  question.power = number(in, "power", 0.8);
  question.design = design_of(in);
  const double looks = number(in, "looks", 14);
  require(looks >= 1 && looks <= 1000, "\"looks\" lie between 1 and 1000");
  question.looks = static_cast<int>(looks);
  question.scale = scale_of(in);
  if (given(in, "margin")) question.margin = number(in, "margin");
  return question;
}

void add_days(const json& in, double units, json& answer) {
  if (!given(in, "units_per_day")) return;
  require(number(in, "units_per_day") > 0, "\"units_per_day\" must be above 0");
  answer["days"] = units / number(in, "units_per_day");
}

/// Size for a lift, or power and smallest lift at a size.
json plan(const PlanQuestion& question, const json& in) {
  const double lift = number(in, "lift", 0.0);
  json answer{{"mean", question.baseline.mean},
              {"variance", question.baseline.variance},
              {"inflation", stats::plan_inflation(question)}};
  if (given(in, "n_total")) {
    const double n = number(in, "n_total");
    if (lift != 0.0 || question.margin) answer["power"] = stats::lift_power(question, lift, n);
    if (const auto mde =
            stats::minimal_detectable_lift(question, n, lift < 0 ? stats::Change::fall : stats::Change::rise))
      answer["mde"] = *mde;
    return answer;
  }
  const double n = stats::lift_sample_size(question, lift);
  answer["n_total"] = n;
  add_days(in, n, answer);
  return answer;
}

json lift(const json& in) {
  PlanQuestion question = question_of(in);
  const bool proportion = flag(in, "proportion", false);
  const double mean = number(in, "mean");
  question.baseline = {.mean = mean,
                       .variance = proportion ? mean * (1 - mean) : number(in, "variance"),
                       .proportion = proportion,
                       .variance_kept = number(in, "variance_kept", 1.0)};
  return plan(question, in);
}

json quantile(const json& in) {
  PlanQuestion question = question_of(in);
  question.baseline = stats::quantile_baseline({.probability = number(in, "probability"),
                                                .quantile = number(in, "quantile"),
                                                .density = number(in, "density"),
                                                .values_per_unit = number(in, "values_per_unit", 1.0),
                                                .design_effect = number(in, "design_effect", 1.0)});
  return plan(question, in);
}

/// From a share of units with the event (exponential times), or from mean and variance of min(time, window).
json restricted_mean(const json& in) {
  PlanQuestion question = question_of(in);
  const double window = number(in, "window");
  if (given(in, "event_share")) {
    question.baseline = stats::restricted_mean_baseline(number(in, "event_share"), window);
  } else {
    require(window > 0, "the window must be positive");
    question.baseline = {.mean = number(in, "mean"), .variance = number(in, "variance"), .window = window};
  }
  return plan(question, in);
}

/// Events, and with the control's share of units that have the event also units.
json log_rank(const json& in) {
  stats::HazardQuestion question{.hazard_ratio = number(in, "hazard_ratio"),
                                 .null_ratio = number(in, "null_hazard_ratio", 1.0),
                                 .design = question_of(in)};
  const std::string formula = text(in, "formula", "schoenfeld");
  require(formula == "schoenfeld" || formula == "freedman", "the formula is schoenfeld or freedman");
  if (given(in, "events")) {
    require(formula == "schoenfeld", "power at a number of events is by schoenfeld");
    return {{"power", stats::schoenfeld_power(question, number(in, "events"))}};
  }
  const double events =
      formula == "schoenfeld" ? stats::schoenfeld_events(question) : stats::freedman_events(question);
  json answer{{"events", events}};
  if (given(in, "event_share")) {
    const double share = stats::event_probability(question, number(in, "event_share"));
    answer["event_probability"] = share;
    answer["n_total"] = events / share;
    add_days(in, events / share, answer);
  }
  return answer;
}

constexpr std::array kMethods{
    CalcMethod{"power/lift", checked<lift>,
               "relative lift, log or fieller scale: fixed, O'Brien-Fleming-type, always valid"},
    CalcMethod{"power/quantile", checked<quantile>,
               "lift of a quantile of event values, from the density there; the same designs"},
    CalcMethod{"power/restricted_mean", checked<restricted_mean>,
               "lift of the mean time to an event within a window; the same designs"},
    CalcMethod{"power/logrank", checked<log_rank>,
               "events and units for a hazard ratio, Schoenfeld or Freedman; the same designs"},
};

}  // namespace

std::span<const CalcMethod> plan_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
