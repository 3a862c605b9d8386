#include "reports/content.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "reports/content_checks.hpp"
#include "reports/content_verdict.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

struct ReadingLook {
  std::string_view reading;
  Tone tone;
  std::string_view symbol;
};
constexpr std::array<ReadingLook, 8> kLooks{{{"Better", Tone::good, "▲"},
                                             {"Worse", Tone::bad, "▼"},
                                             {"Breached", Tone::bad, "▼"},
                                             {"Within margin", Tone::held, "✓"},
                                             {"No clear change", Tone::flat, "◇"},
                                             {"Not yet settled", Tone::flat, "◇"},
                                             {"Withheld", Tone::withheld, "–"},
                                             {"Not until horizon", Tone::withheld, "–"}}};
constexpr ReadingLook kNoReading{"", Tone::withheld, "–"};

const ReadingLook& look_of(std::string_view reading) {
  const auto found = std::find_if(kLooks.begin(), kLooks.end(),
                                  [&](const ReadingLook& look) { return look.reading == reading; });
  return found == kLooks.end() ? kNoReading : *found;
}

std::string arm_value(const MetricResult& metric, const std::string& arm, const Numbers& numbers) {
  for (const MetricArm& one : metric.arms)
    if (one.arm == arm && one.value) return numbers.value(*one.value, format_of(metric));
  return "–";
}

std::string metric_note(const MetricResult& metric, const Numbers& numbers) {
  const Language language = numbers.language();
  std::string note = visible(metric.description);
  const auto add = [&](const std::string& part) { note += (note.empty() ? "" : " · ") + part; };
  if (metric.direction == "decrease") add("↓ " + std::string(text_of(wording::kLowerIsBetter, language)));
  if (metric.margin)
    add(fill(text_of(wording::kMargin, language), {{"margin", numbers.percent(*metric.margin, 1)}}));
  return note;
}

ComparisonLine comparison_line(const Scorecard& scorecard, const MetricResult& metric,
                               const Comparison& comparison, const Numbers& numbers) {
  const std::string reading = shown_reading(scorecard, comparison);
  ComparisonLine line;
  line.label = compared_name(scorecard, comparison.arm, comparison.against, numbers.language());
  line.arm = visible(comparison.arm);
  line.against = visible(comparison.against);
  line.control = arm_value(metric, comparison.against, numbers);
  line.variant = arm_value(metric, comparison.arm, numbers);
  line.lift = lift_cell(comparison.relative, tone_of(reading), numbers);
  line.reading = visible(word_for(reading, wording::kReadings, numbers.language()));
  line.symbol = symbol_of(reading);
  if (comparison.p_value) line.p_value = numbers.p_value(*comparison.p_value);
  if (metric.margin) line.margin = metric.direction == "decrease" ? *metric.margin : -*metric.margin;
  return line;
}

MetricGroup group_of(const Scorecard& scorecard, std::string_view role, const Numbers& numbers) {
  MetricGroup group;
  for (const MetricResult& metric : scorecard.metrics) {
    const bool secondary = metric.role != "primary" && metric.role != "guardrail";
    if (role == "secondary" ? !secondary : metric.role != role) continue;
    MetricLine line{&metric, shown_name(metric.name, metric.key), metric_note(metric, numbers), {}};
    for (const Comparison& comparison : metric.comparisons)
      line.comparisons.push_back(comparison_line(scorecard, metric, comparison, numbers));
    group.metrics.push_back(std::move(line));
  }
  return group;
}

