// Unleash: client-specification 6.1.0 at 931b695b2a99; unleash-client-node at 33c3556ee294 (low bytes of
// UTF-16) and yggdrasil at a6e91e5e255c (UTF-8).
#include <cmath>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

constexpr std::uint32_t kVariantSeed = 86028157;

template <HashUnits kUnits>
class Unleash final : public Bucketing {
 public:
  Unleash(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    rollout_only_ = read_choice(reader, "kind", {"variant", "rollout"}) == 1;
    group_ = reader.text("groupId").value_or(experiment.key) + ":";
    sources_ = read_sources(reader, "stickiness", {"sessionId"});
    variant_sources_ = sources_;
    if (reader.any("variantStickiness") != nullptr)
      variant_sources_ = read_sources(reader, "variantStickiness", {"sessionId", "remoteAddress"});
    rollout_ = read_coverage(reader, experiment, "rollout", 100.0);
    const std::string feature = reader.text("variantGroupId").value_or(group_.substr(0, group_.size() - 1));
    variant_group_ = feature + ":";
    rollout_only_ ? void(served_ = served_arm(reader, experiment)) : read_variants(reader, experiment);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    // Without an id Unleash is off, or picks at random; neither is an assignment.
    const std::uint32_t slot = normalized(group_, unit, sources_, {100, 0});
    if (slot == 0) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    if (!(rollout_ > 0.0 && slot <= rollout_)) return {.bucket = slot};
    if (rollout_only_) return {SchemeDecision::Outcome::assigned, served_, slot};
    if (total_ == 0) return {.bucket = slot};
    const std::uint32_t target = normalized(variant_group_, unit, variant_sources_, {total_, kVariantSeed});
    if (target == 0) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    double sum = 0.0;
    for (const ArmShare& variant : variants_) {
      sum += variant.share;
      if (variant.share > 0.0 && sum >= target)
        return {SchemeDecision::Outcome::assigned, variant.arm, target};
    }
    return {.bucket = target};
  }

  std::string explain(const UnitView& unit) const override {
    const std::uint32_t slot = normalized(group_, unit, sources_, {100, 0});
    if (slot == 0) return "the stickiness field is missing or empty";
    std::string explained =
        "MurmurHash3 of \"" + group_ + "\" and the id: " + std::to_string(slot) + " of 100";
    if (total_ > 0)
      explained +=
          "; variant " +
          std::to_string(normalized(variant_group_, unit, variant_sources_, {total_, kVariantSeed})) +
          " of " + std::to_string(total_);
    return explained;
  }

 private:
  struct Grid {
    std::uint32_t total;
    std::uint32_t seed;
  };

  /// 1..total by the first source that is not empty; 0 when all are.
  static std::uint32_t normalized(std::string_view group, const UnitView& unit,
                                  const std::vector<UnitSource>& sources, Grid grid) noexcept {
    for (const UnitSource& source : sources) {
      const UnitText text(unit, source);
      if (!text.text().empty()) return murmur3_32({group, text.text()}, grid.seed, kUnits) % grid.total + 1;
    }
    return 0;
  }

  /// A field's name, or "default": the user id, else the first of `further` that the unit has.
  static std::vector<UnitSource> read_sources(ParameterReader& reader, std::string_view parameter,
                                              std::initializer_list<const char*> further) {
    UnitSource named = read_unit_source(reader, parameter, "userId");
    if (named.attribute == "random")
      reader.problem(parameter, "\"random\" gives a unit another arm each time", "Name a field of the unit.");
    if (!named.attribute.empty() && named.attribute != "default") return {std::move(named)};
    const bool by_default = named.attribute == "default";
    std::vector<UnitSource> sources{UnitSource{}};
    for (const char* field : further) {
      if (by_default) sources.push_back(UnitSource{field});
    }
    return sources;
  }

  void read_variants(ParameterReader& reader, const Experiment& experiment) {
    const auto said = read_arm_shares(reader, experiment, {"variants", "name", "weight"});
    variants_ = said ? *said : arm_weights(experiment);
    double total = 0.0;
    for (const ArmShare& variant : variants_) {
      if (variant.share < 0.0 || variant.share != std::floor(variant.share))
        reader.problem("variants", "needs whole weights",
                       "Unleash's weights are whole numbers, usually adding up to 1000.");
      total += variant.share;
    }
    if (total > 4294967295.0)
      reader.problem("variants", "has weights that add up to more than 2^32 - 1");
    else if (reader.good())
      total_ = static_cast<std::uint32_t>(total);
  }

  bool rollout_only_ = false;
  std::string group_;
  std::string variant_group_;
  std::vector<UnitSource> sources_, variant_sources_;
  double rollout_ = 100.0;
  std::uint32_t served_ = SchemeDecision::kNoArm;
  std::vector<ArmShare> variants_;
  std::uint32_t total_ = 0;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_unleash_utf8(const Experiment& experiment,
                                                      std::vector<Problem>& problems) {
  return compiled<Unleash<HashUnits::utf8>>(problems, experiment, problems);
}
std::unique_ptr<const Bucketing> compile_unleash_node(const Experiment& experiment,
                                                      std::vector<Problem>& problems) {
  return compiled<Unleash<HashUnits::low_bytes>>(problems, experiment, problems);
}

}  // namespace liftmark::assign
