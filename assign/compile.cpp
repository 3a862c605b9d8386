// Definitions -> Assigner: validation with every mistake reported, then the pools that deciding reads.

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "assign/compiled.hpp"
#include "assign/schemes/liftmark_1.hpp"
#include "assign/schemes/xxh3.hpp"

namespace liftmark::assign {
namespace {

constexpr std::string_view kNative = "liftmark-1";

std::string place(std::string_view list, std::size_t index, std::string_view rest = {}) {
  return "/" + std::string(list) + "/" + std::to_string(index) + std::string(rest);
}

/// A key as part of a JSON pointer (RFC 6901).
std::string escaped(std::string_view key) {
  std::string result;
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text.substr(0, 60)) + '"';
}

bool is_share(double value) noexcept {
  return value >= 0.0 && value <= 1.0;
}

/// The start and end of a slot range as buckets; `last` 0 stands for 2^64.
BucketRange buckets_of(const SlotRange& range) noexcept {
  const Threshold last = share_threshold(range.last);
  return {share_threshold(range.first).below, last.everything ? 0 : last.below, 0};
}

template <class Pool>
std::uint32_t size_of(const Pool& pool) noexcept {
  return static_cast<std::uint32_t>(pool.size());
}

}  // namespace

struct Assigner::Compiler {
  Compiled& out;
  std::vector<Problem>& problems;
  std::map<std::string_view, std::uint32_t> experiment_index;
  std::map<std::string_view, std::uint32_t> layer_index;
  struct Claim {
    std::string where;
    std::string_view layer;
  };
  std::map<std::string_view, Claim> salts;  ///< of draws that must be independent

  void report(std::string where, std::string what, std::string value = {}, std::string hint = {}) {
    problems.push_back({std::move(where), std::move(what), std::move(value), std::move(hint)});
  }

  /// Experiments of one layer never have a unit in common, so they may share a salt.
  void claim_salt(std::string_view salt, const std::string& where, std::string_view layer = {}) {
    if (salt.empty())
      return report(where, "must not be empty", "", "Give a random text once and never change it.");
    const auto [other, added] = salts.emplace(salt, Claim{where, layer});
    if (added || (!layer.empty() && layer == other->second.layer)) return;
    report(where, "is also the salt at " + other->second.where, in_quotes(salt),
           "Equal salts give the same units the same draw; use another random text.");
  }

  template <class List>
  std::map<std::string_view, std::uint32_t> unique_keys(const List& list, std::string_view name) {
    std::map<std::string_view, std::uint32_t> index;
    for (std::uint32_t i = 0; i < list.size(); ++i) {
      if (list[i].key.empty()) {
        report(place(name, i, "/key"), "must not be empty");
      } else if (!index.emplace(list[i].key, i).second) {
        report(place(name, i, "/key"), "is used twice", in_quotes(list[i].key));
      }
    }
    return index;
  }

  void run() {
    const Definitions& in = out.definitions;
    experiment_index = unique_keys(in.experiments, "experiments");
    layer_index = unique_keys(in.layers, "layers");
    unique_keys(in.holdouts, "holdouts");
    for (std::size_t i = 0; i < in.layers.size(); ++i)
      claim_salt(in.layers[i].salt, place("layers", i, "/salt"));
    salts.clear();  // slots and arms are drawn for different purposes, so a layer may share an experiment's
                    // salt
    compile_holdouts();
    for (std::uint32_t i = 0; i < in.experiments.size(); ++i) compile_experiment(i);
    check_layers();
    if (problems.empty()) compile_prerequisites();
    for (std::size_t i = 0; i < out.experiments.size(); ++i) {
      const CompiledExperiment& experiment = out.experiments[i];
      out.draws[i].simple = experiment.status == Status::running && experiment.scheme == nullptr &&
                            !experiment.sticky && experiment.layer == kNone &&
                            experiment.overrides.count == 0 && experiment.prerequisites.count == 0 &&
                            out.global_holdouts.count == 0;
    }
    for (std::size_t i = out.draws.size(); i-- > 0;) {
      CompiledDraw& draw = out.draws[i];
      const bool plain = draw.simple && draw.audience == nullptr;
      const bool last = i + 1 == out.draws.size();
      draw.plain_until =
          static_cast<std::uint32_t>(!plain ? i
                                     : last ? i + 1
                                            : std::max<std::size_t>(out.draws[i + 1].plain_until, i + 1));
    }
    build_index();
  }