std::vector<MetricGroup> groups_of(const Scorecard& scorecard, const Numbers& numbers) {
  struct Role {
    std::string_view role;
    Phrase title, note;
  };
  constexpr std::array<Role, 3> kRoles{{{"primary", wording::kDecisionMetrics, wording::kDecisionNote},
                                        {"guardrail", wording::kGuardrails, wording::kGuardrailNote},
                                        {"secondary", wording::kSecondary, wording::kSecondaryNote}}};
  std::vector<MetricGroup> groups;
  for (const Role& role : kRoles) {
    MetricGroup group = group_of(scorecard, role.role, numbers);
    if (group.metrics.empty()) continue;
    const bool single = role.role == "primary" && group.metrics.size() == 1;
    group.title = text_of(single ? wording::kDecisionMetric : role.title, numbers.language());
    group.note = text_of(role.note, numbers.language());
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<Fact> facts_of(const Scorecard& scorecard, const Numbers& numbers) {
  const ExperimentInfo& info = scorecard.experiment;
  const Language language = numbers.language();
  std::vector<Fact> facts;
  const auto add = [&](const Phrase& label, std::string value) {
    if (!value.empty()) facts.push_back({std::string(text_of(label, language)), std::move(value)});
  };
  add(wording::kKey, visible(info.key));
  std::string ran = info.started ? numbers.dates(*info.started, info.ended.value_or(*info.started)) : "";
  if (!info.status.empty())
    ran += (ran.empty() ? "" : ", ") + visible(word_for(info.status, wording::kStatuses, language));
  add(wording::kRan, ran);
  add(wording::kUnit, visible(info.unit));
  std::string shares;
  for (const ArmSummary& arm : scorecard.arms)
    if (arm.expected_share) shares += (shares.empty() ? "" : " / ") + numbers.share(*arm.expected_share);
  add(wording::kSplit, shares);
  add(wording::kOwner, visible(info.owner));
  return facts;
}

}  // namespace

bool is_withheld(const Scorecard& scorecard) {
  return scorecard.verdict.withheld ||
         std::any_of(scorecard.checks.begin(), scorecard.checks.end(), [](const Check& check) {
           return check.kind == "sample_ratio" && check.status == "failed";
         });
}

bool is_before_horizon(const Scorecard& scorecard) {
  return scorecard.verdict.not_until && scorecard.provenance.as_of < *scorecard.verdict.not_until;
}

std::string shown_reading(const Scorecard& scorecard, const Comparison& comparison) {
  if (is_withheld(scorecard)) return "Withheld";
  if (is_before_horizon(scorecard)) return "Not until horizon";
  return comparison.reading;
}

Tone tone_of(std::string_view reading) {
  return look_of(reading).tone;
}
std::string_view symbol_of(std::string_view reading) {
  return look_of(reading).symbol;
}

std::string_view symbol_of_check(std::string_view status) {
  if (status == "passed") return "✓";
  if (status == "failed") return "✕";
  return status == "watched" ? "!" : "–";
}

Numbers numbers_for(const Scorecard& scorecard, const RenderOptions& options) {
  return {options.language, options.currency.empty() ? scorecard.experiment.currency : options.currency};
}

std::string_view format_of(const MetricResult& metric) {
  if (!metric.format.empty()) return metric.format;
  const bool rate =
      metric.kind == "proportion" || metric.kind == "retention" || metric.kind == "repeat_purchase";
  return rate ? "percent" : "number";
}

std::size_t controls_of(const Scorecard& scorecard, const std::string& arm) {
  std::set<std::string_view> controls;
  for (const MetricResult& metric : scorecard.metrics)
    for (const Comparison& one : metric.comparisons)
      if (one.arm == arm) controls.insert(one.against);
  return controls.size();
}

std::string compared_name(const Scorecard& scorecard, const std::string& arm, const std::string& against,
                          Language language) {
  if (against.empty() || controls_of(scorecard, arm) < 2) return visible(arm);
  return visible(arm) + std::string(text_of(wording::kVersus, language)) + visible(against);
}

std::string shown_name(const std::string& name, const std::string& key) {
  return visible(name.empty() ? key : name);
}

std::string reason_word(std::string_view reason, Language language) {
  return visible(word_for(reason, wording::kReasons, language));
}

LiftCell lift_cell(const Figure& figure, Tone tone, const Numbers& numbers) {
  LiftCell cell;
  cell.tone = tone;
  cell.text = numbers.lift(figure);
  if (cell.text.empty()) {
    cell.missing = reason_word(figure.reason, numbers.language());
  } else {
    cell.figure = &figure;
  }
  return cell;
}

Content content_of(const Scorecard& scorecard, const RenderOptions& options) {
  const Numbers numbers = numbers_for(scorecard, options);
  Content content;
  content.title = shown_name(scorecard.experiment.name, scorecard.experiment.key);
  content.key = visible(scorecard.experiment.key);
  content.hypothesis = visible(scorecard.experiment.hypothesis);
  content.facts = facts_of(scorecard, numbers);
  content.checks = check_lines(scorecard, numbers);
  content.groups = groups_of(scorecard, numbers);
  add_verdict(content, scorecard, numbers);
  // A table has no times and so no as-of.
  const auto& made = scorecard.provenance;
  content.made_by =
      fill(text_of(made.as_of != 0 ? wording::kMadeBy : wording::kMadeByUndated, options.language),
           {{"version", visible(made.version)}, {"as_of", numbers.timestamp(made.as_of)}});
  return content;
}

}  // namespace liftmark::reports
