// Unleash: records made by unleash-client 6.12.1 (Node); client-specification 6.1.0 at 931b695b2a99.
#include "assign/scheme_vectors.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

void check_generated(const json& record, const std::string& scheme) {
  const std::string unit = record.at("unit");
  json parameters = {{"groupId", record.at("group_id")}};
  if (record.at("kind") == "rollout") {
    parameters["kind"] = "rollout";
    parameters["rollout"] = record.at("percentage");
    const auto decision = decide(gate_experiment(scheme, parameters), unit);
    CHECK((arm_of(decision) == 1) == record.at("expected_enabled").get<bool>());
    if (!record.at("expected_bucket").is_null())
      CHECK(decision.bucket == record["expected_bucket"].get<std::uint64_t>());
    return;
  }
  parameters["variants"] = json::array();
  for (std::size_t i = 0; i < record.at("weights").size(); ++i)
    parameters["variants"].push_back({{"name", std::to_string(i)}, {"weight", record["weights"][i]}});
  const auto decision = decide(numbered_experiment(record["weights"].size(), scheme, parameters), unit);
  CHECK(arm_of(decision) == expected_arm(record));
  if (arm_of(decision) >= 0) CHECK(decision.bucket == record.at("expected_bucket").get<std::uint64_t>());
}

/// The context's value of a stickiness field; empty when it has none.
std::string context_value(const json& context, const std::string& stickiness) {
  if (stickiness == "default") {
    for (const char* name : {"userId", "sessionId"})
      if (context.contains(name)) return context[name];
    return {};
  }
  if (context.contains(stickiness)) return context[stickiness];
  return context.value("properties", json::object()).value(stickiness, std::string());
}

/// A published toggle of one rollout strategy without constraints or dependencies: what hashing alone
/// decides.
bool check_toggle(const json& record, const std::string& scheme) {
  const json& feature = record.at("feature");
  if (!feature.value("enabled", false) || feature.contains("dependencies") ||
      feature.at("strategies").size() != 1)
    return false;
  const json& strategy = feature["strategies"][0];
  if (strategy.contains("constraints") && !strategy["constraints"].empty()) return false;
  if (!strategy.contains("parameters") || strategy.contains("segments")) return false;
  const json& given = strategy["parameters"];
  const bool flexible = strategy.at("name") == "flexibleRollout";
  if (!flexible && strategy.at("name") != "gradualRolloutUserId" &&
      strategy.at("name") != "gradualRolloutSessionId")
    return false;
  const std::string stickiness = flexible ? given.value("stickiness", "default")
                                 : strategy["name"] == "gradualRolloutUserId" ? "userId"
                                                                              : "sessionId";
  const std::string unit = context_value(record.at("context"), stickiness);
  if (unit.empty()) return false;  // random, or off
  const std::string percentage = given.at(flexible ? "rollout" : "percentage");
  const json parameters = {
      {"kind", "rollout"},
      {"groupId", given.value("groupId", flexible ? feature.at("name").get<std::string>() : "")},
      {"rollout", std::stod(percentage)}};
  const auto decision = decide(gate_experiment(scheme, parameters), unit);
  CHECK((arm_of(decision) == 1) == record.at("expected_enabled").get<bool>());
  return true;
}

/// A published variant of the toggle or of its only strategy, without overrides.
bool check_variant(const json& record, const std::string& scheme) {
  const json& feature = record.at("feature");
  const json strategies = feature.value("strategies", json::array());
  const bool of_strategy =
      strategies.size() == 1 && strategies[0].contains("variants") && !strategies[0]["variants"].empty();
  const json variants = of_strategy ? strategies[0]["variants"] : feature.value("variants", json::array());
  if (variants.empty() || feature.contains("dependencies")) return false;
  json parameters = {{"groupId", feature.at("name")}, {"variants", json::array()}};
  Experiment arms;
  for (const json& variant : variants) {
    if (variant.contains("overrides") && !variant["overrides"].empty()) return false;
    parameters["variants"].push_back({{"name", variant.at("name")}, {"weight", variant.at("weight")}});
    arms.arms.push_back({variant["name"], 1.0, Role::variant, {}});
  }
  std::string stickiness = variants[0].value("stickiness", "default");
  if (of_strategy) {
    parameters["groupId"] = strategies[0].at("parameters").at("groupId");
    stickiness = strategies[0]["parameters"].value("stickiness", "default");
  }
  const std::string unit = context_value(record.at("context"), stickiness);
  if (unit.empty()) return false;
  Experiment experiment = numbered_experiment(0, scheme, parameters);
  experiment.arms = arms.arms;
  const auto decision = decide(experiment, unit);
  REQUIRE(arm_of(decision) >= 0);
  CHECK(experiment.arms[decision.arm].key == record.at("expected_variant").at("name").get<std::string>());
  return true;
}

}  // namespace

