#include "reports/content_verdict.hpp"

#include <algorithm>

#include "reports/content_checks.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

struct Context {
  const Scorecard& scorecard;
  const Numbers& numbers;
  Language language() const { return numbers.language(); }
  std::string say(const Phrase& phrase, const Fillings& fillings = {}) const {
    return fill(text_of(phrase, language()), fillings);
  }
  std::string compared(const std::string& arm, const std::string& against) const {
    return compared_name(scorecard, arm, against, language());
  }
  Rich say_rich(const Phrase& phrase, const Fillings& fillings = {}) const {
    return fill_rich(text_of(phrase, language()), fillings);
  }
};

/// The comparison a verdict about `arm` speaks of first: of the first primary metric, else of the first
/// metric.
struct Spoken {
  const MetricResult* metric = nullptr;
  const Comparison* comparison = nullptr;
};
Spoken spoken_of(const Scorecard& scorecard, const std::string& arm) {
  Spoken first;
  for (const MetricResult& metric : scorecard.metrics)
    for (const Comparison& comparison : metric.comparisons) {
      if (!arm.empty() && comparison.arm != arm) continue;
      if (metric.role == "primary") return {&metric, &comparison};
      if (first.metric == nullptr) first = {&metric, &comparison};
    }
  return first;
}

/// Which sentence tells a lift, by its reading and its bounds.
const Phrase& lift_phrase(const Comparison& comparison, const std::string& reading) {
  const Figure& lift = comparison.relative;
  if (reading == "Withheld" || reading == "Not until horizon" || reading.empty()) return wording::kRangeOnly;
  if (!lift.lower || !lift.upper) return wording::kOneSided;
  if (reading == "Better") return *lift.estimate >= 0 ? wording::kRose : wording::kFellGood;
  if (reading == "Worse" || reading == "Breached") return wording::kLost;
  return wording::kUnclear;
}

Rich lift_sentence(const Context& context, const MetricResult& metric, const Comparison& comparison) {
  const std::string name = shown_name(metric.name, metric.key);
  const LiftText lift = context.numbers.lift(comparison.relative);
  if (lift.empty()) {
    const std::string& reason = comparison.reason.empty() ? comparison.relative.reason : comparison.reason;
    return context.say_rich(wording::kCannotSay,
                            {{"metric", name}, {"reason", reason_word(reason, context.language())}});
  }
  const auto bound = [&](const std::optional<double>& end) {
    return end ? context.numbers.lift_bound(*end) : "–";
  };
  return context.say_rich(lift_phrase(comparison, shown_reading(context.scorecard, comparison)),
                          {{"metric", name},
                           {"lift", lift.estimate},
                           {"interval", lift.interval},
                           {"low", bound(comparison.relative.lower)},
                           {"high", bound(comparison.relative.upper)}});
}

/// A sentence for each control.
void add_lift_sentences(Content& content, const Context& context, const Spoken& spoken) {
  const bool several = controls_of(context.scorecard, spoken.comparison->arm) > 1;
  for (const Comparison& comparison : spoken.metric->comparisons) {
    if (comparison.arm != spoken.comparison->arm) continue;
    Rich sentence = lift_sentence(context, *spoken.metric, comparison);
    if (several)
      sentence.insert(sentence.begin(),
                      {context.say(wording::kAgainst, {{"control", visible(comparison.against)}}), false});
    content.verdict.why.push_back(std::move(sentence));
  }
}

const PlanRow* plan_row(const Scorecard& scorecard, std::string_view item) {
  const auto& rows = scorecard.plan_against_run;
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const PlanRow& row) { return row.item == item; });
  return found == rows.end() ? nullptr : &*found;
}

/// Where the run left the plan in a way that changes how its numbers are to be read.
void add_plan_notes(const Context& context, std::vector<Rich>& notes) {
  const auto add = [&](const char* item, const Phrase& phrase) {
    if (const auto* row = plan_row(context.scorecard, item))
      notes.push_back(
          context.say_rich(phrase, {{"actual", visible(row->actual)}, {"planned", visible(row->planned)}}));
  };
  add("plan", wording::kPlanChanged);
  add("plan_set_aside", wording::kPlanSetAside);
  for (const NamedNumber& number : context.scorecard.provenance.counts)
    if (number.name == "false_alarm_rate" && number.value)
      notes.push_back(
          context.say_rich(wording::kFalseAlarms, {{"rate", context.numbers.share(*number.value)}}));
  for (const MetricResult& metric : context.scorecard.metrics)
    if (plan_row(context.scorecard, "cap_" + metric.key) != nullptr)
      notes.push_back(
          context.say_rich(wording::kCapMissing, {{"metric", shown_name(metric.name, metric.key)}}));
}

