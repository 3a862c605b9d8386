// One decision of each bucketing scheme, two equal arms, 36-byte ids: what moving from a system costs per
// assignment. Floors (hash of a 36-byte key, ns): XXH3 4, Murmur3 12, FNV-1a 26, SHA-256 60, SHA-1 115.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "assign/schemes/scheme.hpp"

using namespace liftmark::assign;

namespace {

Parameter text(const std::string& value) {
  Parameter parameter;
  parameter.kind = Parameter::Kind::text;
  parameter.text = value;
  return parameter;
}

Parameter number(double value) {
  Parameter parameter;
  parameter.kind = Parameter::Kind::number;
  parameter.number = value;
  return parameter;
}

Parameter list(std::vector<Parameter> items) {
  Parameter parameter;
  parameter.kind = Parameter::Kind::list;
  parameter.items = std::move(items);
  return parameter;
}

Parameter object(std::vector<std::string> names, std::vector<Parameter> items) {
  Parameter parameter = list(std::move(items));
  parameter.kind = Parameter::Kind::object;
  parameter.names = std::move(names);
  return parameter;
}

Parameter eppo_split(const std::string& arm, double first) {
  const Parameter ranges = list({list({number(first), number(first + 5000)})});
  return object({"variationKey", "shards"},
                {text(arm), list({object({"salt", "ranges"}, {text("split"), ranges})})});
}

Experiment experiment_of(const Scheme& scheme) {
  Experiment experiment;
  experiment.key = "checkout";
  experiment.hashing.scheme = scheme.name;
  if (scheme.name == "liftmark-1" || scheme.name == "planout") experiment.hashing.salt = "checkout-1";
  experiment.arms = {{"control", 1.0, Role::control, {}}, {"new", 1.0, Role::variant, {}}};
  auto& parameters = experiment.hashing.parameters;
  if (scheme.name == "eppo") parameters["splits"] = list({eppo_split("control", 0), eppo_split("new", 5000)});
  return experiment;
}

void decide(benchmark::State& state, const Scheme& scheme) {
  std::vector<liftmark::Problem> problems;
  const auto bucketing = scheme.compile(experiment_of(scheme), problems);
  if (bucketing == nullptr) return state.SkipWithError("the scheme does not compile");
  std::vector<std::string> ids;
  for (int i = 0; i < 1024; ++i) ids.push_back("98e76c7b-386f-46f2-a030-" + std::to_string(100000000000 + i));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(bucketing->decide({ids[i++ & 1023], {}}));
  state.SetItemsProcessed(state.iterations());
}

const bool kRegistered = [] {
  for (const Scheme& scheme : kSchemes)
    benchmark::RegisterBenchmark(std::string(scheme.name).c_str(),
                                 [&scheme](benchmark::State& state) { decide(state, scheme); });
  return true;
}();

}  // namespace
