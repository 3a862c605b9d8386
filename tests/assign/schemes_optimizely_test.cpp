// Optimizely: records made by @optimizely/optimizely-sdk 6.6.1; python-sdk test_bucketing.py, go-sdk bucketer
// tests.
#include "assign/scheme_vectors.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

/// The arm keys of an allocation are its entity ids.
Experiment experiment_of(const json& record) {
  const json allocation =
      record.value("traffic_allocation", json::array({{{"entityId", "only"}, {"endOfRange", 10000}}}));
  json parameters = {{"experimentId", record.at("experiment_id")}, {"trafficAllocation", allocation}};
  if (record.contains("group_id"))
    parameters["group"] = {{"id", record["group_id"]},
                           {"policy", "random"},
                           {"trafficAllocation", record.at("group_traffic_allocation")}};
  Experiment experiment = numbered_experiment(0, "optimizely", parameters);
  for (const json& entry : allocation)
    if (!entry["entityId"].get<std::string>().empty())
      experiment.arms.push_back({entry["entityId"], 1.0, Role::variant, {}});
  return experiment;
}

}  // namespace

TEST_CASE("Optimizely gives every vector's bucket and variation") {
  for (const json& record : bucketing_vectors("optimizely")) {
    INFO(record.dump());
    const Experiment experiment = experiment_of(record);
    const std::string bucketing_id = record.value("bucketing_id", record.at("unit").get<std::string>());
    const std::string unit = record.at("unit");
    std::vector<Attribute> attributes;
    if (bucketing_id != unit) attributes.push_back({"$opt_bucketing_id", std::string_view(bucketing_id)});
    const SchemeDecision decision = decide(experiment, unit, attributes);
    if (record.contains("expected_bucket") && !record["expected_bucket"].is_null())
      CHECK(decision.bucket == record["expected_bucket"].get<std::uint64_t>());
    if (!record.contains("expected_variation")) continue;
    const json got = arm_of(decision) < 0 ? json() : json(experiment.arms[decision.arm].key);
    CHECK(got == record["expected_variation"]);
  }
}

TEST_CASE("Optimizely's variations translate ids into arm keys; overlapping groups exclude nobody") {
  const json allocation = json::array({{{"entityId", "v1"}, {"endOfRange", 10000}}});
  const json group = {{"id", "g"}, {"policy", "overlapping"}};
  const auto experiment = numbered_experiment(2, "optimizely",
                                              {{"variations", json::array({{{"id", "v1"}, {"key", "1"}}})},
                                               {"trafficAllocation", allocation},
                                               {"group", group}});
  CHECK(arm_of(decide(experiment, "user")) == 1);
}
