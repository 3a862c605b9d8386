#include "reports/tables.hpp"

#include <algorithm>
#include <cmath>

#include "reports/table_cells.hpp"

namespace liftmark::reports {

std::string treatment_text(const MetricResult& metric, const Sensitivity& sensitivity,
                           const Numbers& numbers) {
  std::string parameter;
  if (sensitivity.parameter)
    parameter = sensitivity.kind == "cap"
                    ? numbers.value(*sensitivity.parameter, format_of(metric))
                    : numbers.decimal(*sensitivity.parameter,
                                      std::round(*sensitivity.parameter) == *sensitivity.parameter ? 0 : 2);
  for (const CodeWord& word : wording::kTreatments)
    if (word.code == sensitivity.kind)
      return fill(text_of(word.phrase, numbers.language()),
                  {{"n", parameter}, {"detail", visible(sensitivity.detail)}});
  return visible(word_for(sensitivity.kind, wording::kTreatments, numbers.language())) +
         (parameter.empty() ? "" : " " + parameter);
}

std::vector<ContentTable> funnel_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  std::vector<ContentTable> tables;
  for (const Funnel& funnel : scorecard.funnels) {
    ContentTable table{
        .title = funnel.name.empty() ? cells.metric(funnel.metric) : visible(funnel.name),
        .head = cells.heads({wording::kStep, wording::kArm, wording::kUnitsHead, wording::kOfExposed,
                             wording::kOfStepBefore, wording::kLift, wording::kIntervalHead}),
        .names = 2,
        .rows = {}};
    for (const FunnelStep& step : funnel.steps)
      for (const FunnelStep::Arm& arm : step.arms) {
        TableRow row{visible(step.step), visible(arm.arm), numbers.whole(arm.units), cells.percent(arm.share),
                     cells.percent(arm.step_rate)};
        const auto change = std::find_if(step.changes.begin(), step.changes.end(),
                                         [&](const auto& one) { return one.arm == arm.arm; });
        if (change == step.changes.end())
          row.insert(row.end(), {"", ""});
        else
          cells.add_lift(row, change->relative);
        table.rows.push_back(std::move(row));
      }
    keep(tables, std::move(table));
  }
  return tables;
}

std::vector<ContentTable> segment_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  std::vector<ContentTable> tables;
  for (const SegmentTable& segments : scorecard.segments) {
    std::string title =
        cells.word(segments.dimension, wording::kDimensions) + " · " + cells.metric(segments.metric);
    if (scorecard.arms.size() > 2) title += " · " + cells.compared(segments.arm, segments.against);
    if (segments.heterogeneity_p_value) {
      const std::string p = numbers.p_value(*segments.heterogeneity_p_value);
      title += " – " + fill(text_of(wording::kDiffersP, cells.language()),
                            {{"p", p.starts_with('<') ? p : "= " + p}});
    }
    ContentTable table{.title = std::move(title),
                       .head = cells.heads({wording::kGroup, wording::kLift, wording::kIntervalHead}),
                       .names = 1,
                       .rows = {}};
    const bool shrunken = std::any_of(segments.rows.begin(), segments.rows.end(),
                                      [](const SegmentRow& row) { return row.shrunken.has_value(); });
    if (shrunken) table.head.push_back(cells.say(wording::kShrunkenHead));
    for (const SegmentRow& segment : segments.rows)
      for (const Comparison& one : segment.comparisons) {
        TableRow row{visible(segment.group)};
        cells.add_lift(row, one.relative);
        const LiftText pulled = segment.shrunken ? numbers.lift(*segment.shrunken) : LiftText{};
        if (shrunken) row.push_back(pulled.empty() ? "–" : pulled.estimate + " (" + pulled.interval + ")");
        table.rows.push_back(std::move(row));
      }
    keep(tables, std::move(table));
  }
  return tables;
}

std::vector<ContentTable> sensitivity_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  ContentTable table{.title = "",
                     .head = cells.heads({wording::kMetric, wording::kVariant, wording::kTreatment,
                                          wording::kLift, wording::kIntervalHead}),
                     .names = 3,
                     .rows = {}};
  for (const MetricResult& metric : scorecard.metrics)
    for (const Sensitivity& one : metric.sensitivities) {
      TableRow row{cells.metric(metric.key), cells.compared(one.arm, one.against),
                   treatment_text(metric, one, numbers)};
      cells.add_lift(row, one.relative);
      table.rows.push_back(std::move(row));
    }
  std::vector<ContentTable> tables;
  keep(tables, std::move(table));
  return tables;
}

std::vector<ContentTable> power_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  ContentTable table{.title = "",
                     .head = cells.heads({wording::kMetric, wording::kVariant, wording::kUnitsHead,
                                          wording::kSmallestLift, wording::kPlanned}),
                     .names = 2,
                     .rows = {}};
  for (const PowerSummary& one : scorecard.power) {
    if (one.points.empty()) continue;
    const PowerPoint& last = one.points.back();
    table.rows.push_back({cells.metric(one.metric), cells.compared(one.arm, one.against),
                          numbers.whole(last.units), cells.percent(last.mde),
                          cells.percent(one.planned_mde)});
  }
  std::vector<ContentTable> tables;
  keep(tables, std::move(table));
  return tables;
}

