// PostHog: records made by posthog-node 5.70.0 (local evaluation); posthog-python TestConsistency at
// c55c9b22ffb6.
#include "assign/scheme_vectors.hpp"
#include "assign/schemes/hashes.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

TEST_CASE("PostHog gives every vector's bucket, flag and variant") {
  for (const json& record : bucketing_vectors("posthog")) {
    INFO(record.dump());
    const std::string unit = record.at("unit");
    const json rollout = {{"flagKey", record.at("flag_key")},
                          {"rollout_percentage", record.at("rollout_percentage")}};
    json boolean = rollout;
    boolean["kind"] = "boolean";
    const SchemeDecision enabled = decide(gate_experiment("posthog", boolean), unit);
    CHECK((arm_of(enabled) == 1) == record.at("expected_enabled").get<bool>());
    if (record.contains("expected_bucket"))
      CHECK(share_of_60_bits(enabled.bucket) == record["expected_bucket"].get<double>());
    if (!record.contains("variant_percentages")) continue;
    json multivariate = rollout;
    multivariate["variants"] = json::array();
    for (std::size_t i = 0; i < record["variant_percentages"].size(); ++i)
      multivariate["variants"].push_back(
          {{"key", std::to_string(i)}, {"rollout_percentage", record["variant_percentages"][i]}});
    const auto decision =
        decide(numbered_experiment(record["variant_percentages"].size(), "posthog", multivariate), unit);
    CHECK(arm_of(decision) == expected_arm(record));
    if (record.contains("expected_variant_bucket") && arm_of(decision) >= 0)
      CHECK(share_of_60_bits(decision.bucket) == record["expected_variant_bucket"].get<double>());
  }
}
