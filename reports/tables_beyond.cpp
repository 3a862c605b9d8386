// Time to event, what was shown and bought, refunds, interactions, the ledger of holdouts.
#include <utility>

#include "reports/table_cells.hpp"

namespace liftmark::reports {
namespace {

ContentTable survival_table(const Cells& cells) {
  ContentTable table{.title = cells.say(wording::kSurvival),
                     .head = cells.heads({wording::kMetric, wording::kVariant, wording::kEvents,
                                          wording::kHazard, wording::kIntervalHead, wording::kDaysWithout,
                                          wording::kIntervalHead, wording::kLogRank}),
                     .names = 2,
                     .rows = {}};
  for (const SurvivalComparison& one : cells.card.survival) {
    TableRow row{cells.metric(one.metric), cells.compared(one.arm, one.against),
                 cells.numbers.whole(one.control_events) + " → " + cells.numbers.whole(one.events)};
    cells.add_plain(row, one.hazard_ratio);
    cells.add_amount(row, one.restricted_mean, "number");
    row.push_back(one.log_rank_p_value ? cells.numbers.p_value(*one.log_rank_p_value) : "–");
    table.rows.push_back(std::move(row));
  }
  return table;
}

ContentTable breadth_table(const Cells& cells) {
  ContentTable table{.title = cells.say(wording::kBreadth),
                     .head = cells.heads({wording::kMetric, wording::kArm, wording::kCoverage,
                                          wording::kEffectiveItems, wording::kDiversity, wording::kNovelty}),
                     .names = 2,
                     .rows = {}};
  for (const CatalogBreadth& one : cells.card.breadth)
    table.rows.push_back({cells.metric(one.metric), visible(one.arm), cells.percent(one.coverage),
                          cells.decimal(one.effective_items, 1), cells.decimal(one.diversity, 2),
                          cells.decimal(one.novelty, 2)});
  return table;
}

ContentTable breadth_changes(const Cells& cells) {
  ContentTable table{.title = cells.say(wording::kBreadthChanges),
                     .head = cells.heads({wording::kMetric, wording::kVariant, wording::kMeasure,
                                          wording::kLift, wording::kIntervalHead}),
                     .names = 3,
                     .rows = {}};
  for (const CatalogBreadth& one : cells.card.breadth)
    for (const CatalogBreadth::Change& change : one.changes) {
      TableRow row{cells.metric(one.metric), cells.compared(one.arm, change.against),
                   cells.word(change.measure, wording::kBreadthMeasures)};
      cells.add_lift(row, change.relative);
      table.rows.push_back(std::move(row));
    }
  return table;
}

ContentTable refund_table(const Cells& cells) {
  ContentTable table{.title = cells.say(wording::kRefunds),
                     .head = cells.heads({wording::kMetric, wording::kArm, wording::kBooked, wording::kNet,
                                          wording::kReturned, wording::kSettled, wording::kRefundDelay}),
                     .names = 2,
                     .rows = {}};
  for (const RefundRow& one : cells.card.refunds) {
    const auto format = cells.format(one.metric);
    table.rows.push_back({cells.metric(one.metric), visible(one.arm), cells.value(one.booked, format),
                          cells.value(one.net, format), cells.percent(one.return_rate),
                          cells.percent(one.settled_share), cells.decimal(one.delay_median_days, 1)});
  }
  return table;
}

ContentTable interaction_table(const Cells& cells) {
  ContentTable table{.title = cells.say(wording::kInteractions),
                     .head = cells.heads({wording::kWith, wording::kMetric, wording::kArms,
                                          wording::kInteraction, wording::kIntervalHead}),
                     .names = 3,
                     .rows = {}};
  for (const Interaction& one : cells.card.interactions) {
    const std::string arm = cells.compared(one.arm, one.against);
    TableRow row{visible(one.with_experiment), cells.metric(one.metric),
                 arm + " × " + visible(one.other_arm)};
    cells.add_lift(row, one.interaction);
    table.rows.push_back(std::move(row));
    for (const Interaction::Effect& effect : one.effects) {
      TableRow under{visible(one.with_experiment), cells.metric(one.metric),
                     fill(text_of(wording::kUnderArm, cells.language()),
                          {{"arm", arm}, {"other", visible(effect.other_arm)}})};
      cells.add_lift(under, effect.relative);
      table.rows.push_back(std::move(under));
    }
  }
  return table;
}

}  // namespace

std::vector<ContentTable> beyond_tables(const Scorecard& scorecard, const Numbers& numbers) {
  const Cells cells{scorecard, numbers};
  std::vector<ContentTable> tables;
  for (const auto make : {survival_table, breadth_table, breadth_changes, refund_table, interaction_table})
    keep(tables, make(cells));
  return tables;
}

std::vector<ContentTable> ledger_tables(const Ledger& ledger, const Numbers& numbers) {
  const Scorecard none;
  const Cells cells{none, numbers};
  std::vector<ContentTable> tables;
  ContentTable sums{.title = visible(ledger.holdout) + " · " + visible(ledger.metric),
                    .head = cells.heads({wording::kMeasure, wording::kLift, wording::kIntervalHead}),
                    .names = 1,
                    .rows = {}};
  const std::array<std::pair<Phrase, const Figure*>, 4> figures{
      {{wording::kOpenAgainstHeldOut, &ledger.cumulative},
       {wording::kShippedSum, &ledger.shipped_sum},
       {wording::kShippedSumCorrected, &ledger.shipped_sum_corrected},
       {wording::kGap, &ledger.gap}}};
  for (const auto& [phrase, figure] : figures) {
    TableRow row{cells.say(phrase)};
    cells.add_lift(row, *figure);
    sums.rows.push_back(std::move(row));
  }
  tables.push_back(std::move(sums));
  ContentTable shipped{.title = cells.say(wording::kShippedTable),
                       .head = cells.heads({wording::kExperiment, wording::kLift, wording::kIntervalHead,
                                            wording::kForShare, wording::kPicked}),
                       .names = 1,
                       .rows = {}};
  for (const Ledger::Shipped& one : ledger.shipped) {
    std::string name = visible(one.experiment) + (one.arm.empty() ? "" : " · " + visible(one.arm));
    if (!one.shipped) name += " (" + cells.say(wording::kNotShipped) + ")";
    TableRow row{std::move(name)};
    cells.add_lift(row, one.lift);
    row.push_back(cells.percent(one.coverage));
    row.push_back(one.correction ? numbers.lift_bound(-*one.correction) : "–");
    shipped.rows.push_back(std::move(row));
  }
  keep(tables, std::move(shipped));
  return tables;
}

}  // namespace liftmark::reports
