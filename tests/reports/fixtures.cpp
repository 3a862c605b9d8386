#include "fixtures.hpp"

#include <cmath>

namespace liftmark::fixtures {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kFirstOfJune2026 = 1'780'272'000'000'000;  // 2026-06-01 00:00 UTC

Figure figure(double estimate, double lower, double upper, double level = 0.95) {
  return {.estimate = estimate,
          .standard_error = (upper - lower) / 3.92,
          .lower = lower,
          .upper = upper,
          .level = level,
          .reason = ""};
}

struct Change {
  double control, variant, estimate, lower, upper, p;
};

Comparison comparison(const std::string& arm, const Change& change, const std::string& reading) {
  Comparison one;
  one.arm = arm;
  one.against = "control";
  one.method = "asymptotic_confidence_sequence";
  one.scale = "log";
  one.alpha = 0.05;
  one.absolute =
      figure(change.variant - change.control, change.control * change.lower, change.control * change.upper);
  one.relative = figure(change.estimate, change.lower, change.upper);
  one.p_value = change.p;
  one.reading = reading;
  return one;
}

struct MetricText {
  std::string key, name, description, kind, role, direction, format;
};

MetricResult metric(const MetricText& text, const Change& change, const std::string& reading,
                    std::optional<double> margin = {}) {
  MetricResult result;
  result.key = text.key;
  result.name = text.name;
  result.description = text.description;
  result.kind = text.kind;
  result.role = text.role;
  result.direction = text.direction;
  result.format = text.format;
  result.margin = margin;
  result.window_days = 7;
  for (const char* arm : {"control", "treatment"}) {
    MetricArm one;
    const bool control = std::string(arm) == "control";
    one.arm = arm;
    one.units = control ? 206118 : 206604;
    one.value = control ? change.control : change.variant;
    one.variance = *one.value * 0.9;
    one.numerator = *one.value * static_cast<double>(one.units);
    one.denominator = static_cast<double>(one.units);
    one.distribution = {.skewness = 3.5,
                        .top_share = 0.094,
                        .share_capped = {},
                        .median = {},
                        .p90 = {},
                        .p99 = {},
                        .maximum = {}};
    result.arms.push_back(one);
  }
  result.comparisons.push_back(comparison("treatment", change, reading));
  return result;
}

/// A lift that settles near `lift`, with a band that narrows with the square root of time.
Timeline cumulative(const std::string& arm, double lift, double width, int days) {
  Timeline line;
  line.arm = arm;
  line.against = "control";
  line.kind = "cumulative";
  for (int day = 1; day <= days; ++day) {
    const double half = width * std::sqrt(static_cast<double>(days) / day);
    const double wave =
        0.6 * half * std::sin(1.7 * day) * (1.0 - static_cast<double>(day) / days) / std::sqrt(day);
    TimePoint point;
    point.day = day;
    point.at = kFirstOfJune2026 + day * kDay;
    point.units = 19650L * day;
    point.relative = figure(lift + wave, lift + wave - half, lift + wave + half);
    if (day == 1)
      point.relative = {
          .estimate = {}, .standard_error = {}, .lower = {}, .upper = {}, .level = {}, .reason = "burn_in"};
    if (day > 1 && !line.first_clear_day && *point.relative.lower > 0) line.first_clear_day = day;
    line.points.push_back(point);
  }
  return line;
}

Check check(const std::string& kind, const std::string& status, std::optional<double> p,
            std::vector<NamedNumber> numbers) {
  Check one;
  one.kind = kind;
  one.status = status;
  one.p_value = p;
  one.numbers = std::move(numbers);
  return one;
}

void add_metrics(Scorecard& card) {
  const auto add = [&](const MetricText& text, const Change& change, const std::string& reading,
                       std::optional<double> margin = {}) {
    card.metrics.push_back(metric(text, change, reading, margin));
  };
  add({"orders", "Orders per visitor", "share of visitors who order within 7 days", "proportion", "primary",
       "increase", "percent"},
      {0.0642, 0.0669, 0.0421, 0.0117, 0.0731, 0.0061}, "Better");
  add({"refunds", "Refund rate", "refunded orders ÷ orders", "ratio", "guardrail", "decrease", "percent"},
      {0.0318, 0.0317, -0.004, -0.041, 0.033, 0.83}, "Within margin", 0.05);
  add({"load", "Page load, 75th percentile", "seconds to interactive", "quantile", "guardrail", "decrease",
       "duration"},
      {1.84, 1.851, 0.006, -0.002, 0.014, 0.14}, "Within margin", 0.02);
  add({"contacts", "Support contacts per visitor", "contacts within 14 days", "mean", "guardrail", "decrease",
       "number"},
      {0.0121, 0.0122, 0.008, -0.054, 0.07, 0.8}, "Not yet settled", 0.06);
  add({"completion", "Checkout completion", "orders ÷ checkouts started", "ratio", "secondary", "increase",
       "percent"},
      {0.541, 0.561, 0.037, 0.017, 0.057, 0.00031}, "Better");
  add({"revenue", "Revenue per visitor", "capped at the 99.9th percentile", "mean", "secondary", "increase",
       "currency"},
      {4.81, 4.95, 0.03, -0.02, 0.08, 0.24}, "No clear change");
  add({"aov", "Average order value", "per order", "ratio", "secondary", "increase", "currency"},
      {74.95, 74.11, -0.011, -0.037, 0.014, 0.38}, "No clear change");
  add({"duration", "Time in checkout", "geometric mean", "mean", "secondary", "decrease", "duration"},
      {96.4, 78.8, -0.183, -0.211, -0.155, 0.0000000002}, "Better");
  add({"newsletter", "Newsletter sign-ups per visitor", "opt-ins within 7 days", "proportion", "secondary",
       "increase", "percent"},
      {0.0209, 0.0194, -0.071, -0.132, -0.011, 0.021}, "Worse");
  card.metrics[0].timelines.push_back(cumulative("treatment", 0.0421, 0.0307, 21));
  card.metrics[1].timelines.push_back(cumulative("treatment", -0.004, 0.037, 21));
  for (const char* kind : {"daily", "since_exposure"}) {
    Timeline line = cumulative("treatment", 0.041, 0.06, 14);
    line.kind = kind;
    line.first_clear_day.reset();
    if (line.kind == "since_exposure") {
      line.early = figure(0.0611, 0.0174, 0.1048);
      line.late = figure(0.0254, -0.0192, 0.0701);
      line.trend = "novelty";
      line.trend_p_value = 0.0371;
    }
    card.metrics[0].timelines.push_back(line);
  }
  card.metrics[5].cap = 310.0;
  card.metrics[6].decision_grade = false;
  card.metrics[6].grade_note = "denominator_moved";
  const auto cap = [&](const std::string& kind, std::optional<double> parameter, const Figure& lift) {
    card.metrics[5].sensitivities.push_back({"treatment", "control", kind, parameter, lift});
  };
  cap("uncapped", {}, figure(0.021, -0.046, 0.089));
  cap("cap", 310.0, figure(0.03, -0.02, 0.08));
  cap("cap", 220.0, figure(0.033, -0.004, 0.07));
  cap("without_top", 20.0, figure(0.035, 0.0002, 0.069));
  cap("without_crossovers", {}, figure(0.031, -0.019, 0.081));
}

void add_groups(Scorecard& card) {
  struct Row {
    const char* group;
    double share, estimate, lower, upper;
  };
  const auto table = [&](const std::string& dimension, double p, bool differs, const std::vector<Row>& rows) {
    SegmentTable one;
    one.metric = "orders";
    one.dimension = dimension;
    one.arm = "treatment";
    one.against = "control";
    one.heterogeneity_p_value = p;
    one.i_squared = differs ? 0.81 : 0.0;
    one.differs = differs;
    one.method = "attribute";
    for (const Row& row : rows) {
      SegmentRow group;
      group.group = row.group;
      group.share = row.share;
      group.units = static_cast<std::int64_t>(412722 * row.share);
      const std::string reading = row.lower > 0 ? "Better" : row.upper < 0 ? "Worse" : "No clear change";
      group.comparisons.push_back(
          comparison("treatment", {0.06, 0.0625, row.estimate, row.lower, row.upper, 0.04}, reading));
      group.shrunken = figure(0.5 * (row.estimate + 0.042), 0.5 * row.lower, 0.5 * row.upper + 0.03);
      one.rows.push_back(group);
    }
    card.segments.push_back(one);
  };
  table("device", 0.24, false,
        {{"Phone", 0.61, 0.058, 0.008, 0.108},
         {"Desktop", 0.31, 0.024, -0.034, 0.081},
         {"Tablet", 0.08, 0.021, -0.099, 0.141}});
  table("visitor", 0.0042, true,
        {{"New", 0.57, 0.089, 0.038, 0.14}, {"Returning", 0.43, -0.041, -0.078, -0.004}});
}

void add_funnel(Scorecard& card) {
  Funnel funnel;
  funnel.metric = "checkout";
  funnel.name = "From visit to order";
  struct Step {
    const char* name;
    double control, treatment, lift, half;
  };
  double before_control = 1.0, before_treatment = 1.0;
  for (const Step& step :
       {Step{"Exposed", 1.0, 1.0, 0, 0}, Step{"Viewed a product", 0.712, 0.712, 0.001, 0.0065},
        Step{"Added to basket", 0.238, 0.238, 0.001, 0.014},
        Step{"Started checkout", 0.119, 0.119, 0.0, 0.019}, Step{"Ordered", 0.0642, 0.0669, 0.039, 0.02}}) {
    FunnelStep one;
    one.step = step.name;
    one.arms.push_back({"control", static_cast<std::int64_t>(206118 * step.control), step.control,
                        step.control / before_control});
    one.arms.push_back({"treatment", static_cast<std::int64_t>(206604 * step.treatment), step.treatment,
                        step.treatment / before_treatment});
    if (step.half > 0)
      one.changes.push_back(
          {"treatment", "control", figure(step.lift, step.lift - step.half, step.lift + step.half)});
    before_control = step.control;
    before_treatment = step.treatment;
    funnel.steps.push_back(one);
  }
  card.funnels.push_back(funnel);
}

void add_money(Scorecard& card) {
  Decomposition factors{"revenue", "treatment", "control", "factors", {}, figure(0.0287, -0.021, 0.078)};
  factors.parts.push_back({"conversion", figure(0.0412, 0.009, 0.073, 0.9875)});
  factors.parts.push_back({"orders_per_buyer", figure(-0.0011, -0.006, 0.004, 0.9875)});
  factors.parts.push_back({"order_value", figure(-0.0111, -0.041, 0.019, 0.9875)});
  factors.parts.push_back({"kept_after_refunds", figure(-0.0003, -0.003, 0.002, 0.9875)});
  card.decompositions.push_back(factors);
  Decomposition surfaces{"revenue", "treatment", "control", "surfaces", {}, figure(0.14, -0.10, 0.38)};
  surfaces.parts.push_back({"checkout", figure(0.19, 0.02, 0.36)});
  surfaces.parts.push_back({"email", figure(-0.05, -0.15, 0.05)});
  card.decompositions.push_back(surfaces);
  card.money.push_back(
      {"treatment", "control", "incremental_revenue", "so_far", figure(28924, -20660, 78510), {}});
  card.money.push_back({"treatment",
                        "control",
                        "incremental_revenue",
                        "if_shipped",
                        figure(2755, -1968, 7477),
                        {{"units_per_day", 19653}}});
  card.breadth.push_back({"recommendations", "control", 0.412, 0.831, 0.12});
  card.breadth.push_back({"recommendations", "treatment", 0.437, 0.846, 0.15});
  card.breadth.back().effective_items = 212.4;
  card.breadth.back().changes = {{"control", "effective_items", figure(0.0612, 0.0221, 0.1003)},
                                 {"control", "coverage", figure(0.0313, -0.0089, 0.0715)}};
}

void add_rest(Scorecard& card) {
  PowerSummary power{"orders", "treatment", "control", 0.03, 0.8, {}};
  for (int day = 1; day <= 21; ++day)
    power.points.push_back({day, 19650L * day, 0.028 * std::sqrt(21.0 / day)});
  card.power.push_back(power);
  card.plan_against_run = {{"method", "always_valid", "always_valid", true},
                           {"planned_units", "400000", "412722", true},
                           {"min_days", "14", "21", true},
                           {"arm_shares", "50 / 50", "50 / 50", true},
                           {"primary", "orders", "orders", true}};
  Ledger ledger;
  ledger.holdout = "global-2026";
  ledger.metric = "revenue";
  ledger.cumulative = figure(0.061, 0.012, 0.11);
  ledger.shipped_sum = figure(0.0943, 0.0512, 0.1374);
  ledger.shipped_sum_corrected = figure(0.0681, 0.0233, 0.1129);
  ledger.gap = figure(-0.0071, -0.0735, 0.0593);
  for (int day = 7; day <= 56; day += 7) {
    const double half = 0.049 * std::sqrt(56.0 / day);
    ledger.timeline.push_back(
        {day, kFirstOfJune2026 + day * kDay, 51000L * day, figure(0.061, 0.061 - half, 0.061 + half)});
  }
  ledger.shipped.push_back({"search-ranking-2", figure(0.052, 0.018, 0.086)});
  ledger.shipped.push_back({"checkout-one-page", figure(0.042, 0.012, 0.073)});
  ledger.shipped.push_back({"badges", figure(0.0031, -0.0212, 0.0274), "b", false, 0.62, 0.0044});
  card.ledgers.push_back(ledger);
  Interaction interaction{"search-ranking-2",
                          "orders",
                          "treatment",
                          "ranking-b",
                          {{"a0_b0", 0.064}, {"a1_b0", 0.0668}, {"a0_b1", 0.0651}, {"a1_b1", 0.0684}},
                          figure(0.004, -0.031, 0.039)};
  interaction.against = "control";
  interaction.other_against = "ranking-a";
  interaction.effects = {{"ranking-a", 206400, figure(0.0402, 0.0011, 0.0793)},
                         {"ranking-b", 206322, figure(0.0443, 0.0052, 0.0834)}};
  card.interactions.push_back(interaction);
  card.survival.push_back({"second_order", "treatment", "control", 1840, 1702, 0.018,
                           figure(1.0831, 1.0141, 1.1567), figure(-0.2134, -0.3906, -0.0362), 21});
  card.refunds.push_back({"revenue", "control", 206118, 1062401.5, 991428.25, 0.0668, 0.93, 2210, 4.2, 12.5});
  card.refunds.push_back(
      {"revenue", "treatment", 206604, 1096120.75, 1021930.5, 0.0677, 0.93, 2301, 4.1, 12.25});
  for (const char* arm : {"control", "treatment"}) {
    Curve curve{"second_order", arm, {}};
    for (int day = 0; day <= 21; day += 3) {
      const double rate = (std::string(arm) == "control" ? 0.011 : 0.012) * day / 3.0;
      curve.points.push_back({static_cast<double>(day), figure(rate, 0.9 * rate, 1.1 * rate)});
    }
    card.curves.push_back(curve);
  }
}

}  // namespace

