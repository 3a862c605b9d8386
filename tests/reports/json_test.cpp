// JSON: nothing is lost, the same bytes come back, the keys are those of the schema.
#include "reports/json.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fixtures.hpp"
#include "paths.hpp"
#include "reports/json_fields.hpp"

using namespace liftmark;
using reports::scorecard_from_json;
using reports::to_json;

TEST_CASE("a scorecard survives JSON, and JSON survives a scorecard") {
  for (const Scorecard& card :
       {fixtures::rich(), fixtures::sample_ratio_failed(), fixtures::before_horizon(), fixtures::sparse(),
        fixtures::two_variants(), fixtures::large(), Scorecard{}}) {
    const std::string text = to_json(card);
    const Scorecard back = scorecard_from_json(text);
    CHECK(back == card);
    CHECK(to_json(back) == text);
    CHECK(nlohmann::json::accept(text));
  }
}

TEST_CASE("doubles come back bit for bit") {
  Scorecard card;
  for (const double value :
       {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 0.0, 123456789012345678.0, 1e22, -2.5e-7, 42.0})
    card.provenance.counts.push_back({"n", value});
  const Scorecard back = scorecard_from_json(to_json(card));
  for (std::size_t i = 0; i < card.provenance.counts.size(); ++i) {
    CHECK(*back.provenance.counts[i].value == *card.provenance.counts[i].value);
    CHECK(std::signbit(*back.provenance.counts[i].value) == std::signbit(*card.provenance.counts[i].value));
  }
  card.provenance.as_of = std::numeric_limits<std::int64_t>::min();
  card.experiment.units = std::numeric_limits<std::int64_t>::max();
  CHECK(scorecard_from_json(to_json(card)) == card);
}

TEST_CASE("the keys of the published schema are there") {
  const auto json = nlohmann::json::parse(to_json(fixtures::rich()));
  CHECK(json["schema"] == "liftmark.scorecard/1");
  for (const char* key : {"experiment", "verdict", "provenance"}) CHECK(json[key].is_object());
  for (const char* key : {"key", "role", "units"}) CHECK(json["arms"][0].contains(key));
  for (const char* key : {"kind", "status", "p_value"}) CHECK(json["checks"][0].contains(key));
  const auto& metric = json["metrics"][0];
  for (const char* key : {"key", "kind", "role", "arms", "comparisons"}) CHECK(metric.contains(key));
  for (const char* key : {"arm", "units", "value", "variance"}) CHECK(metric["arms"][0].contains(key));
  const auto& comparison = metric["comparisons"][0];
  for (const char* key : {"arm", "against", "method", "p_value", "reading"}) CHECK(comparison.contains(key));
  for (const char* scale : {"absolute", "relative"})
    for (const char* key : {"estimate", "standard_error", "lower", "upper"})
      CHECK(comparison[scale].contains(key));
  CHECK(json["segments"].is_array());
}

TEST_CASE("what the data cannot say is null with its reason") {
  const auto json = nlohmann::json::parse(to_json(fixtures::sparse()));
  const auto& lift = json["metrics"][0]["comparisons"][0]["relative"];
  CHECK(lift["estimate"].is_null());
  CHECK(lift["reason"] == "zero_baseline");
}

TEST_CASE("a number that is not finite is a bug, and says so") {
  Scorecard card = fixtures::sparse();
  card.metrics[0].arms[0].value = std::nan("");
  CHECK_THROWS_AS(to_json(card), std::logic_error);
  card.metrics[0].arms[0].value = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(to_json(card), std::logic_error);
}

namespace {
std::string where_of(const std::string& text) {
  try {
    scorecard_from_json(text);
  } catch (const reports::InvalidScorecard& error) {
    return error.where();
  }
  return "accepted";
}
}  // namespace

TEST_CASE("a wrong scorecard names the place") {
  CHECK(where_of("") == "");
  CHECK(where_of("[]") == "");
  CHECK(where_of("{}") == "/schema");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/2"})") == "/schema");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1"})") == "accepted");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","arms":[{"units":"many"}]})") == "/arms/0/units");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","arms":[{"units":1.5}]})") == "/arms/0/units");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","experiment":{"days":3000000000}})") ==
        "/experiment/days");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","arms":[{"units":18446744073709551615}]})") ==
        "/arms/0/units");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","verdict":{"winner":"b"}})") == "/verdict/winner");
  CHECK(where_of(R"({"schema":"liftmark.scorecard/1","metrics":{}})") == "/metrics");
}

TEST_CASE("every field of the header goes through JSON") {
  // Each name declared in scorecard.hpp is visited: a new field cannot be forgotten silently.
  std::ifstream header(std::string(tests::kSourceDir) + "/engine/scorecard/scorecard.hpp");
  std::ifstream described(std::string(tests::kSourceDir) + "/reports/json_fields.hpp");
  REQUIRE(header);
  REQUIRE(described);
  std::stringstream visits;
  visits << described.rdbuf();
  std::multiset<std::string> declared, visited;
  std::string code;
  for (std::string line; std::getline(header, line);) code += line.substr(0, line.find("//")) + ' ';
  const std::regex declaration(R"(^\s*(?:std::|[A-Z]|bool|int|double)[\w:<>]*\s+([^(]+)$)");
  code = std::regex_replace(code, std::regex(R"(\s*=\s*\{\})"), "");
  std::stringstream statements(code);
  for (std::string statement; std::getline(statements, statement, ';');) {
    statement.erase(0, statement.find_last_of("{}") + 1);
    std::smatch found;
    if (!std::regex_search(statement, found, declaration)) continue;
    std::stringstream names(found[1].str());
    for (std::string name; std::getline(names, name, ',');) {
      name = name.substr(0, name.find('='));
      name.erase(0, name.find_first_not_of(' '));
      name.erase(name.find_last_not_of(' ') + 1);
      declared.insert(name);
    }
  }
  const std::string text = visits.str();
  const std::regex visit(R"re(visit\("(\w+)", value\.(\w+)\))re");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), visit); it != std::sregex_iterator(); ++it) {
    CHECK((*it)[1].str() == (*it)[2].str());
    visited.insert((*it)[2].str());
  }
  CHECK(declared == visited);
}
