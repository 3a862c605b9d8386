// Statsig: records made by statsig-node 6.5.2; elixir-sdk test data at cdc2238201bc.
#include "assign/scheme_vectors.hpp"
#include "assign/schemes/hashes.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

void check_gate(const json& record) {
  const auto experiment = gate_experiment("statsig", {{"kind", "gate"},
                                                      {"configSalt", record.at("config_salt")},
                                                      {"ruleSalt", record.at("rule_salt")},
                                                      {"passPercentage", record.at("pass_percentage")}});
  CHECK((arm_of(decide(experiment, record.at("unit").get<std::string>())) == 1) ==
        record.at("expected_pass").get<bool>());
}

void check_experiment(const json& record) {
  json parameters = {{"groupSalt", record.at("group_salt")},
                     {"cumulativeCuts", record.at("cumulative_cuts")}};
  if (record.contains("allocation_salt")) {
    parameters["allocationSalt"] = record["allocation_salt"];
    parameters["allocatedSegments"] = record.at("allocated_segments");
  }
  const auto decision = decide(numbered_experiment(record["cumulative_cuts"].size(), "statsig", parameters),
                               record.at("unit").get<std::string>());
  CHECK(arm_of(decision) == expected_arm(record));
  if (record.contains("expected_bucket") && arm_of(decision) >= 0)
    CHECK(decision.bucket == record["expected_bucket"].get<std::uint64_t>());
}

}  // namespace

TEST_CASE("Statsig gives every vector's gate and group") {
  for (const json& record : bucketing_vectors("statsig")) {
    INFO(record.dump());
    if (record.at("kind") == "gate")
      check_gate(record);
    else if (record.at("kind") == "experiment")
      check_experiment(record);
    else if (record.contains("input") && record.contains("expected_hash"))
      CHECK(std::to_string(sha256_64({record["input"].get<std::string>()})) ==
            (record["expected_hash"].is_string() ? record["expected_hash"].get<std::string>()
                                                 : record["expected_hash"].dump()));
  }
}

TEST_CASE("Statsig takes a custom id by its exact name, then in lower case, then as empty") {
  const auto experiment = numbered_experiment(2, "statsig", {{"groupSalt", "g"}, {"idType", "companyID"}});
  const auto bucket = [&](std::vector<Attribute> attributes) {
    return decide(experiment, "user", attributes).bucket;
  };
  CHECK(bucket({{"companyID", std::string_view("c")}}) == sha256_64({"g.c"}) % 1000);
  CHECK(bucket({{"companyid", std::string_view("d")}}) == sha256_64({"g.d"}) % 1000);
  CHECK(bucket({}) == sha256_64({"g."}) % 1000);
}
