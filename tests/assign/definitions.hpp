#pragma once
// Small experiments that the tests of assignment share.

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "assign/assigner.hpp"

namespace liftmark::assign {

/// A running native experiment with two equal arms, "control" and "treatment"; the salt follows from the key.
inline Experiment two_arms(std::string key) {
  Experiment experiment;
  experiment.key = std::move(key);
  experiment.arms = {Arm{"control", 1.0, Role::control, ""}, Arm{"treatment", 1.0, Role::variant, "\"on\""}};
  experiment.hashing.salt = "salt of " + experiment.key;
  return experiment;
}

/// The Assigner, or a failed test naming the first problem.
inline std::shared_ptr<const Assigner> compiled(Definitions definitions) {
  Compilation result = Assigner::compile(std::move(definitions));
  for (const Problem& problem : result.problems) FAIL(problem.where + ": " + problem.what);
  return result.assigner;
}

inline Context unit(std::string_view id) {
  Context context;
  context.unit = id;
  return context;
}

/// Predicate leaves in short.
inline Predicate leaf(Predicate::Op op, std::string attribute, std::vector<Value> values = {}) {
  Predicate predicate;
  predicate.op = op;
  predicate.attribute = std::move(attribute);
  predicate.values = std::move(values);
  return predicate;
}

inline Predicate group(Predicate::Op op, std::vector<Predicate> children) {
  Predicate predicate;
  predicate.op = op;
  predicate.children = std::move(children);
  return predicate;
}

}  // namespace liftmark::assign
