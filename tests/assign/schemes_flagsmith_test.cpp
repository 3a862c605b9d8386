// Flagsmith: records made by flagsmith-nodejs 8.1.2; engine-test-data at 5031065965d5.
#include "assign/scheme_vectors.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

double percentage(const SchemeDecision& decision) {
  return static_cast<double>(decision.bucket) / 9998.0 * 100.0;
}

void check_multivariate(const json& record) {
  const bool published = record.contains("variants");
  const json& entries = published ? record["variants"] : record.at("weights");
  json variants = json::array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json variant = {{"key", std::to_string(i + 1)},
                    {"weight", published ? entries[i].at("weight") : entries[i]}};
    if (published && entries[i].contains("priority")) variant["priority"] = entries[i]["priority"];
    variants.push_back(variant);
  }
  // Arm 0 is the control value, which takes what the variants leave.
  const auto experiment = numbered_experiment(
      entries.size() + 1, "flagsmith", {{"feature_key", record.at("feature_key")}, {"variants", variants}});
  const auto decision = decide(experiment, record.at("identity_key").get<std::string>());
  if (published) {
    const json& value =
        arm_of(decision) == 0 ? record.at("control_value") : entries[decision.arm - 1].at("value");
    CHECK(value == record.at("expected_value"));
    return;
  }
  CHECK(arm_of(decision) == expected_arm(record) + 1);
  CHECK(percentage(decision) == record.at("expected_bucket").get<double>());
}

void check_split(const json& record) {
  const auto experiment = gate_experiment("flagsmith", {{"kind", "percentage_split"},
                                                        {"segment_key", record.at("segment_key")},
                                                        {"percentage", record.at("percentage")}});
  const std::string unit = record.at("unit").is_null() ? "" : record["unit"].get<std::string>();
  const auto decision = decide(experiment, unit);
  CHECK((arm_of(decision) == 1) == record.at("expected_included").get<bool>());
  if (record.contains("expected_bucket"))
    CHECK(percentage(decision) == record["expected_bucket"].get<double>());
}

}  // namespace

TEST_CASE("Flagsmith gives every vector's percentage, value and segment") {
  for (const json& record : bucketing_vectors("flagsmith")) {
    INFO(record.dump());
    if (record.at("kind") == "multivariate")
      check_multivariate(record);
    else
      check_split(record);
  }
}

TEST_CASE("Flagsmith joins the environment's key and the identifier with an underscore") {
  const auto composed =
      numbered_experiment(2, "flagsmith", {{"feature_key", "1"}, {"environment_key", "env"}});
  const auto plain = numbered_experiment(2, "flagsmith", {{"feature_key", "1"}});
  CHECK(decide(composed, "user").bucket == decide(plain, "env_user").bucket);
}
