#include "assign/assigner.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "assign/compiled.hpp"
#include "assign/schemes/xxh3.hpp"
#include "assign/short_text.hpp"

namespace liftmark::assign {
namespace {

/// A range whose `last` 0 stands for 2^64.
bool inside(const BucketRange& range, std::uint64_t bucket) noexcept {
  return bucket >= range.first && (range.last == 0 || bucket < range.last);
}

std::string percent(const Threshold& threshold) {
  if (threshold.everything) return "100%";
  return std::to_string(static_cast<double>(threshold.below) / 18446744073709551616.0 * 100.0) + "%";
}

}  // namespace

/// One question: the context, and what several experiments of the same question share.
struct Assigner::Request {
  explicit Request(const Context& c) noexcept : context(c), unit(xxh3(c.unit)) {}

  const Context& context;
  std::uint64_t unit;
  bool global_checked = false;
  std::uint32_t global_holdout = kNone;
  std::uint32_t layer = kNone;  ///< whose draws the next two are
  std::uint32_t layer_holdout = kNone;
  std::uint64_t slot = 0;
  std::array<std::uint32_t, kMostPrerequisites> memo;  // arms of prerequisites; filled before it is read

  std::uint32_t first_holdout(const Compiled& compiled, Run run) const noexcept {
    for (std::uint32_t i = run.first; i < run.first + run.count; ++i) {
      const CompiledHoldout& holdout = compiled.holdouts[i];
      if (holdout.share.contains(xxh3_pair(unit, holdout.draw_key))) return i;
    }
    return kNone;
  }

  std::uint32_t holdout(const Compiled& compiled, std::uint32_t wanted) noexcept {
    if (!global_checked) {
      global_holdout = first_holdout(compiled, compiled.global_holdouts);
      global_checked = true;
    }
    if (global_holdout != kNone || wanted == kNone) return global_holdout;
    enter(compiled, wanted);
    return layer_holdout;
  }

