// Flagsmith: flagsmith-engine at 7e2cfc774384.
#include <algorithm>
#include <cmath>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

/// A bucket 0..9998 and the percentage it stands for, [0, 100).
struct Percentage {
  std::uint32_t bucket = 0;
  double value = 0.0;
};

/// MD5 of "object,identity" modulo 9999; exactly 100 is drawn again with the pair written once more.
Percentage percentage_of(std::string_view object, std::string_view prefix, std::string_view id) noexcept {
  Percentage result;
  for (unsigned times = 1; times <= 64; ++times) {
    std::uint32_t remainder = 0;
    for (const std::uint8_t byte : md5({object, ",", prefix, id}, times, ","))
      remainder = (remainder * 256 + byte) % 9999;
    result = {remainder, remainder / 9998.0 * 100.0};
    if (remainder != 9998) break;
  }
  return result;
}

class Flagsmith final : public Bucketing {
 public:
  Flagsmith(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    split_ = read_choice(reader, "kind", {"multivariate", "percentage_split"}) == 1;
    if (const auto environment = reader.text("environment_key")) prefix_ = *environment + "_";
    if (split_) {
      object_ = reader.text("segment_key").value_or(experiment.key);
      source_ = read_unit_source(reader, "property", "$.identity.key");
      percentage_ = read_coverage(reader, experiment, "percentage", 100.0);
      served_ = served_arm(reader, experiment);
    } else {
      object_ = reader.text("feature_key").value_or(experiment.key);
      read_variants(reader, experiment, problems);
    }
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText text(unit, source_);
    if (text.text().empty()) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    const Percentage at = percentage_of(object_, prefix_, text.text());
    if (split_) {
      if (at.value <= percentage_) return {SchemeDecision::Outcome::assigned, served_, at.bucket};
      return {.bucket = at.bucket};
    }
    for (std::size_t i = 0; i < spans_.size(); ++i)
      if (spans_[i].contains(at.value)) return {SchemeDecision::Outcome::assigned, arms_[i], at.bucket};
    if (control_ == SchemeDecision::kNoArm) return {.bucket = at.bucket};
    return {SchemeDecision::Outcome::assigned, control_, at.bucket};
  }

  std::string explain(const UnitView& unit) const override {
    const UnitText text(unit, source_);
    const Percentage at = percentage_of(object_, prefix_, text.text());
    return "MD5 of \"" + object_ + "," + prefix_ + "\" and the identity: " + std::to_string(at.value) +
           " of 100";
  }

 private:
  void read_variants(ParameterReader& reader, const Experiment& experiment, std::vector<Problem>& problems) {
    require_full_traffic(problems, experiment,
                         "Give the variants smaller weights; the control gets the rest.");
    for (std::uint32_t i = static_cast<std::uint32_t>(experiment.arms.size()); i-- > 0;)
      if (experiment.arms[i].role == Role::control) control_ = i;
    const auto said = read_arm_shares(reader, experiment, {"variants", "key", "weight"});
    std::vector<ArmShare> shares;
    if (said) {
      shares = by_priority(*said, *reader.list("variants"));
    } else {
      for (const ArmShare& share : arm_weights(experiment, 100.0))
        if (share.arm != control_) shares.push_back(share);
    }
    double first = 0.0;
    for (const ArmShare& share : shares) {
      spans_.push_back({first, first + share.share});
      arms_.push_back(share.arm);
      first += share.share;
    }
  }

  /// The shares in ascending order of their entries' "priority"; entries without one come last, in their
  /// order.
  static std::vector<ArmShare> by_priority(const std::vector<ArmShare>& shares, const Parameter& list) {
    if (shares.size() != list.items.size()) return shares;  // problems were found
    std::vector<std::pair<double, ArmShare>> ordered;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const Parameter* priority = member(list.items[i], "priority");
      ordered.emplace_back(priority != nullptr ? priority->number : HUGE_VAL, shares[i]);
    }
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<ArmShare> sorted;
    for (const auto& [priority, share] : ordered) sorted.push_back(share);
    return sorted;
  }

  bool split_ = false;
  std::string object_;
  std::string prefix_;
  UnitSource source_;
  double percentage_ = 100.0;
  std::uint32_t served_ = SchemeDecision::kNoArm;
  std::uint32_t control_ = SchemeDecision::kNoArm;
  std::vector<BucketSpan> spans_;
  std::vector<std::uint32_t> arms_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_flagsmith(const Experiment& experiment,
                                                   std::vector<Problem>& problems) {
  return compiled<Flagsmith>(problems, experiment, problems);
}

}  // namespace liftmark::assign
