// `liftmark offline` on the Open Bandit data, and on a log small enough to do by hand.
//
// The expected numbers of the real logs were computed with Python's csv and math.fsum, independently of this
// program:
//   w = (1 / items) / propensity_score; ips = fsum(w click) / n; snips = fsum(w click) / fsum(w);
//   ess = fsum(w)^2 / fsum(w^2); clipped ips = fsum(min(w, M) click) / n; not seen = 1 - fsum(min(w, M)) / n.

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/running.hpp"
#include "engine/definition/error.hpp"
#include "paths.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path scratch(const std::string& name) {
  const auto folder = fs::temp_directory_path() / "liftmark_offline_test";
  fs::create_directories(folder);
  return folder / name;
}

std::string file(const std::string& name, const std::string& text) {
  std::ofstream(scratch(name), std::ios::binary) << text;
  return scratch(name).string();
}

std::string offline_text(std::vector<std::string> arguments) {
  const auto output = scratch("output");
  fs::remove(output);
  arguments.insert(arguments.begin(), "offline");
  arguments.insert(arguments.end(), {"--output", output.string()});
  liftmark::tests::run(arguments);
  return liftmark::tests::read(output);
}

json offline(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  return json::parse(offline_text(arguments));
}

json estimate(const json& report, const std::string& method, bool clipped = false) {
  for (const auto& row : report["estimates"])
    if (row["method"] == method && row["clip"].is_null() != clipped) return row;
  throw std::out_of_range(method);
}

json clip(const json& report, double at) {
  for (const auto& row : report["clips"])
    if (row["clip"] == at) return row;
  throw std::out_of_range("clip");
}

bool warned(const json& report, const std::string& code) {
  for (const auto& row : report["warnings"])
    if (row["code"] == code) return true;
  return false;
}

const fs::path kData = fs::path(liftmark::tests::kSharedDir) / "data";

bool has_data() {
  if (fs::exists(kData / "obd_bts_men.csv.gz")) return true;
  WARN("the folder with real data is not here, so this test did not run");
  return false;
}

std::vector<std::string> open_bandit(const std::string& campaign) {
  return {(kData / ("obd_bts_" + campaign + ".csv.gz")).string(),
          "--policy",
          "uniform",
          "--items",
          (kData / ("obd_bts_" + campaign + "_item_context.csv")).string(),
          "--item-class",
          "item_feature_1",
          "--on-policy",
          (kData / ("obd_random_" + campaign + ".csv.gz")).string()};
}

}  // namespace

TEST_CASE("Open Bandit, men: the uniform policy from the bts log, and what the random log really earned") {
  if (!has_data()) return;
  const json report = offline(open_bandit("men"));
  CHECK(report["rows"] == 10000);
  CHECK(report["actions"] == 34);
  CHECK(report["columns"]["context"] == "position");
  CHECK(double(estimate(report, "logged")["value"]) == Approx(0.0069).epsilon(1e-12));
  CHECK(double(estimate(report, "ips")["value"]) == Approx(0.003008626327256482).epsilon(1e-9));
  CHECK(double(estimate(report, "snips")["value"]) == Approx(0.003189423162277403).epsilon(1e-9));
  CHECK(double(report["support"]["effective_sample_size"]) == Approx(655.7098495873269).epsilon(1e-9));
  CHECK(double(report["support"]["largest_weight"]) == Approx(178.25311942959001).epsilon(1e-9));
  CHECK(double(report["support"]["mean_weight"]["value"]) == Approx(0.9433136257492313).epsilon(1e-9));
  CHECK(double(clip(report, 10)["weight_not_seen"]) == Approx(0.21467900663125083).epsilon(1e-9));
  CHECK(double(clip(report, 100)["ips"]["value"]) == Approx(0.003008626327256482).epsilon(1e-9));
  CHECK(double(report["on_policy"]["value"]) == Approx(0.0046).epsilon(1e-12));
  CHECK(report["warnings"].empty());
  // The headline's interval, not its point, is what is promised: it reaches the outcome of the random log.
  const json headline = estimate(report, "dr", true);
  CHECK(headline["headline"] == true);
  CHECK(double(headline["lower"]) < 0.0046);
  CHECK(double(headline["upper"]) > 0.0046);
}

