// `liftmark analyze` on real tables against numbers made with scipy and statsmodels, and on broken input.

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
using liftmark::Error;
using nlohmann::json;

fs::path scratch(const std::string& name) {
  const auto folder = fs::temp_directory_path() / "liftmark_analyze_test";
  fs::create_directories(folder);
  return folder / name;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string table(const std::string& name, const std::string& text) {
  std::ofstream(scratch(name), std::ios::binary) << text;
  return scratch(name).string();
}

/// Runs the command as the program does and returns the JSON scorecard. Throws what the command throws.
json analyze(std::vector<std::string> arguments) {
  const auto output = scratch("scorecard.json");
  fs::remove(output);
  arguments.insert(arguments.begin(), "analyze");
  for (const std::string& more :
       {std::string("--format"), std::string("json"), std::string("--output"), output.string()})
    arguments.push_back(more);
  liftmark::tests::run(arguments);
  return json::parse(read(output));
}

/// The message of the error that this command must end with.
std::string failure(const std::vector<std::string>& arguments) {
  try {
    analyze(arguments);
  } catch (const Error& error) {
    return describe(error);
  }
  return "no error";
}

const fs::path kData = fs::path(liftmark::tests::kSharedDir) / "data";

bool has_data(const char* file) {
  if (fs::exists(kData / file)) return true;
  WARN("the folder with real data is not here, so this test did not run: " << (kData / file).string());
  return false;
}

json expected(const char* file) {
  return json::parse(read(kData / file));
}

const json& metric(const json& card, const std::string& key) {
  for (const auto& row : card["metrics"])
    if (row["key"] == key) return row;
  throw std::out_of_range(key);
}

const json& comparison(const json& comparisons, const std::string& arm) {
  for (const auto& row : comparisons)
    if (row["arm"] == arm) return row;
  throw std::out_of_range(arm);
}

const json& check(const json& card, const std::string& kind) {
  for (const auto& row : card["checks"])
    if (row["kind"] == kind) return row;
  throw std::out_of_range(kind);
}

void check_close(const json& got, const json& want) {
  REQUIRE(got.is_number());
  CHECK(got.get<double>() == Approx(want.get<double>()).epsilon(1e-9).margin(1e-14));
}

void check_p(const json& got, const json& want) {
  REQUIRE(got.is_number());
  CHECK(got.get<double>() == Approx(want.get<double>()).epsilon(1e-6).margin(1e-300));
}

void check_interval(const json& figure, const json& want) {
  check_close(figure["lower"], want[0]);
  check_close(figure["upper"], want[1]);
}

void check_proportion(const json& got, const json& want) {
  check_close(got["absolute"]["estimate"], want["abs_diff"]);
  check_close(got["absolute"]["standard_error"], want["se_unpooled"]);
  check_interval(got["absolute"], want["ci95_wald_unpooled"]);
  check_p(got["absolute_p_value"], want["p_value_z_unpooled"]);
  check_close(got["relative"]["estimate"], want["rel_lift"]);
  check_interval(got["relative"], want["rel_lift_ci95_katz_log"]);
}

void check_mean(const json& got, const json& want) {
  check_close(got["absolute"]["estimate"], want["abs_diff"]);
  check_close(got["absolute"]["standard_error"], want["se"]);
  check_interval(got["absolute"], want["welch_ci95"]);
  check_p(got["absolute_p_value"], want["welch_p"]);
  check_close(got["relative"]["estimate"], want["rel_lift"]);
  check_interval(got["relative"], want["rel_lift_ci95_logdelta"]);
}

void check_arm(const json& arms, const std::string& arm, const json& want) {
  for (const auto& row : arms) {
    if (row["arm"] != arm) continue;
    CHECK(row["units"] == want["n"]);
    check_close(row["value"], want["mean"]);
    check_close(row["variance"], want["var_ddof1"]);
    check_close(row["numerator"], want["sum"]);
  }
}

std::vector<std::string> hillstrom(std::vector<std::string> more) {
  std::vector<std::string> all{(kData / "hillstrom.csv.gz").string(), "--arm", "segment", "--control",
                               "No E-Mail"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const std::vector<std::string> kVariants{"Mens E-Mail", "Womens E-Mail"};

}  // namespace

TEST_CASE("hillstrom: proportions, means, ratio and sample ratio as scipy and statsmodels give them") {
  if (!has_data("hillstrom.csv.gz")) return;
  const auto card = analyze(hillstrom({"--proportion", "visit", "--proportion", "conversion", "--mean",
                                       "spend", "--ratio", "aov=spend/conversion", "--ratio",
                                       "cpv=conversion/visit", "--mean", "history", "--method", "fixed"}));
  const auto want = expected("hillstrom.expected.json");
  check_p(check(card, "sample_ratio")["p_value"], want["srm_equal_thirds"]["p_value"]);
  CHECK(check(card, "sample_ratio")["status"] == "passed");
  for (const auto& [arm, values] : want["arms"].items())
    for (const char* key : {"visit", "conversion", "spend", "history"})
      check_arm(metric(card, key)["arms"], arm, values[key]);
  for (const auto& arm : kVariants) {
    const auto& numbers = want["comparisons"][arm];
    for (const char* key : {"visit", "conversion"})
      check_proportion(comparison(metric(card, key)["comparisons"], arm), numbers[key]);
    check_mean(comparison(metric(card, "spend")["comparisons"], arm), numbers["spend_per_customer"]);
    for (const auto& [key, name] :
         {std::pair{"aov", "AOV_spend_per_conversion"}, {"cpv", "conversion_per_visit"}}) {
      const auto& got = comparison(metric(card, key)["comparisons"], arm);
      const auto& diff = numbers[name]["diff"];
      check_close(got["absolute"]["estimate"], diff["abs_diff"]);
      check_close(got["absolute"]["standard_error"], diff["se"]);
      check_interval(got["absolute"], diff["ci95"]);
      check_p(got["absolute_p_value"], diff["p_value"]);
      check_close(got["relative"]["estimate"], diff["rel_lift"]);
    }
  }
  // Conversions per arm differ, so the order value does not stand by itself.
  CHECK(metric(card, "aov")["decision_grade"] == false);
  CHECK(metric(card, "aov")["grade_note"] == "denominator_moved");
  CHECK(card["verdict"]["word"] == "No decision");
}

TEST_CASE("hillstrom: covariate adjustment with the pooled slope, and its segments") {
  if (!has_data("hillstrom.csv.gz")) return;
  const auto want = expected("hillstrom.expected.json");
  const auto card =
      analyze(hillstrom({"--proportion", "visit", "--mean", "spend", "--covariate", "spend:history",
                         "--covariate", "visit:history", "--theta", "pooled"}));
  for (const auto& arm : kVariants) {
    for (const auto& [key, name] :
         {std::pair{"spend", "CUPED_spend_on_history"}, {"visit", "CUPED_visit_on_history"}}) {
      const auto& numbers = want["comparisons"][arm];
      if (!numbers.contains(name)) continue;
      check_mean(comparison(metric(card, key)["comparisons"], arm), numbers[name]);
    }
    const auto& cuped = want["comparisons"][arm]["CUPED_spend_on_history"];
    check_p(comparison(metric(card, "spend")["comparisons"], arm)["unadjusted_estimate"],
            want["comparisons"][arm]["spend_per_customer"]["rel_lift"]);
    CHECK(cuped.contains("theta"));
  }
}

TEST_CASE("hillstrom: every segment") {
  if (!has_data("hillstrom.csv.gz")) return;
  const auto want = expected("hillstrom.expected.json");
  std::vector<std::string> arguments{"--proportion", "visit", "--mean", "spend"};
  for (const auto& [dimension, groups] : want["segments"].items()) {
    arguments.push_back("--segment");
    arguments.push_back(dimension);
  }
  const auto card = analyze(hillstrom(arguments));
  std::size_t compared = 0;
  for (const auto& table : card["segments"]) {
    for (const auto& row : table["rows"]) {
      const auto& numbers = want["segments"][table["dimension"].get<std::string>()]
                                [row["group"].get<std::string>()][table["arm"].get<std::string>()];
      const auto& got = row["comparisons"][0];
      if (table["metric"] == "visit") check_proportion(got, numbers["visit"]);
      if (table["metric"] == "spend") check_mean(got, numbers["spend"]);
      ++compared;
    }
  }
  CHECK(compared == 2 * 2 * (7 + 12 + 3 + 3 + 2 + 2 + 2));  // metrics x variants x groups
}

TEST_CASE("the issue's example runs as written") {
  if (!has_data("hillstrom.csv.gz")) return;
  const auto card = analyze(hillstrom({"--proportion", "visit", "--proportion", "conversion", "--mean",
                                       "spend", "--ratio", "aov=spend/conversion", "--covariate",
                                       "spend:history", "--segment", "channel", "--method", "fixed"}));
  CHECK(card["schema"] == "liftmark.scorecard/1");
  CHECK(card["metrics"].size() == 4);
  CHECK(card["segments"].size() == 4 * 2);
}

TEST_CASE("cookie_cats: byte order mark, CRLF, words for booleans, and a watched sample ratio") {
  if (!has_data("cookie_cats.csv.gz")) return;
  const auto want = expected("cookie_cats.expected.json");
  const auto card =
      analyze({(kData / "cookie_cats.csv.gz").string(), "--arm", "version", "--control", "gate_30",
               "--proportion", "retention_1", "--proportion", "retention_7", "--mean", "sum_gamerounds",
               "--mean", "capped=sum_gamerounds", "--cap", "capped=493", "--unit", "userid"});
  check_p(check(card, "sample_ratio")["p_value"], want["srm_50_50"]["p_value"]);
  CHECK(check(card, "sample_ratio")["status"] == "watched");
  for (const char* key : {"retention_1", "retention_7"})
    check_proportion(metric(card, key)["comparisons"][0], want["metrics"][key]);
  check_mean(metric(card, "sum_gamerounds")["comparisons"][0], want["metrics"]["sum_gamerounds_raw"]);
  check_mean(metric(card, "capped")["comparisons"][0], want["winsor_p99_pooled_linear"]);
  for (const auto& [arm, values] : want["arms"].items())
    check_arm(metric(card, "retention_1")["arms"], arm, values["retention_1"]);
}

TEST_CASE("units seen in both arms stay with their first arm and are counted") {
  const auto path =
      table("crossed.csv",
            "user,arm,y,day\n1,a,1,2026-01-02\n2,b,3,2026-01-01\n1,b,5,2026-01-01\n3,a,2,2026-01-01\n"
            "4,b,4,2026-01-03\n3,a,9,2026-01-05\n5,a,3,2026-01-02\n");
  const auto in_file_order = analyze({path, "--arm", "arm", "--mean", "y", "--unit", "user"});
  CHECK(in_file_order["arms"][0]["units"] == 3);
  CHECK(in_file_order["arms"][0]["crossed_units"] == 1);
  CHECK(metric(in_file_order, "y")["arms"][0]["value"] == 2.0);  // (1 + 2 + 3) / 3
  const auto by_time =
      analyze({path, "--arm", "arm", "--mean", "y", "--unit", "user", "--time", "day", "--control", "a"});
  CHECK(by_time["arms"][0]["units"] == 2);
  CHECK(by_time["arms"][1]["crossed_units"] == 1);
  CHECK(metric(by_time, "y")["arms"][1]["value"] == 4.0);  // (3 + 5 + 4) / 3
}

TEST_CASE("udacity_ab_data: users in both arms, lines over time") {
  if (!has_data("udacity_ab_data.csv.gz")) return;
  const auto card =
      analyze({(kData / "udacity_ab_data.csv.gz").string(), "--arm", "group", "--control", "control",
               "--proportion", "converted", "--unit", "user_id", "--time", "timestamp"});
  CHECK(check(card, "crossovers")["numbers"][0]["value"] > 0);
  CHECK(metric(card, "converted")["timelines"].size() == 2);
}

TEST_CASE("alpha: shared over primaries and variants when there is a decision, whole when there is not") {
  std::string rows = "arm,x,y\n";
  for (int i = 0; i < 600; ++i)
    rows += std::string(i % 3 == 0   ? "c"
                        : i % 3 == 1 ? "t1"
                                     : "t2") +
            (i % 5 == 0 ? ",1," : ",0,") + std::to_string(i % 7) + "\n";
  const auto path = table("alpha.csv", rows);
  const auto alone = analyze({path, "--arm", "arm", "--control", "c", "--proportion", "x", "--mean", "y"});
  CHECK(metric(alone, "x")["comparisons"][0]["alpha"] == 0.05);
  const auto planned =
      analyze({path, "--arm", "arm", "--control", "c", "--proportion", "x", "--mean", "y", "--primary", "x"});
  CHECK(metric(planned, "x")["comparisons"][0]["alpha"] == 0.025);  // one primary, two variants
  CHECK(metric(planned, "y")["comparisons"][0]["alpha"] == 0.025);
  CHECK(planned["metrics"][0]["role"] == "primary");
}

TEST_CASE("a failed sample ratio withholds every reading") {
  std::string rows = "arm,x,g\n";
  for (int i = 0; i < 3000; ++i)
    rows += std::string(i % 3 == 0 ? "c" : "t") + (i % 3 != 0 && i % 2 == 0 ? ",1," : ",0,") +
            (i % 2 == 0 ? "a" : "b") + "\n";
  const auto path = table("srm.csv", rows);
  const auto card = analyze(
      {path, "--arm", "arm", "--control", "c", "--proportion", "x", "--primary", "x", "--segment", "g"});
  CHECK(check(card, "sample_ratio")["status"] == "failed");
  CHECK(card["verdict"]["word"] == "No decision");
  CHECK(card["verdict"]["withheld"] == true);
  const auto text = card.dump();
  CHECK(text.find("\"Better\"") == std::string::npos);
  CHECK(text.find("\"Worse\"") == std::string::npos);
  const auto planned = analyze({path, "--arm", "arm", "--control", "c", "--proportion", "x", "--primary", "x",
                                "--shares", "c=1", "--shares", "t=2"});
  CHECK(check(planned, "sample_ratio")["status"] == "passed");
}

TEST_CASE("wrong tables and options end in an error that names place and remedy") {
  const auto good = table("good.csv", "arm,visit,spend\na,1,2\nb,0,3\na,0,1\nb,1,5\n");
  CHECK(failure({good, "--arm", "arms", "--proportion", "visit"}).find("Did you mean \"arm\"") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--proportion", "vist"}).find("Did you mean \"visit\"") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "visit", "--mean", "spnd"}).find("good.csv:1") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "spend", "--control", "A"}).find("\"A\"") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm"}).find("no metric") != std::string::npos);
  CHECK(failure({good, "--mean", "spend"}).find("--arm") != std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "spend", "--method", "always_valid"}).find("--planned-n") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "spend", "--method", "magic"}).find("magic") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "spend", "--alpha", "2"}).find("--alpha") !=
        std::string::npos);
  CHECK(failure({good, "--arm", "arm", "--mean", "spend", "--where", "visit=7"}).find("--where on visit") !=
        std::string::npos);
  CHECK(
      failure({table("one.csv", "arm,y\na,1\na,2\n"), "--arm", "arm", "--mean", "y"}).find("only one arm") !=
      std::string::npos);
  CHECK(failure({table("empty.csv", ""), "--arm", "arm", "--mean", "y"}).find("empty.csv") !=
        std::string::npos);
  CHECK(failure({table("header.csv", "arm,y\n"), "--arm", "arm", "--mean", "y"}).find("no rows") !=
        std::string::npos);
  CHECK(failure({table("words.csv", "arm,y\na,red\nb,blue\n"), "--arm", "arm", "--mean", "y"})
            .find("not_a_number") != std::string::npos);
  CHECK(failure({scratch("none.csv").string(), "--arm", "arm", "--mean", "y"}).find("none.csv") !=
        std::string::npos);
  CHECK(failure({table("cut.csv", "\x1f\x8b\x08 not really gzip"), "--arm", "arm", "--mean", "y"}) !=
        "no error");
  std::string wide = "arm,y\na,1\nb,2\n";
  for (int i = 0; i < 1'000'000; ++i) wide += "1,";
  wide += "\na,1\nb,3\n";
  const auto card =
      analyze({table("wide.csv", wide), "--arm", "arm", "--mean", "y"});  // the broken line is one row
  CHECK(card["arms"][0]["units"] == 2);
  std::string header;
  for (int i = 0; i < 1'000'000; ++i) header += "c,";
  CHECK(failure({table("wide_header.csv", header + "\na,1\n"), "--arm", "arm", "--mean", "y"}) != "no error");
  const auto bytes = analyze(
      {table("bytes.csv", "arm,y\na,1\nb,2\na,3\nb,5\n\xff\xfe,4\na,2\n"), "--arm", "arm", "--mean", "y"});
  CHECK(bytes["arms"].size() == 2);
}

