// Every kind of metric on the simulated shop, whose truth is known.
//
// The truth is a closed form over the exposed shoppers (apps/cli/simulate/expected.cpp derives each), or,
// where there is none (caps, maxima, distinct days, the mean of a censored time), the same number formed here
// from the exported files, by code that shares nothing with the engine.
//
// Closed forms: about 150 comparisons at 6 standard errors of units (sessions of a shopper are not
// independent), 2e-9 each for normal means, and less than tenfold that for means of 15,000 values with a
// skewness of 10: a correct program fails less than once in 10^6.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "apps/cli/running.hpp"
#include "engine/definition/time_point.hpp"
#include "stats/distributions.hpp"

using namespace liftmark::tests;

namespace {

constexpr double kErrors = 6;
constexpr double kDayMicros = 86'400e6;

json source(const json& event, const char* aggregate) {
  return {{"event", event}, {"aggregate", aggregate}};
}

json metric_of(const char* key, const char* kind, const json& more) {
  json metric = {{"key", key}, {"kind", kind}, {"covariate", {{"lookback_days", 0}}}};
  if (std::string(kind) != "retention") metric["window_days"] = 14;
  metric.update(more);
  return metric;
}

json numerator(const json& event, const char* aggregate) {
  return {{"numerator", source(event, aggregate)}};
}

json ratio(const char* key, const json& above, const json& below) {
  return metric_of(key, "ratio", {{"numerator", above}, {"denominator", below}});
}

json breadth_of(const char* key, const char* measure) {
  return metric_of(key, "breadth",
                   {{"numerator", {{"event", "impression"}}}, {"item", "item"}, {"measure", measure}});
}

json metrics() {
  const json both = {"purchase", "refund"};
  json adjusted = numerator("purchase", "any");
  adjusted["covariate"] = {{"lookback_days", 14}};
  return {
      metric_of("conversion", "proportion", numerator("purchase", "any")),
      metric_of("conversion_adjusted", "proportion", adjusted),
      metric_of("orders_per_user", "count", numerator("purchase", "count")),
      metric_of("revenue_per_user", "mean",
                {{"numerator", source("purchase", "sum")}, {"surface", "surface"}}),
      metric_of("net_revenue_per_user", "mean", {{"numerator", source(both, "sum")}, {"surface", "surface"}}),
      ratio("order_value", source("purchase", "sum"), source("purchase", "count")),
      ratio("return_rate", source("refund", "count"), source("purchase", "count")),
      metric_of("refunds_per_user", "count", numerator("refund", "count")),
      metric_of("impressions_per_user", "count", numerator("impression", "count")),
      metric_of("clicks_per_user", "count", numerator("click", "count")),
      ratio("click_rate", source("click", "count"), source("impression", "count")),
      metric_of("click_users", "proportion", numerator("click", "any")),
      metric_of("cart_users", "proportion", numerator("add_to_cart", "any")),
      metric_of("funnel", "funnel",
                {{"steps",
                  {{{"name", "shown"}, {"event", "impression"}},
                   {{"name", "clicked"}, {"event", "click"}},
                   {{"name", "carted"}, {"event", "add_to_cart"}},
                   {{"name", "ordered"}, {"event", "purchase"}}}}}),
      metric_of("came_back", "retention",
                {{"numerator", source("impression", "any")},
                 {"retention", {{"kind", "on_or_after"}, {"day", 1}, {"until_day", 8}}}}),
      metric_of(
          "back_on_day_3", "retention",
          {{"numerator", source("impression", "any")}, {"retention", {{"kind", "on_day"}, {"day", 3}}}}),
      metric_of("clicked_within_week", "retention",
                {{"numerator", source("click", "any")}, {"retention", {{"kind", "within"}, {"day", 7}}}}),
      metric_of("repeat_purchase", "repeat_purchase", numerator("purchase", "count")),
      metric_of("second_order", "time_to_event", numerator("purchase", "count")),
      metric_of("order_value_median", "quantile", {{"numerator", source("purchase", "sum")}}),
      metric_of("order_value_p90", "quantile", {{"numerator", source("purchase", "sum")}, {"quantile", 0.9}}),
      breadth_of("effective_items", "effective_items"),
      breadth_of("coverage", "coverage"),
      breadth_of("novelty_bits", "novelty"),
      metric_of("capped", "mean", {{"numerator", source("purchase", "sum")}, {"cap", {{"absolute", 100}}}}),
      metric_of("largest", "mean", numerator("purchase", "max")),
      metric_of("days", "count", numerator("purchase", "distinct_days")),
      metric_of("blend", "blend",
                {{"terms",
                  {{{"metric", "conversion"}, {"weight", 10}},
                   {{"metric", "revenue_per_user"}, {"weight", 0.5}}}}}),
  };
}

/// The simulated catalog with these metrics. Fixed horizon, so that intervals are those of one look; the
/// horizon lies behind the data, so nothing is cut.
std::string catalog_with_all(const fs::path& files) {
  json catalog = json::parse(read(files / "catalog.json"));
  catalog["metrics"] = metrics();
  json secondary = json::array();
  for (const json& metric : catalog["metrics"])
    if (metric["key"] != "net_revenue_per_user") secondary.push_back(metric["key"]);
  catalog["experiments"][0]["plan"] = {{"primary", {"net_revenue_per_user"}},
                                       {"secondary", secondary},
                                       {"method", "fixed"},
                                       {"horizon_days", 60},
                                       {"margin_rate", 0.4},
                                       {"cost_per_unit", 0.1}};
  return catalog.dump();
}

/// One simulated shop, its truth and its report; made once.
struct Shop {
  fs::path files;
  json truth, card;
};

const Shop& the_shop() {
  static const Shop shop = [] {
    const auto folder = fresh_folder("whole_truth");
    Shop made{.files = folder / "files", .truth = {}, .card = {}};
    run({"simulate",       "--quiet",
         "--users",        "40000",
         "--seed",         "11",
         "--days",         "7",
         "--history-days", "14",
         "--conversion",   "0.12",
         "--effect",       "treatment:conversion=20%",
         "--effect",       "treatment:order_value=10%",
         "--effect",       "treatment:refund=50%",
         "--effect",       "treatment:return_visits=10%",
         "--effect",       "treatment:click=15%",
         "--out",          made.files.string()});
    const auto store = (folder / "shop.db").string();
    run({"init", store});
    run({"apply", store, write(folder / "catalog.json", catalog_with_all(made.files))});
    run({"import", store, (made.files / "exposures.csv").string(), (made.files / "events.csv").string(),
         "--recorded-at", "event-time"});
    made.truth = json::parse(read(made.files / "truth.json"));
    made.card = card_of({"report", store, "recommendations"}, folder);
    return made;
  }();
  return shop;
}

const json& arm_in(const json& rows, const std::string& arm) {
  for (const json& row : rows)
    if (row["arm"] == arm) return row;
  throw std::out_of_range(arm);
}

double units_of(const std::string& arm) {
  return arm_in(metric(the_shop().card, "conversion")["arms"], arm)["units"].get<double>();
}

double true_value(const std::string& arm, const std::string& key) {
  return arm_in(the_shop().truth["arms"], arm)[key].get<double>();
}

double true_difference(const std::string& key) {
  return true_value("treatment", key) - true_value("control", key);
}

void check_near(const std::string& what, double got, double want, double error) {
  INFO(what << ": " << got << " measured, " << want << " expected, standard error " << error);
  CHECK(error > 0);
  CHECK(std::abs(got - want) < kErrors * error);
}

/// An estimate with its standard error.
void check_figure(const std::string& what, const json& figure, double want) {
  REQUIRE(figure["estimate"].is_number());
  check_near(what, figure["estimate"], want, figure["standard_error"]);
}

/// The value of each arm, and their difference by the comparison's own standard error.
void check_metric(const std::string& key, double control, double treatment) {
  const json& row = metric(the_shop().card, key);
  for (const auto& [arm, want] : {std::pair("control", control), {"treatment", treatment}}) {
    const json& measured = arm_in(row["arms"], arm);
    check_near(key + " of " + arm, measured["value"], want,
               std::sqrt(measured["variance"].get<double>() / measured["units"].get<double>()));
  }
  check_figure(key + ", difference", row["comparisons"][0]["absolute"], treatment - control);
}

}  // namespace

