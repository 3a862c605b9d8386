// Funnels and decompositions: parts against hand computation, and that they add up.

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

Statistics two_arms() {
  Statistics statistics;
  statistics.arms.resize(2);
  statistics.arms[0].key = "control";
  statistics.arms[0].control = true;
  statistics.arms[1].key = "t";
  statistics.metrics.resize(1);
  statistics.metrics[0].metric = "m";
  return statistics;
}

Cell counts(std::size_t arm, std::int64_t successes) {
  Cell cell;
  cell.arm = arm;
  cell.history = CoMoments::from_counts(10'000, successes);
  return cell;
}

Analysis ask() {
  Analysis analysis;
  Metric metric;
  metric.key = "m";
  analysis.metrics = {metric};
  analysis.plan.primary = {"m"};
  analysis.plan.method = Method::fixed;
  analysis.seen_once = true;
  return analysis;
}

/// bought, orders, gross, net of some units; `scale` multiplies the orders' value.
CoMoments shoppers(int units, int buyers, double scale) {
  CoMoments moments(4);
  for (int i = 0; i < units; ++i) {
    const bool buys = i < buyers;
    const double orders = buys ? 1 + i % 3 : 0, gross = orders * (20 + i % 7) * scale;
    const double net = i % 5 == 0 ? gross / 2 : gross;
    const double values[] = {buys ? 1.0 : 0.0, orders, gross, net};
    moments.add(values);
  }
  return moments;
}

}  // namespace

TEST_CASE("a funnel's step rates, and Katz' interval of each step among those who reached the one before") {
  auto statistics = two_arms();
  auto& metric = statistics.metrics[0];
  metric.layout.binary = true;
  metric.steps = {{"view", {counts(0, 5000), counts(1, 5500)}},
                  {"cart", {counts(0, 1000), counts(1, 1320)}},
                  {"buy", {counts(0, 400), counts(1, 528)}}};
  metric.cells = metric.steps.back().cells;
  const auto card = analyse(statistics, ask());
  const auto& steps = card.funnels.at(0).steps;
  REQUIRE(steps.size() == 3);
  CHECK(steps[1].arms[0].units == 1000);
  CHECK(*steps[1].arms[1].share == Approx(0.132));
  CHECK(*steps[1].arms[1].step_rate == Approx(0.24));
  CHECK(*steps[0].changes[0].relative.estimate == Approx(0.1));
  CHECK(*steps[1].changes[0].relative.estimate == Approx(0.24 / 0.2 - 1));
  CHECK(*steps[2].changes[0].relative.estimate == Approx(0.0).margin(1e-12));
  // Katz: sqrt(1/1320 - 1/5500 + 1/1000 - 1/5000); variances over units divide by n - 1, hence 1e-4.
  const double error = std::sqrt(1.0 / 1320 - 1.0 / 5500 + 1.0 / 1000 - 1.0 / 5000);
  CHECK(*steps[1].changes[0].relative.standard_error == Approx(error).epsilon(1e-4));
  CHECK(*steps[1].changes[0].relative.upper ==
        Approx(std::expm1(std::log(1.2) + 1.959963984540054 * error)).epsilon(1e-4));
}

TEST_CASE("factors of revenue add up to the log lift, with intervals at 1 - alpha/4 each") {
  auto statistics = two_arms();
  auto& metric = statistics.metrics[0];
  metric.factors.resize(2);
  metric.factors[0].history = shoppers(2000, 400, 1.0);
  metric.factors[1].arm = 1;
  metric.factors[1].history = shoppers(2000, 480, 1.1);
  for (const auto& cell : metric.factors) {
    metric.cells.push_back(cell);
    metric.cells.back().history = cell.history.select(std::vector<std::size_t>{3});
  }
  const auto card = analyse(statistics, ask());
  const auto& one = card.decompositions.at(0);
  REQUIRE(one.parts.size() == 4);
  double sum = 0;
  for (const auto& part : one.parts) sum += *part.figure.estimate;
  CHECK(sum == Approx(*one.total.estimate).epsilon(1e-12));
  // The total is the log of the metric's own lift here: no cap, no covariate.
  CHECK(*one.total.estimate ==
        Approx(std::log1p(*card.metrics[0].comparisons[0].relative.estimate)).epsilon(1e-12));
  CHECK(*one.total.standard_error ==
        Approx(*card.metrics[0].comparisons[0].relative.standard_error).epsilon(1e-9));
  // Conversion 0.20 to 0.24: log 1.2, Katz' error with n - 1; Phi^-1(1 - 0.05/8) = 2.497705474.
  const auto& conversion = one.parts[0].figure;
  CHECK(one.parts[0].part == "conversion");
  CHECK(*conversion.estimate == Approx(std::log(1.2)));
  const double error = std::sqrt((0.8 / 0.2 + 0.76 / 0.24) / 1999);
  CHECK(*conversion.standard_error == Approx(error).epsilon(1e-9));
  CHECK(*conversion.upper == Approx(std::log(1.2) + 2.497705474412374 * error).epsilon(1e-7));
  CHECK(*conversion.level == Approx(0.9875));
}

TEST_CASE("surfaces add up to the raw difference") {
  auto statistics = two_arms();
  auto& metric = statistics.metrics[0];
  for (std::size_t arm = 0; arm < 2; ++arm) {
    CoMoments home(1), search(1), all(1);
    for (int i = 0; i < 100; ++i) {
      const double a = i % 4 + static_cast<double>(arm), b = i % 3;
      home.add(a);
      search.add(b);
      all.add(a + b);
    }
    const auto cell = [&](const CoMoments& units) {
      Cell made;
      made.arm = arm;
      made.history = units;
      return made;
    };
    if (arm == 0) metric.surfaces = {{"home", {}}, {"search", {}}};
    metric.surfaces[0].cells.push_back(cell(home));
    metric.surfaces[1].cells.push_back(cell(search));
    metric.cells.push_back(cell(all));
  }
  const auto card = analyse(statistics, ask());
  const auto& one = card.decompositions.at(0);
  CHECK(one.kind == "surfaces");
  CHECK(*one.parts[0].figure.estimate == Approx(1.0));
  CHECK(*one.parts[1].figure.estimate == Approx(0.0).margin(1e-12));
  CHECK(*one.total.estimate == Approx(1.0));
  CHECK(*one.parts[0].figure.level == Approx(0.975));
}