/// What was recorded after a frozen date, for the first metric that it changes.
bool add_restated_since(const Context& context, std::vector<Rich>& notes) {
  for (const MetricResult& metric : context.scorecard.metrics)
    for (const Sensitivity& row : metric.sensitivities) {
      if (row.kind != "restated") continue;
      const auto shown = [&](const Figure& figure) {
        const LiftText lift = context.numbers.lift(figure);
        return lift.empty() ? std::string("–") : lift.estimate + " (" + lift.interval + ")";
      };
      const auto then = std::find_if(
          metric.comparisons.begin(), metric.comparisons.end(),
          [&](const Comparison& one) { return one.arm == row.arm && one.against == row.against; });
      if (then == metric.comparisons.end()) continue;
      notes.push_back(
          context.say_rich(wording::kRestatedSince, {{"metric", shown_name(metric.name, metric.key)},
                                                     {"then", shown(then->relative)},
                                                     {"now", shown(row.relative)}}));
      return true;
    }
  return false;
}

Tone tone_of_word(const std::string& word) {
  if (word == "Ship") return Tone::good;
  return word == "Stop" ? Tone::bad : Tone::flat;
}

std::string headline_of(const Context& context, const std::string& word, const std::string& arm) {
  const std::string shown = visible(arm);
  if (word == "Ship" && !arm.empty()) return context.say(wording::kShipIt, {{"arm", shown}});
  if (word == "Stop" && !arm.empty()) return context.say(wording::kStopIt, {{"arm", shown}});
  if (word == "Keep running") return context.say(wording::kKeepRunning);
  if (word == "No decision") return context.say(wording::kNoDecision);
  return word.empty() ? context.say(wording::kNoVerdict)
                      : visible(word_for(word, wording::kVerdictWords, context.language()));
}

std::string because_of(const Context& context, const VariantVerdict& verdict) {
  std::string because = visible(word_for(verdict.because, wording::kReasonsOfVerdict, context.language()));
  std::string metrics;
  for (const std::string& key : verdict.metrics) {
    const auto& all = context.scorecard.metrics;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const MetricResult& one) { return one.key == key; });
    metrics += (metrics.empty() ? "" : ", ") +
               (found == all.end() ? visible(key) : shown_name(found->name, found->key));
  }
  return metrics.empty() ? because : because + " (" + metrics + ")";
}

const VariantVerdict* verdict_of_arm(const Scorecard& scorecard, const std::string& arm) {
  for (const VariantVerdict& verdict : scorecard.verdict.variants)
    if (verdict.arm == arm || arm.empty()) return &verdict;
  return nullptr;
}

void add_withheld_verdict(Content& content, const Context& context) {
  const Scorecard& scorecard = context.scorecard;
  const auto check = std::find_if(scorecard.checks.begin(), scorecard.checks.end(),
                                  [](const Check& one) { return one.kind == "sample_ratio"; });
  std::string p = "–";
  if (check != scorecard.checks.end() && check->p_value) {
    p = context.numbers.p_value(*check->p_value);
    if (!p.starts_with('<')) p = "= " + p;
  }
  content.verdict.tone = Tone::bad;
  content.verdict.headline = context.say(wording::kDoNotUse);
  std::string places;
  content.notes_title = context.say(wording::kWhatToDo);
  if (check != scorecard.checks.end() && check->note == "epoch_without_shares") {
    for (const auto& place : check->places) places += (places.empty() ? "" : ", ") + visible(place.group);
    content.verdict.why.push_back(context.say_rich(wording::kEpochWhy, {{"places", places}}));
    return;
  }
  content.verdict.why.push_back(
      context.say_rich(wording::kSrmWhy, {{"sizes", arm_sizes(scorecard, context.numbers)}, {"p", p}}));
  if (check != scorecard.checks.end())
    for (std::size_t i = 0; i < std::min<std::size_t>(3, check->places.size()); ++i)
      places += (places.empty() ? "" : ", ") + visible(check->places[i].dimension) + " " +
                visible(check->places[i].group);
  if (!places.empty()) content.notes.push_back(context.say_rich(wording::kSrmLook, {{"places", places}}));
  content.notes.push_back(context.say_rich(wording::kSrmCauses));
}

