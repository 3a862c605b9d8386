#include "engine/analyse/verdict.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/definition/plan_words.hpp"

namespace liftmark {
namespace {

using State = VariantState;
using Keys = std::vector<std::string>;

constexpr std::string_view kShip = "Ship", kStop = "Stop", kKeepRunning = "Keep running",
                           kNoDecision = "No decision";

const Keys& no_metrics(const State&) {
  static const Keys none;
  return none;
}
const Keys& primaries(const State& s) {
  return s.primaries;
}
const Keys& better(const State& s) {
  return s.primaries_better;
}
const Keys& worse(const State& s) {
  return s.primaries_worse;
}
const Keys& breached(const State& s) {
  return s.guardrails_breached;
}
const Keys& burning_in(const State& s) {
  return s.burning_in;
}

bool always(const State&) {
  return true;
}
bool sample_ratio_failed(const State& s) {
  return s.sample_ratio_failed;
}
bool before_horizon(const State& s) {
  return s.before_horizon;
}
bool guardrail_breached(const State& s) {
  return !s.guardrails_breached.empty();
}
bool primary_worse(const State& s) {
  return !s.primaries_worse.empty();
}
bool before_min_days(const State& s) {
  return s.before_min_days;
}
bool in_burn_in(const State& s) {
  return !s.burning_in.empty();
}
const Keys& not_measured(const State& s) {
  return s.not_measured;
}
const Keys& open_guardrails(const State& s) {
  return s.guardrails_open;
}
bool is_not_measured(const State& s) {
  return !s.not_measured.empty();
}
bool guardrails_hold(const State& s) {
  return s.guardrails_within.size() == s.guardrails.size();
}
bool win_without_guardrails(const State& s) {
  return !s.primaries_better.empty() && !guardrails_hold(s);
}
bool win_without_guardrails_at_horizon(const State& s) {
  return win_without_guardrails(s) && s.horizon_reached;
}
bool primary_better(const State& s) {
  return !s.primaries_better.empty() && guardrails_hold(s);
}
bool all_primaries_better(const State& s) {
  return !s.primaries.empty() && s.primaries_better.size() == s.primaries.size() && guardrails_hold(s);
}
bool no_harm(const State& s) {
  return !s.primaries.empty() && guardrails_hold(s) && s.horizon_reached;
}
bool horizon_reached(const State& s) {
  return s.horizon_reached;
}
bool no_primary(const State& s) {
  return s.primaries.empty();
}

constexpr RuleStep kSampleRatioFailed{"sample_ratio_failed", kNoDecision, sample_ratio_failed, no_metrics};
constexpr RuleStep kBeforeHorizon{"before_horizon", kKeepRunning, before_horizon, no_metrics};
constexpr RuleStep kGuardrailBreached{"guardrail_breached", kStop, guardrail_breached, breached};
constexpr RuleStep kPrimaryWorse{"primary_worse", kStop, primary_worse, worse};
constexpr RuleStep kBeforeMinDays{"before_min_days", kKeepRunning, before_min_days, no_metrics};
constexpr RuleStep kBurnIn{"burn_in", kKeepRunning, in_burn_in, burning_in};
constexpr RuleStep kNoPrimary{"no_primary_metric", kNoDecision, no_primary, no_metrics};
constexpr RuleStep kNotMeasured{"metric_not_measured", kNoDecision, is_not_measured, not_measured};
constexpr RuleStep kOpenAtHorizon{"guardrail_not_settled", kNoDecision, win_without_guardrails_at_horizon,
                                  open_guardrails};
constexpr RuleStep kOpen{"guardrail_not_settled", kKeepRunning, win_without_guardrails, open_guardrails};
constexpr RuleStep kHorizonReached{"horizon_reached", kNoDecision, horizon_reached, primaries};
constexpr RuleStep kNotSettled{"not_settled", kKeepRunning, always, primaries};

constexpr std::array kClearWinNoHarm{
    kSampleRatioFailed, kBeforeHorizon, kGuardrailBreached,
    kPrimaryWorse,      kBeforeMinDays, kBurnIn,
    kNoPrimary,         kNotMeasured,   RuleStep{"primary_better", kShip, primary_better, better},
    kOpenAtHorizon,     kOpen,          kHorizonReached,
    kNotSettled};

constexpr std::array kAllPrimaries{
    kSampleRatioFailed, kBeforeHorizon, kGuardrailBreached,
    kPrimaryWorse,      kBeforeMinDays, kBurnIn,
    kNoPrimary,         kNotMeasured,   RuleStep{"all_primaries_better", kShip, all_primaries_better, better},
    kHorizonReached,    kNotSettled};

constexpr std::array kDoNoHarm{kSampleRatioFailed,
                               kBeforeHorizon,
                               kGuardrailBreached,
                               kPrimaryWorse,
                               kBeforeMinDays,
                               kBurnIn,
                               kNoPrimary,
                               kNotMeasured,
                               RuleStep{"primary_better", kShip, primary_better, better},
                               RuleStep{"no_harm_at_horizon", kShip, no_harm, primaries},
                               kOpenAtHorizon,
                               kOpen,
                               kHorizonReached,
                               kNotSettled};

constexpr std::array kRules{
    Rule{"clear_win_no_harm", "ship when a primary is better and every guardrail is within its margin",
         kClearWinNoHarm},
    Rule{"all_primaries", "ship when every primary is better and every guardrail is within its margin",
         kAllPrimaries},
    Rule{"do_no_harm", "ship as clear_win_no_harm, and at the horizon when nothing got worse", kDoNoHarm},
};

constexpr bool same_names() {
  if (std::size(kRules) != std::size(kRuleNames)) return false;
  for (std::size_t i = 0; i < std::size(kRules); ++i)
    if (kRules[i].name != kRuleNames[i]) return false;
  return true;
}
static_assert(same_names(), "a rule that a catalog may name has its steps here");

/// Which word speaks for the experiment when its variants differ.
int urgency(std::string_view word) {
  constexpr std::array kOrder{kNoDecision, kKeepRunning, kStop, kShip};
  const auto at = std::find(kOrder.begin(), kOrder.end(), word);
  return static_cast<int>(at - kOrder.begin());
}

}  // namespace

std::span<const Rule> verdict_rules() noexcept {
  return kRules;
}

const Rule* find_rule(std::string_view name) noexcept {
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.name == name; });
  return found == kRules.end() ? nullptr : &*found;
}

VariantVerdict decide(const Rule& rule, const VariantState& state) {
  const auto step = std::find_if(rule.steps.begin(), rule.steps.end(),
                                 [&](const RuleStep& candidate) { return candidate.applies(state); });
  return {.arm = state.arm,
          .word = std::string(step->word),
          .because = std::string(step->because),
          .metrics = step->metrics(state)};
}

Verdict decide(const Rule& rule, std::span<const VariantState> states) {
  Verdict verdict{.rule = std::string(rule.name)};
  std::size_t best = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    verdict.variants.push_back(decide(rule, states[i]));
    const int gain = urgency(verdict.variants[i].word) - urgency(verdict.variants[best].word);
    if (gain > 0 || (gain == 0 && states[i].primaries_better.size() > states[best].primaries_better.size()))
      best = i;
  }
  if (states.empty()) {
    verdict.word = std::string(kNoDecision);
    return verdict;
  }
  verdict.word = verdict.variants[best].word;
  verdict.arm = verdict.variants[best].arm;
  verdict.withheld = states[best].sample_ratio_failed;
  return verdict;
}

}  // namespace liftmark
