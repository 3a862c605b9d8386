#include "assign/scheme_vectors.hpp"

#include <filesystem>
#include <fstream>

#include "paths.hpp"

namespace liftmark::assign::testing {
namespace {

Parameter parameter(const json& value) {
  Parameter result;
  switch (value.type()) {
    case json::value_t::null:
      break;
    case json::value_t::boolean:
      result.kind = Parameter::Kind::boolean;
      result.boolean = value.get<bool>();
      break;
    case json::value_t::string:
      result.kind = Parameter::Kind::text;
      result.text = value.get<std::string>();
      break;
    case json::value_t::array:
      result.kind = Parameter::Kind::list;
      for (const json& item : value) result.items.push_back(parameter(item));
      break;
    case json::value_t::object:
      result.kind = Parameter::Kind::object;
      for (const auto& [name, item] : value.items()) {
        result.names.push_back(name);
        result.items.push_back(parameter(item));
      }
      break;
    default:
      result.kind = Parameter::Kind::number;
      result.number = value.get<double>();
  }
  return result;
}

Experiment with_hashing(const std::string& scheme, const json& parameters) {
  Experiment experiment;
  experiment.key = "experiment-key";
  experiment.hashing.scheme = scheme;
  for (const auto& [name, value] : parameters.items()) {
    if (name == "salt")
      experiment.hashing.salt = value;
    else
      experiment.hashing.parameters[name] = parameter(value);
  }
  return experiment;
}

}  // namespace

std::vector<json> bucketing_vectors(const std::string& system) {
  std::vector<json> records;
  const std::string own = std::string(liftmark::tests::kVectorsDir) + "/bucketing/" + system + ".json";
  std::ifstream committed(own);
  REQUIRE(committed.good());
  for (json& record : json::parse(committed)) records.push_back(std::move(record));
  const std::string published =
      std::string(liftmark::tests::kSharedDir) + "/bucketing/" + system + ".visible.json";
  if (!std::filesystem::exists(published)) {
    WARN("the published vectors are not here, only the committed ones run: " << published);
    return records;
  }
  std::ifstream shared(published);
  for (json& record : json::parse(shared))
    if (record.at("source") == "public") records.push_back(std::move(record));
  return records;
}

Experiment numbered_experiment(std::size_t arms, const std::string& scheme, const json& parameters) {
  Experiment experiment = with_hashing(scheme, parameters);
  for (std::size_t i = 0; i < arms; ++i)
    experiment.arms.push_back({std::to_string(i), 1.0, i == 0 ? Role::control : Role::variant, {}});
  return experiment;
}

Experiment gate_experiment(const std::string& scheme, const json& parameters) {
  Experiment experiment = with_hashing(scheme, parameters);
  experiment.arms = {{"off", 1.0, Role::control, {}}, {"on", 1.0, Role::variant, {}}};
  return experiment;
}

SchemeDecision decide(const Experiment& experiment, std::string_view unit,
                      std::vector<Attribute> attributes) {
  const Scheme* scheme = find_scheme(experiment.hashing.scheme);
  REQUIRE(scheme != nullptr);
  std::vector<Problem> problems;
  const auto bucketing = scheme->compile(experiment, problems);
  for (const Problem& problem : problems) FAIL(problem.where << " " << problem.what << " " << problem.hint);
  REQUIRE(bucketing != nullptr);
  return bucketing->decide({unit, attributes});
}

}  // namespace liftmark::assign::testing