TEST_CASE("what the data cannot say is a reason, never a zero or a NaN") {
  const auto none = analyze({table("zero.csv", "arm,x,y\na,0,0\nb,0,0\na,0,0\nb,0,0\na,0,0\nb,0,0\n"),
                             "--arm", "arm", "--proportion", "x", "--mean", "y", "--ratio", "r=y/x"});
  for (const auto& row : none["metrics"])
    for (const auto& figure : row["comparisons"]) {
      CHECK(figure["relative"]["estimate"].is_null());
      CHECK_FALSE(figure["relative"]["reason"].get<std::string>().empty());
      CHECK((figure["reading"] == "" || figure["reading"] == "No clear change"));
    }
  const auto tiny = analyze({table("tiny.csv", "arm,y\na,1\nb,2\n"), "--arm", "arm", "--mean", "y"});
  CHECK(metric(tiny, "y")["comparisons"][0]["reason"] == "too_few_units");
  const auto text = none.dump() + tiny.dump();
  for (const char* word : {":nan", ":-nan", ":inf", ":-inf", "\"nan\"", "\"inf\"", "Infinity"})
    CHECK(text.find(word) == std::string::npos);
}

TEST_CASE("a ratio metric with covariates for both of its parts") {
  std::string rows = "arm,clicks,views,old_clicks,old_views\n";
  for (int i = 0; i < 400; ++i)
    rows += std::string(i % 2 == 0 ? "c," : "t,") + std::to_string(i % 7) + "," + std::to_string(7 + i % 5) +
            "," + std::to_string(i % 6) + "," + std::to_string(6 + i % 4) + "\n";
  const auto card = analyze({table("ratio.csv", rows), "--arm", "arm", "--ratio", "ctr=clicks/views",
                             "--covariate", "ctr:old_clicks", "--covariate", "ctr:old_views"});
  CHECK(metric(card, "ctr")["arms"][0]["variance"].is_number());
  CHECK(metric(card, "ctr")["comparisons"][0]["variance_reduction"].is_number());
}

