// What a shop must not be fooled by, on stores recorded for the purpose: clicks moved from one pocket to
// another, sales that come back, effects that wear off, a change of weights while the market falls.
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "engine/aggregate/shop.hpp"
#include "engine/analyse/analyse.hpp"
#include "engine/analyse/ledger.hpp"

using namespace liftmark;
using shop::event;
using shop::exposed;
using shop::Happening;

namespace {

/// Nobody is given the best fallback, except where a test compares with it.
const std::string kTwoArms =
    R"("arms": [{"key": "none", "role": "control"}, {"key": "best", "role": "control",
  "weight": 0}, {"key": "variant"}])";

std::string catalog_text(const std::string& plan, const std::string& more = {},
                         const std::string& arms = kTwoArms) {
  return R"({"schema": "liftmark.catalog/1", "currency": "EUR", "metrics": [
    {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "clicks", "kind": "count", "numerator": {"event": "click"}, "window_days": 7, "surface": "surface",
     "covariate": {"lookback_days": 0}},
    {"key": "orders", "kind": "count", "numerator": {"event": "purchase"}, "window_days": 14,
     "covariate": {"lookback_days": 0}},
    {"key": "revenue", "kind": "mean", "numerator": {"event": ["purchase", "refund"]}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "booked", "kind": "mean", "numerator": {"event": "purchase"}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "return_rate", "kind": "ratio", "numerator": {"event": "refund"}, "denominator": {"event": "purchase"},
     "window_days": 7, "direction": "decrease", "covariate": {"lookback_days": 0}},
    {"key": "median_order", "kind": "quantile", "numerator": {"event": "purchase"}, "window_days": 7},
    {"key": "second_order", "kind": "time_to_event", "numerator": {"event": "purchase"}, "window_days": 14,
     "minimum_orders": 2, "direction": "decrease"},
    {"key": "shown", "kind": "breadth", "numerator": {"event": "click"}, "item": "surface", "window_days": 7},
    {"key": "score", "kind": "blend", "window_days": 7, "covariate": {"lookback_days": 0},
     "terms": [{"metric": "conversion", "weight": 10}, {"metric": "revenue", "weight": 1}]}],
  "experiments": [{"key": "checkout", "hashing": {"salt": "checkout-1"},
    )" + arms +
         R"(,
    "plan": )" +
         plan + "}" + more + "]}";
}

Scorecard analysed(const Store& store, const Catalog& catalog, const std::string& experiment = "checkout") {
  const Reader reader(store.path());
  const auto statistics = aggregate(reader, catalog, experiment);
  return analyse(statistics, analysis_for(catalog, *catalog.find_experiment(experiment)));
}

struct Recorded {
  TemporaryStore file;
  Catalog catalog;
  Store store;
  Recorded(const std::string& text, const std::vector<Happening>& rows, const std::string& before = {})
      : catalog(parse_catalog(text)), store(Store::create(file.path())) {
    if (!before.empty()) {
      const Catalog earlier = parse_catalog(before);
      store.put_catalog(earlier.text, earlier.digest);
    }
    store.put_catalog(catalog.text, catalog.digest);
    shop::record(store, rows, 10'000);
    // Somebody buys much later, so that every window is over.
    shop::record(store, {event("last", "nobody", "purchase", 100)});
  }
  Scorecard card(const std::string& experiment = "checkout") const {
    return analysed(store, catalog, experiment);
  }
};

const MetricResult& metric(const Scorecard& card, const std::string& key) {
  for (const auto& one : card.metrics)
    if (one.key == key) return one;
  throw std::logic_error("no metric " + key);
}

std::string unit(int i) {
  return "u" + std::to_string(i);
}
const char* arm_of(int i) {
  return i % 2 == 0 ? "none" : "variant";
}

}  // namespace