void add_days_to_go(Content& content, const Context& context) {
  const auto days = context.scorecard.verdict.days_to_go;
  if (!days || *days <= 0) return;
  content.verdict.why.push_back(context.say_rich(*days == 1 ? wording::kOneDayToGo : wording::kDaysToGo,
                                                 {{"n", context.numbers.whole(*days)}}));
}

void add_plain_verdict(Content& content, const Context& context) {
  const Scorecard& scorecard = context.scorecard;
  const Verdict& verdict = scorecard.verdict;
  content.verdict.tone = tone_of_word(verdict.word);
  content.verdict.headline = headline_of(context, verdict.word, verdict.arm);
  if (is_before_horizon(scorecard)) {
    content.verdict.headline =
        context.say(wording::kNotUntil, {{"date", context.numbers.date(*verdict.not_until)}});
    content.verdict.why.push_back(context.say_rich(wording::kHorizonWhy));
  }
  const Spoken spoken = spoken_of(scorecard, verdict.arm);
  if (spoken.metric != nullptr) add_lift_sentences(content, context, spoken);
  if (const VariantVerdict* why = verdict_of_arm(scorecard, verdict.arm);
      why != nullptr && !why->because.empty() && verdict.word != "Ship" && !is_before_horizon(scorecard))
    content.verdict.why.push_back(
        context.say_rich(wording::kBecause, {{"because", because_of(context, *why)}}));
  if (verdict.word == "Ship") {
    const bool guarded = std::any_of(scorecard.metrics.begin(), scorecard.metrics.end(),
                                     [](const MetricResult& metric) { return metric.role == "guardrail"; });
    if (guarded) content.verdict.why.push_back(context.say_rich(wording::kGuardrailsHeld));
  }
  add_days_to_go(content, context);
  // A check that could not be run neither vouches for the data nor asks for a look.
  const auto count = [&](std::string_view status) {
    return std::count_if(scorecard.checks.begin(), scorecard.checks.end(),
                         [&](const Check& check) { return check.status == status; });
  };
  if (count("watched") + count("failed") > 0)
    content.verdict.why.push_back(context.say_rich(wording::kChecksWatched));
  else if (count("passed") > 0 && count("not_run") == 0)
    content.verdict.why.push_back(context.say_rich(wording::kChecksPassed));
  content.notes_title = context.say(wording::kAlsoKnow);
}

void add_hero(Content& content, const Context& context) {
  const Scorecard& scorecard = context.scorecard;
  const Spoken spoken = spoken_of(scorecard, scorecard.verdict.arm);
  if (spoken.metric == nullptr || context.numbers.lift(spoken.comparison->relative).empty()) return;
  const Comparison& comparison = *spoken.comparison;
  const std::string reading = shown_reading(scorecard, comparison);
  Hero hero;
  hero.lift = lift_cell(comparison.relative, tone_of(reading), context.numbers);
  const bool several = controls_of(scorecard, comparison.arm) > 1;
  hero.caption = context.say(several ? wording::kLiftAgainst : wording::kLiftIn,
                             {{"metric", shown_name(spoken.metric->name, spoken.metric->key)},
                              {"control", visible(comparison.against)}});
  if (reading == "Withheld") hero.caveat = context.say(wording::kWithheldHero);
  if (reading == "Not until horizon") hero.caveat = context.say(wording::kNotYetHero);
  hero.interval = hero.lift.text.interval;
  if (comparison.relative.level)
    hero.interval =
        context.say(wording::kInterval, {{"level", context.numbers.share(*comparison.relative.level)},
                                         {"interval", hero.lift.text.interval}});
  std::int64_t units = 0;
  std::string values;
  for (const std::string& arm : {comparison.against, comparison.arm})
    for (const MetricArm& one : spoken.metric->arms)
      if (one.arm == arm) {
        units += one.units;
        if (one.value)
          values +=
              (values.empty() ? "" : " → ") + context.numbers.value(*one.value, format_of(*spoken.metric));
      }
  hero.sub = context.say(wording::kUnits, {{"n", context.numbers.whole(units)}}) +
             (values.empty() ? "" : " · " + values);
  content.hero = std::move(hero);
}

