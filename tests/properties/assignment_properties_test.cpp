// Laws of assignment on generated catalogs and units.
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "assign/assigner.hpp"
#include "assign/ranges.hpp"

using namespace liftmark::assign;

namespace {

using Random = std::mt19937_64;

double share(Random& random) {
  return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}
int pick(Random& random, int most) {
  return std::uniform_int_distribution<int>(0, most)(random);
}

std::string text(Random& random) {
  std::string result;
  for (int i = pick(random, 40) + 1; i > 0; --i) result += static_cast<char>(pick(random, 255));
  return result;
}

std::vector<Arm> arms(Random& random, int most) {
  std::vector<Arm> result;
  for (int i = 0; i <= pick(random, most - 1); ++i) {
    result.push_back({"arm" + std::to_string(i), pick(random, 3) == 0 && i > 0 ? 0.0 : share(random) + 1e-3,
                      i == 0 ? Role::control : Role::variant, ""});
  }
  return result;
}

Predicate rule(Random& random) {
  Predicate predicate;
  predicate.op = Predicate::Op::less;
  predicate.attribute = "age";
  predicate.values = {Value{share(random) * 100.0}};
  return predicate;
}

/// Experiments over three layers (slots cut at random points) and none, with rules, holdouts and
/// prerequisites.
Definitions catalog(Random& random) {
  Definitions result;
  for (int l = 0; l < 3; ++l) {
    result.layers.push_back({"layer" + std::to_string(l), text(random)});
    result.holdouts.push_back(
        {"held" + std::to_string(l), share(random) * 0.3, text(random), result.layers.back().key});
  }
  result.holdouts.push_back({"everywhere", 0.1, text(random), ""});
  double next_slot[3] = {0.0, 0.0, 0.0};
  for (int i = 0; i < 20; ++i) {
    Experiment experiment;
    experiment.key = "e" + std::to_string(i);
    experiment.hashing.salt = "salt " + std::to_string(i) + text(random);
    experiment.arms = arms(random, 5);
    experiment.traffic = pick(random, 2) == 0 ? 1.0 : share(random);
    if (pick(random, 1) == 0) experiment.audience = rule(random);
    const int l = pick(random, 3);
    if (l < 3 && next_slot[l] < 0.95) {
      experiment.layer = result.layers[static_cast<std::size_t>(l)].key;
      const double last = std::min(1.0, next_slot[l] + 0.01 + 0.3 * share(random));
      experiment.slots = {{next_slot[l], last}};
      next_slot[l] = last;
    }
    if (i > 0 && pick(random, 4) == 0)
      experiment.prerequisites = {{"e" + std::to_string(pick(random, i - 1)), {}}};
    result.experiments.push_back(std::move(experiment));
  }
  return result;
}

std::shared_ptr<const Assigner> compiled(const Definitions& definitions) {
  Compilation result = Assigner::compile(definitions);
  for (const auto& problem : result.problems) FAIL(problem.where + ": " + problem.what);
  return result.assigner;
}

}  // namespace

TEST_CASE("assign_all equals one by one; layers never overlap; a held-out unit is in nothing") {
  Random random(20260718);
  for (int round = 0; round < 40; ++round) {
    const Definitions definitions = catalog(random);
    const auto assigner = compiled(definitions);
    for (int u = 0; u < 100; ++u) {
      const std::string id = text(random);
      const Attribute age{"age", share(random) * 100.0};
      Context context;
      context.unit = id;
      if (u % 5 != 0) context.attributes = {&age, 1};
      std::vector<Assignment> all(assigner->size());
      REQUIRE(assigner->assign_all(context, all) == all.size());
      std::vector<std::string> busy_layers;
      for (std::size_t i = 0; i < all.size(); ++i) {
        const Assignment one = assigner->assign(context, definitions.experiments[i].key);
        REQUIRE(one.reason == all[i].reason);
        REQUIRE(one.arm() == all[i].arm());
        REQUIRE(one.bucket == all[i].bucket);
        if (!one.measured()) continue;
        const std::string& layer = definitions.experiments[i].layer;
        REQUIRE(assigner->holdout_of(id, layer).empty());
        if (layer.empty()) continue;
        REQUIRE(std::find(busy_layers.begin(), busy_layers.end(), layer) == busy_layers.end());
        busy_layers.push_back(layer);
      }
    }
  }
}

TEST_CASE("raising traffic moves nobody and only adds") {
  Random random(20260719);
  for (int round = 0; round < 200; ++round) {
    Experiment experiment;
    experiment.key = "e";
    experiment.hashing.salt = text(random);
    experiment.arms = arms(random, 6);
    experiment.traffic = share(random);
    Experiment raised = experiment;
    raised.traffic = experiment.traffic + (1.0 - experiment.traffic) * share(random);
    const auto before = compiled({{experiment}, {}, {}});
    const auto after = compiled({{raised}, {}, {}});
    for (int u = 0; u < 200; ++u) {
      const std::string id = text(random);
      Context context;
      context.unit = id;
      const Assignment old = before->assign(context, "e");
      if (old.measured()) REQUIRE(after->assign(context, "e").arm() == old.arm());
      if (old.measured()) REQUIRE(after->assign(context, "e").measured());
    }
  }
}

TEST_CASE("minimal movement reaches the new shares and moves exactly the mass that must move") {
  Random random(20260720);
  for (int round = 0; round < 500; ++round) {
    Experiment before;
    before.arms = arms(random, 6);
    for (int edit = 0; edit < 5; ++edit) {
      Experiment after = before;
      after.arms = arms(random, 6);
      std::shuffle(after.arms.begin(), after.arms.end(), random);
      after.ranges = ranges_moving_least(before, after);
      REQUIRE(ranges_are_complete(after.ranges, after.arms.size()));
      // Shares per arm from the ranges against the weights, in long double; the needed movement from the
      // shares.
      const auto shares = [](const Experiment& experiment) {
        std::map<std::string, long double> result;
        for (const BucketRange& range : effective_ranges(experiment)) {
          const long double last = range.last == 0 ? 0x1p64L : static_cast<long double>(range.last);
          result[experiment.arms[range.arm].key] += (last - static_cast<long double>(range.first)) * 0x1p-64L;
        }
        return result;
      };
      const auto old_shares = shares(before);
      const auto new_shares = shares(after);
      Experiment fresh = after;
      fresh.ranges.clear();
      long double needed = 0.0L;
      for (const auto& [key, old_share] : old_shares) {
        const auto found = new_shares.find(key);
        needed += std::max(0.0L, old_share - (found == new_shares.end() ? 0.0L : found->second));
      }
      for (const auto& [key, wanted] : shares(fresh)) {
        REQUIRE(static_cast<double>(new_shares.at(key)) == Approx(static_cast<double>(wanted)).margin(1e-15));
      }
      REQUIRE(moved_share(before, after) == Approx(static_cast<double>(needed)).margin(1e-15));
      REQUIRE(moved_share(before, after) <= moved_share(before, fresh) + 1e-15);
      before = after;
    }
  }
}