TEST_CASE("clicks taken from other surfaces are no lift, and the surface table says where they came from") {
  // 5 clicks a unit on average; the recommendation takes 30% of them in the control, 39% in the variant: +30%
  // there, nothing in all.
  std::mt19937 random(1);
  std::poisson_distribution<int> clicks(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Happening> rows;
  for (int i = 0; i < 6000; ++i) {
    rows.push_back(exposed(unit(i), arm_of(i), i % 14));
    const int count = clicks(random);
    for (int k = 0; k < count; ++k) {
      rows.push_back(
          event("c" + unit(i) + "-" + std::to_string(k), unit(i), "click", i % 14 + 0.1 * (k + 1)));
      rows.back().key = "surface";
      rows.back().text = uniform(random) < (i % 2 == 0 ? 0.30 : 0.39) ? "recommendation" : "search";
    }
  }
  const Recorded shop(catalog_text(R"({"primary": ["clicks"], "secondary": ["shown"], "against": ["none"]})"),
                      rows);
  const auto card = shop.card();
  const auto& comparison = metric(card, "clicks").comparisons.at(0);
  CHECK(comparison.reading == "No clear change");
  CHECK(card.verdict.word != "Ship");
  REQUIRE(card.decompositions.size() == 1);
  const auto& surfaces = card.decompositions[0];
  REQUIRE(surfaces.parts.size() == 2);
  CHECK(surfaces.parts[0].part == "recommendation");
  CHECK(*surfaces.parts[0].figure.lower > 0);
  CHECK(*surfaces.parts[1].figure.upper < 0);
  CHECK(*surfaces.parts[0].figure.estimate + *surfaces.parts[1].figure.estimate ==
        Approx(*surfaces.total.estimate).margin(1e-12));
  // +30% of 1.5 clicks is 0.45; its standard error is about sqrt(2 x 1.7 / 3000) = 0.034.
  CHECK(*surfaces.parts[0].figure.estimate == Approx(0.45).margin(6 * 0.034));
  // The two surfaces as a catalogue of two items: nearer to halves, so more effective items.
  const auto& breadth = card.breadth;
  const auto variant =
      std::find_if(breadth.begin(), breadth.end(), [](const auto& b) { return b.arm == "variant"; });
  REQUIRE(variant != breadth.end());
  CHECK(*variant->effective_items == Approx(1 / (0.39 * 0.39 + 0.61 * 0.61)).epsilon(0.05));
  REQUIRE(variant->changes.size() == 3);
  CHECK(*variant->changes[0].relative.lower > 0);
}

TEST_CASE("a variant that sells what comes back is stopped by the return-rate guardrail") {
  // Conversion 20% and 26%; 10% and 40% of the orders of 50 come back whole.
  std::vector<Happening> rows;
  for (int i = 0; i < 6000; ++i) {
    const bool variant = i % 2 == 1;
    rows.push_back(exposed(unit(i), arm_of(i), i % 14));
    const int place = i / 2 % 100;
    if (place >= (variant ? 26 : 20)) continue;
    rows.push_back(event("p" + unit(i), unit(i), "purchase", i % 14 + 1, 50));
    const int order = i / 200 % 10;
    if (order >= (variant ? 4 : 1)) continue;
    rows.push_back(event("r" + unit(i), unit(i), "refund", i % 14 + 4, -50));
    rows.back().reference = "p" + unit(i);
  }
  const Recorded shop(catalog_text(R"({"primary": ["booked"], "secondary": ["revenue"], "against": ["none"],
      "guardrails": [{"metric": "return_rate", "margin": 0.2}], "margin_rate": 0.4, "cost_per_unit": 0.1})"),
                      rows);
  const auto card = shop.card();
  CHECK(metric(card, "booked").comparisons.at(0).reading == "Better");
  CHECK(metric(card, "return_rate").comparisons.at(0).reading == "Breached");
  CHECK(card.verdict.word == "Stop");
  CHECK(card.verdict.variants.at(0).because == "guardrail_breached");
  // Booked and net: 3000 x 0.2 x 50 = 30,000 of which 10% came back; 39,000 of which 40% did.
  REQUIRE(card.refunds.size() == 3);
  const auto& control = card.refunds[0];
  CHECK(control.arm == "none");
  CHECK(*control.booked == Approx(30'000));
  CHECK(*control.net == Approx(27'000));
  CHECK(*control.return_rate == Approx(0.1));
  CHECK(control.refunds == 60);
  CHECK(*control.delay_median_days == 3);
  CHECK(*control.settled_share == 1);
  CHECK(*card.refunds[2].return_rate == Approx(0.4));
  // Money: net 7.8 - 9 = -1.2 a unit, times 3,000 units, 14 days, both arms if shipped to all.
  const auto row = [&](const std::string& kind, const std::string& basis) {
    for (const auto& one : card.money)
      if (one.kind == kind && one.basis == basis) return *one.figure.estimate;
    throw std::logic_error("no row");
  };
  CHECK(card.money.at(0).metric == "revenue");
  CHECK(row("incremental_revenue", "so_far") == Approx(-3600));
  CHECK(row("incremental_revenue", "per_day") == Approx(-3600 / 14.0));
  CHECK(row("incremental_revenue", "if_shipped") == Approx(-7200 / 14.0));
  CHECK(row("incremental_margin", "so_far") == Approx(3000 * (-1.2 * 0.4 - 0.1)));
  CHECK(row("return_on_cost", "so_far") == Approx((-1.2 * 0.4 - 0.1) / 0.1));
  for (const auto& one : card.money) {
    CHECK(*one.figure.lower < *one.figure.estimate);
    CHECK(*one.figure.upper > *one.figure.estimate);
    CHECK_FALSE(one.assumptions.empty());
  }
}

TEST_CASE("an effect that wears off is named novelty; one that lasts is not") {
  for (const bool fades : {true, false}) {
    std::mt19937 random(7);
    std::vector<Happening> rows;
    for (int i = 0; i < 8000; ++i) {
      rows.push_back(exposed(unit(i), arm_of(i), i % 7));
      for (int d = 0; d < 14; ++d) {
        const double lift = i % 2 == 0 ? 0.0 : fades ? (d < 3 ? 1.0 : 0.0) : 0.3;
        if (std::bernoulli_distribution(0.1 * (1 + lift))(random))
          rows.push_back(
              event("p" + unit(i) + "-" + std::to_string(d), unit(i), "purchase", i % 7 + d + 0.5, 10));
      }
    }
    const Recorded shop(
        catalog_text(R"({"primary": ["orders"], "against": ["none"], "planned_units": 8000})"), rows);
    const auto card = shop.card();
    const auto& lines = metric(card, "orders").timelines;
    const auto line = std::find_if(lines.begin(), lines.end(),
                                   [](const Timeline& one) { return one.kind == "since_exposure"; });
    REQUIRE(line != lines.end());
    REQUIRE(line->trend_p_value);
    CHECK(metric(card, "orders").comparisons.at(0).reading == "Better");
    if (fades) {
      CHECK(line->trend == "novelty");
      CHECK(*line->trend_p_value < 0.001);
      // Weights 13.5, 12.5, 11.5 of 98 carry the whole effect early; 0.5, 1.5, 2.5 late.
      CHECK(*line->early.estimate == Approx(37.5 / 98).margin(0.15));
      CHECK(*line->late.estimate == Approx(4.5 / 98).margin(0.15));
    } else {
      CHECK(line->trend.empty());
    }
  }
}

TEST_CASE("a change of weights while conversion falls is no effect") {
  // MEASUREMENT "Epochs": 90/10 at 5%, then 50/50 at 4%. Pooled: 650 of 14,000 against 250 of 6,000, -10.3%.
  std::vector<Happening> rows;
  int number = 0;
  const auto add = [&](const char* arm, int epoch, int units, int buyers, double at) {
    for (int i = 0; i < units; ++i, ++number) {
      rows.push_back(exposed(unit(number), arm, at, {}, epoch));
      if (i < buyers) rows.push_back(event("p" + unit(number), unit(number), "purchase", at + 1, 10));
    }
  };
  add("none", 1, 9000, 450, 0);
  add("variant", 1, 1000, 50, 0.5);
  add("none", 2, 5000, 200, 10);
  add("variant", 2, 5000, 200, 10.5);
  const auto text = [](const std::string& arms) {
    return catalog_text(R"({"primary": ["conversion"], "secondary": ["orders", "second_order"]})", {}, arms);
  };
  const Recorded shop(
      text(R"("epoch": 2, "arms": [{"key": "none", "role": "control"}, {"key": "variant"}])"), rows,
      text(R"("epoch": 1, "arms": [{"key": "none", "role": "control", "weight": 9}, {"key": "variant"}])"));
  const auto card = shop.card();
  const auto& result = metric(card, "conversion");
  CHECK(*result.comparisons.at(0).relative.estimate == Approx(0).margin(1e-12));
  CHECK(result.comparisons.at(0).reading == "No clear change");
  CHECK(*metric(card, "orders").comparisons.at(0).relative.estimate == Approx(0).margin(1e-12));
}

TEST_CASE("two concurrent experiments: the effect under each arm of the other, and the interaction") {
  // Conversion by (this arm, other arm): 10%, 12%, 15%, 27% of 2,000 units each. Lift 20% without and 80%
  // with the other: interaction 1.8 / 1.2 - 1 (worked on rates 0.10 -> 0.12 and 0.15 -> 0.27).
  std::vector<Happening> rows;
  for (int i = 0; i < 8000; ++i) {
    const bool variant = i % 2 == 1, dynamic = i / 2 % 2 == 1;
    rows.push_back(exposed(unit(i), arm_of(i), 0));
    rows.push_back(exposed(unit(i), dynamic ? "dynamic" : "plain", 0));
    rows.back().experiment = "mail";
    rows.back().id += "mail";
    const int rate = dynamic ? (variant ? 27 : 15) : (variant ? 12 : 10);
    if (i / 4 % 100 < rate) rows.push_back(event("p" + unit(i), unit(i), "purchase", 1, 10));
  }
  const Recorded shop(
      catalog_text(R"({"primary": ["conversion"], "against": ["none"], "interactions": ["mail"],
      "method": "fixed", "horizon_days": 28})",
                   R"(, {"key": "mail", "hashing": {"salt": "mail-1"},
      "arms": [{"key": "plain", "role": "control"}, {"key": "dynamic"}], "plan": {"primary": ["conversion"]}})"),
      rows);
  const auto card = shop.card();
  REQUIRE(card.interactions.size() == 1);
  const auto& one = card.interactions[0];
  CHECK(one.with_experiment == "mail");
  CHECK(one.other_arm == "dynamic");
  CHECK(one.other_against == "plain");
  CHECK(*one.cells[0].value == Approx(0.10));
  CHECK(*one.cells[1].value == Approx(0.12));
  CHECK(*one.cells[2].value == Approx(0.15));
  CHECK(*one.cells[3].value == Approx(0.27));
  CHECK(*one.interaction.estimate == Approx(1.8 / 1.2 - 1));
  // se^2 of the log: sum over cells of (1 - p) / (n p).
  double variance = 0;
  for (const double p : {0.10, 0.12, 0.15, 0.27}) variance += (1 - p) / (2000 * p);
  CHECK(*one.interaction.standard_error == Approx(std::sqrt(variance)));
  CHECK(*one.interaction.lower == Approx(1.5 * std::exp(-1.959963984540054 * std::sqrt(variance)) - 1));
  CHECK(*one.effects.at(0).relative.estimate == Approx(0.2));
  CHECK(*one.effects.at(1).relative.estimate == Approx(0.8));
  CHECK(one.effects.at(1).units == 4000);
  CHECK(card.segments.empty());
}

TEST_CASE("against no recommendation and against the best fallback in one experiment") {
  std::vector<Happening> rows;
  for (int i = 0; i < 6000; ++i) {
    const char* arm = i % 3 == 0 ? "none" : i % 3 == 1 ? "best" : "variant";
    rows.push_back(exposed(unit(i), arm, i % 7));
    rows.back().fallback = i % 3 == 2 && i % 10 == 0;
    if (i / 3 % 100 < (i % 3 == 0 ? 10 : i % 3 == 1 ? 15 : 18))
      rows.push_back(event("p" + unit(i), unit(i), "purchase", i % 7 + 1, 10.0 + i % 50));
  }
  const Recorded shop(
      catalog_text(R"({"primary": ["conversion"], "secondary": ["median_order", "score"],
      "against": ["none", "best"]})",
                   {},
                   R"("arms": [{"key": "none", "role": "control"}, {"key": "best", "role": "control"},
      {"key": "variant"}])"),
      rows);
  const auto card = shop.card();
  const auto& comparisons = metric(card, "conversion").comparisons;
  REQUIRE(comparisons.size() == 2);
  CHECK(comparisons[0].against == "none");
  CHECK(*comparisons[0].relative.estimate == Approx(0.8));
  CHECK(comparisons[1].against == "best");
  CHECK(*comparisons[1].relative.estimate == Approx(0.2));
  CHECK(*card.arms[0].fallback_share == 0);
  CHECK(*card.arms[2].fallback_share == Approx(0.1));
  // A quantile has figures, errors and a reading like any other metric, but no total.
  const auto& median = metric(card, "median_order");
  CHECK(median.arms.at(0).value);
  CHECK_FALSE(median.arms.at(0).numerator);
  CHECK(median.comparisons.at(0).relative.standard_error);
  // Weights of a blend halved and doubled, and the extremes of all combinations.
  std::map<std::string, int> kinds;
  double lowest = 1e9, highest = -1e9;
  for (const auto& row : metric(card, "score").sensitivities) {
    if (row.against != "none") continue;
    ++kinds[row.kind];
    if (row.kind != "term_weight") continue;
    lowest = std::min(lowest, *row.relative.estimate);
    highest = std::max(highest, *row.relative.estimate);
  }
  CHECK(kinds["term_weight"] == 4);
  CHECK(kinds["without_top"] == 2);
  for (const auto& row : metric(card, "score").sensitivities) {
    if (row.kind == "weights_lowest" && row.against == "none") CHECK(*row.relative.estimate <= lowest);
    if (row.kind == "weights_highest" && row.against == "none") CHECK(*row.relative.estimate >= highest);
  }
}