  void enter(const Compiled& compiled, std::uint32_t wanted) noexcept {
    if (layer == wanted) return;
    layer = wanted;
    layer_holdout = first_holdout(compiled, compiled.layers[wanted].holdouts);
    slot = xxh3_pair(unit, compiled.layers[wanted].draw_key);
  }
};

/// Sees nothing; the compiler removes every call.
struct Assigner::Silent {
  static constexpr bool kTells = false;
  template <class Describe>
  void step(const char*, bool, Describe&&) noexcept {}
};

/// Writes each check down.
struct Assigner::Narrator {
  static constexpr bool kTells = true;
  std::vector<Step> steps;
  template <class Describe>
  void step(const char* check, bool passed, Describe&& describe) {
    steps.push_back({check, passed, describe()});
  }
};

namespace {

template <class Pool>
auto span_of(const Pool& pool, Run run) noexcept {
  return std::span(pool).subspan(run.first, run.count);
}

const StickyArm* sticky_arm(const Context& context, const CompiledExperiment& experiment) noexcept {
  for (const StickyArm& sticky : context.sticky) {
    if (sticky.experiment == experiment.fallback.experiment()) return &sticky;
  }
  return nullptr;
}

std::uint32_t arm_of_key(std::span<const Assignment> arms, std::string_view key) noexcept {
  for (std::uint32_t i = 0; i < arms.size(); ++i) {
    if (arms[i].arm() == key) return i;
  }
  return kNone;
}

Reason reason_of(SchemeDecision::Outcome outcome) noexcept {
  switch (outcome) {
    case SchemeDecision::Outcome::assigned:
      return Reason::assigned;
    case SchemeDecision::Outcome::excluded:
      return Reason::excluded_by_layer;
    case SchemeDecision::Outcome::invalid_unit:
      return Reason::invalid_unit;
    case SchemeDecision::Outcome::untracked:
    case SchemeDecision::Outcome::outside_traffic:
      break;
  }
  return Reason::outside_traffic;
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

/// All but the bucket, which lies behind: one move instead of four.
inline void copy_arm(const Assignment& from, Assignment& to) noexcept {
  static_assert(offsetof(Assignment, bucket) == 16);
  std::memcpy(static_cast<void*>(&to), &from, 16);
}

/// The tables of liftmark-1 as plain pointers: writing an answer cannot change them, and by value the
/// compiler knows it.
struct Tables {
  explicit Tables(const Assigner::Compiled& all) noexcept
      : draws(all.draws.data()), lasts(all.range_lasts.data()), answers(all.range_answers.data()) {}
  const CompiledDraw* draws;
  const std::uint64_t* lasts;
  const Assignment* answers;
};

/// The first range whose inclusive end is not below the bucket; the last one's is the last bucket. At least
/// two entries lie at `lasts`.
inline std::uint32_t range_of(const std::uint64_t* lasts, std::uint32_t count,
                              std::uint64_t bucket) noexcept {
  constexpr std::uint32_t kFew = 16;
  if (count > kFew) return static_cast<std::uint32_t>(std::lower_bound(lasts, lasts + count, bucket) - lasts);
  std::uint32_t range = bucket > lasts[0] ? 1 : 0;
  for (std::uint32_t i = 1; i + 1 < count; ++i) range += bucket > lasts[i] ? 1 : 0;
  return range;
}

/// The arm of a unit by liftmark-1, or that it is outside the traffic. Nothing branches on a draw: no
/// processor predicts it, and a wrong guess costs more than the hash.
[[gnu::always_inline]] inline void draw_arm(Tables tables, const CompiledDraw& draw, std::uint64_t unit,
                                            Assignment& answer) noexcept {
  const std::uint64_t bucket = xxh3_pair(unit, draw.arm_key);
  const Run ranges = draw.ranges;
  std::uint32_t range = range_of(tables.lasts + ranges.first, ranges.count, bucket);
  if (!draw.traffic.everything) {
    const bool takes_part = xxh3_pair(unit, draw.traffic_key) < draw.traffic.below;
    range = takes_part ? range : ranges.count;
  }
  copy_arm(tables.answers[ranges.first + range], answer);
  answer.bucket = bucket;
}

}  // namespace

Assigner::Assigner() = default;
Assigner::~Assigner() = default;

std::size_t Assigner::size() const noexcept {
  return compiled_->experiments.size();
}
const std::vector<Experiment>& Assigner::experiments() const noexcept {
  return compiled_->definitions.experiments;
}

std::optional<std::size_t> Assigner::find(std::string_view experiment) const noexcept {
  const std::vector<IndexEntry>& index = compiled_->index;
  const std::size_t mask = index.size() - 1;
  for (std::size_t at = xxh3(experiment) & mask;; at = (at + 1) & mask) {
    if (index[at].experiment == kNone) return std::nullopt;
    if (equal(index[at].key, experiment)) return index[at].experiment;
  }
}

/// One experiment's decision for one request. Each check says whether to go on; one that does not has filled
/// in the answer. Checks stand in the order in which they are made.
template <class Observer>
struct Assigner::Decision {
  const Compiled& all;
  const CompiledExperiment& experiment;
  const CompiledDraw& draw;
  Request& request;
  Observer& observer;
  Assignment& answer;

  std::span<const Assignment> arms() const noexcept { return span_of(all.arms, experiment.arms); }

  bool stop(Reason reason) const noexcept {
    answer = experiment.fallback;
    answer.reason = reason;
    return false;
  }
  bool give(std::uint32_t arm, Reason reason) const noexcept {
    answer = all.arms[experiment.arms.first + arm];
    answer.reason = reason;
    return false;
  }

  void run() {
    if (running() && consented() && valid_unit() && not_held_out() && not_kept() && targeted() &&
        prerequisites_met() && in_slot()) {
      if (experiment.scheme == nullptr) {
        bucket();
      } else {
        bucket_as_scheme();
      }
    }
    if (experiment.sticky) answer.sticky_unreadable = request.context.sticky_unreadable;
  }

  bool running() const {
    if (experiment.status == Status::running && experiment.overrides.count == 0) return true;
    if (experiment.status == Status::stopped) {
      observer.step("status", false, [] { return std::string("stopped"); });
      return stop(Reason::not_running);
    }
    for (const CompiledOverride& override : span_of(all.overrides, experiment.overrides)) {
      if (override.unit_hash != request.unit || override.unit != request.context.unit) continue;
      observer.step("override", true,
                    [&] { return "arm " + in_quotes(arms()[override.arm].arm()) + ", not measured"; });
      return give(override.arm, Reason::overridden);
    }
    if (experiment.status == Status::running) return true;
    observer.step("status", false, [] { return std::string("draft"); });
    return stop(Reason::not_running);
  }

  bool consented() const {
    const Consent state = request.context.consent;
    const bool consent = !draw.needs_consent || state == Consent::granted;
    observer.step("consent", consent, [&] {
      if (!draw.needs_consent) return std::string("not needed");
      if (consent) return std::string("granted");
      return std::string(state == Consent::denied ? "denied" : "unknown, which counts as not granted");
    });
    return consent || stop(Reason::no_consent);
  }

