// parse_catalog: a complete catalog is read, every mistake is reported at once with pointer, value and
// remedy, and hostile text gives an Error, never a crash.
#include "engine/definition/catalog.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/changes.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/experiment_fields.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/definition/metric_fields.hpp"
#include "engine/definition/own_tables.hpp"
#include "engine/definition/predicate.hpp"
#include "engine/definition/text_predicate.hpp"
#include "paths.hpp"

namespace {

using liftmark::Catalog;
using liftmark::Error;
using liftmark::parse_catalog;
using nlohmann::json;

/// A small catalog that is right; tests break one thing in it.
json small() {
  return json::parse(R"({"schema": "liftmark.catalog/1", "currency": "EUR",
    "layers": [{"key": "site", "salt": "site-1"}],
    "metrics": [
      {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7},
      {"key": "revenue", "kind": "mean", "numerator": {"event": ["purchase", "refund"], "aggregate": "sum",
        "where": {"property": "channel", "equals": "web"}}, "window_days": 14, "cap": {"percentile": 0.999},
        "covariate": {"lookback_days": 28}, "direction": "increase", "scale": "log"},
      {"key": "aov", "kind": "ratio", "numerator": {"event": "purchase", "aggregate": "sum"},
        "denominator": {"event": "purchase", "aggregate": "count"}}],
    "experiments": [{"key": "checkout", "layer": "site", "slots": [[0, 0.5]],
      "arms": [{"key": "control", "weight": 1, "role": "control"},
               {"key": "variant", "weight": 1, "payload": {"layout": "short"}}],
      "hashing": {"scheme": "liftmark-1", "salt": "checkout-1"},
      "audience": {"all": [{"attribute": "country", "in": ["DE", "AT"]}, {"not": {"attribute": "age", "less": 18}}]},
      "plan": {"primary": ["revenue"], "secondary": ["aov"],
               "guardrails": [{"metric": "conversion", "margin": 0.02}], "mde": 0.03}}]})");
}

std::vector<liftmark::Problem> problems_of(const std::string& text) {
  try {
    parse_catalog(text);
  } catch (const Error& error) {
    CHECK(error.code() == liftmark::ErrorCode::definition);
    return error.problems();
  }
  return {};
}

const liftmark::Problem* at(const std::vector<liftmark::Problem>& problems, const std::string& where) {
  const auto found =
      std::find_if(problems.begin(), problems.end(), [&](const auto& p) { return p.where == where; });
  return found == problems.end() ? nullptr : &*found;
}

/// The catalog with the value at `pointer` replaced (or added).
std::string with(const std::string& pointer, const json& value) {
  json catalog = small();
  catalog[json::json_pointer(pointer)] = value;
  return catalog.dump();
}

}  // namespace

TEST_CASE("a catalog is read into plain structs") {
  const Catalog catalog = parse_catalog(small().dump());
  CHECK(catalog.currency == "EUR");
  REQUIRE(catalog.metrics.size() == 3);
  const auto* revenue = catalog.find_metric("revenue");
  REQUIRE(revenue);
  CHECK(revenue->numerator.events == std::vector<std::string>{"purchase", "refund"});
  CHECK(revenue->numerator.where.op == liftmark::assign::Predicate::Op::equals);
  CHECK(revenue->numerator.where.attribute == "channel");
  REQUIRE(revenue->cap);
  CHECK(revenue->cap->percentile == 0.999);
  CHECK_FALSE(revenue->cap->absolute);
  CHECK(catalog.find_metric("conversion")->numerator.aggregation == liftmark::Aggregation::any);
  const auto* checkout = catalog.find_experiment("checkout");
  REQUIRE(checkout);
  CHECK(checkout->assignment.arms[1].payload == R"({"layout":"short"})");
  CHECK(checkout->assignment.slots[0].last == 0.5);
  CHECK(checkout->assignment.audience.children.size() == 2);
  CHECK(checkout->plan.method == liftmark::Method::always_valid);
  CHECK(checkout->plan.min_days == 14);
  CHECK(catalog.find_metric("nothing") == nullptr);
}

