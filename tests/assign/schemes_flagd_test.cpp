// flagd: records made by @openfeature/flagd-core 4.0.1 (v2) and 1.3.0 (v1); flagd-testbed at 82ba89ec8db4.
#include "assign/scheme_vectors.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

/// The text before the unit in what was hashed: the flag's key, or an explicit seed.
Experiment experiment_of(const json& record, const char* sdk) {
  const std::string input = record.at("hash_input");
  const std::string unit = record.at("unit");
  const std::string prefix = input.substr(0, input.size() - unit.size());
  json parameters = {{"sdk", sdk}, {"fractional", json::array()}};
  if (prefix == record.at("flag_key"))
    parameters["flagKey"] = prefix;
  else
    parameters["seed"] = prefix;
  for (std::size_t i = 0; i < record.at("weights").size(); ++i)
    parameters["fractional"].push_back({{"variant", std::to_string(i)}, {"weight", record["weights"][i]}});
  return numbered_experiment(record["weights"].size(), "flagd-" + record.at("algo").get<std::string>(),
                             parameters);
}

}  // namespace

TEST_CASE("flagd v1 and v2 give every vector's variant, hashed as JavaScript and as Go hash it") {
  for (const json& record : bucketing_vectors("flagd"))
    for (const char* sdk : {"js", "go"}) {
      if (record.value("js_sdk_only", false) && std::string_view(sdk) == "go") continue;
      INFO(sdk << " " << record.dump());
      const auto decision = decide(experiment_of(record, sdk), record.at("unit").get<std::string>());
      if (record.contains("expected_variation")) {
        CHECK(arm_of(decision) == expected_arm(record));
      } else if (arm_of(decision) >= 0) {
        CHECK(record.at("variants")[decision.arm] == record.at("expected_variant"));
      } else {
        CHECK(record.at("expected_variant").is_null());
      }
    }
}

TEST_CASE("flagd: no targeting key means the default variant, unless the bucket key is explicit") {
  CHECK(decide(numbered_experiment(2, "flagd-v2", json::object()), "").outcome ==
        SchemeDecision::Outcome::invalid_unit);
  CHECK(arm_of(decide(numbered_experiment(2, "flagd-v2", {{"seed", "explicit"}}), "")) >= 0);
}

TEST_CASE("flagd: an entry without a weight counts 1, a negative weight counts 0") {
  const auto fractional = [](const std::vector<json>& entries) {
    return numbered_experiment(entries.size(), "flagd-v2", {{"fractional", entries}});
  };
  const Experiment short_form =
      fractional({{{"variant", "0"}}, {{"variant", "1"}}, {{"variant", "2"}, {"weight", -5}}});
  const Experiment written = fractional({{{"variant", "0"}, {"weight", 1}},
                                         {{"variant", "1"}, {"weight", 1}},
                                         {{"variant", "2"}, {"weight", 0}}});
  int first = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "user-" + std::to_string(i);
    const int arm = arm_of(decide(short_form, id));
    CHECK(arm == arm_of(decide(written, id)));
    CHECK(arm < 2);
    first += arm == 0;
  }
  CHECK(std::abs(first - 500) < 6 * 16);  // binomial of 1,000 at 1/2: standard deviation 15.8
}