TEST_CASE("simulated truth: every kind of metric with a closed form") {
  for (const char* key :
       {"conversion", "orders_per_user", "revenue_per_user", "net_revenue_per_user", "order_value",
        "return_rate", "refunds_per_user", "impressions_per_user", "clicks_per_user", "click_rate",
        "click_users", "cart_users", "came_back", "back_on_day_3", "clicked_within_week", "repeat_purchase",
        "order_value_median", "order_value_p90"})
    check_metric(key, true_value("control", key), true_value("treatment", key));
  check_metric("conversion_adjusted", true_value("control", "conversion"),
               true_value("treatment", "conversion"));
  CHECK(metric(the_shop().card, "conversion_adjusted")["comparisons"][0]["variance_reduction"] > 0.01);
  const auto blend = [](const char* arm) {
    return 10 * true_value(arm, "conversion") + 0.5 * true_value(arm, "revenue_per_user");
  };
  check_metric("blend", blend("control"), blend("treatment"));
  check_metric("funnel", true_value("control", "funnel_ordered"), true_value("treatment", "funnel_ordered"));
}

TEST_CASE("simulated truth: step rates of a funnel") {
  const std::map<std::string, std::string> reached{
      {"clicked", "funnel_clicked"}, {"carted", "funnel_carted"}, {"ordered", "funnel_ordered"}};
  const json& funnels = the_shop().card["funnels"];
  REQUIRE(funnels.size() == 1);
  for (const char* arm : {"control", "treatment"}) {
    double before = 1;
    for (const json& step : funnels[0]["steps"]) {
      const double units = units_of(arm);
      const json& row = arm_in(step["arms"], arm);
      const double want = step["step"] == "shown" ? 1 : true_value(arm, reached.at(step["step"]));
      const double rate = want / before;  // of those who came to the step before
      INFO(arm << " " << step["step"] << " " << row.dump());
      if (step["step"] == "shown")
        CHECK(row["share"].get<double>() == 1);
      else
        check_near("step rate", row["step_rate"], rate, std::sqrt(rate * (1 - rate) / (units * before)));
      before = want;
    }
  }
}