  /// Other systems have their own rules for empty ids.
  bool valid_unit() const {
    if (experiment.scheme != nullptr || !request.context.unit.empty()) return true;
    observer.step("unit", false, [] { return std::string("the unit id is empty"); });
    return stop(Reason::invalid_unit);
  }

  bool not_held_out() const {
    const std::uint32_t holdout = request.holdout(all, experiment.layer);
    observer.step("holdout", holdout == kNone, [&] {
      return holdout == kNone ? std::string("in none")
                              : "held out by " + in_quotes(all.holdouts[holdout].key);
    });
    return holdout == kNone || stop(Reason::held_out);
  }

  bool not_kept() const {
    if (!experiment.sticky) return true;
    const Context& context = request.context;
    const StickyArm* sticky = context.sticky_unreadable ? nullptr : sticky_arm(context, experiment);
    const std::uint32_t arm = sticky == nullptr ? kNone : arm_of_key(arms(), sticky->arm);
    observer.step("sticky", arm != kNone, [&] {
      if (context.sticky_unreadable) return std::string("the sticky store could not be read: a fresh hash");
      if (sticky == nullptr) return std::string("no arm kept");
      if (arm == kNone) return "the kept arm " + in_quotes(sticky->arm) + " is gone: a fresh hash";
      return "arm " + in_quotes(sticky->arm) + " of epoch " + std::to_string(sticky->epoch);
    });
    if (arm == kNone) return true;
    give(arm, Reason::sticky);
    answer.epoch = sticky->epoch;
    return false;
  }

  bool targeted() const {
    const Context& context = request.context;
    const bool inside =
        draw.audience == nullptr || draw.audience->contains(context.attributes, context.segments);
    observer.step("audience", inside, [&] {
      return draw.audience == nullptr ? std::string("everybody")
                                      : draw.audience->explain(context.attributes, context.segments);
    });
    return inside || stop(Reason::not_targeted);
  }

  bool prerequisites_met() const {
    for (const CompiledPrerequisite& prerequisite : span_of(all.prerequisites, experiment.prerequisites)) {
      const std::uint32_t arm = request.memo[prerequisite.memo];
      const bool met = arm != kNone && (prerequisite.allowed.empty() || prerequisite.allowed[arm]);
      observer.step("prerequisite", met, [&] {
        const CompiledExperiment& other = all.experiments[all.whole_order[prerequisite.memo]];
        const std::string got =
            arm == kNone ? "no arm" : "arm " + in_quotes(all.arms[other.arms.first + arm].arm());
        return got + " in " + in_quotes(other.fallback.experiment());
      });
      if (!met) return stop(Reason::prerequisite_failed);
    }
    return true;
  }

  bool in_slot() const {
    if (experiment.layer == kNone) return true;
    request.enter(all, experiment.layer);
    const auto slots = span_of(all.slots, experiment.slots);
    const bool mine = std::any_of(slots.begin(), slots.end(),
                                  [&](const BucketRange& range) { return inside(range, request.slot); });
    observer.step("layer", mine, [&] {
      return "slot draw " + std::to_string(request.slot) + (mine ? " is" : " is not") +
             " in this experiment's slots of " + in_quotes(all.layers[experiment.layer].key);
    });
    return mine || stop(Reason::excluded_by_layer);
  }

  /// liftmark-1, with the unit's hash that all experiments of the request share.
  void bucket() const {
    draw_arm(Tables(all), draw, request.unit, answer);
    if constexpr (Observer::kTells) tell_bucket();
  }

  void tell_bucket() const {
    const bool takes_part = answer.reason == Reason::assigned;
    observer.step("traffic", takes_part, [&] {
      return "draw " + std::to_string(xxh3_pair(request.unit, draw.traffic_key)) + " against " +
             percent(draw.traffic) + " of 2^64";
    });
    if (!takes_part) return;
    observer.step("bucket", true, [&] { return std::to_string(answer.bucket); });
    observer.step("arm", true, [&] { return in_quotes(answer.arm()); });
  }

