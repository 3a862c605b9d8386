// LaunchDarkly: records made by @launchdarkly/node-server-sdk 9.13.7; go-server-sdk-evaluation and
// sdk-test-harness.
#include <algorithm>

#include "assign/scheme_vectors.hpp"
#include "assign/schemes/hashes.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

Experiment experiment_of(const json& record, const char* sdk) {
  json parameters = {{"flagKey", record.at("flag_key")},
                     {"salt", record.at("salt")},
                     {"seed", record.at("seed")},
                     {"sdk", sdk}};
  std::size_t arms = 2;
  if (record.contains("weights")) {
    parameters["kind"] = record.at("kind");
    parameters["variations"] = json::array();
    for (std::size_t i = 0; i < record["weights"].size(); ++i) {
      const int variation =
          record.contains("variations") ? record["variations"][i].get<int>() : static_cast<int>(i);
      arms = std::max(arms, static_cast<std::size_t>(variation) + 1);
      parameters["variations"].push_back({{"variation", variation},
                                          {"weight", record["weights"][i]},
                                          {"untracked", record.at("untracked")[i]}});
    }
  }
  return numbered_experiment(arms, "launchdarkly", parameters);
}

}  // namespace

TEST_CASE("LaunchDarkly gives every vector's bucket and variation, in doubles and in floats") {
  for (const json& record : bucketing_vectors("launchdarkly"))
    for (const char* sdk : {"node", "go"}) {  // no vector lies where the two differ
      INFO(sdk << " " << record.dump());
      const SchemeDecision decision =
          decide(experiment_of(record, sdk), record.at("unit").get<std::string>());
      if (record.contains("expected_bucket"))
        CHECK(share_of_60_bits(decision.bucket) == record["expected_bucket"].get<double>());
      if (record.contains("expected_bucket_float32"))
        CHECK(share_of_60_bits(decision.bucket) ==
              Approx(record["expected_bucket_float32"].get<double>()).epsilon(1e-7));
      if (!record.contains("expected_variation")) continue;
      CHECK(arm_of(decision) == expected_arm(record));
      if (record.at("kind") == "experiment")
        CHECK((decision.outcome == SchemeDecision::Outcome::assigned) ==
              record.at("expected_in_experiment").get<bool>());
    }
}

TEST_CASE(
    "LaunchDarkly: seed 0 is no seed in Node and a seed in Go; bucketBy takes texts and whole numbers") {
  const auto with = [](const char* sdk, json seed) {
    return numbered_experiment(2, "launchdarkly",
                               {{"flagKey", "f"}, {"salt", "s"}, {"seed", seed}, {"sdk", sdk}});
  };
  CHECK(decide(with("node", 0), "u").bucket == decide(with("node", nullptr), "u").bucket);
  CHECK(decide(with("go", 0), "u").bucket == sha1_60({"0.u"}));
  const auto by =
      numbered_experiment(2, "launchdarkly", {{"flagKey", "f"}, {"salt", "s"}, {"bucketBy", "n"}});
  CHECK(decide(by, "u", {{"n", 12.0}}).bucket == sha1_60({"f.s.12"}));
  CHECK(decide(by, "u", {{"n", 12.5}}).bucket == 0);  // not an integer: bucket 0, the first variation
  CHECK(decide(by, "u").bucket == 0);
  CHECK(decide(with("node", nullptr), "").outcome == SchemeDecision::Outcome::invalid_unit);
}