TEST_CASE("simulated truth: the curve of the time to the second order at two horizons") {
  for (const char* arm : {"control", "treatment"}) {
    for (const auto& [day, key] : {std::pair(7.0, "second_order_within_week"), {14.0, "repeat_purchase"}}) {
      const json* found = nullptr;
      for (const json& curve : the_shop().card["curves"])
        if (curve["arm"] == arm)
          for (const json& point : curve["points"])
            if (point["day"].get<double>() <= day + 1e-9) found = &point["value"];
      REQUIRE(found != nullptr);
      const double units = units_of(arm);
      const double want = true_value(arm, key);
      check_near(key, (*found)["estimate"], want, std::sqrt(want * (1 - want) / units));
    }
  }
}

TEST_CASE("simulated truth: what was shown") {
  const json& items = the_shop().truth["items"];
  for (const char* key : {"effective_items", "novelty_bits"})
    check_metric(key, items[key].get<double>(), items[key].get<double>());
  REQUIRE(the_shop().card["breadth"].size() >= 2);
  for (const json& row : the_shop().card["breadth"]) {
    // Diversity is 1 - 1 / effective items, so its error is that of effective items over their square.
    const json& measured = arm_in(metric(the_shop().card, "effective_items")["arms"], row["arm"]);
    const double effective = items["effective_items"].get<double>();
    const double error = std::sqrt(measured["variance"].get<double>() / measured["units"].get<double>()) /
                         (effective * effective);
    check_near("diversity", row["diversity"], items["diversity"], error);
    // The rarest item has chance 0.00094: among so many events none is missing.
    CHECK(row["shown"].get<double>() > 100'000);
    CHECK(row["items"] == items["items"]);
    CHECK(row["coverage"].get<double>() == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("simulated truth: measures of a whole arm have lines over time that end in the headline") {
  for (const char* key : {"order_value_median", "order_value_p90", "effective_items", "novelty_bits"}) {
    INFO(key);
    const json& row = metric(the_shop().card, key);
    const auto line = [&](const char* kind) -> const json& {
      for (const json& one : row["timelines"])
        if (one["kind"] == kind) return one["points"];
      throw std::out_of_range(kind);
    };
    CHECK(line("daily").size() == 7);
    CHECK(line("cumulative").size() == 7);
    CHECK(line("cumulative").back()["relative"]["estimate"].get<double>() ==
          Approx(row["comparisons"][0]["relative"]["estimate"].get<double>()).epsilon(1e-12));
    // An order's value is 10% higher on each day, and what is shown is the same: within the day's own error.
    const double want = key == std::string("order_value_median") || key == std::string("order_value_p90")
                            ? true_value("treatment", key) / true_value("control", key) - 1
                            : 0;
    const double multiplier =
        liftmark::stats::normal_upper_quantile(row["comparisons"][0]["alpha"].get<double>() / 2);
    for (const json& point : line("daily")) {
      const json& relative = point["relative"];
      REQUIRE(relative["lower"].is_number());
      const double error =
          (std::log1p(relative["upper"].get<double>()) - std::log1p(relative["lower"].get<double>())) /
          (2 * multiplier);
      check_near(key, std::log1p(relative["estimate"].get<double>()), std::log1p(want), error);
    }
  }
}

TEST_CASE("simulated truth: the parts of revenue, by factor and by surface") {
  const auto per = [](const char* arm, const char* above, const char* below) {
    return true_value(arm, above) / true_value(arm, below);
  };
  const auto log_change = [&](const char* above, const char* below) {
    return std::log(per("treatment", above, below) / per("control", above, below));
  };
  const std::map<std::string, double> factors{
      {"conversion", std::log(true_value("treatment", "conversion") / true_value("control", "conversion"))},
      {"orders_per_buyer", log_change("orders_per_user", "conversion")},
      {"order_value", log_change("revenue_per_user", "orders_per_user")},
      {"kept_after_refunds", log_change("net_revenue_per_user", "revenue_per_user")}};
  int seen = 0;
  for (const json& table : the_shop().card["decompositions"]) {
    const std::string key = table["metric"];
    if (table["kind"] == "factors" && key != "net_revenue_per_user") continue;
    if (key != "net_revenue_per_user" && key != "revenue_per_user") continue;
    ++seen;
    double sum = 0, want = 0;
    for (const json& part : table["parts"]) {
      const std::string name = part["part"];
      const double expected =
          table["kind"] == "factors"
              ? factors.at(name)
              : the_shop().truth["surface_shares"][name].get<double>() * true_difference(key);
      check_figure(key + " " + name, part["figure"], expected);
      sum += part["figure"]["estimate"].get<double>();
      want += expected;
    }
    check_figure(key + " total", table["total"], want);
    CHECK(sum == Approx(table["total"]["estimate"].get<double>()).epsilon(1e-9));
  }
  CHECK(seen == 3);
}

TEST_CASE("simulated truth: money") {
  const double effect = true_difference("net_revenue_per_user");
  int seen = 0;
  for (const json& row : the_shop().card["money"]) {
    CHECK(row["metric"] == "net_revenue_per_user");
    double units = 0;
    for (const json& assumption : row["assumptions"])
      if (assumption["name"] == "units" || assumption["name"] == "units_per_day") units = assumption["value"];
    const double margin = 0.4 * effect - 0.1;
    const double want = row["kind"] == "return_on_cost"       ? margin / 0.1
                        : row["kind"] == "incremental_margin" ? margin * units
                                                              : effect * units;
    check_figure(row["kind"].get<std::string>() + " " + row["basis"].get<std::string>(), row["figure"], want);
    ++seen;
  }
  CHECK(seen == 7);  // revenue and margin so far, per day and if shipped; return on cost
}

namespace {

/// A row's cells; these files have no quotes.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line)
    if (c == ',')
      cells.emplace_back();
    else
      cells.back() += c;
  return cells;
}

template <typename Visit>
void each_row(const fs::path& path, Visit visit) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) visit(cells_of(line));
}

double micros_of(const std::string& text) {
  return static_cast<double>(liftmark::parse_time(text).value());
}

struct Order {
  double at = 0, value = 0, back = 0;
};
struct Unit {
  std::string arm;
  double first = 0;
  std::map<std::string, Order> orders;  // by id
};

/// Of one arm's units whose 14 days are over.
struct Sums {
  double units = 0, capped = 0, largest = 0, days = 0, wait = 0;
};

void add_unit(const Unit& unit, Sums& sums) {
  const double end = unit.first + 14 * kDayMicros;
  double total = 0, largest = 0;
  std::set<double> days, standing;
  for (const auto& [id, order] : unit.orders) {
    if (order.at < unit.first || order.at >= end) continue;
    total += order.value;
    largest = std::max(largest, order.value);
    days.insert(std::floor(order.at / kDayMicros));
    if (order.back < order.value) standing.insert(order.at);
  }
  sums.units += 1;
  sums.capped += std::min(total, 100.0);
  sums.largest += largest;
  sums.days += static_cast<double>(days.size());
  sums.wait += standing.size() < 2 ? 14 : (*std::next(standing.begin()) - unit.first) / kDayMicros;
}

}  // namespace

TEST_CASE("simulated truth: what has no closed form, formed from the exported files") {
  std::map<std::string, Unit> units;
  each_row(the_shop().files / "exposures.csv", [&](const std::vector<std::string>& row) {
    const double at = micros_of(row[4]);
    Unit& unit = units[row[2]];
    if (unit.arm.empty() || at < unit.first) unit = {row[3], at, {}};
  });
  double last = 0;
  each_row(the_shop().files / "events.csv", [&](const std::vector<std::string>& row) {
    last = std::max(last, micros_of(row[3]));
    const auto unit = units.find(row[1]);
    if (unit == units.end() || (row[2] != "purchase" && row[2] != "refund")) return;
    Order& order = unit->second.orders[row[2] == "refund" ? row[5] : row[0]];
    if (row[2] == "refund")
      order.back -= std::stod(row[4]);
    else
      order.at = micros_of(row[3]), order.value = std::stod(row[4]);
  });
  std::map<std::string, Sums> arms;
  for (const auto& [id, unit] : units)
    if (unit.first + 14 * kDayMicros <= last) add_unit(unit, arms[unit.arm]);
  CHECK(arms.size() == 2);
  for (const auto& [arm, sums] : arms)
    for (const auto& [key, total] : {std::pair("capped", sums.capped),
                                     {"largest", sums.largest},
                                     {"days", sums.days},
                                     {"second_order", sums.wait}}) {
      const json& measured = arm_in(metric(the_shop().card, key)["arms"], arm);
      INFO(key << " of " << arm);
      CHECK(measured["units"].get<double>() == sums.units);
      CHECK(measured["value"].get<double>() == Approx(total / sums.units).epsilon(1e-6));
    }
}
