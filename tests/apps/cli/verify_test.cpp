// `liftmark verify` on an export made by GrowthBook's own SDK (tests/vectors/bucketing/growthbook.json).
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/verify/export_reader.hpp"
#include "apps/cli/verify/replay.hpp"
#include "paths.hpp"

using namespace liftmark;
using namespace liftmark::cli;
using nlohmann::json;

namespace {

std::shared_ptr<const assign::Assigner> exp_a() {
  assign::Experiment experiment;
  experiment.key = "exp-a";
  experiment.hashing.scheme = "growthbook-v2";
  experiment.arms = {{"0", 0.5, assign::Role::control, {}}, {"1", 0.5, assign::Role::variant, {}}};
  auto compilation = assign::Assigner::compile({{experiment}, {}, {}});
  REQUIRE(compilation.assigner != nullptr);
  return compilation.assigner;
}

/// What GrowthBook's SDK gave for that experiment, as NDJSON.
std::string growthbook_export() {
  std::ifstream file(std::string(tests::kVectorsDir) + "/bucketing/growthbook.json");
  std::string lines;
  for (const json& record : json::parse(file)) {
    if (record.at("kind") != "experiment" || record.at("key") != "exp-a" || record.at("hashVersion") != 2)
      continue;
    const json& arm = record.at("expected_variation");
    const json row = {{"unit", record.at("unit")}, {"arm", arm.is_null() ? json() : json(arm.dump())}};
    lines += row.dump() + "\n";
  }
  return lines;
}

ReplayResult replay(const std::string& name, const std::string& bytes, ReplayOptions options = {}) {
  const auto path = std::filesystem::temp_directory_path() / ("liftmark-verify-test-" + name);
  std::ofstream(path, std::ios::binary) << bytes;
  Replay run(exp_a(), std::move(options));
  const auto input = InputStream::open(path.string());
  named_as_ndjson(name) ? replay_ndjson(*input, {}, run) : replay_csv(*input, name, {}, run);
  std::filesystem::remove(path);
  return run.result();
}

}  // namespace

TEST_CASE("verify agrees with every row of GrowthBook's own assignments") {
  const ReplayResult result = replay("a.ndjson", growthbook_export());
  CHECK(result.total.rows > 40);
  CHECK(result.good());
}

TEST_CASE("verify counts and explains a row that differs, and rejects what it cannot read") {
  // Swapped by hand: unit "user-3" of exp-a gets one arm, so exactly one of the two rows matches.
  const ReplayResult result =
      replay("b.csv", "unit,arm,experiment\nuser-3,0,exp-a\nuser-3,1,exp-a\nuser-3,1,other\nuser-3,1\n");
  CHECK(result.total.rows == 3);
  CHECK(result.total.matched == 1);
  REQUIRE(result.mismatches.size() == 2);
  CHECK_FALSE(result.mismatches[0].steps.empty());
  CHECK(result.mismatches[1].reason == "unknown_experiment");
  CHECK(result.rejected.at("wrong_column_count") == 1);
  CHECK_FALSE(result.good());
  CHECK_FALSE(replay("c.ndjson", "{\"unit\":\"a\"}\nnot json\n").good());
}