TEST_CASE("an always-valid table is silent before its burn-in") {
  std::string rows = "arm,x\n";
  for (int i = 0; i < 90; ++i) rows += std::string(i % 2 == 0 ? "c" : "t") + (i % 3 == 0 ? ",1\n" : ",0\n");
  const auto card = analyze({table("early.csv", rows), "--arm", "arm", "--control", "c", "--proportion", "x",
                             "--primary", "x", "--method", "always_valid", "--planned-n", "10000"});
  const auto& row = metric(card, "x")["comparisons"][0];
  CHECK(row["reason"] == "burn_in");
  CHECK(row["p_value"].is_null());
  CHECK(row["relative"]["lower"].is_null());
  CHECK(card["verdict"]["word"] == "Keep running");
  CHECK(card["verdict"]["variants"][0]["because"] == "burn_in");
}

TEST_CASE("udacity_screener: daily aggregates, one file an arm, blank days left out of what they lack") {
  if (!has_data("udacity_screener_control.csv")) return;
  const auto want = expected("udacity_screener.expected.json");
  const auto card =
      analyze({"--summary", "--arm-file", "control=" + (kData / "udacity_screener_control.csv").string(),
               "--arm-file", "experiment=" + (kData / "udacity_screener_experiment.csv").string(),
               "--control", "control", "--units", "Pageviews", "--proportion", "ctp=Clicks/Pageviews"});
  check_proportion(metric(card, "ctp")["comparisons"][0], want["invariants_all_37_days"]["ctp"]);
  check_p(check(card, "sample_ratio")["p_value"],
          want["invariants_all_37_days"]["pageviews"]["srm"]["p_value"]);
  const auto evaluation = analyze(
      {"--summary", "--arm-file", "control=" + (kData / "udacity_screener_control.csv").string(),
       "--arm-file", "experiment=" + (kData / "udacity_screener_experiment.csv").string(), "--control",
       "control", "--units", "Clicks", "--proportion", "gross_conversion=Enrollments/Clicks", "--proportion",
       "retention=Payments/Enrollments", "--proportion", "net_conversion=Payments/Clicks"});
  for (const char* key : {"gross_conversion", "retention", "net_conversion"})
    check_proportion(metric(evaluation, key)["comparisons"][0], want["evaluation_first_23_days"][key]);
  check_p(check(evaluation, "sample_ratio")["p_value"],
          want["invariants_all_37_days"]["clicks"]["srm"]["p_value"]);
}

