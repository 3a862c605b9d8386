#pragma once
// How other systems write down which arm owns which part of the buckets, read from a scheme's parameters.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assign/schemes/parameters.hpp"
#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {

/// [first, last) in the system's own units.
struct BucketSpan {
  double first = 0.0;
  double last = 0.0;
  bool contains(double bucket) const noexcept { return first <= bucket && bucket < last; }
};

/// An arm (or kNoArm) and its weight or cumulative end, in the system's order.
struct ArmShare {
  std::uint32_t arm = SchemeDecision::kNoArm;
  double share = 0.0;
};

/// The names a system uses in its list of arms: the list, the arm's key and its number, and what an entry
/// without a number counts as (nothing: it must have one).
struct ShareNames {
  std::string_view list;
  std::string_view arm;
  std::string_view share;
  std::optional<double> without{};
};

/// The arms with the weights of the catalog, in catalog order.
std::vector<ArmShare> arm_weights(const Experiment& experiment);

/// The catalog's weights scaled so that they add up to `total`; as written when they already do.
std::vector<ArmShare> arm_weights(const Experiment& experiment, double total);

/// Cumulative ends on an integer grid of `total` steps, each rounded to the nearest step, from the catalog's
/// weights.
std::vector<ArmShare> arm_ends(const Experiment& experiment, double total);

/// Reads parameter `names.list`, a list of objects such as [{"key": "blue", "rollout_percentage": 50}, ..].
/// Nothing when absent; entries that are not understood become problems.
std::optional<std::vector<ArmShare>> read_arm_shares(ParameterReader& reader, const Experiment& experiment,
                                                     const ShareNames& names);

/// Reads a list of [first, last] pairs, or of {"start": .., "end": ..} objects; `path` names it in problems.
std::vector<BucketSpan> read_spans(ParameterReader& reader, const Parameter& list, const std::string& path);

/// One such pair. Adds a problem and returns an empty span when it is none.
BucketSpan read_span(ParameterReader& reader, const Parameter& pair, const std::string& path);

/// A member that must be there.
struct Wanted {
  std::string_view name;
  Parameter::Kind kind;
};

/// That member of an object parameter; null, with a problem, when it is not there or of another kind.
const Parameter* required_member(ParameterReader& reader, const Parameter& object, const Wanted& wanted,
                                 const std::string& path);

/// The only arm a gate, toggle or rollout serves: the experiment's single variant. Adds a problem when there
/// is none or more than one.
std::uint32_t served_arm(ParameterReader& reader, const Experiment& experiment);

/// The share of units that take part, from the system's own parameter, or else the catalog's traffic, times
/// `scale`. Saying both is a problem.
double read_coverage(ParameterReader& reader, const Experiment& experiment, std::string_view name,
                     double scale);

/// Adds a problem when the catalog asks for less than full traffic and this system cannot express it that
/// way.
void require_full_traffic(std::vector<Problem>& problems, const Experiment& experiment, std::string hint);

/// The parameter "kind", one of `choices`; the first when absent. Returns its index.
std::size_t read_choice(ParameterReader& reader, std::string_view name,
                        std::vector<std::string_view> choices);

/// Builds a scheme's object; null when building it added a problem.
template <class Compiled, class... Arguments>
std::unique_ptr<const Bucketing> compiled(const std::vector<Problem>& problems, Arguments&&... arguments) {
  const std::size_t before = problems.size();
  auto bucketing = std::make_unique<Compiled>(std::forward<Arguments>(arguments)...);
  if (problems.size() != before) return nullptr;
  return bucketing;
}

}  // namespace liftmark::assign
