// PlanOut: records made by the Python reference at eee764781054 on Python 3.11; one published by
// planout-golang.
#include "assign/scheme_vectors.hpp"
#include "assign/schemes/planout.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

/// Units as PlanOut writes them: numbers in decimal, several joined with ".".
std::string unit_of(const json& unit) {
  if (unit.is_string()) return unit;
  if (!unit.is_array()) return unit.dump();
  std::string joined;
  for (const json& part : unit) joined += (joined.empty() ? "" : ".") + unit_of(part);
  return joined;
}

std::string prefix_of(const json& record) {
  if (record.contains("full_salt")) return record["full_salt"].get<std::string>() + ".";
  return record.at("experiment_salt").get<std::string>() + "." + record.at("param_salt").get<std::string>() +
         ".";
}

json salts_of(const json& record) {
  if (record.contains("full_salt")) return {{"full_salt", record["full_salt"]}};
  return {{"experiment_salt", record.at("experiment_salt")}, {"salt", record.at("param_salt")}};
}

void check_choice(const json& record, const std::string& op) {
  json parameters = salts_of(record);
  parameters["op"] = op;
  if (op == "bernoulliTrial") parameters["p"] = record.at("p");
  if (op == "weightedChoice") parameters["weights"] = record.at("weights");
  const std::size_t arms = record.contains("choices") ? record["choices"].size() : 2;
  CHECK(arm_of(decide(numbered_experiment(arms, "planout", parameters), unit_of(record.at("unit")))) ==
        expected_arm(record));
}

void check_number(const json& record, const std::string& op) {
  const std::uint64_t hash = planout_hash(prefix_of(record), unit_of(record.at("unit")));
  if (op == "randomInteger")
    CHECK(planout_integer(hash, record.at("min"), record.at("max")) ==
          record.at("expected_value").get<std::int64_t>());
  else
    CHECK(planout_uniform(hash, record.at("min"), record.at("max")) ==
          record.at("expected_value").get<double>());
}

void check_sample(const json& record, bool fast) {
  const auto choices = record.at("choices").get<std::vector<std::int64_t>>();
  const std::size_t draws = record.at("draws");
  const std::string unit = unit_of(record.at("unit"));
  const auto sampled = fast ? planout_fast_sample(prefix_of(record), unit, choices, draws)
                            : planout_sample(prefix_of(record), unit, choices, draws);
  CHECK(json(sampled) == record.at("expected_value"));
}

void check_allocation(const json& record) {
  for (const auto& [experiment, segments] : record.at("expected_allocations").items()) {
    const json space = {{"name", record.at("namespace")},
                        {"num_segments", record.at("num_segments")},
                        {"steps", record.at("steps")}};
    auto by_steps =
        numbered_experiment(2, "planout", {{"op", "uniformChoice"}, {"salt", "v"}, {"namespace", space}});
    by_steps.key = experiment;
    json imported = space;
    imported.erase("steps");
    imported["segments"] = segments;
    auto by_map =
        numbered_experiment(2, "planout", {{"op", "uniformChoice"}, {"salt", "v"}, {"namespace", imported}});
    by_map.key = experiment;
    for (int user = 0; user < 500; ++user)
      CHECK(decide(by_steps, std::to_string(user)).outcome == decide(by_map, std::to_string(user)).outcome);
  }
}

/// The unit's segment, and inside the experiment its choice of two.
void check_namespace(const json& record) {
  json space = {{"name", record.at("namespace")},
                {"num_segments", record.at("num_segments")},
                {"segments", json::array({record.at("expected_segment")})}};
  auto experiment = numbered_experiment(
      2, "planout", {{"op", "uniformChoice"}, {"salt", record.at("param")}, {"namespace", space}});
  if (record.at("expected_experiment").is_null()) {
    const auto hash =
        planout_hash(record.at("namespace").get<std::string>() + ".segment.", unit_of(record.at("unit")));
    CHECK(planout_integer(hash, 0, record.at("num_segments").get<int>() - 1) ==
          record.at("expected_segment").get<int>());
    return;
  }
  experiment.key = record["expected_experiment"];
  const auto decision = decide(experiment, unit_of(record.at("unit")));
  CHECK(decision.outcome == SchemeDecision::Outcome::assigned);
  CHECK(arm_of(decision) == expected_arm(record));
}

}  // namespace

TEST_CASE("PlanOut gives every vector's value, sample, segment and choice") {
  for (const json& record : bucketing_vectors("planout")) {
    INFO(record.dump());
    const std::string op = record.at("op");
    if (op == "randomInteger" || op == "randomFloat")
      check_number(record, op);
    else if (op == "sample" || op == "fastSample")
      check_sample(record, op == "fastSample");
    else if (op == "namespace_allocation")
      check_allocation(record);
    else if (op == "namespace")
      check_namespace(record);
    else
      check_choice(record, op);
  }
}

TEST_CASE("PlanOut does not bucket text that is not ASCII, and takes no removals") {
  const auto experiment = numbered_experiment(2, "planout", {{"op", "uniformChoice"}, {"salt", "v"}});
  CHECK(decide(experiment, "caf\xC3\xA9").outcome == SchemeDecision::Outcome::invalid_unit);
  const json steps = json::array({{"add", "a", 5}, {"remove", "a", 0}});
  const json space = {{"name", "n"}, {"num_segments", 10}, {"steps", steps}};
  const auto removed =
      numbered_experiment(2, "planout", {{"op", "uniformChoice"}, {"salt", "v"}, {"namespace", space}});
  std::vector<liftmark::Problem> problems;
  CHECK(find_scheme("planout")->compile(removed, problems) == nullptr);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "/hashing/namespace/steps/1");
}
