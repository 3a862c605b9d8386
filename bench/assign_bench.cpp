// Assignment against its floors: 35 ns for one experiment with a rule and 4 arms; for 100 experiments 486 ns
// hashing the id for each, 155 ns hashing it once and finalizing per experiment. Goal: within twice the
// floor. Machines are noisy: compare CPU times of one run. `--floor` benchmarks measure the bare arithmetic
// here and now.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "assign/assigner.hpp"
#include "assign/schemes/liftmark_1.hpp"
#include "assign/schemes/xxh3.hpp"
#include "assign/swap.hpp"

using namespace liftmark::assign;

namespace {

/// 36-byte ids, as UUIDs are.
const std::vector<std::string>& units() {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> result;
    for (std::uint64_t i = 0; i < 4096; ++i) {
      const std::string digits = std::to_string(draw(i, 1)) + std::to_string(draw(i, 2)) + "0000000000000000";
      result.push_back(digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
                       digits.substr(16, 4) + "-" + digits.substr(20, 12));
    }
    return result;
  }();
  return ids;
}

Experiment experiment(std::size_t index, std::size_t arms, bool rule) {
  Experiment result;
  result.key = "experiment-" + std::to_string(index);
  result.hashing.salt = "salt-" + std::to_string(index);
  for (std::size_t a = 0; a < arms; ++a) {
    result.arms.push_back({"arm-" + std::to_string(a), 1.0, a == 0 ? Role::control : Role::variant, "true"});
  }
  if (rule) {
    result.audience.op = Predicate::Op::equals;
    result.audience.attribute = "country";
    result.audience.values = {Value{std::string("CZ")}};
  }
  return result;
}

Definitions catalog(std::size_t experiments, std::size_t arms, bool rule) {
  Definitions result;
  for (std::size_t i = 0; i < experiments; ++i) result.experiments.push_back(experiment(i, arms, rule));
  return result;
}

const std::array kAttributes{Attribute{"plan", std::string_view("pro")},
                             Attribute{"country", std::string_view("CZ")}, Attribute{"orders", 3.0}};

Context context_of(const std::string& id) {
  Context context;
  context.unit = id;
  context.attributes = kAttributes;
  return context;
}

void one_experiment_rule_4_arms(benchmark::State& state) {
  const auto assigner = Assigner::compile(catalog(1, 4, true)).assigner;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(assigner->assign(context_of(units()[i++ & 4095]), "experiment-0"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_experiment_rule_4_arms);

void one_of_1000_experiments(benchmark::State& state) {
  const auto assigner = Assigner::compile(catalog(1000, 4, true)).assigner;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(assigner->assign(context_of(units()[i++ & 4095]), "experiment-500"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_of_1000_experiments);

/// The work of the peers' scripts (bench/assignment_peers): 100 experiments of 4 arms with one rule, asked in
/// turn by key.
void peer_work(benchmark::State& state) {
  Definitions definitions = catalog(100, 4, true);
  for (Experiment& each : definitions.experiments) {
    each.audience.op = Predicate::Op::in;
    each.audience.values = {Value{std::string("CA")}, Value{std::string("CZ")}};
  }
  const auto assigner = Assigner::compile(definitions).assigner;
  std::size_t i = 0;
  for (auto _ : state) {
    const std::string& key = definitions.experiments[i % 100].key;
    benchmark::DoNotOptimize(assigner->assign(context_of(units()[i++ & 4095]), key));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(peer_work);

void pinned_for_each_question(benchmark::State& state) {
  static CurrentAssigner current(Assigner::compile(catalog(1, 4, true)).assigner);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto pin = current.pin();
    benchmark::DoNotOptimize(pin->assign(context_of(units()[i++ & 4095]), "experiment-0"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pinned_for_each_question)->Threads(1)->Threads(2);

/// range(0): 1 with a rule each.
void all_of_100_experiments(benchmark::State& state) {
  const auto assigner = Assigner::compile(catalog(100, 2, state.range(0) != 0)).assigner;
  std::vector<Assignment> answers(assigner->size());
  std::size_t i = 0;
  for (auto _ : state) {
    assigner->assign_all(context_of(units()[i++ & 4095]), answers);
    benchmark::DoNotOptimize(answers.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(all_of_100_experiments)->ArgName("rule")->Arg(0)->Arg(1);

void batch_of_4096_units(benchmark::State& state) {
  const auto assigner = Assigner::compile(catalog(1, 4, true)).assigner;
  for (auto _ : state) {
    for (const std::string& id : units())
      benchmark::DoNotOptimize(assigner->assign(context_of(id), std::size_t{0}));
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}
BENCHMARK(batch_of_4096_units);

void compile_1000_experiments(benchmark::State& state) {
  const Definitions definitions = catalog(1000, 4, true);
  for (auto _ : state) benchmark::DoNotOptimize(Assigner::compile(definitions));
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(compile_1000_experiments)->Unit(benchmark::kMillisecond);

void floor_hash_unit(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(xxh3(units()[i++ & 4095]));
}
BENCHMARK(floor_hash_unit);

/// The unit's hash once, then a draw and a comparison for each of 100 experiments.
void floor_100_draws(benchmark::State& state) {
  std::array<std::uint64_t, 100> keys{};
  for (std::size_t e = 0; e < keys.size(); ++e) keys[e] = salt_key("salt-" + std::to_string(e), Purpose::arm);
  std::array<std::uint8_t, 100> arms{};
  std::size_t i = 0;
  for (auto _ : state) {
    const std::uint64_t unit = xxh3(units()[i++ & 4095]);
    for (std::size_t e = 0; e < keys.size(); ++e)
      arms[e] = static_cast<std::uint8_t>(xxh3_pair(unit, keys[e]) >> 63);
    benchmark::DoNotOptimize(arms);
  }
}
BENCHMARK(floor_100_draws);

}  // namespace