TEST_CASE("every mistake is reported at once, with pointer, value and remedy") {
  json catalog = small();
  catalog["metrics"][0]["widow_days"] = 7;
  catalog["metrics"][1]["cap"] = {{"percentile", 0.99}, {"absolute", 100}};
  catalog["metrics"][2]["window_days"] = 0;
  catalog["experiments"][0]["arms"][0]["role"] = "contrl";
  catalog["experiments"][0]["plan"]["secondary"] = {"revenu"};
  catalog["experiments"][0]["plan"]["guardrails"][0]["margin"] = 0;
  const auto problems = problems_of(catalog.dump());
  CHECK(problems.size() == 7);  // the six above, and without its role no arm is the control
  REQUIRE(at(problems, "/metrics/0/widow_days"));
  CHECK(at(problems, "/metrics/0/widow_days")->hint == "Did you mean \"window_days\"?");
  CHECK(at(problems, "/metrics/1/cap"));
  REQUIRE(at(problems, "/metrics/2/window_days"));
  CHECK(at(problems, "/metrics/2/window_days")->value == "0");
  CHECK(at(problems, "/metrics/2/window_days")->hint == "It must be from 1 to 400.");
  CHECK(at(problems, "/experiments/0/arms/0/role"));
  REQUIRE(at(problems, "/experiments/0/plan/secondary/0"));
  CHECK(at(problems, "/experiments/0/plan/secondary/0")->hint == "Did you mean \"revenue\"?");
  CHECK(at(problems, "/experiments/0/plan/guardrails/0/margin"));
  CHECK(at(problems, "/experiments/0/arms"));
}