Scorecard rich() {
  Scorecard card;
  card.experiment = {
      .key = "checkout-one-page",
      .name = "One-page checkout",
      .hypothesis =
          "We believe that putting address and payment on one page will raise orders per visitor, because "
          "four steps lose people on phones.",
      .owner = "Checkout team",
      .unit = "visitor",
      .status = "complete",
      .currency = "EUR",
      .started = kFirstOfJune2026 + 3600,
      .ended = kFirstOfJune2026 + 21 * kDay - 1,
      .units = 412722,
      .days = 21};
  card.arms = {{"control", "control", 206118, 0.5, 0.0001, 1.0, 41, 3},
               {"treatment", "variant", 206604, 0.5, 0.0002, 1.0, 43, 2}};
  card.checks = {check("sample_ratio", "passed", 0.45, {}),
                 check("crossovers", "passed", {}, {{"crossover_share", 0.0002}, {"limit", 0.01}}),
                 check("balance", "passed", 0.41, {{"largest_gap", 0.003}}),
                 check("completeness", "passed", {}, {{"days_seen", 21}, {"days_expected", 21}}),
                 check("full_weeks", "passed", {}, {{"weeks", 3}, {"planned_weeks", 3}}),
                 check("sensitivity", "passed", {}, {{"mde", 0.028}, {"planned_mde", 0.03}})};
  add_metrics(card);
  add_groups(card);
  add_funnel(card);
  add_money(card);
  add_rest(card);
  card.verdict = {.word = "Ship",
                  .arm = "treatment",
                  .rule = "clear_win_no_harm",
                  .withheld = false,
                  .not_until = {},
                  .days_to_go = {},
                  .variants = {{"treatment", "Ship", "primary_better", {"orders"}}}};
  card.provenance = {
      .version = "0.1.0",
      .catalog_digest = "c81e728d9d4c2f636f067f89cc14862cc81e728d9d4c2f636f067f89cc147702",
      .data_digest = "9f2c0f10b4c1d2e3f4a5b6c7d8e9f0a19f2c0f10b4c1d2e3f4a5b6c7d8e941ab",
      .plan_digest = "03d7b4c1d2e3f4a5b6c7d8e9f0a19f2c0f10b4c1d2e3f4a5b6c7d8e941abbe90",
      .command = "liftmark report checkout-one-page --as-of 2026-06-29T00:00:00Z --format html",
      .method = "asymptotic_confidence_sequence",
      .scheme = "xxh3-64/1",
      .alpha = 0.05,
      .planned_units = 400000,
      .as_of = kFirstOfJune2026 + 28 * kDay,
      .data_through = kFirstOfJune2026 + 28 * kDay - 60'000'000,
      .restated = false,
      .counts = {{"exposures", 981220}, {"events", 2210400}, {"duplicates", 312}, {"rejected", 4}}};
  return card;
}

