#pragma once
// Who gets which arm: the catalog compiled once, asked any number of times.
//
// The order of the checks is part of the meaning, and the first that fails gives the reason:
//   unknown experiment, not running, override, consent, unit id, global holdouts, holdouts of the layer,
//   sticky arm, audience, prerequisites, slot of the layer, traffic, arm.
// Overrides come before consent because they are never recorded, and work on a draft so that it can be looked
// at. Holdouts come before everything measured, so a held-out unit is in no experiment. A sticky arm comes
// before the audience and the traffic, because keeping it whatever changes there is its purpose.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"
#include "assign/experiment.hpp"
#include "assign/problem.hpp"

namespace liftmark::assign {

/// What an Assigner is made of: the assignment part of a catalog.
struct Definitions {
  std::vector<Experiment> experiments;
  std::vector<Layer> layers;
  std::vector<Holdout> holdouts;
};

/// One check of a decision in the order made, e.g. {"traffic", true, "draw 12 of ..."}.
struct Step {
  std::string check;
  bool passed = false;
  std::string detail;
};

struct Explanation {
  Assignment assignment;
  std::vector<Step> steps;
};

class Assigner;

/// Either an Assigner or the problems, each with a JSON pointer such as "/experiments/0/hashing/salt".
struct Compilation {
  std::shared_ptr<const Assigner> assigner;
  std::vector<Problem> problems;
};

/// Immutable; every member may be called from any number of threads. The hot path (`assign`, `assign_all`,
/// `holdout_of`) never throws and never allocates, except inside RE2 for audiences with regular expressions.
class Assigner {
 public:
  static constexpr std::size_t kMostPrerequisites = 256;  ///< experiments that others depend on

  /// Compiles and validates; reports every mistake at once.
  static Compilation compile(Definitions definitions);

  Assigner(const Assigner&) = delete;
  Assigner& operator=(const Assigner&) = delete;
  ~Assigner();

  /// The unit's arm in one experiment. Always an answer: an unknown key gives `unknown_experiment`.
  Assignment assign(const Context& context, std::string_view experiment) const noexcept;
  /// The same by index in `experiments()`; out of range is an unknown experiment.
  Assignment assign(const Context& context, std::size_t experiment) const noexcept;
  /// The unit's arm in every experiment from `first` on, in the catalog's order; equal to asking one by one.
  /// Writes at most `answers.size()` and returns how many.
  std::size_t assign_all(const Context& context, std::span<Assignment> answers,
                         std::size_t first = 0) const noexcept;

  /// The same decision with its steps, for people. Allocates.
  Explanation explain(const Context& context, std::string_view experiment) const;

  /// The key of the first holdout that keeps the unit out: a global one, else one of `layer`; empty when
  /// none.
  std::string_view holdout_of(std::string_view unit, std::string_view layer = {}) const noexcept;

  std::size_t size() const noexcept;
  std::optional<std::size_t> find(std::string_view experiment) const noexcept;
  const std::vector<Experiment>& experiments() const noexcept;

  struct Compiled;  ///< assign/compiled.hpp; for assign's own sources

 private:
  struct Compiler;
  struct Request;
  struct Silent;
  struct Narrator;
  Assigner();

  template <class Observer>
  struct Decision;
  template <class Observer>
  void decide(std::size_t index, Request& request, Observer& observer, Assignment& answer) const;
  void answer_silently(std::size_t index, Request& request, Assignment& answer) const noexcept;
  void remember_prerequisites(std::span<const std::uint32_t> order, Request& request) const noexcept;

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace liftmark::assign
