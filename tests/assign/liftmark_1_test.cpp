// Numbers from tests/vectors/liftmark-1.json, written by tests/vectors/liftmark_1.py: an XXH3 of its own in
// Python, checked there against the xxHash project's sanity values.
#include "assign/schemes/liftmark_1.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "assign/definitions.hpp"
#include "assign/schemes/scheme.hpp"
#include "paths.hpp"

using namespace liftmark::assign;

namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::uint64_t number(const nlohmann::json& hex) {
  return std::stoull(hex.get<std::string>(), nullptr, 16);
}

}  // namespace

TEST_CASE("liftmark-1 gives the published vectors") {
  std::ifstream file(std::string(liftmark::tests::kVectorsDir) + "/liftmark-1.json");
  const auto vectors = nlohmann::json::parse(file).at("vectors");
  REQUIRE(vectors.size() > 100);
  for (const auto& vector : vectors) {
    INFO(vector.at("note") << " " << vector.at("unit_hex"));
    const std::string id = from_hex(vector.at("unit_hex"));
    const std::string salt = vector.at("salt");
    const std::uint64_t hash = unit_hash(id);
    CHECK(hash == number(vector.at("unit_hash")));
    const auto& draws = vector.at("draws");
    CHECK(draw(hash, salt_key(salt, Purpose::arm)) == number(draws.at("arm")));
    CHECK(draw(hash, salt_key(salt, Purpose::traffic)) == number(draws.at("traffic")));
    CHECK(draw(hash, salt_key(salt, Purpose::slot)) == number(draws.at("slot")));
    CHECK(draw(hash, salt_key(salt, Purpose::holdout)) == number(draws.at("holdout")));

    Experiment experiment;
    experiment.key = "e";
    experiment.hashing.salt = salt;
    experiment.traffic = vector.at("traffic_billionths").get<double>() / 1e9;
    for (const auto& weight : vector.at("weights_billionths")) {
      experiment.arms.push_back({std::to_string(experiment.arms.size()), weight.get<double>() / 1e9, {}, {}});
    }
    const bool assigned = !vector.at("arm").is_null();
    std::vector<liftmark::Problem> problems;
    const auto bucketing = compile_liftmark_1(experiment, problems);
    REQUIRE(bucketing != nullptr);
    const SchemeDecision decision = bucketing->decide({id, {}});
    CHECK(decision.arm == (assigned ? vector.at("arm").get<std::uint32_t>() : SchemeDecision::kNoArm));
    // The Assigner decides liftmark-1 inline; both ways are the same scheme.
    const auto assigner = compiled({{experiment}, {}, {}});
    const Assignment assignment = assigner->assign(unit(id), "e");
    CHECK(assignment.measured() == assigned);
    if (assigned) CHECK(assignment.arm() == std::to_string(decision.arm));
    if (assigned) CHECK(assignment.bucket == decision.bucket);
  }
}

TEST_CASE("a scheme that is unknown, or a parameter that it does not know, is a problem") {
  CHECK(find_scheme("liftmark-1") != nullptr);
  CHECK(find_scheme("liftmark-0") == nullptr);
  Experiment experiment = two_arms("e");
  experiment.hashing.parameters["seed"] = {};
  std::vector<liftmark::Problem> problems;
  CHECK(compile_liftmark_1(experiment, problems) == nullptr);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "/hashing/seed");
}