Scorecard sample_ratio_failed() {
  Scorecard card = rich();
  card.arms[1].units = 202391;
  card.experiment.units = 408509;
  card.checks[0].status = "failed";
  card.checks[0].p_value = 5.6e-9;
  card.checks[0].places = {{"device", "phone", 3e-11}, {"app_version", "8.14", 0.0004}};
  card.verdict.word = "No decision";
  card.verdict.arm = "";
  card.verdict.withheld = true;
  card.verdict.variants = {{"treatment", "No decision", "sample_ratio_failed", {}}};
  return card;
}

Scorecard before_horizon() {
  Scorecard card = rich();
  card.experiment.status = "running";
  card.provenance.method = "fixed_horizon";
  card.provenance.as_of = kFirstOfJune2026 + 11 * kDay;
  card.experiment.ended = card.provenance.as_of;
  card.experiment.days = 11;
  card.verdict = {.word = "Keep running",
                  .arm = "treatment",
                  .rule = "clear_win_no_harm",
                  .withheld = false,
                  .not_until = kFirstOfJune2026 + 21 * kDay,
                  .days_to_go = 10,
                  .variants = {{"treatment", "Keep running", "before_horizon", {"orders"}}}};
  for (MetricResult& metric : card.metrics)
    for (Comparison& one : metric.comparisons) one.reading = "Not until horizon";
  return card;
}