/// What the rule does not speak of, but a reader should see: clear secondary changes, grades, trends.
void add_notes(Content& content, const Context& context) {
  constexpr std::size_t kMostNotes = 6;
  std::vector<Rich> notes;
  add_plan_notes(context, notes);
  if (!add_restated_since(context, notes) && context.scorecard.provenance.restated)
    notes.push_back(context.say_rich(wording::kRestated));
  if (!is_withheld(context.scorecard) && !is_before_horizon(context.scorecard))
    for (const MetricResult& metric : context.scorecard.metrics) {
      const std::string name = shown_name(metric.name, metric.key);
      for (const Comparison& comparison : metric.comparisons) {
        const bool secondary = metric.role != "primary" && metric.role != "guardrail";
        const LiftText lift = context.numbers.lift(comparison.relative);
        const bool clear = comparison.reading == "Worse" || comparison.reading == "Better";
        if (secondary && clear && !lift.empty())
          notes.push_back(context.say_rich(
              wording::kAlsoMoved,
              {{"metric", name},
               {"reading", word_for(comparison.reading, wording::kReadings, context.language())},
               {"arm", context.compared(comparison.arm, comparison.against)},
               {"lift", lift.estimate},
               {"interval", lift.interval}}));
      }
      if (!metric.grade_note.empty() || !metric.decision_grade)
        notes.push_back(context.say_rich(
            metric.grade_note == "denominator_unsettled" ? wording::kUnsettled : wording::kGrade,
            {{"metric", name}}));
      for (const Timeline& line : metric.timelines)
        if (!line.trend.empty())
          notes.push_back(context.say_rich(
              wording::kTrendNote,
              {{"metric", name},
               {"arm", context.compared(line.arm, line.against)},
               {"trend", visible(word_for(line.trend, wording::kTrends, context.language()))}}));
    }
  if (notes.size() > kMostNotes) notes.resize(kMostNotes);
  content.notes.insert(content.notes.end(), notes.begin(), notes.end());
}

void add_others(Content& content, const Context& context) {
  const Verdict& verdict = context.scorecard.verdict;
  if (is_withheld(context.scorecard) || verdict.variants.size() < 2) return;
  for (const VariantVerdict& variant : verdict.variants) {
    if (variant.arm == verdict.arm) continue;
    VerdictBox box;
    box.tone = tone_of_word(variant.word);
    box.tag = visible(word_for(variant.word, wording::kVerdictWords, context.language()));
    box.headline = visible(variant.arm);
    if (!variant.because.empty()) box.why.push_back({{because_of(context, variant), false}});
    content.others.push_back(std::move(box));
  }
}

}  // namespace

void add_verdict(Content& content, const Scorecard& scorecard, const Numbers& numbers) {
  const Context context{scorecard, numbers};
  const Verdict& verdict = scorecard.verdict;
  content.verdict.tag = visible(word_for(verdict.word, wording::kVerdictWords, numbers.language()));
  if (!verdict.rule.empty()) {
    const bool changed =
        plan_row(scorecard, "plan") != nullptr || plan_row(scorecard, "plan_set_aside") != nullptr;
    // Of a table nobody can say when its rule was chosen.
    const Phrase& phrase = changed                           ? wording::kRuleChanged
                           : scorecard.provenance.as_of == 0 ? wording::kRuleOfTable
                                                             : wording::kRule;
    content.verdict.rule =
        context.say(phrase, {{"rule", visible(word_for(verdict.rule, wording::kRules, numbers.language()))}});
  }
  if (is_withheld(scorecard)) {
    add_withheld_verdict(content, context);
  } else {
    add_plain_verdict(content, context);
  }
  add_hero(content, context);
  add_notes(content, context);
  add_others(content, context);
}

}  // namespace liftmark::reports
