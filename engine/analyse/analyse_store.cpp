#include "engine/analyse/analyse_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/aggregate/aggregate.hpp"
#include "engine/aggregate/frozen_plan.hpp"
#include "engine/aggregate/store_view.hpp"
#include "engine/analyse/analyse.hpp"
#include "engine/analyse/cut.hpp"
#include "engine/analyse/ledger.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark {

ReaderOptions reader_options(const std::string& as_of) {
  ReaderOptions options;
  if (as_of.empty()) return options;
  options.as_of = parse_time(as_of);
  if (!options.as_of)
    throw Error(ErrorCode::usage,
                Problem{"--as-of", "is no moment", as_of, "write 2026-07-01 or 2026-07-01T12:30Z"});
  return options;
}

std::vector<std::string> experiment_keys(const StoreView& store) {
  std::vector<std::string> keys;
  for (const auto& experiment : catalog_of(store).experiments) keys.push_back(experiment.assignment.key);
  return keys;
}

namespace {

/// One experiment of a catalog, measured again as of other moments.
struct Measurement {
  const StoreQuestion& question;
  const Catalog& catalog;
  const ExperimentDefinition& experiment;
  Statistics statistics(const StoreView& store) const {
    AggregateOptions options;
    options.segments = question.segments;
    options.memory = question.memory;
    options.bots = true;
    return store.aggregate(catalog, question.experiment, options);
  }
  Scorecard analyse(const Statistics& statistics, const StoreView& store) const {
    Analysis analysis = analysis_for(catalog, experiment);
    analysis.deliveries = store.deliveries();
    return liftmark::analyse(statistics, analysis);
  }
};

/// The last frozen date of the plan before the report's own moment (MEASUREMENT "Windows and maturity").
std::optional<Micros> frozen_moment(const StoreView& store, const Measurement& measured) {
  const Plan& plan = measured.experiment.plan;
  if (plan.method != Method::fixed && plan.method != Method::group_sequential) return std::nullopt;
  const Micros first = store.first_exposure(measured.question.experiment).at;
  if (first == 0 || first > store.as_of()) return std::nullopt;
  const auto day = frozen_day(plan, static_cast<int>((store.as_of() - first) / kMicrosPerDay));
  if (!day || first + *day * kMicrosPerDay >= store.as_of()) return std::nullopt;
  return first + *day * kMicrosPerDay;
}

/// The lifts that what was recorded after the frozen date would give, as sensitivities; the verdict stands.
void mark_restated(const Scorecard& later, Scorecard& card) {
  bool differs = card.verdict.word != later.verdict.word;
  for (auto& metric : card.metrics) {
    const auto same = std::find_if(later.metrics.begin(), later.metrics.end(),
                                   [&](const MetricResult& one) { return one.key == metric.key; });
    if (same == later.metrics.end()) continue;
    for (std::size_t i = 0; i < std::min(metric.comparisons.size(), same->comparisons.size()); ++i) {
      const auto& now = same->comparisons[i];
      if (now.relative == metric.comparisons[i].relative) continue;
      differs = true;
      metric.sensitivities.push_back({.arm = now.arm,
                                      .against = now.against,
                                      .kind = "restated",
                                      .parameter = std::nullopt,
                                      .relative = now.relative});
    }
  }
  if (!differs) return;
  card.provenance.restated = true;
  card.plan_against_run.push_back({.item = "restated",
                                   .planned = card.verdict.word,
                                   .actual = later.verdict.word,
                                   .kept = card.verdict.word == later.verdict.word});
}

/// The report that the frozen date itself would have given. A history brought in afterwards, most of whose
/// units were not recorded by then, has no such report: the same units and days are read as known now.
Scorecard analyse_frozen(const Measurement& measured, const StoreView& store, Micros moment) {
  const auto now =
      open_view(measured.question.store, {.as_of = store.as_of(), .until = moment}, measured.question.server);
  const auto then = open_view(measured.question.store, {.as_of = moment}, measured.question.server);
  const auto known_now = measured.statistics(*now), known_then = measured.statistics(*then);
  const bool recorded = 2 * total_units(known_then) >= total_units(known_now);
  auto card = recorded ? measured.analyse(known_then, *then) : measured.analyse(known_now, *now);
  card.plan_against_run.push_back(
      {.item = "cut",
       .planned = format_time(moment),
       .actual = recorded ? format_time(moment) : "recorded later: as known at the report",
       .kept = recorded});
  if (recorded && known_then.data_digest != known_now.data_digest)
    mark_restated(measured.analyse(known_now, *now), card);
  return card;
}

/// A change of the plan after the first exposure, told by versions of the catalog.
void add_plan_change(const FrozenPlan& plan, bool followed, Scorecard& card) {
  if (plan.changes.empty()) return;
  std::string changes;
  for (const auto& change : plan.changes)
    changes += fmt::format("{}version {} of {}", changes.empty() ? "" : ", ", change.version,
                           format_time(change.recorded_at).substr(0, 10));
  card.plan_against_run.push_back({.item = followed ? "plan" : "plan_set_aside",
                                   .planned = fmt::format("version {}", plan.version),
                                   .actual = "changed in " + changes,
                                   .kept = false});
}

/// One experiment of the catalog, by its frozen plan.
Scorecard analyse_experiment(const StoreView& store, const Catalog& current, const StoreQuestion& question) {
  experiment_of(current, question.experiment);
  const auto plan = frozen_plan(store, current, question.experiment);
  const Catalog& catalog = question.current_plan ? current : plan.catalog;
  const Measurement measured{question, catalog, experiment_of(catalog, question.experiment)};
  const auto moment = frozen_moment(store, measured);
  auto card =
      moment ? analyse_frozen(measured, store, *moment) : measured.analyse(measured.statistics(store), store);
  add_plan_change(plan, !question.current_plan, card);
  card.provenance.as_of = store.as_of();
  card.provenance.catalog_digest = current.digest;
  card.provenance.plan_digest = plan_digest(catalog, measured.experiment);
  card.provenance.scheme = measured.experiment.assignment.hashing.scheme;
  card.provenance.restated = card.provenance.restated || !store.altered_after().empty();
  return card;
}

/// Share of the open units that took part in the experiment.
double exposed_share(const Statistics& holdout, const std::string& experiment) {
  const std::string dimension = std::string(kExperimentDimension) + experiment;
  std::size_t open = 0;
  while (open < holdout.arms.size() && holdout.arms[open].key != kOpen) ++open;
  std::int64_t all = 0, exposed = 0;
  for (const auto& split : holdout.splits) {
    if (split.dimension != dimension || open >= split.units.size()) continue;
    all += split.units[open];
    if (split.group != kNoValue) exposed += split.units[open];
  }
  return all == 0 ? 0.0 : static_cast<double>(exposed) / static_cast<double>(all);
}

/// The scorecard of a holdout, open units against held-out ones, with its ledger.
Scorecard analyse_holdout(const StoreView& store, const Catalog& catalog, const LedgerDefinition& ledger,
                          const StoreQuestion& question) {
  Catalog widened = catalog;
  widened.experiments.push_back(ledger_experiment(catalog, ledger));
  StoreQuestion asked = question;
  const auto scope = in_scope(catalog, ledger);
  for (const auto* experiment : scope)
    asked.segments.push_back(std::string(kExperimentDimension) + experiment->assignment.key);
  const Measurement measured{asked, widened, widened.experiments.back()};
  const Statistics statistics = measured.statistics(store);
  auto card = measured.analyse(statistics, store);
  card.provenance.as_of = store.as_of();
  card.provenance.catalog_digest = catalog.digest;
  card.provenance.plan_digest = plan_digest(widened, measured.experiment);
  card.provenance.scheme = measured.experiment.assignment.hashing.scheme;
  card.provenance.restated = !store.altered_after().empty();
  std::vector<Scorecard> cards;
  for (const auto* experiment : scope) {
    StoreQuestion one{.store = question.store,
                      .experiment = experiment->assignment.key,
                      .as_of = question.as_of,
                      .memory = question.memory,
                      .server = question.server};
    cards.push_back(analyse_experiment(store, catalog, one));
  }
  std::vector<LedgerEntry> entries;
  for (std::size_t i = 0; i < scope.size(); ++i)
    entries.push_back({*scope[i], cards[i], exposed_share(statistics, scope[i]->assignment.key)});
  card.ledgers = ledgers(catalog, ledger, card, entries);
  return card;
}

}  // namespace

Scorecard analyse_store(const StoreQuestion& question) {
  const auto view = open_view(question.store, reader_options(question.as_of), question.server);
  const StoreView& store = *view;
  const Catalog current = catalog_of(store);
  for (const auto& ledger : current.ledgers)
    if (ledger.holdout == question.experiment) return analyse_holdout(store, current, ledger, question);
  return analyse_experiment(store, current, question);
}

}  // namespace liftmark