std::vector<ContentTable> trend_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  ContentTable table{
      .title = cells.say(wording::kSinceExposure),
      .head = cells.heads({wording::kMetric, wording::kVariant, wording::kEarly, wording::kIntervalHead,
                           wording::kLate, wording::kIntervalHead, wording::kTrend}),
      .names = 2,
      .rows = {}};
  for (const MetricResult& metric : scorecard.metrics)
    for (const Timeline& line : metric.timelines) {
      if (line.kind != "since_exposure" || (!line.early.estimate && !line.late.estimate)) continue;
      TableRow row{cells.metric(metric.key), cells.compared(line.arm, line.against)};
      cells.add_lift(row, line.early);
      cells.add_lift(row, line.late);
      std::string trend = !line.trend.empty()  ? cells.word(line.trend, wording::kTrends)
                          : line.trend_p_value ? cells.say(wording::kNoTrend)
                                               : "–";
      if (line.trend_p_value) {
        const std::string p = numbers.p_value(*line.trend_p_value);
        trend += " (p " + (p.starts_with('<') ? p : "= " + p) + ")";
      }
      row.push_back(std::move(trend));
      table.rows.push_back(std::move(row));
    }
  std::vector<ContentTable> tables;
  keep(tables, std::move(table));
  return tables;
}

std::vector<ContentTable> decomposition_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  std::vector<ContentTable> tables;
  for (const Decomposition& one : scorecard.decompositions) {
    const bool factors = one.kind == "factors";
    ContentTable table{
        .title = cells.metric(one.metric) + " · " + cells.compared(one.arm, one.against) + " · " +
                 cells.word(one.kind, wording::kDecompositions),
        .head = cells.heads(
            {wording::kPart, factors ? wording::kLogPoints : wording::kDifference, wording::kIntervalHead}),
        .names = 1,
        .rows = {}};
    const auto add = [&](std::string name, const Figure& figure) {
      TableRow row{std::move(name)};
      factors ? cells.add_lift(row, figure) : cells.add_amount(row, figure, cells.format(one.metric));
      table.rows.push_back(std::move(row));
    };
    for (const auto& part : one.parts) add(cells.word(part.part, wording::kParts), part.figure);
    add(cells.say(wording::kTotal), one.total);
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<ContentTable> money_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  ContentTable table{
      .title = cells.say(wording::kInMoney),
      .head = cells.heads({wording::kVariant, wording::kMetric, wording::kMeasure, wording::kBasis,
                           wording::kAmount, wording::kIntervalHead, wording::kAssumptions}),
      .names = 4,
      .rows = {}};
  for (const MoneyRow& one : scorecard.money) {
    TableRow row{cells.compared(one.arm, one.against), one.metric.empty() ? "–" : cells.metric(one.metric),
                 cells.word(one.kind, wording::kMoneyKinds), cells.word(one.basis, wording::kMoneyBases)};
    cells.add_amount(row, one.figure, one.kind == "return_on_cost" ? "number" : "currency");
    std::string assumptions;
    for (const NamedNumber& number : one.assumptions)
      if (number.value)
        assumptions += (assumptions.empty() ? "" : ", ") + cells.word(number.name, wording::kCounts) + " " +
                       numbers.value(*number.value, "number");
    row.push_back(std::move(assumptions));
    table.rows.push_back(std::move(row));
  }
  std::vector<ContentTable> tables;
  keep(tables, std::move(table));
  return tables;
}

std::vector<ContentTable> plan_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  ContentTable table{
      .title = "",
      .head = cells.heads({wording::kPlanItem, wording::kPlanned, wording::kActual, wording::kKept}),
      .names = 4,
      .rows = {}};
  for (const PlanRow& one : scorecard.plan_against_run)
    table.rows.push_back({cells.word(one.item, wording::kPlanItems), visible(one.planned),
                          visible(one.actual),
                          cells.say(one.kept ? wording::kAsPlanned : wording::kDiffers)});
  std::vector<ContentTable> tables;
  keep(tables, std::move(table));
  return tables;
}

std::vector<ContentSection> sections_of(const Scorecard& scorecard, const Numbers& numbers) {
  const auto say = [&](const Phrase& phrase) { return std::string(text_of(phrase, numbers.language())); };
  std::vector<ContentSection> sections;
  const auto add = [&](const Phrase& title, std::string note, std::vector<ContentTable> tables) {
    if (!tables.empty()) sections.push_back({say(title), std::move(note), std::move(tables)});
  };
  add(wording::kSteady, "", trend_tables(scorecard, numbers));
  add(wording::kWho, "", funnel_tables(scorecard, numbers));
  add(wording::kGroups, "", segment_tables(scorecard, numbers));
  add(wording::kSpenders, say(wording::kSpendersLede), sensitivity_tables(scorecard, numbers));
  add(wording::kBigEnough, say(wording::kPowerLedePlain), power_tables(scorecard, numbers));
  auto money = decomposition_tables(scorecard, numbers);
  const bool parts = !money.empty();
  for (auto& table : money_tables(scorecard, numbers)) money.push_back(std::move(table));
  add(wording::kMoney, parts ? say(wording::kMoneyLede) : "", std::move(money));
  add(wording::kBeyond, "", beyond_tables(scorecard, numbers));
  std::vector<ContentTable> ledgers;
  for (const Ledger& ledger : scorecard.ledgers)
    for (auto& table : ledger_tables(ledger, numbers)) ledgers.push_back(std::move(table));
  add(wording::kLedger, "", std::move(ledgers));
  add(wording::kPlan, "", plan_tables(scorecard, numbers));
  return sections;
}

}  // namespace liftmark::reports
