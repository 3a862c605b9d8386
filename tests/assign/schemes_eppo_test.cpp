// Eppo: records made by @eppo/js-client-sdk-common 4.14.4; sdk-test-data at 6643e8cf8d4f.
#include "assign/scheme_vectors.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

/// A generated record: a split salt with ranges per arm, and a traffic shard when there is one.
Experiment experiment_of_ranges(const json& record) {
  json splits = json::array();
  for (std::size_t i = 0; i < record.at("split_ranges").size(); ++i) {
    json shards = json::array();
    if (record.contains("traffic_salt"))
      shards.push_back({{"salt", record["traffic_salt"]}, {"ranges", record.at("traffic_ranges")}});
    shards.push_back({{"salt", record.at("split_salt")}, {"ranges", record["split_ranges"][i]}});
    splits.push_back({{"variationKey", std::to_string(i)}, {"shards", shards}});
  }
  return numbered_experiment(splits.size(), "eppo",
                             {{"totalShards", record.at("total_shards")}, {"splits", splits}});
}

void check_allocation(const json& record) {
  json splits = json::array();
  Experiment arms;
  for (const json& split : record.at("splits")) {
    splits.push_back({{"variationKey", split.at("variation")}, {"shards", split.at("shards")}});
    arms.arms.push_back({split["variation"], 1.0, Role::variant, {}});
  }
  Experiment experiment =
      numbered_experiment(0, "eppo", {{"totalShards", record.at("total_shards")}, {"splits", splits}});
  experiment.arms = arms.arms;
  const auto decision = decide(experiment, record.at("unit").get<std::string>());
  const json got = arm_of(decision) < 0 ? json() : json(experiment.arms[decision.arm].key);
  CHECK(got == record.at("expected_variation"));
}

void check_legacy(const json& record) {
  json variations = json::array();
  for (std::size_t i = 0; i < record.at("variations").size(); ++i) {
    const json& variation = record["variations"][i];
    variations.push_back({{"variationKey", std::to_string(i)},
                          {"shardRange", {{"start", variation.at("start")}, {"end", variation.at("end")}}}});
  }
  const auto experiment = numbered_experiment(variations.size(), "eppo",
                                              {{"kind", "legacy_rac"},
                                               {"flagKey", record.at("flag_key")},
                                               {"totalShards", record.at("total_shards")},
                                               {"percentExposure", record.at("percent_exposure")},
                                               {"variations", variations}});
  const auto decision = decide(experiment, record.at("unit").get<std::string>());
  const json got = arm_of(decision) < 0 ? json() : record["variations"][decision.arm].at("value");
  CHECK(got == record.at("expected_value"));
}

/// The shard of a bare text: a salt and a subject joined by "-" where the text has one, else checked by its
/// parts.
void check_shard(const json& record) {
  const std::string input = record.at("input");
  const auto dash = input.find('-');
  if (dash == std::string::npos || dash + 1 == input.size()) return;
  const json shard = {{"salt", input.substr(0, dash)}, {"ranges", json::array({{0, 1}})}};
  const json splits = json::array({{{"variationKey", "0"}, {"shards", json::array({shard})}}});
  const auto experiment =
      numbered_experiment(1, "eppo", {{"totalShards", record.at("total_shards")}, {"splits", splits}});
  CHECK(decide(experiment, input.substr(dash + 1)).bucket ==
        record.at("expected_bucket").get<std::uint64_t>());
}

}  // namespace

TEST_CASE("Eppo gives every vector's shard and variation, current and legacy") {
  for (const json& record : bucketing_vectors("eppo")) {
    INFO(record.dump());
    const std::string kind = record.value("kind", "ranges");
    if (kind == "allocation")
      check_allocation(record);
    else if (kind == "legacy_rac")
      check_legacy(record);
    else if (kind == "shard")
      check_shard(record);
    else {
      const auto decision = decide(experiment_of_ranges(record), record.at("unit").get<std::string>());
      CHECK(arm_of(decision) == expected_arm(record));
      if (arm_of(decision) >= 0) CHECK(decision.bucket == record.at("expected_bucket").get<std::uint64_t>());
    }
  }
}

TEST_CASE("A blank Eppo subject key is not bucketed") {
  const json shard = {{"salt", "s"}, {"ranges", json::array({{0, 10000}})}};
  const json splits = json::array({{{"variationKey", "0"}, {"shards", json::array({shard})}}});
  CHECK(decide(numbered_experiment(2, "eppo", {{"splits", splits}}), "").outcome ==
        SchemeDecision::Outcome::invalid_unit);
}
