// flagd / OpenFeature `fractional`: flagd at bbb05d4bc390 (UTF-8), js-sdk-contrib at 9750615d3846 (UTF-16,
// imurmurhash). v2 is flagd from commit 7190878f on; v1 is what stood before. A unit's arm differs between
// them.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

constexpr double kLargestTotal = 2147483647.0;

class Flagd final : public Bucketing {
 public:
  Flagd(const Experiment& experiment, int version, std::vector<Problem>& problems) : version_(version) {
    ParameterReader reader(experiment.hashing, problems);
    const std::string flag = reader.text("flagKey").value_or(experiment.key);
    const auto seed = reader.text("seed");
    empty_allowed_ = seed.has_value();
    prefix_ = seed.value_or(flag);
    source_ = read_unit_source(reader, "bucketBy", "targetingKey");
    js_ = read_choice(reader, "sdk", {"go", "js"}) == 1;
    require_full_traffic(problems, experiment, "Give the control a larger weight.");
    const auto said = read_arm_shares(reader, experiment, {"fractional", "variant", "weight", 1.0});
    shares_ = said ? *said : arm_weights(experiment);
    double total = 0.0;
    for (ArmShare& share : shares_) {
      if (share.share != std::floor(share.share)) reader.problem("fractional", "needs whole weights");
      share.share = std::max(share.share, 0.0);
      total += share.share;
    }
    if (total > kLargestTotal)
      reader.problem("fractional", "has weights that add up to more than 2^31 - 1");
    else if (reader.good())
      total_ = static_cast<std::uint32_t>(total);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText text(unit, source_);
    if (text.kind() == UnitText::Kind::missing || (text.text().empty() && !empty_allowed_))
      return {.outcome = SchemeDecision::Outcome::invalid_unit};
    const std::uint32_t hash = hash_of(text.text());
    const std::size_t chosen = total_ == 0     ? shares_.size()
                               : version_ == 1 ? choose_v1(hash)
                                               : choose_v2(hash);
    if (chosen >= shares_.size()) return {.bucket = hash};
    return {SchemeDecision::Outcome::assigned, shares_[chosen].arm, hash};
  }

  std::string explain(const UnitView& unit) const override {
    const UnitText text(unit, source_);
    const std::uint32_t hash = hash_of(text.text());
    return "MurmurHash3 of \"" + prefix_ + "\" and the targeting key: " + std::to_string(hash) + " of 2^32" +
           (version_ == 2 ? ", bucket " + std::to_string(std::uint64_t{hash} * total_ >> 32) + " of " +
                                std::to_string(total_)
                          : "");
  }

 private:
  std::uint32_t hash_of(std::string_view text) const noexcept {
    return murmur3_32({prefix_, text}, 0, js_ ? HashUnits::utf16 : HashUnits::utf8);
  }

  std::size_t choose_v2(std::uint32_t hash) const noexcept {
    const std::uint64_t bucket = std::uint64_t{hash} * total_ >> 32;
    double sum = 0.0;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      sum += shares_[i].share;
      if (static_cast<double>(bucket) < sum) return i;
    }
    return shares_.size();
  }

  /// Percentages in doubles. Go divides by 2^31 - 1 and excludes the upper end; JS divides by 2^31 and
  /// includes it.
  std::size_t choose_v1(std::uint32_t hash) const noexcept {
    const double magnitude = std::fabs(static_cast<double>(static_cast<std::int32_t>(hash)));
    const double bucket = magnitude / (js_ ? 2147483648.0 : 2147483647.0) * 100.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      sum += 100.0 * shares_[i].share / total_;
      if (js_ ? sum >= bucket : bucket < sum) return i;
    }
    return shares_.size();
  }

  int version_;
  std::string prefix_;
  bool empty_allowed_ = false;
  UnitSource source_;
  bool js_ = false;
  std::vector<ArmShare> shares_;
  std::uint32_t total_ = 0;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_flagd_v1(const Experiment& experiment,
                                                  std::vector<Problem>& problems) {
  return compiled<Flagd>(problems, experiment, 1, problems);
}
std::unique_ptr<const Bucketing> compile_flagd_v2(const Experiment& experiment,
                                                  std::vector<Problem>& problems) {
  return compiled<Flagd>(problems, experiment, 2, problems);
}

}  // namespace liftmark::assign