TEST_CASE("meaning is checked, not only form") {
  struct Row {
    const char* pointer;
    json value;
    const char* where;
  };
  const std::vector<Row> rows{
      {"/schema", "liftmark.catalog/9", "/schema"},
      {"/currency", "Euro", "/currency"},
      {"/day_offset_minutes", 2000, "/day_offset_minutes"},
      {"/retention", {{"view", 0}}, "/retention/view"},
      {"/retention", 90, "/retention"},
      {"/layers/1", {{"key", "site"}, {"salt", "x"}}, "/layers/1/key"},
      {"/holdouts", json::array({{{"key", "g"}, {"share", 1.0}, {"salt", "x"}}}), "/holdouts/0/share"},
      {"/holdouts", json::array({{{"key", "g"}, {"share", 0.1}, {"salt", "x"}, {"layer", "sit"}}}),
       "/holdouts/0/layer"},
      {"/experiments/0/layer", "sites", "/experiments/0/layer"},
      {"/experiments/0/slots", json::parse("[[0.5, 0.2]]"), "/experiments/0/slots/0"},
      {"/experiments/0/slots", json::parse("[[0, 0.5], [0.4, 0.6]]"), "/experiments/0/slots/1"},
      {"/experiments/0/traffic", 1.5, "/experiments/0/traffic"},
      {"/experiments/0/arms/1/key", "control", "/experiments/0/arms/1/key"},
      {"/experiments/0/arms/1/weight", -1, "/experiments/0/arms/1/weight"},
      {"/experiments/0/arms/0/role", "variant", "/experiments/0/arms"},
      {"/experiments/0/hashing", {{"scheme", "liftmark-1"}}, "/experiments/0/hashing"},
      {"/experiments/0/hashing/slat", "x", "/experiments/0/hashing/slat"},
      {"/experiments/0/hashing",
       {{"scheme", "growthbook-v2"}, {"coverage", "half"}},
       "/experiments/0/hashing/coverage"},
      {"/experiments/0/hashing", {{"scheme", "growthbook-v2"}, {"salt", "x"}}, "/experiments/0/hashing/salt"},
      {"/experiments/0/epoch", 0, "/experiments/0/epoch"},
      {"/experiments/0/status", "runing", "/experiments/0/status"},
      {"/experiments/0/overrides", {{"qa", "nobody"}}, "/experiments/0/overrides/qa"},
      {"/experiments/0/prerequisites", json::parse(R"([{"experiment": "other"}])"),
       "/experiments/0/prerequisites/0/experiment"},
      {"/experiments/0/start", "yesterday", "/experiments/0/start"},
      {"/experiments/0/plan/primary", json::array(), "/experiments/0/plan/primary"},
      {"/experiments/0/plan/primary", {"conversions"}, "/experiments/0/plan/primary/0"},
      {"/experiments/0/plan/secondary", {"revenue"}, "/experiments/0/plan/secondary/0"},
      {"/experiments/0/plan/guardrails/0/margin", -0.1, "/experiments/0/plan/guardrails/0/margin"},
      {"/experiments/0/plan/min_days", 10, "/experiments/0/plan/min_days"},
      {"/experiments/0/plan/method", "fixed", "/experiments/0/plan/horizon_days"},
      {"/experiments/0/plan",
       json::parse(R"({"primary": ["conversion"], "method": "group_sequential", "planned_units": 4000})"),
       "/experiments/0/plan/look_days"},
      {"/experiments/0/plan",
       json::parse(R"({"primary": ["conversion"], "method": "group_sequential", "look_days": [7, 14]})"),
       "/experiments/0/plan/planned_units"},
      {"/experiments/0/plan/spending", "linear", "/experiments/0/plan/spending"},
      {"/experiments/0/plan/spending", "kim_demets", "/experiments/0/plan/spending_parameter"},
      {"/experiments/0/plan/spending_parameter", -4, "/experiments/0/plan/spending_parameter"},
      {"/experiments/0/plan/alpha", 1, "/experiments/0/plan/alpha"},
      {"/experiments/0/plan/mde", "3%", "/experiments/0/plan/mde"},
      {"/experiments/0/plan/against", {"variant"}, "/experiments/0/plan/against"},
      {"/experiments/0/audience",
       {{"attribute", "country"}, {"equal", "DE"}},
       "/experiments/0/audience/equal"},
      {"/experiments/0/audience", {{"attribute", "age"}, {"less", "18"}}, "/experiments/0/audience/less"},
      {"/experiments/0/audience", {{"all", json::array()}}, "/experiments/0/audience/all"},
      {"/experiments/0/audience",
       {{"attribute", "a"}, {"matches", std::string(300, 'a')}},
       "/experiments/0/audience/matches"},
      {"/metrics/0/kind", "proportions", "/metrics/0/kind"},
      {"/metrics/0/numerator", json::object(), "/metrics/0/numerator/event"},
      {"/metrics/0/numerator/aggregate", "sum", "/metrics/0/numerator"},
      {"/metrics/0/denominator", {{"event", "view"}}, "/metrics/0/denominator"},
      {"/metrics/0/cap", {{"absolute", 3}}, "/metrics/0/cap"},
      {"/metrics/1/cap", json::object(), "/metrics/1/cap"},
      {"/metrics/1/cap/percentile", 1.0, "/metrics/1/cap/percentile"},
      {"/metrics/1/window_days", 401, "/metrics/1/window_days"},
      {"/metrics/1/window_days", 1e300, "/metrics/1/window_days"},
      {"/metrics/3", json::parse(R"({"key": "f", "kind": "funnel"})"), "/metrics/3/steps"},
      {"/metrics/3", json::parse(R"({"key": "f", "kind": "funnel", "steps": [{"name": "a", "event": "a"}]})"),
       "/metrics/3/steps"},
      {"/metrics/3",
       json::parse(R"({"key": "b", "kind": "blend", "terms": [{"metric": "nothing", "weight": 1}]})"),
       "/metrics/3/terms/0/metric"},
      {"/metrics/3", json::parse(R"({"key": "r", "kind": "retention", "numerator": {"event": "view"},
                       "retention": {"kind": "on_or_after", "day": 7}})"),
       "/metrics/3/retention"},
      {"/metrics/3",
       json::parse(R"({"key": "r", "kind": "retention", "numerator": {"event": "view"}, "maturity": "any",
                       "retention": {"kind": "on_day", "day": 7}})"),
       "/metrics/3/maturity"},
      {"/metrics/3",
       json::parse(
           R"({"key": "r", "kind": "repeat_purchase", "numerator": {"event": "purchase"}, "minimum_orders": 1})"),
       "/metrics/3/minimum_orders"},
      {"/metrics/1/maturity", "any", "/experiments/0/plan/primary/0"},
  };
  for (const Row& row : rows) {
    const auto problems = problems_of(with(row.pointer, row.value));
    std::string all;
    for (const auto& problem : problems)
      all += problem.where + ": " + problem.what + " | " + problem.hint + "\n";
    INFO(row.pointer << " = " << row.value.dump() << "\n" << all);
    CHECK(problems.size() == 1);
    CHECK(at(problems, row.where) != nullptr);
    for (const auto& problem : problems) CHECK_FALSE(problem.hint.empty());
  }
}