TEST_CASE("summary tables by their usual names agree with the rows they come from") {
  // By hand: arm a has 1, 2, 3 (mean 2, variance 1, squares 14); arm b has 2, 4, 6, 8 (mean 5, variance 20/3,
  // squares 120).
  const auto rows = analyze(
      {table("rows.csv", "arm,y\na,1\na,2\na,3\nb,2\nb,4\nb,6\nb,8\n"), "--arm", "arm", "--mean", "y"});
  const auto sums =
      analyze({"--summary", table("sums.csv", "arm,metric,n,sum,sum_squares\na,y,3,6,14\nb,y,4,20,120\n")});
  const auto means =
      analyze({"--summary",
               table("means.csv", "arm,metric,n,mean,variance\na,y,3,2,1\nb,y,4,5,6.666666666666667\n")});
  const auto wide =
      analyze({"--summary", table("wide_arms.csv", "m_a,v_a,n_a,m_b,v_b,n_b\n2,1,3,5,6.666666666666667,4\n"),
               "--arm-suffix", "a=_a", "--arm-suffix", "b=_b", "--mean", "y=mean:m,variance:v,units:n"});
  for (const auto& card : {sums, means, wide})
    for (const char* side : {"lower", "upper", "estimate", "standard_error"})
      check_close(metric(card, "y")["comparisons"][0]["absolute"][side],
                  metric(rows, "y")["comparisons"][0]["absolute"][side]);
  // More successes than units cannot be: that row is rejected, and its arm has nothing to say.
  const auto bad = analyze({"--summary", table("bad.csv", "arm,metric,n,successes\na,x,3,6\nb,x,3,1\n")});
  CHECK(metric(bad, "x")["comparisons"][0]["reason"] == "too_few_units");
  CHECK(failure({"--summary", table("none.csv", "arm,metric,n,successes\na,x,3,6\nb,x,3,5\na,x,9,9\n"),
                 "--where", "arm=a"}) != "no error");
}

