// GrowthBook: records made by @growthbook/growthbook 1.8.0, and the vendor's cases.json (spec 0.8.0,
// 05fe635c749b).
#include "assign/scheme_vectors.hpp"
#include "assign/schemes/growthbook.hpp"

using namespace liftmark::assign;
using namespace liftmark::assign::testing;

namespace {

std::string scheme_of(const json& record, int fallback) {
  return "growthbook-v" + std::to_string(record.value("hashVersion", fallback));
}

/// The hashing parameters that stand in a GrowthBook experiment or rule under the same names.
json parameters_of(const json& rule) {
  json parameters = json::object();
  for (const char* name :
       {"key", "seed", "coverage", "weights", "namespace", "filters", "ranges", "range", "hashAttribute"})
    if (rule.contains(name)) parameters[name] = rule[name];
  return parameters;
}

/// The attributes of a case as the caller passes them; `texts` keeps the strings alive.
std::vector<Attribute> attributes_of(const json& context) {
  std::vector<Attribute> attributes;
  if (!context.contains("attributes")) return attributes;
  for (const auto& [name, value] : context["attributes"].items()) {
    if (value.is_string())
      attributes.push_back({name, std::string_view(value.get_ref<const std::string&>())});
    if (value.is_number()) attributes.push_back({name, value.get<double>()});
  }
  return attributes;
}

std::string id_of(const json& context) {
  const json id = context.value("attributes", json::object()).value("id", json());
  return id.is_string() ? id.get<std::string>() : id.is_number() ? id.dump() : std::string();
}

void check_experiment(const json& record) {
  const auto experiment =
      numbered_experiment(record.at("num_variations"), scheme_of(record, 1), parameters_of(record));
  const SchemeDecision decision = decide(experiment, record.at("unit").get<std::string>());
  CHECK(arm_of(decision) == expected_arm(record));
  CHECK((decision.outcome == SchemeDecision::Outcome::assigned) ==
        record.at("expected_in_experiment").get<bool>());
  if (record.at("expected_bucket").is_null()) return;
  CHECK(static_cast<double>(decision.bucket) / growthbook_steps(record.at("hashVersion")) ==
        record.at("expected_bucket").get<double>());
}

void check_rollout(const json& record) {
  json parameters = parameters_of(record);
  parameters["kind"] = "rollout";
  parameters["key"] = record.at("feature");
  const auto decision =
      decide(gate_experiment(scheme_of(record, 1), parameters), record.at("unit").get<std::string>());
  CHECK((arm_of(decision) == 1) == record.at("expected_included").get<bool>());
}

void check_arithmetic(const json& record) {
  const std::string kind = record.at("kind");
  if (kind == "hash") {
    const int version = record.at("hashVersion");
    if (version != 1 && version != 2) return;  // other versions have no bucket and no scheme
    const auto bucket = growthbook_bucket(version, record.at("seed").get<std::string>(),
                                          record.at("unit").get<std::string>());
    CHECK(static_cast<double>(bucket) / growthbook_steps(version) ==
          record.at("expected_bucket").get<double>());
  } else if (kind == "bucket_ranges") {
    std::vector<double> weights(record.at("num_variations").get<std::size_t>(), 0.0);
    if (record.at("weights").is_array() && record["weights"].size() == weights.size())
      weights = record["weights"].get<std::vector<double>>();
    const auto ranges =
        growthbook_ranges(weights, record.at("coverage").is_null() ? 1.0 : record["coverage"].get<double>());
    const json& expected = record.at("expected_ranges");
    REQUIRE(ranges.size() == expected.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {  // the vendor prints them rounded
      CHECK(ranges[i].first == Approx(expected[i][0].get<double>()).margin(1e-6));
      CHECK(ranges[i].last == Approx(expected[i][1].get<double>()).margin(1e-6));
    }
  } else if (kind == "choose_variation") {
    std::vector<BucketSpan> ranges;
    for (const json& range : record.at("ranges"))
      ranges.push_back({range[0].get<double>(), range[1].get<double>()});
    CHECK(growthbook_choice(ranges, record.at("bucket").get<double>()) == expected_arm(record));
  } else if (kind == "namespace") {
    const auto experiment = numbered_experiment(2, "growthbook-v1", {{"namespace", record.at("namespace")}});
    const auto decision = decide(experiment, record.at("unit").get<std::string>());
    CHECK((decision.outcome != SchemeDecision::Outcome::excluded) ==
          record.at("expected_included").get<bool>());
  } else if (kind == "equal_weights") {
    const auto& expected = record.at("expected_weights");
    const auto ranges = growthbook_ranges(std::vector<double>(expected.size(), 0.0), 1.0);
    for (std::size_t i = 0; i < ranges.size(); ++i)
      CHECK(ranges[i].last - ranges[i].first == Approx(expected[i].get<double>()).margin(1e-6));
  }
}

/// An inline experiment of the vendor's "run" cases; those decided by anything but the hash are the
/// Assigner's.
bool check_run(const json& record) {
  const json& rule = record.at("experiment");
  const json& context = record.at("context");
  for (const char* other : {"force", "condition", "parentConditions", "url", "urlPatterns", "groups",
                            "status", "fallbackAttribute"})
    if (rule.contains(other)) return false;
  if (!rule.value("active", true) || rule.at("variations").size() < 2) return false;
  for (const char* other : {"qaMode", "enabled", "forcedVariations", "url", "overrides"})
    if (context.contains(other)) return false;
  if (!record.at("expected_hash_used").get<bool>() && record.at("expected_in_experiment").get<bool>())
    return false;
  const auto experiment =
      numbered_experiment(rule.at("variations").size(), scheme_of(rule, 1), parameters_of(rule));
  const SchemeDecision decision = decide(experiment, id_of(context), attributes_of(context));
  CHECK((decision.outcome == SchemeDecision::Outcome::assigned) ==
        record.at("expected_in_experiment").get<bool>());
  const std::size_t served = decision.arm == SchemeDecision::kNoArm ? 0 : decision.arm;
  CHECK(rule["variations"][served] == record.at("expected_value"));
  return true;
}

/// A feature whose first rule is a force rule with coverage or range, or an experiment, without other
/// conditions.
bool check_feature(const json& record) {
  const json& context = record.at("context");
  if (!context.contains("features") || !context["features"].contains(record.at("feature").get<std::string>()))
    return false;
  const json& feature = context["features"][record["feature"].get<std::string>()];
  if (!feature.contains("rules") || feature["rules"].empty()) return false;
  json rule = feature["rules"][0];
  for (const char* other : {"condition", "parentConditions", "savedGroups"})
    if (rule.contains(other)) return false;
  const json value = record.at("expected").at("value");
  if (!rule.contains("key")) rule["key"] = record["feature"];
  if (rule.contains("force") && (rule.contains("coverage") || rule.contains("range"))) {
    json parameters = parameters_of(rule);
    parameters["kind"] = "rollout";
    const auto decision =
        decide(gate_experiment(scheme_of(rule, 1), parameters), id_of(context), attributes_of(context));
    CHECK((arm_of(decision) == 1) == (value == rule["force"]));
    return true;
  }
  if (!rule.contains("variations") || context.contains("forcedVariations") ||
      rule.contains("fallbackAttribute"))
    return false;
  const auto decision =
      decide(numbered_experiment(rule["variations"].size(), scheme_of(rule, 1), parameters_of(rule)),
             id_of(context), attributes_of(context));
  CHECK((arm_of(decision) >= 0) == (record["expected"].at("source") == "experiment"));
  if (arm_of(decision) >= 0) CHECK(rule["variations"][decision.arm] == value);
  return true;
}

}  // namespace

TEST_CASE("GrowthBook v1 and v2 give every vector's arm and bucket") {
  int run = 0;
  for (const json& record : bucketing_vectors("growthbook")) {
    INFO(record.dump());
    const std::string kind = record.at("kind");
    if (kind == "experiment")
      check_experiment(record);
    else if (kind == "rollout")
      check_rollout(record);
    else if (kind == "run")
      run += check_run(record) ? 0 : -1;
    else if (kind == "feature")
      run += check_feature(record) ? 0 : -1;
    else if (kind == "sticky_bucket")
      --run;  // sticky documents and fallback attributes
    else
      check_arithmetic(record);
    ++run;
  }
  CHECK(run >= 786);
}

TEST_CASE("GrowthBook's Python SDK hashes code points, so an emoji id has another bucket there") {
  const std::string emoji = "user-\xF0\x9F\x98\x80";
  // By hand: FNV-1a 32 over [units.., 'e'] with unit D83D DE00 (js) and 1F600 (python), modulo 1000.
  const auto by_hand = [](std::vector<std::uint32_t> units) {
    std::uint32_t hash = 0x811c9dc5U;
    for (const std::uint32_t unit : units) hash = (hash ^ unit) * 0x01000193U;
    return hash % 1000U;
  };
  CHECK(growthbook_bucket(1, "e", emoji) == by_hand({'u', 's', 'e', 'r', '-', 0xD83D, 0xDE00, 'e'}));
  CHECK(growthbook_bucket(1, "e", emoji, HashUnits::code_points) ==
        by_hand({'u', 's', 'e', 'r', '-', 0x1F600, 'e'}));
}

TEST_CASE("GrowthBook writes a number attribute as JavaScript does") {
  const json parameters = {{"hashAttribute", "n"}, {"key", "my-test"}};
  const auto experiment = numbered_experiment(2, "growthbook-v2", parameters);
  const auto of_number = [&](double number) { return decide(experiment, "ignored", {{"n", number}}).bucket; };
  const auto of_text = [&](std::string_view text) {
    return decide(experiment, "ignored", {{"n", text}}).bucket;
  };
  // ECMA-262 6.1.6.1.20: no trailing decimals, exponents from 1e21 and below 1e-6.
  const std::vector<std::pair<double, std::string_view>> spellings = {
      {3.0, "3"},
      {-7.0, "-7"},
      {0.5, "0.5"},
      {1e21, "1e+21"},
      {1e20, "100000000000000000000"},
      {1.5e-7, "1.5e-7"},
      {0.000001, "0.000001"},
      {123456.789, "123456.789"},
      {9007199254740993.0, "9007199254740992"}};
  for (const auto& [number, text] : spellings) {
    INFO(text);
    CHECK(of_number(number) == of_text(text));
  }
  CHECK(decide(experiment, "ignored", {{"n", 0.0}}).outcome == SchemeDecision::Outcome::invalid_unit);
  CHECK(decide(experiment, "ignored").outcome == SchemeDecision::Outcome::invalid_unit);
}

TEST_CASE("GrowthBook: an empty list of ranges, or a single variation, is nobody's experiment") {
  // core.ts: `experiment.ranges || getBucketRanges(..)`, where [] is a list; `variations.length < 2` ends it.
  for (const char* scheme : {"growthbook-v1", "growthbook-v2"}) {
    for (int i = 0; i < 20; ++i) {
      const std::string id = "user-" + std::to_string(i);
      CHECK(arm_of(decide(numbered_experiment(2, scheme, {{"ranges", json::array()}}), id)) < 0);
      CHECK(arm_of(decide(numbered_experiment(1, scheme, json::object()), id)) < 0);
      CHECK(arm_of(decide(numbered_experiment(2, scheme, json::object()), id)) >= 0);
    }
  }
}