  void compile_holdouts() {
    const Definitions& in = out.definitions;
    for (std::size_t i = 0; i < in.holdouts.size(); ++i) {
      const Holdout& holdout = in.holdouts[i];
      if (!(holdout.share >= 0.0 && holdout.share < 1.0)) {
        report(place("holdouts", i, "/share"), "must be at least 0 and below 1",
               std::to_string(holdout.share));
      }
      if (holdout.salt.empty()) report(place("holdouts", i, "/salt"), "must not be empty");
      if (!holdout.layer.empty() && !layer_index.contains(holdout.layer)) {
        report(place("holdouts", i, "/layer"), "no layer has this key", in_quotes(holdout.layer));
      }
    }
    out.global_holdouts = holdouts_of({});
    for (const Layer& layer : in.layers) {
      out.layers.push_back({layer.key, salt_key(layer.salt, Purpose::slot), holdouts_of(layer.key)});
    }
  }

  Run holdouts_of(std::string_view layer) {
    Run run{size_of(out.holdouts), 0};
    for (const Holdout& holdout : out.definitions.holdouts) {
      if (holdout.layer != layer) continue;
      out.holdouts.push_back(
          {holdout.key, salt_key(holdout.salt, Purpose::holdout), share_threshold(holdout.share)});
      ++run.count;
    }
    return run;
  }

  void compile_experiment(std::uint32_t index) {
    const Experiment& experiment = out.definitions.experiments[index];
    CompiledExperiment compiled;
    CompiledDraw& draw = out.draws.emplace_back();
    compiled.status = experiment.status;
    draw.needs_consent = experiment.needs_consent;
    compiled.sticky = experiment.sticky;
    if (!is_share(experiment.traffic)) {
      report(place("experiments", index, "/traffic"), "must be between 0 and 1",
             std::to_string(experiment.traffic));
    }
    if (experiment.epoch < 1) report(place("experiments", index, "/epoch"), "must be at least 1");
    compile_arms(index, compiled);
    compile_slots(index, compiled);
    compile_overrides(index, compiled);
    compile_hashing(index, compiled);
    auto audience = std::make_unique<Audience>(
        Audience::compile(experiment.audience, place("experiments", index, "/audience"), problems));
    if (!audience->everybody()) {
      draw.audience = audience.get();
      out.audiences.push_back(std::move(audience));
    }
    out.experiments.push_back(compiled);
  }