TEST_CASE(
    "time to the second order: curves, log-rank and restricted means agree with a metric of whole windows") {
  // Second orders on day 4 for 30% of the control and 45% of the variant, everybody followed for 14 days.
  std::vector<Happening> rows;
  for (int i = 0; i < 4000; ++i) {
    rows.push_back(exposed(unit(i), arm_of(i), 0));
    rows.push_back(event("p" + unit(i), unit(i), "purchase", 1, 10));
    if (i / 2 % 100 < (i % 2 == 0 ? 30 : 45))
      rows.push_back(event("q" + unit(i), unit(i), "purchase", 4, 10));
  }
  const Recorded shop(catalog_text(R"({"primary": ["second_order"], "against": ["none"]})"), rows);
  const auto card = shop.card();
  CHECK(metric(card, "second_order").comparisons.at(0).reading == "Better");  // sooner, and less is good
  REQUIRE(card.curves.size() == 2);
  const auto& control = card.curves[0];
  CHECK(*control.points.at(3).value.estimate == 0);
  CHECK(*control.points.at(4).value.estimate == Approx(0.30));
  CHECK(*control.points.back().value.estimate == Approx(0.30));
  CHECK(*control.points.back().value.lower < 0.30);
  REQUIRE(card.survival.size() == 1);
  const auto& test = card.survival[0];
  CHECK(test.control_events == 600);
  CHECK(test.events == 900);
  CHECK(*test.log_rank_p_value < 1e-6);
  CHECK(*test.hazard_ratio.lower > 1);
  // Means within 14 days: 14 - 0.30 x 10 and 14 - 0.45 x 10.
  CHECK(*test.restricted_mean.estimate == Approx(-1.5));
  CHECK(*metric(card, "second_order").comparisons.at(0).absolute.estimate == Approx(-1.5));
}

