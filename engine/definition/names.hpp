#pragma once
// The words of the catalog file for each enumerator: one table each, read and written from here.

#include "engine/definition/catalog.hpp"
#include "engine/definition/json/fields.hpp"

namespace liftmark {

inline constexpr Choice<MetricKind> kMetricKinds[] = {{"proportion", MetricKind::proportion},
                                                      {"count", MetricKind::count},
                                                      {"mean", MetricKind::mean},
                                                      {"ratio", MetricKind::ratio},
                                                      {"retention", MetricKind::retention},
                                                      {"repeat_purchase", MetricKind::repeat_purchase},
                                                      {"quantile", MetricKind::quantile},
                                                      {"funnel", MetricKind::funnel},
                                                      {"time_to_event", MetricKind::time_to_event},
                                                      {"blend", MetricKind::blend},
                                                      {"breadth", MetricKind::breadth}};
inline constexpr Choice<Aggregation> kAggregations[] = {{"any", Aggregation::any},
                                                        {"count", Aggregation::count},
                                                        {"sum", Aggregation::sum},
                                                        {"max", Aggregation::max},
                                                        {"distinct_days", Aggregation::distinct_days}};
inline constexpr Choice<Retention::Kind> kRetentionKinds[] = {{"on_day", Retention::Kind::on_day},
                                                              {"on_or_after", Retention::Kind::on_or_after},
                                                              {"within", Retention::Kind::within}};
inline constexpr Choice<BreadthMeasure> kBreadthMeasures[] = {
    {"effective_items", BreadthMeasure::effective_items},
    {"coverage", BreadthMeasure::coverage},
    {"novelty", BreadthMeasure::novelty}};
inline constexpr Choice<Direction> kDirections[] = {{"increase", Direction::increase},
                                                    {"decrease", Direction::decrease}};
inline constexpr Choice<Maturity> kMaturities[] = {{"complete", Maturity::complete}, {"any", Maturity::any}};
inline constexpr Choice<Scale> kScales[] = {{"log", Scale::log}, {"fieller", Scale::fieller}};
inline constexpr Choice<Method> kMethods[] = {{"always_valid", Method::always_valid},
                                              {"fixed", Method::fixed},
                                              {"group_sequential", Method::group_sequential},
                                              {"mixture_sprt", Method::mixture_sprt},
                                              {"exact_counts", Method::exact_counts},
                                              {"betting", Method::betting},
                                              {"bayesian", Method::bayesian}};
inline constexpr Choice<Correction> kCorrections[] = {
    {"allocation", Correction::allocation},
    {"holm", Correction::holm},
    {"hochberg", Correction::hochberg},
    {"benjamini_hochberg", Correction::benjamini_hochberg},
    {"benjamini_yekutieli", Correction::benjamini_yekutieli},
    {"dunnett", Correction::dunnett}};
inline constexpr Choice<assign::Role> kRoles[] = {{"control", assign::Role::control},
                                                  {"variant", assign::Role::variant}};
inline constexpr Choice<ExposureBy> kExposures[] = {{"report", ExposureBy::report},
                                                    {"evaluation", ExposureBy::evaluation}};
inline constexpr Choice<assign::Status> kStatuses[] = {{"draft", assign::Status::draft},
                                                       {"running", assign::Status::running},
                                                       {"stopped", assign::Status::stopped}};

/// The word for a value of a table; every enumerator has one.
template <typename Enum, std::size_t N>
constexpr std::string_view word(const Choice<Enum> (&choices)[N], Enum value) noexcept {
  for (const auto& choice : choices)
    if (choice.value == value) return choice.name;
  return choices[0].name;
}

}  // namespace liftmark
