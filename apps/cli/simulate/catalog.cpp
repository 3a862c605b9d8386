#include "apps/cli/simulate/catalog.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/cli/simulate/behaviour.hpp"

namespace liftmark::simulate {
namespace {

using nlohmann::ordered_json;

ordered_json source(const char* event, const char* aggregate) {
  return {{"event", event}, {"aggregate", aggregate}};
}

ordered_json metrics(int window_days) {
  ordered_json list = ordered_json::array();
  list.push_back({{"key", "conversion"},
                  {"name", "Conversion"},
                  {"description", "share of shoppers who order"},
                  {"kind", "proportion"},
                  {"numerator", source("purchase", "any")},
                  {"window_days", window_days}});
  list.push_back({{"key", "revenue"},
                  {"name", "Revenue per shopper"},
                  {"description", "gross, capped at the 99.9th percentile"},
                  {"kind", "mean"},
                  {"numerator", source("purchase", "sum")},
                  {"window_days", window_days},
                  {"cap", {{"percentile", 0.999}}},
                  {"format", "currency"}});
  list.push_back({{"key", "orders"},
                  {"name", "Orders per shopper"},
                  {"kind", "count"},
                  {"numerator", source("purchase", "count")},
                  {"window_days", window_days}});
  list.push_back({{"key", "order_value"},
                  {"name", "Average order value"},
                  {"description", "revenue / orders; conditions on buying"},
                  {"kind", "ratio"},
                  {"numerator", source("purchase", "sum")},
                  {"denominator", source("purchase", "count")},
                  {"window_days", window_days},
                  {"format", "currency"}});
  list.push_back({{"key", "click_rate"},
                  {"name", "Recommendation click rate"},
                  {"description", "clicks / impressions"},
                  {"kind", "ratio"},
                  {"numerator", source("click", "count")},
                  {"denominator", source("impression", "count")},
                  {"window_days", window_days},
                  {"format", "percent"}});
  list.push_back({{"key", "return_rate"},
                  {"name", "Return rate"},
                  {"description", "refunds / orders"},
                  {"kind", "ratio"},
                  {"direction", "decrease"},
                  {"numerator", source("refund", "count")},
                  {"denominator", source("purchase", "count")},
                  {"window_days", window_days},
                  {"format", "percent"}});
  list.push_back({{"key", "came_back"},
                  {"name", "Came back in the week after"},
                  {"description", "share of shoppers seen again on days 1 to 7"},
                  {"kind", "retention"},
                  {"retention", {{"kind", "on_or_after"}, {"day", 1}, {"until_day", kCameBackDays}}},
                  {"numerator", source("impression", "any")}});
  list.push_back({{"key", "repeat_purchase"},
                  {"name", "Repeat purchase"},
                  {"description", "two orders within the window"},
                  {"kind", "repeat_purchase"},
                  {"numerator", source("purchase", "count")},
                  {"minimum_orders", 2},
                  {"window_days", window_days}});
  return list;
}

}  // namespace

std::string catalog_json(const ShopOptions& options, std::int64_t planned_units) {
  ordered_json arms = ordered_json::array();
  for (const ArmEffect& arm : options.arms)
    arms.push_back({{"key", arm.key}, {"weight", arm.weight}, {"role", arm.control ? "control" : "variant"}});
  ordered_json plan = {
      {"primary", {"conversion"}},
      {"secondary", {"revenue", "orders", "order_value", "click_rate", "return_rate", "repeat_purchase"}},
      {"guardrails", {{{"metric", "came_back"}, {"margin", 0.05}}}},
      {"method", "always_valid"},
      {"alpha", 0.05},
      {"power", 0.8},
      {"mde", 0.05},
      {"planned_units", planned_units},
      {"min_days", 14},
      {"horizon_days", std::max(options.days, std::max(options.window_days, kCameBackDays) + 1)},
      {"segments", {"country", "device"}}};
  ordered_json experiment = {
      {"key", kExperiment},
      {"name", "Session-aware recommendations"},
      {"hypothesis", "Recommendations that follow the session raise the share of shoppers who order."},
      {"owner", "Personalization team"},
      {"unit", "shopper"},
      {"status", "running"},
      {"hashing", {{"scheme", "liftmark-1"}, {"salt", kSalt}}},
      {"arms", arms},
      {"plan", plan}};
  const ordered_json catalog = {{"schema", "liftmark.catalog/1"},
                                {"currency", "EUR"},
                                {"metrics", metrics(options.window_days)},
                                {"experiments", ordered_json::array({experiment})}};
  return catalog.dump(2) + "\n";
}

std::string truth_json(const ShopOptions& options, const Truth& truth) {
  const auto values = [](const ArmTruth& arm) {
    ordered_json row{{"arm", arm.arm}};
    for (const TruthField& field : kTruthFields) row[field.name] = arm.*field.value;
    return row;
  };
  std::size_t control = 0;
  for (std::size_t i = 0; i < options.arms.size(); ++i)
    if (options.arms[i].control) control = i;
  ordered_json arms = ordered_json::array(), lifts = ordered_json::array();
  for (std::size_t i = 0; i < truth.arms.size(); ++i) {
    arms.push_back(values(truth.arms[i]));
    if (i == control || truth.exposed_users == 0) continue;
    ordered_json lift = {{"arm", truth.arms[i].arm}, {"against", truth.arms[control].arm}};
    const ordered_json base = values(truth.arms[control]), other = values(truth.arms[i]);
    for (const auto& [key, value] : other.items())
      if (value.is_number() && base[key].get<double>() > 0)
        lift[key] = value.get<double>() / base[key].get<double>() - 1.0;
    lifts.push_back(lift);
  }
  const ordered_json items = {{"items", truth.items.items},
                              {"diversity", truth.items.diversity},
                              {"effective_items", truth.items.effective_items},
                              {"novelty_bits", truth.items.novelty_bits}};
  ordered_json surfaces = ordered_json::object();
  for (std::size_t i = 0; i < kSurfaces.size(); ++i) surfaces[std::string(kSurfaces[i])] = kSurfaceShares[i];
  const ordered_json result = {{"schema", "liftmark.truth/1"},
                               {"window_days", options.window_days},
                               {"seed", options.seed},
                               {"exposed_users", truth.exposed_users},
                               {"items", items},
                               {"surface_shares", surfaces},
                               {"arms", arms},
                               {"lifts", lifts}};
  return result.dump(2) + "\n";
}

}  // namespace liftmark::simulate
