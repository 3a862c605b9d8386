#include "assign/schemes/liftmark_1.hpp"

#include <memory>
#include <string>
#include <vector>

#include "assign/ranges.hpp"
#include "assign/schemes/parameters.hpp"
#include "assign/schemes/scheme.hpp"
#include "assign/schemes/xxh3.hpp"

namespace liftmark::assign {
namespace {

class Liftmark1 final : public Bucketing {
 public:
  Liftmark1(const Experiment& experiment, std::vector<BucketRange> ranges)
      : arm_key_(salt_key(experiment.hashing.salt, Purpose::arm)),
        traffic_key_(salt_key(experiment.hashing.salt, Purpose::traffic)),
        traffic_(share_threshold(experiment.traffic)),
        ranges_(std::move(ranges)) {}

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    if (unit.id.empty()) return {SchemeDecision::Outcome::invalid_unit, SchemeDecision::kNoArm, 0};
    const std::uint64_t hash = xxh3(unit.id);
    const std::uint64_t bucket = xxh3_pair(hash, arm_key_);
    if (!traffic_.contains(xxh3_pair(hash, traffic_key_))) {
      return {SchemeDecision::Outcome::outside_traffic, SchemeDecision::kNoArm, bucket};
    }
    return {SchemeDecision::Outcome::assigned, arm_of(bucket), bucket};
  }

  std::string explain(const UnitView& unit) const override {
    const std::uint64_t hash = xxh3(unit.id);
    return "unit hash " + std::to_string(hash) + ", traffic draw " +
           std::to_string(xxh3_pair(hash, traffic_key_)) +
           (traffic_.everything ? std::string(" (all take part)")
                                : " below " + std::to_string(traffic_.below) + " takes part") +
           ", arm draw " + std::to_string(xxh3_pair(hash, arm_key_));
  }

 private:
  std::uint32_t arm_of(std::uint64_t bucket) const noexcept {
    std::size_t i = 0;
    while (i + 1 < ranges_.size() && bucket >= ranges_[i].last) ++i;
    return ranges_[i].arm;
  }

  std::uint64_t arm_key_;
  std::uint64_t traffic_key_;
  Threshold traffic_;
  std::vector<BucketRange> ranges_;
};

}  // namespace

std::uint64_t unit_hash(std::string_view unit) noexcept {
  return xxh3(unit);
}

std::uint64_t salt_key(std::string_view salt, Purpose purpose) noexcept {
  return xxh3(salt, static_cast<std::uint64_t>(purpose));
}

std::uint64_t draw(std::uint64_t unit, std::uint64_t key) noexcept {
  return xxh3_pair(unit, key);
}

std::unique_ptr<const Bucketing> compile_liftmark_1(const Experiment& experiment,
                                                    std::vector<Problem>& problems) {
  ParameterReader parameters(experiment.hashing, problems);
  const std::string& salt = parameters.salt();
  parameters.reject_unknown();
  if (salt.empty()) {
    problems.push_back(
        {"/hashing/salt", "must not be empty", "", "Give a random text once and never change it."});
  }
  for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
    if (!billionths(experiment.arms[i].weight)) {
      problems.push_back({"/arms/" + std::to_string(i) + "/weight", "must be 0 or between 1e-9 and 1e6",
                          std::to_string(experiment.arms[i].weight), "Weights are relative to each other."});
    }
  }
  if (!parameters.good()) return nullptr;
  std::vector<BucketRange> ranges = effective_ranges(experiment);
  if (!ranges_are_complete(ranges, experiment.arms.size())) {
    const bool given = !experiment.ranges.empty();
    problems.push_back(
        {given ? "/ranges" : "/arms",
         given ? "must cover every bucket once, in order" : "needs an arm with a positive weight", "", ""});
    return nullptr;
  }
  return std::make_unique<const Liftmark1>(experiment, std::move(ranges));
}

}  // namespace liftmark::assign