  void bucket_as_scheme() const {
    const UnitView unit{request.context.unit, request.context.attributes};
    const SchemeDecision decision = experiment.scheme->decide(unit);
    const Reason reason = reason_of(decision.outcome);
    observer.step("scheme", reason == Reason::assigned,
                  [&] { return experiment.scheme->explain(unit) + ": " + std::string(name(reason)); });
    if (decision.arm < experiment.arms.count) {
      give(decision.arm, reason);
    } else {
      stop(reason);
    }
    answer.bucket = decision.bucket;
  }
};

template <class Observer>
void Assigner::decide(std::size_t index, Request& request, Observer& observer, Assignment& answer) const {
  Decision<Observer>{*compiled_, compiled_->experiments[index], compiled_->draws[index], request, observer,
                     answer}
      .run();
}

/// The same answer as `decide` gives, in short for experiments that have none of the rarer conditions:
/// testing for each of them would cost more than the draw. Compiling says which those are.
[[gnu::noinline]] void Assigner::answer_silently(std::size_t index, Request& request,
                                                 Assignment& answer) const noexcept {
  const CompiledDraw& draw = compiled_->draws[index];
  if (!draw.simple) {
    Silent silent;
    return decide(index, request, silent, answer);
  }
  const Context& context = request.context;
  Reason reason = Reason::assigned;
  if (draw.needs_consent && context.consent != Consent::granted) {
    reason = Reason::no_consent;
  } else if (context.unit.empty()) {
    reason = Reason::invalid_unit;
  } else if (draw.audience != nullptr && !draw.audience->contains(context.attributes, context.segments)) {
    reason = Reason::not_targeted;
  } else {
    return draw_arm(Tables(*compiled_), draw, request.unit, answer);
  }
  answer = compiled_->experiments[index].fallback;
  answer.reason = reason;
}

void Assigner::remember_prerequisites(std::span<const std::uint32_t> order, Request& request) const noexcept {
  for (const std::uint32_t index : order) {
    const CompiledExperiment& experiment = compiled_->experiments[index];
    Assignment answer;
    answer_silently(index, request, answer);
    const bool got = answer.measured() || answer.reason == Reason::overridden;
    request.memo[experiment.memo] =
        got ? arm_of_key(span_of(compiled_->arms, experiment.arms), answer.arm()) : kNone;
  }
}

Assignment Assigner::assign(const Context& context, std::string_view experiment) const noexcept {
  const std::optional<std::size_t> index = find(experiment);
  return assign(context, index.value_or(size()));
}

Assignment Assigner::assign(const Context& context, std::size_t experiment) const noexcept {
  if (experiment >= size()) return {};
  Request request(context);
  remember_prerequisites(span_of(compiled_->orders, compiled_->draws[experiment].order), request);
  Assignment answer;
  answer_silently(experiment, request, answer);
  return answer;
}

std::size_t Assigner::assign_all(const Context& context, std::span<Assignment> answers,
                                 std::size_t first) const noexcept {
  const std::size_t count = std::min(size() - std::min(size(), first), answers.size());
  Request request(context);
  remember_prerequisites(compiled_->whole_order, request);
  // What does not depend on the experiment is asked once.
  const Tables tables(*compiled_);
  const std::uint64_t unit = request.unit;
  const bool plain = context.consent == Consent::granted && !context.unit.empty();
  for (std::size_t i = 0; i < count;) {
    const std::size_t until =
        plain ? std::min<std::size_t>(count, tables.draws[first + i].plain_until - first) : 0;
    if (i >= until) {
      answer_silently(first + i, request, answers[i]);
      ++i;
    }
    for (; i < until; ++i) draw_arm(tables, tables.draws[first + i], unit, answers[i]);
  }
  return count;
}

Explanation Assigner::explain(const Context& context, std::string_view experiment) const {
  const std::optional<std::size_t> index = find(experiment);
  if (!index) return {{}, {{"experiment", false, "no experiment has the key " + in_quotes(experiment)}}};
  Request request(context);
  Narrator narrator;
  remember_prerequisites(span_of(compiled_->orders, compiled_->draws[*index].order), request);
  Explanation explanation;
  decide(*index, request, narrator, explanation.assignment);
  explanation.steps = std::move(narrator.steps);
  return explanation;
}

std::string_view Assigner::holdout_of(std::string_view unit, std::string_view layer) const noexcept {
  Context context;
  context.unit = unit;
  Request request(context);
  std::uint32_t wanted = kNone;
  for (std::uint32_t i = 0; i < compiled_->layers.size(); ++i) {
    if (!layer.empty() && compiled_->layers[i].key == layer) wanted = i;
  }
  const std::uint32_t holdout = request.holdout(*compiled_, wanted);
  return holdout == kNone ? std::string_view() : compiled_->holdouts[holdout].key;
}

}  // namespace liftmark::assign