Scorecard sparse() {
  Scorecard card;
  card.experiment.key = "tiny";
  card.experiment.units = 3;
  card.arms = {{"A", "control", 2, {}, {}, {}, 0, 0}, {"B", "variant", 1, {}, {}, {}, 0, 0}};
  card.checks = {check("sample_ratio", "not_run", {}, {})};
  card.checks[0].note = "not_enough_data";
  MetricResult visits;
  visits.key = "visit";
  visits.kind = "proportion";
  visits.role = "primary";
  visits.direction = "increase";
  visits.arms.resize(2);
  visits.arms[0].arm = "A";
  visits.arms[0].units = 2;
  visits.arms[0].value = 0.0;
  visits.arms[1].arm = "B";
  visits.arms[1].reason = "too_few_units";
  Comparison none;
  none.arm = "B";
  none.against = "A";
  none.method = "welch";
  none.absolute.reason = "too_few_units";
  none.relative.reason = "zero_baseline";
  none.reason = "too_few_units";
  visits.comparisons.push_back(none);
  MetricResult spend = visits;
  spend.key = "spend";
  spend.kind = "mean";
  spend.role = "guardrail";
  spend.margin = 0.02;
  spend.comparisons[0].relative = {.estimate = 0.5,
                                   .standard_error = 0.4,
                                   .lower = -0.3,
                                   .upper = {},
                                   .level = 0.95,
                                   .reason = "unbounded"};
  spend.comparisons[0].reading = "Not yet settled";
  card.metrics = {visits, spend};
  card.verdict.word = "Keep running";
  card.verdict.variants = {{"B", "Keep running", "burn_in", {}}};
  card.provenance.version = "0.1.0";
  return card;
}