TEST_CASE("what counts before its window is over decides nothing where one looks repeatedly") {
  for (const char* method :
       {"always_valid", "mixture_sprt", "exact_counts", "betting", "fixed", "bayesian"}) {
    json catalog = small();
    json& plan = catalog["experiments"][0]["plan"];
    plan["method"] = method;
    plan["horizon_days"] = 28;
    const bool once = std::string(method) == "fixed" || std::string(method) == "bayesian";
    catalog["metrics"][0]["maturity"] = "any";  // a guardrail: harm stops at any look
    INFO(method);
    CHECK((at(problems_of(catalog.dump()), "/experiments/0/plan/guardrails/0/metric") == nullptr) == once);
    catalog["metrics"][0].erase("maturity");
    catalog["metrics"][1]["maturity"] = "any";
    CHECK((at(problems_of(catalog.dump()), "/experiments/0/plan/primary/0") == nullptr) == once);
  }
}

TEST_CASE("a plan must last longer than the windows it decides by") {
  // Revenue: 14 days from a unit's first exposure, so units of the first day are mature on day 15.
  json catalog = small();
  json& plan = catalog["experiments"][0]["plan"];
  plan["method"] = "fixed";
  plan["horizon_days"] = 14;
  CHECK(at(problems_of(catalog.dump()), "/experiments/0/plan/primary/0"));
  plan["horizon_days"] = 15;
  CHECK(problems_of(catalog.dump()).empty());
  catalog["metrics"][1]["settle_days"] = 3;
  CHECK(at(problems_of(catalog.dump()), "/experiments/0/plan/primary/0"));
  catalog["metrics"][1].erase("settle_days");
  plan.erase("horizon_days");
  plan["method"] = "group_sequential";
  plan["planned_units"] = 1000;
  plan["look_days"] = {7, 14};
  CHECK(at(problems_of(catalog.dump()), "/experiments/0/plan/primary/0"));
  plan["look_days"] = {7, 21};  // a look without mature units is none
  CHECK(problems_of(catalog.dump()).empty());
}

TEST_CASE("distinct days have no surfaces, and every rule of the verdict can be written") {
  json catalog = small();
  catalog["metrics"].push_back(json::parse(
      R"({"key": "days", "kind": "count", "surface": "place",
          "numerator": {"event": "visit", "aggregate": "distinct_days"}})"));
  CHECK(at(problems_of(catalog.dump()), "/metrics/3/surface"));
  for (const char* rule : {"clear_win_no_harm", "all_primaries", "do_no_harm"})
    CHECK(problems_of(with("/experiments/0/plan/rule", rule)).empty());
}

TEST_CASE("a ratio must not stand alone as primary") {
  json catalog = small();
  catalog["experiments"][0]["plan"] = {{"primary", {"aov"}}};
  CHECK(at(problems_of(catalog.dump()), "/experiments/0/plan/primary"));
  catalog["experiments"][0]["plan"] = {{"primary", {"aov", "revenue"}}};
  CHECK(problems_of(catalog.dump()).empty());
}

TEST_CASE("experiments of a layer own disjoint slots, stopped ones excepted") {
  json catalog = small();
  json other = catalog["experiments"][0];
  other["key"] = "search";
  other["hashing"]["salt"] = "search-1";
  other["slots"] = json::parse("[[0.4, 0.8]]");
  catalog["experiments"].push_back(other);
  CHECK(at(problems_of(catalog.dump()), "/experiments/1/slots/0"));
  catalog["experiments"][0]["status"] = "stopped";
  CHECK(problems_of(catalog.dump()).empty());
  catalog["experiments"][0]["status"] = "running";
  catalog["experiments"][1]["slots"] = json::parse("[[0.5, 0.8]]");
  CHECK(problems_of(catalog.dump()).empty());
}

TEST_CASE("the canonical text does not depend on spaces, order or the writing of numbers") {
  const Catalog one = parse_catalog(small().dump());
  const Catalog two = parse_catalog(small().dump(4));
  CHECK(one.digest == two.digest);
  CHECK(one.digest.size() == 64);
  std::string text = small().dump();
  const auto at_weight = text.find("\"weight\":1}");
  REQUIRE(at_weight != std::string::npos);
  text.replace(at_weight, 11, "\"weight\":1.0}");
  CHECK(parse_catalog(text).digest == one.digest);
  CHECK(parse_catalog(with("/currency", "USD")).digest != one.digest);
  CHECK(parse_catalog(one.text).text == one.text);
}

