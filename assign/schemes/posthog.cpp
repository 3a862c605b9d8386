// PostHog: posthog-python posthog/feature_flags.py at c55c9b22ffb6.
#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

class PostHog final : public Bucketing {
 public:
  PostHog(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    prefix_ = reader.text("flagKey").value_or(experiment.key) + ".";
    boolean_ = read_choice(reader, "kind", {"multivariate", "boolean"}) == 1;
    source_ = read_unit_source(reader, "bucketBy", "distinct_id");
    rollout_ = read_coverage(reader, experiment, "rollout_percentage", 100.0) / 100.0;
    if (boolean_) {
      served_ = served_arm(reader, experiment);
    } else {
      const auto said = read_arm_shares(reader, experiment, {"variants", "key", "rollout_percentage"});
      double first = 0.0;
      for (const ArmShare& share : said ? *said : arm_weights(experiment, 100.0)) {
        const double last = first + share.share / 100.0;
        spans_.push_back({first, last});
        arms_.push_back(share.arm);
        first = last;
      }
    }
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText text(unit, source_);
    if (text.kind() == UnitText::Kind::missing) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    const std::uint64_t rollout = sha1_60({prefix_, text.text()});
    // Exactly at the rollout share counts as inside.
    if (share_of_60_bits(rollout) > rollout_) return {.bucket = rollout};
    if (boolean_) return {SchemeDecision::Outcome::assigned, served_, rollout};
    const std::uint64_t variant = sha1_60({prefix_, text.text(), "variant"});
    for (std::size_t i = 0; i < spans_.size(); ++i)
      if (spans_[i].contains(share_of_60_bits(variant)))
        return {SchemeDecision::Outcome::assigned, arms_[i], variant};
    return {.bucket = variant};  // PostHog serves plain `true`: the flag without a variant
  }

  std::string explain(const UnitView& unit) const override {
    const UnitText text(unit, source_);
    return "SHA-1 of \"" + prefix_ + "\" and the distinct id: rollout " +
           std::to_string(share_of_60_bits(sha1_60({prefix_, text.text()}))) + " of " +
           std::to_string(rollout_) + ", variant " +
           std::to_string(share_of_60_bits(sha1_60({prefix_, text.text(), "variant"})));
  }

 private:
  std::string prefix_;
  UnitSource source_;
  bool boolean_ = false;
  double rollout_ = 1.0;
  std::uint32_t served_ = SchemeDecision::kNoArm;
  std::vector<BucketSpan> spans_;
  std::vector<std::uint32_t> arms_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_posthog(const Experiment& experiment,
                                                 std::vector<Problem>& problems) {
  return compiled<PostHog>(problems, experiment, problems);
}

}  // namespace liftmark::assign