Scorecard two_variants() {
  Scorecard card = rich();
  card.experiment.key = "empfehlungen";
  card.experiment.name = "Empfehlungen im Warenkorb";
  card.experiment.hypothesis = "Passende Artikel im Warenkorb erhöhen den Umsatz je Besucher.";
  card.arms = {{"control", "control", 137400, 1.0 / 3, {}, 0.93, 12, 0},
               {"treatment", "variant", 137598, 1.0 / 3, {}, 0.93, 15, 0},
               {"mutig", "variant", 137724, 1.0 / 3, {}, 0.93, 9, 0}};
  for (MetricResult& metric : card.metrics) {
    Comparison second = metric.comparisons.front();
    second.arm = "mutig";
    for (Figure* part : {&second.relative, &second.absolute})
      *part = figure(-*part->estimate, -*part->upper, -*part->lower);
    if (second.reading == "Better" || second.reading == "Worse")
      second.reading = second.reading == "Better" ? "Worse" : "Better";
    metric.comparisons.push_back(second);
    MetricArm arm = metric.arms[1];
    arm.arm = "mutig";
    arm.value = *metric.arms[0].value * (1.0 + *second.relative.estimate);
    metric.arms.push_back(arm);
  }
  card.metrics[0].timelines.push_back(cumulative("mutig", -0.0421, 0.0307, 21));
  card.checks[2].status = "watched";
  card.checks[2].p_value = 0.00071;
  card.verdict.variants = {{"treatment", "Ship", "primary_better", {"orders"}},
                           {"mutig", "Stop", "primary_worse", {"orders"}}};
  return card;
}

