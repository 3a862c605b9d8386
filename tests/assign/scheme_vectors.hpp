#pragma once
// Vectors of other systems' bucketing, run through the scheme table exactly as a catalog would.
//
// Records made by running a vendor's own SDK stand in tests/vectors/bucketing (its README names every
// source). Records published by the vendors stay with the shared design files and are run when that folder is
// there.

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "assign/schemes/scheme.hpp"

namespace liftmark::assign::testing {

using nlohmann::json;

/// The committed records of a system, then the published ones when the shared folder is there.
std::vector<json> bucketing_vectors(const std::string& system);

/// An experiment of `arms` arms "0", "1", ..; the first is the control.
Experiment numbered_experiment(std::size_t arms, const std::string& scheme, const json& parameters);

/// A gate's experiment: control "off", variant "on".
Experiment gate_experiment(const std::string& scheme, const json& parameters);

/// Compiles and decides; a problem in the parameters fails the test with its text.
SchemeDecision decide(const Experiment& experiment, std::string_view unit,
                      std::vector<Attribute> attributes = {});

/// The arm's index, or -1 when the system gives none.
inline int arm_of(const SchemeDecision& decision) {
  return decision.arm == SchemeDecision::kNoArm ? -1 : static_cast<int>(decision.arm);
}

/// `record[name]` as an arm index; null is -1.
inline int expected_arm(const json& record, const char* name = "expected_variation") {
  return record.at(name).is_null() ? -1 : record.at(name).get<int>();
}

}  // namespace liftmark::assign::testing