TEST_CASE("Open Bandit, women: a weight of 21,739 is called out, not averaged away") {
  if (!has_data()) return;
  const json report = offline(open_bandit("women"));
  CHECK(report["actions"] == 46);
  CHECK(double(report["support"]["largest_weight"]) == Approx(21739.130434782608).epsilon(1e-9));
  CHECK(double(report["support"]["share_of_largest"]) == Approx(0.6936123939466116).epsilon(1e-9));
  CHECK(double(report["support"]["effective_sample_size"]) == Approx(2.077822692483688).epsilon(1e-9));
  CHECK(double(estimate(report, "ips")["value"]) == Approx(0.007437577541923159).epsilon(1e-9));
  CHECK(double(estimate(report, "snips")["value"]) == Approx(0.002373046143447767).epsilon(1e-9));
  CHECK(double(clip(report, 10)["ips"]["value"]) == Approx(0.004383669186128011).epsilon(1e-9));
  CHECK(double(clip(report, 100)["weight_not_seen"]) == Approx(0.04063112372899591).epsilon(1e-9));
  CHECK(report["heaviest"][0]["line"] == 8411);
  CHECK(report["heaviest"][0]["action"] == "19");
  CHECK(warned(report, "one_round_dominates"));
  CHECK(warned(report, "few_effective_rounds"));
  for (const char* method : {"ips", "snips", "dr", "sndr"})
    CHECK(estimate(report, method)["rests_on_one_row"] == true);
  CHECK(estimate(report, "dr", true)["rests_on_one_row"] == false);
  auto arguments = open_bandit("women");
  const std::string text = offline_text(arguments);
  CHECK(text.find("One row decides: line 8411 (action 19 in 2, propensity 1e-06) has weight 21,739") !=
        std::string::npos);
  arguments.insert(arguments.end(), {"--format", "markdown"});
  CHECK(offline_text(arguments).find("> **Caution.** One row decides") != std::string::npos);
}

// Candidate shows a with 0.75: weights a 0.75/0.5 = 1.5, b 0.25/0.5 = 0.5. IPS (1.5 + 0 + 0.5 + 0)/4 = 0.5;
// sum of weights 4, so SNIPS is the same; ESS 16 / (2 x 2.25 + 2 x 0.25) = 3.2.
TEST_CASE("a log of four rows by hand: table, column and distribution of the candidate say the same") {
  const std::string log = file("log.csv",
                               "item,propensity,reward,p,whole\n"
                               "a,0.5,1,0.75,a=0.75;b=0.25\n"
                               "a,0.5,0,0.75,a=0.75;b=0.25\n"
                               "b,0.5,1,0.25,a=0.75;b=0.25\n"
                               "b,0.5,0,0.25,a=0.75;b=0.25\n");
  const std::string table = file("policy.csv", "action,probability\na,0.75\nb,0.25\n");
  for (const std::string& policy :
       {"table:" + table, std::string("column:p"), std::string("distribution:whole")}) {
    const json report = offline({log, "--policy", policy});
    CHECK(double(estimate(report, "ips")["value"]) == Approx(0.5));
    CHECK(double(estimate(report, "snips")["value"]) == Approx(0.5));
    CHECK(double(report["support"]["effective_sample_size"]) == Approx(3.2));
    // Only the logged action's probability gives no expectation under a model.
    const bool whole = policy != "column:p";
    CHECK(report["clips"][0]["dr"].is_null() != whole);
    CHECK(report["support"]["never_logged"].is_null() != whole);
  }
}

TEST_CASE("rows of one unit are not independent: the same rows as two units have a larger error") {
  std::string rows = "unit,item,propensity,reward\n", single = "item,propensity,reward\n";
  for (int i = 0; i < 40; ++i) {
    const std::string rest = "a,1," + std::to_string(i < 20 ? 1 : 0) + "\n";
    rows += std::to_string(i / 10) + "," + rest;
    single += rest;
  }
  const double clustered = estimate(offline({file("units.csv", rows)}), "ips")["standard_error"];
  const double independent = estimate(offline({file("single.csv", single)}), "ips")["standard_error"];
  // Four units with means 1, 1, 0, 0: sqrt(1/3 / 4); forty rows: sqrt(0.25 x 40/39 / 40).
  CHECK(clustered == Approx(std::sqrt(1.0 / 12)).epsilon(1e-9));
  CHECK(independent == Approx(std::sqrt(0.25 / 39)).epsilon(1e-9));
}

TEST_CASE("bad rows are counted by reason, missing columns and unsupported actions are named") {
  const json report = offline({file("bad.csv",
                                    "item,propensity,reward\n"
                                    "a,0.5,1\na,0,1\n,0.5,1\na,0.5,x\na,1.5,1\nb,0.5,0\na,0.5\n"),
                               "--items", file("items.csv", "item\na\nb\nc\n")});
  CHECK(report["rows"] == 2);
  CHECK(report["rejected"]["invalid_propensity"] == 2);
  CHECK(report["rejected"]["missing_action"] == 1);
  CHECK(report["rejected"]["invalid_reward"] == 1);
  CHECK(report["rejected"]["wrong_column_count"] == 1);
  CHECK(warned(report, "actions_never_logged"));
  CHECK(double(report["support"]["never_logged"]) == Approx(1.0 / 3));
  CHECK_THROWS_AS(offline({file("none.csv", "item,reward\na,1\n")}), liftmark::Error);
  CHECK_THROWS_AS(offline({file("empty.csv", "item,propensity,reward\n")}), liftmark::Error);
  CHECK_THROWS_AS(offline({file("one.csv", "item,propensity,reward\na,1,1\n"), "--policy", "greedy"}),
                  liftmark::Error);
}