TEST_CASE("Unleash gives every vector's slot, toggle and variant in both encodings") {
  int other = 0;
  for (const json& record : bucketing_vectors("unleash"))
    for (const std::string scheme : {"unleash-node", "unleash-utf8"}) {
      if (record.value("js_sdk_only", false) && scheme == "unleash-utf8") continue;
      INFO(scheme << " " << record.dump());
      if (record.at("source") == "real-sdk-run")
        check_generated(record, scheme);
      else if (record.at("kind") == "toggle")
        other += !check_toggle(record, scheme);
      else
        other += !check_variant(record, scheme);
    }
  CHECK(other <= 2 * 16);  // dependencies, constraints, overrides, no id: not hashing
}

TEST_CASE("Unleash's encodings differ exactly where the low bytes of UTF-16 are not the UTF-8 bytes") {
  int differing = 0;
  int records = 0;
  for (const json& record : bucketing_vectors("unleash")) {
    if (record.at("source") != "real-sdk-run" || !record.at("js_sdk_only").get<bool>()) continue;
    const json parameters = {{"kind", "rollout"}, {"groupId", record.at("group_id")}};
    const std::string unit = record.at("unit");
    ++records;
    differing += decide(gate_experiment("unleash-node", parameters), unit).bucket !=
                 decide(gate_experiment("unleash-utf8", parameters), unit).bucket;
  }
  REQUIRE(records > 100);
  CHECK(differing > records * 9 / 10);  // two slots of 100 agree by chance once in a hundred
}

TEST_CASE("Unleash's default stickiness is the user, else the session, for variants else the address") {
  // client-specification 6.1.0, "stickiness"; the numbers are those of the same text given as the unit.
  const json variants = json::array({{{"name", "0"}, {"weight", 400}}, {{"name", "1"}, {"weight", 600}}});
  const json by_user = {{"groupId", "g"}, {"variants", variants}};
  json by_default = by_user;
  by_default["stickiness"] = "default";
  json apart = by_user;
  apart["stickiness"] = "customField";
  apart["variantStickiness"] = "default";
  const auto with = [](const json& parameters, std::string_view id, std::vector<Attribute> attributes) {
    return decide(numbered_experiment(2, "unleash-node", parameters), id, std::move(attributes));
  };
  for (int i = 0; i < 50; ++i) {
    const std::string id = "id-" + std::to_string(i);
    const auto expected = with(by_user, id, {});
    const Attribute session{"sessionId", std::string_view(id)};
    const Attribute address{"remoteAddress", std::string_view(id)};
    const Attribute custom{"customField", std::string_view("c")};
    CHECK(with(by_default, id, {{"sessionId", std::string_view("other")}}).bucket == expected.bucket);
    CHECK(with(by_default, "", {session}).bucket == expected.bucket);
    CHECK(with(apart, "", {address, custom}).bucket == expected.bucket);
    CHECK(with(apart, "", {address, session, custom}).arm == expected.arm);
  }
  CHECK(with(by_default, "", {}).outcome == SchemeDecision::Outcome::invalid_unit);
  CHECK(with(by_default, "", {{"remoteAddress", std::string_view("1.2.3.4")}}).outcome ==
        SchemeDecision::Outcome::invalid_unit);  // a rollout would be at random
  std::vector<liftmark::Problem> problems;
  CHECK(find_scheme("unleash-node")
            ->compile(numbered_experiment(2, "unleash-node", {{"stickiness", "random"}}), problems) ==
        nullptr);
}