TEST_CASE("the ledger: what the holdout measured beside what shipped, less the winner's curse") {
  // Worked by hand: baseline 2; experiment one +0.2 (se 0.05, interval +-0.1), all traffic, half of the open
  // units exposed: coverage 0.5, X = 0.05, sigma = 0.0125, c sigma = 0.025. Experiment two +0.02 (se 0.05,
  // +-0.1), not shipped, half the traffic, a quarter exposed: coverage 0.5, X = 0.005, sigma = 0.0125, c
  // sigma = 0.025.
  const auto catalog = parse_catalog(R"({"schema": "liftmark.catalog/1",
    "holdouts": [{"key": "global", "share": 0.1, "salt": "h"}],
    "metrics": [{"key": "revenue", "kind": "mean", "numerator": {"event": "purchase"}}],
    "experiments": [
      {"key": "one", "hashing": {"salt": "a"}, "arms": [{"key": "c", "role": "control"}, {"key": "t"}],
       "shipped": {"arm": "t", "at": "2026-03-01"}, "plan": {"primary": ["revenue"]}},
      {"key": "two", "hashing": {"salt": "b"}, "arms": [{"key": "c", "role": "control"}, {"key": "t"}],
       "traffic": 0.5, "plan": {"primary": ["revenue"]}}],
    "ledgers": [{"holdout": "global", "metrics": ["revenue"]}]})");
  const auto card_of = [](double estimate) {
    Scorecard card;
    MetricResult result;
    result.key = "revenue";
    Comparison comparison;
    comparison.arm = "t";
    comparison.against = "c";
    comparison.absolute = {estimate, 0.05, estimate - 0.1, estimate + 0.1, 0.95, ""};
    result.comparisons.push_back(comparison);
    card.metrics.push_back(result);
    return card;
  };
  Scorecard holdout;
  MetricResult measured;
  measured.key = "revenue";
  MetricArm held_out;
  held_out.arm = "held_out";
  held_out.value = 2.0;
  measured.arms.push_back(held_out);
  Comparison open;
  open.arm = "open";
  open.against = "held_out";
  open.relative = {0.04, 0.01, 0.01, 0.07, 0.95, ""};
  measured.comparisons.push_back(open);
  holdout.metrics.push_back(measured);
  holdout.arms.resize(2);
  holdout.arms[0].key = "held_out";
  holdout.arms[0].units = 1000;
  holdout.arms[1].key = "open";
  holdout.arms[1].units = 9000;
  holdout.provenance.as_of = 1'800'000'000'000'000;
  const auto one = card_of(0.2), two = card_of(0.02);
  const auto all = ledgers(catalog, catalog.ledgers[0], holdout,
                           {{catalog.experiments[0], one, 0.5}, {catalog.experiments[1], two, 0.25}});
  REQUIRE(all.size() == 1);
  const auto& ledger = all[0];
  CHECK(ledger.held_out_units == 1000);
  CHECK(ledger.open_units == 9000);
  REQUIRE(ledger.shipped.size() == 2);
  CHECK(ledger.shipped[0].shipped);
  CHECK_FALSE(ledger.shipped[1].shipped);
  CHECK(*ledger.shipped[1].coverage == Approx(0.5));
  CHECK(*ledger.shipped_sum.estimate == Approx(0.05));
  // phi((0.025 - 0.05) / 0.0125) = phi(-2), phi((0.025 - 0.005) / 0.0125) = phi(1.6).
  const auto phi = [](double z) { return std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846); };
  const double corrected = 0.05 - 0.0125 * (phi(2) + phi(1.6));
  CHECK(*ledger.shipped_sum_corrected.estimate == Approx(corrected));
  CHECK(*ledger.shipped_sum.standard_error == Approx(0.0125));
  CHECK(*ledger.gap.estimate == Approx(0.04 - corrected));
  CHECK(*ledger.gap.standard_error == Approx(std::hypot(0.01 * 1.04, 0.0125)));
  CHECK(*ledger.gap.lower < *ledger.gap.estimate);
  const auto experiment = ledger_experiment(catalog, catalog.ledgers[0]);
  CHECK(experiment.assignment.arms[0].key == "held_out");
  CHECK(experiment.assignment.arms[0].weight == Approx(0.1));
  CHECK(in_scope(catalog, catalog.ledgers[0]).size() == 2);
}
