// LaunchDarkly: js-core at 1ff89ecac7da (double) and go-server-sdk-evaluation at 8394e8419650 (float).
#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

constexpr long long kLargestSeed = 9007199254740991;  // 2^53 - 1: what JSON numbers hold exactly

class LaunchDarkly final : public Bucketing {
 public:
  LaunchDarkly(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    kind_ = static_cast<Kind>(read_choice(reader, "kind", {"rollout", "experiment", "segment"}));
    go_ = read_choice(reader, "sdk", {"node", "go"}) == 1;
    const std::string key = reader.text("flagKey").value_or(experiment.key);
    const std::string salt = reader.salt();
    const auto seed = reader.integer("seed", -kLargestSeed, kLargestSeed);
    // The Node SDK takes seed 0 for no seed.
    prefix_ = seed && (go_ || *seed != 0) ? std::to_string(*seed) + "." : key + "." + salt + ".";
    source_ = read_unit_source(reader, "bucketBy", "key");
    if (kind_ == Kind::experiment && !source_.attribute.empty())
      reader.problem("bucketBy", "is ignored by LaunchDarkly in experiments", "Leave it out.");
    require_full_traffic(problems, experiment, "Give the control a larger weight, as LaunchDarkly does.");
    kind_ == Kind::segment ? read_segment(reader, experiment) : read_variations(reader, experiment);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    if (unit.id.empty() && source_.attribute.empty())
      return {.outcome = SchemeDecision::Outcome::invalid_unit};
    const std::uint64_t hash = hash_of(unit);
    const std::size_t chosen = go_ ? choose<float>(hash) : choose<double>(hash);
    if (chosen >= shares_.size()) return {.bucket = hash};
    const bool untracked = untracked_[chosen];
    return {untracked ? SchemeDecision::Outcome::untracked : SchemeDecision::Outcome::assigned,
            shares_[chosen].arm, hash};
  }

  std::string explain(const UnitView& unit) const override {
    const std::uint64_t hash = hash_of(unit);
    return "SHA-1 of \"" + prefix_ + "\" and the key: bucket " + std::to_string(hash) +
           " of 2^60 = " + std::to_string(share_of_60_bits(hash));
  }

 private:
  enum class Kind { rollout, experiment, segment };

  /// 0 when the attribute is missing or neither a text nor a whole number.
  std::uint64_t hash_of(const UnitView& unit) const noexcept {
    const UnitText text(unit, source_);
    if (text.kind() != UnitText::Kind::text && text.kind() != UnitText::Kind::whole_number) return 0;
    return sha1_60({prefix_, text.text()});
  }

  /// The first entry whose running sum exceeds the bucket; beyond the end the last one, except in a segment
  /// rule.
  template <class Real>
  std::size_t choose(std::uint64_t hash) const noexcept {
    const Real bucket = static_cast<Real>(hash) / static_cast<Real>(1152921504606846976.0);
    Real sum = 0;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      sum += static_cast<Real>(shares_[i].share) / static_cast<Real>(100000.0);
      if (bucket < sum) return i;
    }
    return kind_ == Kind::segment ? shares_.size() : shares_.size() - 1;
  }

  void read_segment(ParameterReader& reader, const Experiment& experiment) {
    reader.require("weight", "The segment rule's weight, in 1/100000.");
    shares_.push_back({served_arm(reader, experiment), reader.number("weight").value_or(0.0)});
    untracked_.push_back(false);
  }

  void read_variations(ParameterReader& reader, const Experiment& experiment) {
    const auto said = read_arm_shares(reader, experiment, {"variations", "variation", "weight"});
    if (said && said->empty()) reader.problem("variations", "must not be empty");
    if (said) {
      shares_ = *said;
      for (const Parameter& entry : reader.list("variations")->items) {
        const Parameter* untracked = member(entry, "untracked");
        untracked_.push_back(kind_ == Kind::experiment && untracked != nullptr && untracked->boolean);
      }
      return;
    }
    shares_ = arm_ends(experiment, 100000.0);
    for (std::size_t i = shares_.size(); i-- > 1;) shares_[i].share -= shares_[i - 1].share;
    untracked_.assign(shares_.size(), false);
  }

  Kind kind_ = Kind::rollout;
  bool go_ = false;
  std::string prefix_;
  UnitSource source_;
  std::vector<ArmShare> shares_;
  std::vector<bool> untracked_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_launchdarkly(const Experiment& experiment,
                                                      std::vector<Problem>& problems) {
  return compiled<LaunchDarkly>(problems, experiment, problems);
}

}  // namespace liftmark::assign