TEST_CASE("the SHA-256 of \"abc\" is FIPS 180-4's") {
  CHECK(liftmark::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a plan's digest covers the plan and its metrics, defaults included, and nothing else") {
  const auto digest = [](const std::string& text) {
    const Catalog catalog = parse_catalog(text);
    return liftmark::plan_digest(catalog, catalog.experiments[0]);
  };
  const std::string before = digest(small().dump());
  CHECK(digest(with("/experiments/0/plan/alpha", 0.05)) == before);  // the default, written out
  CHECK(digest(with("/metrics/1/settle_days", 0)) == before);
  CHECK(digest(with("/experiments/0/name", "Short checkout")) == before);
  CHECK(digest(with("/experiments/0/plan/alpha", 0.01)) != before);
  CHECK(digest(with("/metrics/1/window_days", 21)) != before);
}

TEST_CASE("hostile text is an error, never a crash") {
  const auto fails = [](const std::string& text) {
    const auto problems = problems_of(text);
    INFO(text.substr(0, 80));
    CHECK_FALSE(problems.empty());
    return problems;
  };
  fails("");
  fails("null");
  fails("[]");
  fails("{");
  fails("{\"schema\": \"liftmark.catalog/1\"} trailing");
  fails("\xff\xfe{");
  fails(std::string("{\"schema\": \"\xc3\x28\"}"));
  fails("{\"schema\": \"liftmark.catalog/1\", \"day_offset_minutes\": 1e999}");
  fails("{\"schema\": \"liftmark.catalog/1\", \"day_offset_minutes\": 99999999999999999999999}");
  fails("{\"schema\": \"liftmark.catalog/1\", \"currency\": \"E\\u0000R\"}");
  CHECK(fails(std::string(100'000, '[')).front().what.find("deeper") != std::string::npos);
  std::string nested;
  for (int i = 0; i < 10'000; ++i) nested += "{\"all\":[";
  fails(nested);
  const auto twice = fails("{\"schema\": \"liftmark.catalog/1\", \"metrics\": [], \"metrics\": []}");
  CHECK(twice.front().where == "/metrics");
  CHECK(fails("{\n  \"schema\": oops}").front().where == "line 2, column 13");
}

TEST_CASE("a broken byte anywhere gives a catalog or an Error") {
  const std::string text = small().dump();
  std::mt19937_64 random(7);
  for (int round = 0; round < 4000; ++round) {
    std::string broken = text;
    for (int i = 0; i < 1 + round % 3; ++i) broken[random() % broken.size()] = static_cast<char>(random());
    if (round % 5 == 0) broken.resize(random() % broken.size());
    try {
      parse_catalog(broken);
    } catch (const Error& error) {
      CHECK_FALSE(error.problems().empty());
      CHECK_FALSE(liftmark::describe(error).empty());
    }
  }
}

TEST_CASE("the reference's complete example is a catalog, and the published schema knows its keys") {
  std::ifstream file(std::string(liftmark::tests::kSourceDir) + "/docs/catalog.md");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const auto from = document.find("```json\n") + 8;
  const std::string example = document.substr(from, document.find("```", from) - from);
  const Catalog catalog = parse_catalog(example);
  CHECK(catalog.experiments.size() == 1);
  CHECK(catalog.metrics.size() == 9);
  std::ifstream schema_file(std::string(liftmark::tests::kSourceDir) + "/docs/catalog.schema.json");
  const json schema = json::parse(schema_file);
  const json& metric = schema["properties"]["metrics"]["items"]["properties"];
  const json& experiment = schema["properties"]["experiments"]["items"]["properties"];
  const auto known = [](const json& properties, const json& object) {
    for (const auto& [key, value] : object.items()) {
      INFO(key);
      CHECK(properties.contains(key));
    }
  };
  for (const auto& each : catalog.metrics) known(metric, liftmark::write_metric(each));
  known(experiment, liftmark::write_experiment(catalog.experiments[0]));
  known(experiment["plan"]["properties"], liftmark::write_plan(catalog.experiments[0].plan));
}

TEST_CASE("a shop's own tables: every mistake is reported, and the schema has every field") {
  const json right = json::parse(R"({
    "exposures": [{"table": "seen", "columns": {"unit": "u", "at": "t", "arm": "a"},
                   "constants": {"experiment": "checkout"}}],
    "events": [{"table": "orders", "database": "shop", "columns": {"unit": "u", "at": "t", "value": "total"},
                "constants": {"type": "purchase"}, "properties": {"surface": "page"},
                "where": "total > 0"}]})");
  json catalog = small();
  catalog["tables"] = right;
  const auto tables = liftmark::own_tables_of(parse_catalog(catalog.dump()).text);
  REQUIRE(tables.has_value());
  CHECK(tables->events.front().columns.at("value") == "total");
  CHECK(tables->events.front().constants.at("type") == "purchase");
  CHECK_FALSE(liftmark::own_tables_of(parse_catalog(small().dump()).text).has_value());
  const auto wrong_at = [&](const std::string& pointer, const json& value) {
    json broken = catalog;
    broken[json::json_pointer(pointer)] = value;
    const auto problems = problems_of(broken.dump());
    return problems.empty() ? std::string("taken") : problems.front().where;
  };
  CHECK(wrong_at("/tables", "orders") == "/tables");
  CHECK(wrong_at("/tables/events", json::array()) == "/tables/events");
  CHECK(wrong_at("/tables/events/0/columns/arm", "a") == "/tables/events/0/columns/arm");
  CHECK(wrong_at("/tables/events/0/columns/unit", 7) == "/tables/events/0/columns/unit");
  CHECK(wrong_at("/tables/events/0/columns/type", "t") == "/tables/events/0/constants");
  CHECK(wrong_at("/tables/events/0/constants", json::object()) == "/tables/events/0/columns");
  CHECK(wrong_at("/tables/events/0/constants/value", "1") == "/tables/events/0/constants/value");
  CHECK(wrong_at("/tables/events/0/properties/surface", json::array()) ==
        "/tables/events/0/properties/surface");
  CHECK(wrong_at("/tables/exposures/0/table", "") == "/tables/exposures/0/table");
  std::ifstream schema_file(std::string(liftmark::tests::kSourceDir) + "/docs/catalog.schema.json");
  const json schema = json::parse(schema_file)["properties"]["tables"]["properties"];
  for (const auto& [kind, list] : right.items())
    for (const auto& [key, value] : list[0].items()) CHECK(schema[kind]["items"]["properties"].contains(key));
}

TEST_CASE("a catalog written out with its defaults says the same") {
  const Catalog catalog = parse_catalog(small().dump());
  json written = small();
  for (std::size_t i = 0; i < catalog.metrics.size(); ++i)
    written["metrics"][i] = liftmark::write_metric(catalog.metrics[i]);
  written["experiments"][0] = liftmark::write_experiment(catalog.experiments[0]);
  written["experiments"][0].erase("ranges");
  const Catalog again = parse_catalog(written.dump());
  CHECK(liftmark::plan_digest(again, again.experiments[0]) ==
        liftmark::plan_digest(catalog, catalog.experiments[0]));
  CHECK(liftmark::write_experiment(again.experiments[0]) ==
        liftmark::write_experiment(catalog.experiments[0]));
}

TEST_CASE("changes name the part, the field, and plans touched after the start") {
  const Catalog before = parse_catalog(small().dump());
  json edited = small();
  edited["metrics"][0]["window_days"] = 14;
  edited["experiments"][0]["plan"]["alpha"] = 0.01;
  edited["experiments"][0]["arms"][1]["weight"] = 2;
  edited["metrics"].push_back({{"key", "views"}, {"kind", "count"}, {"numerator", {{"event", "view"}}}});
  const auto changes = liftmark::describe_changes(before, parse_catalog(edited.dump()));
  REQUIRE(changes.size() == 4);
  CHECK(changes[0].key == "conversion");
  CHECK(changes[0].field == "/window_days");
  CHECK(changes[0].before == "7");
  CHECK(changes[0].after == "14");
  CHECK(changes[0].plan_after_start);
  CHECK(changes[1].key == "views");
  CHECK(changes[1].field.empty());
  CHECK_FALSE(changes[1].plan_after_start);
  CHECK(changes[2].field == "/arms/1/weight");
  CHECK(changes[3].field == "/plan/alpha");
  CHECK(changes[3].plan_after_start);
  CHECK(liftmark::describe_changes(before, before).empty());
}

TEST_CASE("conditions as a person types them") {
  const auto holds = [](const std::string& condition, std::string_view text) {
    const liftmark::TextPredicate predicate(liftmark::read_condition(condition, "--where"));
    CHECK(predicate.names() == std::vector<std::string>{"Unit Price"});
    return predicate.holds(std::span(&text, 1));
  };
  CHECK(holds("Unit Price=12", "12"));
  CHECK_FALSE(holds("Unit Price=12", "12.0"));  // = compares texts
  CHECK(holds("Unit Price!=12", "13"));
  CHECK(holds("Unit Price > 12", "12.5"));
  CHECK_FALSE(holds("Unit Price>12", "12"));
  CHECK(holds("Unit Price>=12", "12"));
  CHECK(holds("Unit Price<-1", "-2"));
  CHECK_FALSE(holds("Unit Price<3", "cheap"));
  CHECK_FALSE(holds("Unit Price<3", ""));
  CHECK(holds("Unit Price=", ""));
  CHECK_FALSE(holds("Unit Price=", "x"));
  CHECK(holds("Unit Price!=", "x"));
  CHECK(holds("Unit Price^=C", "C489449"));
  CHECK(holds("Unit Price!^=C", "489449"));
  CHECK(holds("Unit Price$=9", "489449"));
  CHECK(holds("Unit Price*=94", "489449"));
  CHECK(holds("Unit Price~=^C?[0-9]+$", "C12"));
  CHECK(holds(
      R"({"any": [{"property": "Unit Price", "in": ["a", "b"]}, {"property": "Unit Price", "less": 0}]})",
      "-1"));
  const auto wrong = [](const std::string& condition) {
    try {
      liftmark::read_condition(condition, "--where");
    } catch (const Error& error) {
      CHECK(error.code() == liftmark::ErrorCode::usage);
      CHECK_FALSE(error.problems().front().hint.empty());
      return error.problems().front().where;
    }
    return std::string("no error");
  };
  for (const char* condition : {"", "Price", "=3", "Price>cheap", "Price<", "{", R"({"property": "a"})"})
    CHECK(wrong(condition).starts_with("--where"));
  CHECK(wrong("a~=(") != "no error");
}

TEST_CASE("ledgers, shipped arms and interactions name what is there") {
  json catalog = small();
  catalog["holdouts"] = json::parse(R"([{"key": "global", "share": 0.05, "salt": "h"}])");
  catalog["ledgers"] =
      json::parse(R"([{"holdout": "global", "metrics": ["revenue"], "planned_units": 1000}])");
  catalog["experiments"][0]["shipped"] = json::parse(R"({"arm": "variant", "at": "2026-04-01"})");
  const Catalog right = parse_catalog(catalog.dump());
  CHECK(right.ledgers.at(0).metrics == std::vector<std::string>{"revenue"});
  CHECK(right.ledgers.at(0).planned_units == 1000);
  CHECK(right.experiments.at(0).shipped->arm == "variant");
  json wrong = catalog;
  wrong["ledgers"][0]["holdout"] = "globl";
  wrong["ledgers"][0]["metrics"][0] = "revenu";
  wrong["experiments"][0]["shipped"]["arm"] = "sessions";
  wrong["experiments"][0]["plan"]["interactions"] = {"checkout", "mail"};
  const auto problems = problems_of(wrong.dump());
  REQUIRE(at(problems, "/ledgers/0/holdout"));
  CHECK(at(problems, "/ledgers/0/holdout")->hint == "Did you mean \"global\"?");
  CHECK(at(problems, "/ledgers/0/metrics/0"));
  CHECK(at(problems, "/experiments/0/shipped"));
  CHECK(at(problems, "/experiments/0/plan/interactions/0"));
  CHECK(at(problems, "/experiments/0/plan/interactions/1"));
  wrong = catalog;
  wrong["holdouts"][0]["key"] = wrong["ledgers"][0]["holdout"] = "checkout";
  CHECK(at(problems_of(wrong.dump()), "/ledgers/0/holdout"));
}