TEST_CASE("the other real tables load") {
  if (!has_data("asos_digital_experiments_dataset.csv.gz")) return;
  const auto asos =
      analyze({"--summary", (kData / "asos_digital_experiments_dataset.csv.gz").string(), "--arm-suffix",
               "control=_c", "--arm-suffix", "treatment=_t", "--where", "experiment_id=036afc", "--where",
               "variant_id=2", "--where", "metric_id=1", "--latest", "time_since_start", "--mean",
               "m1=mean:mean,variance:variance,units:count"});
  CHECK(metric(asos, "m1")["comparisons"][0]["relative"]["lower"].is_number());
  // The table's own rows: mean_t / mean_c - 1 at time 1.5 (day 2 has 2, which replaces it) and at the last
  // time.
  const auto& points = metric(asos, "m1")["timelines"][0]["points"];
  CHECK(points[0]["day"] == 2);
  CHECK(points[0]["relative"]["estimate"].get<double>() ==
        Approx(0.13143532462842744 / 0.13179019021306637 - 1).epsilon(1e-9));
  CHECK(points.back()["relative"]["estimate"] ==
        metric(asos, "m1")["comparisons"][0]["relative"]["estimate"]);
  const auto upworthy =
      analyze({"--summary", (kData / "upworthy_counts_derived.csv.gz").string(), "--where",
               "clickability_test_id=546d88fb84ad38b2ce000024", "--arm", "winner", "--control", "False",
               "--proportion", "ctr=clicks/impressions", "--shares", "False=5", "--shares", "True=1"});
  CHECK(metric(upworthy, "ctr")["comparisons"][0]["relative"]["estimate"].is_number());
  const auto obd = analyze({(kData / "obd_random_men.csv.gz").string(), "--arm", "position", "--control", "1",
                            "--proportion", "click"});
  CHECK(metric(obd, "click")["comparisons"].size() == 2);
}