Scorecard hostile(const std::string& name) {
  Scorecard card = rich();
  ExperimentInfo& info = card.experiment;
  for (std::string* text :
       {&info.key, &info.name, &info.hypothesis, &info.owner, &info.unit, &info.status, &info.currency})
    *text = name;
  for (ArmSummary& arm : card.arms) arm.key = arm.role + name;
  for (Check& one : card.checks) {
    one.note = name;
    one.places = {{name, name, 0.001}};
    one.numbers.push_back({name, 1.5});
  }
  card.checks.push_back(check(name, name, 0.5, {}));
  const auto rename_comparison = [&](Comparison& one) {
    one.arm = "variant" + name;
    one.against = "control" + name;
    one.method = one.scale = one.reading = name;
  };
  for (MetricResult& metric : card.metrics) {
    metric.key = metric.name = metric.description = metric.grade_note = name;
    metric.arms[0].arm = "control" + name;
    metric.arms[1].arm = "variant" + name;
    for (Comparison& one : metric.comparisons) rename_comparison(one);
    for (Timeline& line : metric.timelines) {
      line.arm = "variant" + name;
      line.against = "control" + name;
      line.trend = name;
    }
    for (Sensitivity& one : metric.sensitivities) {
      one.arm = "variant" + name;
      one.against = "control" + name;
      one.kind = one.detail = name;
    }
  }
  for (SegmentTable& table : card.segments) {
    table.metric = table.dimension = table.method = name;
    table.arm = "variant" + name;
    for (SegmentRow& row : table.rows) {
      row.group = name;
      for (Comparison& one : row.comparisons) rename_comparison(one);
    }
  }
  for (Funnel& funnel : card.funnels) {
    funnel.name = funnel.metric = name;
    for (FunnelStep& step : funnel.steps) {
      step.step = name;
      for (auto& arm : step.arms) arm.arm = (arm.arm == "control" ? "control" : "variant") + name;
      for (auto& change : step.changes) {
        change.arm = "variant" + name;
        change.against = "control" + name;
      }
    }
  }
  for (Decomposition& one : card.decompositions) {
    one.metric = one.arm = one.against = name;
    for (auto& part : one.parts) part.part = name;
  }
  for (MoneyRow& row : card.money) {
    row.arm = row.against = row.kind = row.basis = name;
    row.assumptions.push_back({name, 1.0});
  }
  for (Curve& curve : card.curves) curve.metric = curve.arm = name;
  for (CatalogBreadth& one : card.breadth) one.metric = one.arm = name;
  for (auto& one : card.breadth)
    for (auto& change : one.changes) change.against = change.measure = name;
  for (Interaction& one : card.interactions) {
    one.with_experiment = one.metric = one.arm = one.other_arm = one.against = one.other_against = name;
    for (auto& effect : one.effects) effect.other_arm = name;
  }
  for (SurvivalComparison& one : card.survival) one.metric = one.arm = one.against = name;
  for (RefundRow& one : card.refunds) one.metric = one.arm = name;
  for (Ledger& ledger : card.ledgers) {
    ledger.holdout = ledger.metric = name;
    ledger.layer = name;
    for (auto& shipped : ledger.shipped) shipped.experiment = shipped.arm = name;
  }
  for (PowerSummary& power : card.power) power.metric = power.arm = power.against = name;
  for (PlanRow& row : card.plan_against_run) row.item = row.planned = row.actual = name;
  Verdict& verdict = card.verdict;
  verdict.arm = verdict.rule = name;
  for (VariantVerdict& variant : verdict.variants) {
    variant.arm = variant.because = name;
    variant.metrics = {name};
  }
  Provenance& made = card.provenance;
  for (std::string* text : {&made.version, &made.catalog_digest, &made.data_digest, &made.plan_digest,
                            &made.command, &made.method, &made.scheme})
    *text = name;
  made.counts.push_back({name, 7});
  return card;
}

Scorecard large() {
  Scorecard card = two_variants();
  card.experiment.key = "large";
  card.experiment.days = 120;
  const MetricResult pattern = card.metrics[5];
  while (card.metrics.size() < 30) {
    MetricResult next = pattern;
    const auto number = card.metrics.size();
    next.key = "metric_" + std::to_string(number);
    next.name = "Revenue from surface " + std::to_string(number);
    const double shift = 0.01 * std::sin(static_cast<double>(number));
    for (Comparison& one : next.comparisons)
      one.relative =
          figure(*one.relative.estimate + shift, *one.relative.lower + shift, *one.relative.upper + shift);
    card.metrics.push_back(next);
  }
  for (MetricResult& metric : card.metrics) {
    metric.timelines.clear();
    for (const Comparison& one : metric.comparisons)
      metric.timelines.push_back(cumulative(one.arm, *one.relative.estimate, 0.03, 120));
  }
  return card;
}

}  // namespace liftmark::fixtures
