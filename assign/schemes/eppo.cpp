// Eppo: js-sdk-common at 2840b4ebfc85; the older randomisation (kind "legacy_rac") from before its commit
// 7fd5a4a.
#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"

namespace liftmark::assign {
namespace {

/// The first 8 hexadecimal digits of MD5 as a number, modulo the shards.
std::uint32_t shard_of(Pieces text, std::uint32_t total) noexcept {
  const auto digest = md5(text);
  const std::uint32_t first = std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 |
                              std::uint32_t{digest[2]} << 8 | std::uint32_t{digest[3]};
  return first % total;
}

bool any_contains(const std::vector<BucketSpan>& spans, std::uint32_t shard) noexcept {
  for (const BucketSpan& span : spans)
    if (span.contains(shard)) return true;
  return false;
}

struct Shard {
  std::string salt;
  std::vector<BucketSpan> ranges;
};

/// One split: an arm, given to the units that fall in every shard's ranges.
struct Split {
  std::uint32_t arm = SchemeDecision::kNoArm;
  std::vector<Shard> shards;
};

class Eppo final : public Bucketing {
 public:
  Eppo(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    legacy_ = read_choice(reader, "kind", {"allocation", "legacy_rac"}) == 1;
    total_ = static_cast<std::uint32_t>(reader.integer("totalShards", 1, 4294967295).value_or(10000));
    legacy_ ? read_legacy(reader, experiment) : read_allocation(reader, experiment, problems);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    if (unit.id.empty()) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    return legacy_ ? decide_legacy(unit.id) : decide_allocation(unit.id);
  }

  std::string explain(const UnitView& unit) const override {
    if (unit.id.empty()) return "a blank subject key is not bucketed";
    if (legacy_)
      return "exposure shard " + std::to_string(shard_of({"exposure-", unit.id, "-", flag_key_}, total_)) +
             ", assignment shard " +
             std::to_string(shard_of({"assignment-", unit.id, "-", flag_key_}, total_)) + " of " +
             std::to_string(total_);
    std::string text = "MD5 shards of " + std::to_string(total_);
    for (const Split& split : splits_)
      for (const Shard& shard : split.shards)
        text += "; \"" + shard.salt + "\" " + std::to_string(shard_of({shard.salt, "-", unit.id}, total_));
    return text;
  }

 private:
  SchemeDecision decide_allocation(std::string_view id) const noexcept {
    std::uint32_t last = 0;
    for (const Split& split : splits_) {
      bool all = true;
      for (const Shard& shard : split.shards) {
        last = shard_of({shard.salt, "-", id}, total_);
        all = any_contains(shard.ranges, last);
        if (!all) break;
      }
      if (all) return {SchemeDecision::Outcome::assigned, split.arm, last};
    }
    return {.bucket = last};
  }

  SchemeDecision decide_legacy(std::string_view id) const noexcept {
    const std::uint32_t bucket = shard_of({"assignment-", id, "-", flag_key_}, total_);
    // The exposure's upper end is included, the arms' are not.
    if (shard_of({"exposure-", id, "-", flag_key_}, total_) > exposure_ * total_) return {.bucket = bucket};
    for (const Split& split : splits_)
      if (any_contains(split.shards[0].ranges, bucket))
        return {SchemeDecision::Outcome::assigned, split.arm, bucket};
    return {.bucket = bucket};
  }

  void read_allocation(ParameterReader& reader, const Experiment& experiment,
                       std::vector<Problem>& problems) {
    reader.require("splits", "The splits of the allocation, in Eppo's order.");
    require_full_traffic(problems, experiment, "Give every split a shard with a traffic salt, as Eppo does.");
    const Parameter* list = reader.list("splits");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const std::string path = "splits/" + std::to_string(i);
      const Parameter& entry = list->items[i];
      Split split{read_arm(reader, experiment, entry, path), {}};
      const Parameter* shards = required_member(reader, entry, {"shards", Parameter::Kind::list}, path);
      for (std::size_t j = 0; shards != nullptr && j < shards->items.size(); ++j)
        split.shards.push_back(read_shard(reader, shards->items[j], path + "/shards/" + std::to_string(j)));
      splits_.push_back(std::move(split));
    }
  }

  void read_legacy(ParameterReader& reader, const Experiment& experiment) {
    flag_key_ = reader.text("flagKey").value_or(experiment.key);
    exposure_ = read_coverage(reader, experiment, "percentExposure", 1.0);
    reader.require("variations", "The allocation's variations with their \"shardRange\".");
    const Parameter* list = reader.list("variations");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const std::string path = "variations/" + std::to_string(i);
      const Parameter& entry = list->items[i];
      const Parameter* range = required_member(reader, entry, {"shardRange", Parameter::Kind::object}, path);
      if (range == nullptr) continue;
      const BucketSpan span = read_span(reader, *range, path + "/shardRange");
      splits_.push_back({read_arm(reader, experiment, entry, path), {{"", {span}}}});
    }
  }

  static std::uint32_t read_arm(ParameterReader& reader, const Experiment& experiment, const Parameter& entry,
                                const std::string& path) {
    const Parameter* key = required_member(reader, entry, {"variationKey", Parameter::Kind::text}, path);
    if (key == nullptr) return SchemeDecision::kNoArm;
    const std::uint32_t arm = arm_index(experiment, key->text);
    if (arm == SchemeDecision::kNoArm)
      reader.problem(path + "/variationKey", "names no arm of this experiment");
    return arm;
  }

  static Shard read_shard(ParameterReader& reader, const Parameter& object, const std::string& path) {
    Shard shard;
    if (const Parameter* salt = required_member(reader, object, {"salt", Parameter::Kind::text}, path))
      shard.salt = salt->text;
    if (const Parameter* ranges = required_member(reader, object, {"ranges", Parameter::Kind::list}, path))
      shard.ranges = read_spans(reader, *ranges, path + "/ranges");
    return shard;
  }

  bool legacy_ = false;
  std::uint32_t total_ = 10000;
  std::string flag_key_;
  double exposure_ = 1.0;
  std::vector<Split> splits_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_eppo(const Experiment& experiment, std::vector<Problem>& problems) {
  return compiled<Eppo>(problems, experiment, problems);
}

}  // namespace liftmark::assign