  void compile_arms(std::uint32_t index, CompiledExperiment& compiled) {
    const Experiment& experiment = out.definitions.experiments[index];
    compiled.arms = {size_of(out.arms), size_of(experiment.arms)};
    std::set<std::string_view> keys;
    for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
      const Arm& arm = experiment.arms[i];
      const std::string where = place("experiments", index, place("arms", i, "/key"));
      if (arm.key.empty()) report(where, "must not be empty");
      if (!keys.insert(arm.key).second) report(where, "is used twice", in_quotes(arm.key));
      Assignment answer;
      answer.texts = &out.texts.emplace_back(ArmTexts{experiment.key, arm.key, arm.payload});
      answer.reason = Reason::assigned;
      answer.epoch = experiment.epoch;
      out.arms.push_back(answer);
    }
    if (experiment.arms.empty())
      return report(place("experiments", index, "/arms"), "must name at least one arm");
    const auto control = std::find_if(experiment.arms.begin(), experiment.arms.end(),
                                      [](const Arm& arm) { return arm.role == Role::control; });
    const auto fallback = control == experiment.arms.end() ? experiment.arms.begin() : control;
    compiled.fallback =
        out.arms[compiled.arms.first + static_cast<std::size_t>(fallback - experiment.arms.begin())];
  }

  void compile_slots(std::uint32_t index, CompiledExperiment& compiled) {
    const Experiment& experiment = out.definitions.experiments[index];
    compiled.slots.first = size_of(out.slots);
    const auto layer = layer_index.find(experiment.layer);
    if (!experiment.layer.empty() && layer == layer_index.end()) {
      report(place("experiments", index, "/layer"), "no layer has this key", in_quotes(experiment.layer));
    } else if (!experiment.layer.empty()) {
      compiled.layer = layer->second;
    }
    for (std::size_t i = 0; i < experiment.slots.size(); ++i) {
      const SlotRange& range = experiment.slots[i];
      const std::string where = place("experiments", index, place("slots", i));
      if (!is_share(range.first) || !is_share(range.last) || !(range.first < range.last)) {
        report(where, "must be a range within 0 and 1, its start below its end",
               std::to_string(range.first) + " to " + std::to_string(range.last));
      } else if (experiment.layer.empty() && (range.first > 0.0 || range.last < 1.0)) {
        report(where, "needs a layer", "", "Name the layer whose slots these are, or use traffic.");
      }
      out.slots.push_back(buckets_of(range));
    }
    compiled.slots.count = size_of(out.slots) - compiled.slots.first;
    if (experiment.slots.empty())
      report(place("experiments", index, "/slots"), "must hold at least one range");
  }

  void compile_overrides(std::uint32_t index, CompiledExperiment& compiled) {
    const Experiment& experiment = out.definitions.experiments[index];
    compiled.overrides = {size_of(out.overrides), size_of(experiment.overrides)};
    for (const auto& [unit, key] : experiment.overrides) {
      const std::uint32_t arm = arm_index(index, key);
      if (arm == kNone) {
        report(place("experiments", index, "/overrides/" + escaped(unit)), "no arm has this key",
               in_quotes(key));
      }
      out.overrides.push_back({unit_hash(unit), unit, arm});
    }
    std::sort(out.overrides.begin() + compiled.overrides.first, out.overrides.end(),
              [](const CompiledOverride& a, const CompiledOverride& b) { return a.unit_hash < b.unit_hash; });
  }

  std::uint32_t arm_index(std::uint32_t experiment, std::string_view key) const {
    const std::vector<Arm>& arms = out.definitions.experiments[experiment].arms;
    for (std::uint32_t i = 0; i < arms.size(); ++i) {
      if (arms[i].key == key) return i;
    }
    return kNone;
  }

  void compile_hashing(std::uint32_t index, CompiledExperiment& compiled) {
    const Experiment& experiment = out.definitions.experiments[index];
    const std::string where = place("experiments", index);
    const Scheme* scheme = find_scheme(experiment.hashing.scheme);
    if (scheme == nullptr) {
      std::string names;
      for (const Scheme& known : kSchemes) names += (names.empty() ? "" : ", ") + std::string(known.name);
      return report(where + "/hashing/scheme", "is no bucketing scheme", in_quotes(experiment.hashing.scheme),
                    "Known schemes: " + names + ".");
    }
    std::vector<Problem> found;
    std::unique_ptr<const Bucketing> bucketing = scheme->compile(experiment, found);
    for (Problem& problem : found) {
      problem.where.insert(0, where);
      problems.push_back(std::move(problem));
    }
    if (bucketing == nullptr) return;
    if (scheme->name != kNative) {
      compiled.scheme = bucketing.get();
      out.schemes.push_back(std::move(bucketing));
      return;
    }
    if (experiment.status != Status::stopped) {
      claim_salt(experiment.hashing.salt, where + "/hashing/salt", experiment.layer);
    }
    CompiledDraw& draw = out.draws[index];
    draw.arm_key = salt_key(experiment.hashing.salt, Purpose::arm);
    draw.traffic_key = salt_key(experiment.hashing.salt, Purpose::traffic);
    draw.traffic = share_threshold(experiment.traffic);
    draw.ranges.first = size_of(out.range_lasts);
    for (const BucketRange& range : effective_ranges(experiment)) {
      out.range_lasts.push_back(range.last - 1);
      out.range_answers.push_back(out.arms[compiled.arms.first + range.arm]);
      ++draw.ranges.count;
    }
    out.range_lasts.push_back(0);
    out.range_answers.push_back(compiled.fallback);
    out.range_answers.back().reason = Reason::outside_traffic;
  }

  /// Experiments of a layer that have not been stopped own disjoint slots.
  void check_layers() {
    const std::vector<Experiment>& experiments = out.definitions.experiments;
    struct Owned {
      BucketRange range;
      std::uint32_t experiment;
      std::size_t slot;
    };
    std::map<std::string_view, std::vector<Owned>> owned;
    for (std::uint32_t i = 0; i < experiments.size(); ++i) {
      if (experiments[i].layer.empty() || experiments[i].status == Status::stopped) continue;
      for (std::size_t s = 0; s < experiments[i].slots.size(); ++s) {
        owned[experiments[i].layer].push_back({buckets_of(experiments[i].slots[s]), i, s});
      }
    }
    for (auto& [layer, ranges] : owned) {
      std::stable_sort(ranges.begin(), ranges.end(),
                       [](const Owned& a, const Owned& b) { return a.range.first < b.range.first; });
      for (std::size_t i = 1; i < ranges.size(); ++i) {
        const Owned& left = ranges[i - 1];
        const Owned& right = ranges[i];
        if (left.range.last != 0 && left.range.last <= right.range.first) continue;
        report(place("experiments", right.experiment, place("slots", right.slot)),
               "overlaps slots of " + in_quotes(experiments[left.experiment].key) + " in layer " +
                   in_quotes(layer),
               "", "Experiments of one layer are exclusive: give each its own range.");
      }
    }
  }

  // --- prerequisites ---

  void compile_prerequisites() {
    const std::vector<Experiment>& experiments = out.definitions.experiments;
    std::vector<std::vector<std::uint32_t>> needs(experiments.size());
    for (std::uint32_t i = 0; i < experiments.size(); ++i) {
      for (std::size_t p = 0; p < experiments[i].prerequisites.size(); ++p) {
        const auto found = experiment_index.find(experiments[i].prerequisites[p].experiment);
        if (found == experiment_index.end()) {
          report(place("experiments", i, place("prerequisites", p, "/experiment")),
                 "no experiment has this key", in_quotes(experiments[i].prerequisites[p].experiment));
        } else {
          needs[i].push_back(found->second);
        }
      }
    }
    if (!problems.empty() || !order_prerequisites(needs)) return;
    for (std::uint32_t i = 0; i < experiments.size(); ++i) resolve_prerequisites(i, needs);
  }

  /// Fills `whole_order` with the experiments that others need, each after what it needs itself (Kahn's
  /// algorithm).
  bool order_prerequisites(const std::vector<std::vector<std::uint32_t>>& needs) {
    std::vector<std::uint32_t> waiting(needs.size(), 0);
    std::vector<std::vector<std::uint32_t>> wanted_by(needs.size());
    for (std::uint32_t i = 0; i < needs.size(); ++i) {
      waiting[i] = size_of(needs[i]);
      for (const std::uint32_t other : needs[i]) wanted_by[other].push_back(i);
    }
    std::vector<std::uint32_t> ready;
    for (std::uint32_t i = 0; i < needs.size(); ++i) {
      if (waiting[i] == 0) ready.push_back(i);
    }
    for (std::size_t at = 0; at < ready.size(); ++at) {
      for (const std::uint32_t dependant : wanted_by[ready[at]]) {
        if (--waiting[dependant] == 0) ready.push_back(dependant);
      }
    }
    for (std::uint32_t i = 0; i < needs.size(); ++i) {
      if (waiting[i] == 0) continue;
      report(place("experiments", i, "/prerequisites"),
             "leads back to the experiment itself or into a circle",
             in_quotes(out.definitions.experiments[i].key), "Remove one of the prerequisites of the circle.");
    }
    if (ready.size() != needs.size()) return false;
    for (const std::uint32_t i : ready) {
      if (wanted_by[i].empty()) continue;
      out.experiments[i].memo = size_of(out.whole_order);
      out.whole_order.push_back(i);
    }
    if (out.whole_order.size() <= kMostPrerequisites) return true;
    report("/experiments", "more than 256 experiments are prerequisites of others");
    return false;
  }

  void resolve_prerequisites(std::uint32_t index, const std::vector<std::vector<std::uint32_t>>& needs) {
    const Experiment& experiment = out.definitions.experiments[index];
    CompiledExperiment& compiled = out.experiments[index];
    compiled.prerequisites = {size_of(out.prerequisites), size_of(experiment.prerequisites)};
    for (std::size_t p = 0; p < experiment.prerequisites.size(); ++p) {
      const std::uint32_t other = needs[index][p];
      CompiledPrerequisite prerequisite;
      prerequisite.memo = out.experiments[other].memo;
      const std::vector<std::string>& arms = experiment.prerequisites[p].arms;
      if (!arms.empty()) prerequisite.allowed.resize(out.definitions.experiments[other].arms.size());
      for (std::size_t a = 0; a < arms.size(); ++a) {
        const std::uint32_t arm = arm_index(other, arms[a]);
        if (arm == kNone) {
          report(place("experiments", index, place("prerequisites", p, place("arms", a))),
                 "experiment " + in_quotes(experiment.prerequisites[p].experiment) + " has no such arm",
                 in_quotes(arms[a]));
        } else {
          prerequisite.allowed[arm] = true;
        }
      }
      out.prerequisites.push_back(std::move(prerequisite));
    }
    // Everything reachable, in the order of `whole_order`.
    std::set<std::uint32_t> reached;
    std::vector<std::uint32_t> open = needs[index];
    while (!open.empty()) {
      const std::uint32_t next = open.back();
      open.pop_back();
      if (!reached.insert(next).second) continue;
      open.insert(open.end(), needs[next].begin(), needs[next].end());
    }
    out.draws[index].order = {size_of(out.orders), size_of(reached)};
    for (const std::uint32_t i : out.whole_order) {
      if (reached.contains(i)) out.orders.push_back(i);
    }
  }

  void build_index() {
    out.index.resize(std::bit_ceil(out.experiments.size() * 2 + 2));
    const std::size_t mask = out.index.size() - 1;
    for (std::uint32_t i = 0; i < out.experiments.size(); ++i) {
      const std::string_view key = out.definitions.experiments[i].key;
      std::size_t at = xxh3(key) & mask;
      while (out.index[at].experiment != kNone) at = (at + 1) & mask;
      out.index[at] = {key, i};
    }
  }
};

Compilation Assigner::compile(Definitions definitions) {
  auto compiled = std::make_unique<Compiled>();
  compiled->definitions = std::move(definitions);
  Compilation result;
  Compiler{*compiled, result.problems, {}, {}, {}}.run();
  if (!result.problems.empty()) return result;
  std::shared_ptr<Assigner> assigner(new Assigner);
  assigner->compiled_ = std::move(compiled);
  result.assigner = std::move(assigner);
  return result;
}

}  // namespace liftmark::assign
