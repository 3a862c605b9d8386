// Optimizely Feature Experimentation: javascript-sdk lib/core/bucketer at 6da739883b1f.
#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {
namespace {

constexpr double kSteps = 10000.0;

/// floor(h / 2^32 * 10000) for MurmurHash3 with seed 1: 0..9999.
std::uint32_t bucket_of(std::string_view bucketing_id, std::string_view parent) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{murmur3_32({bucketing_id, parent}, 1)} * 10000U >> 32);
}

/// One entry of a traffic allocation: an arm, or for a group 0 when the entity is this experiment.
const ArmShare* find_entry(const std::vector<ArmShare>& allocation, std::uint32_t bucket) noexcept {
  for (const ArmShare& entry : allocation)
    if (bucket < entry.share) return &entry;
  return nullptr;
}

class Optimizely final : public Bucketing {
 public:
  Optimizely(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    experiment_id_ = reader.text("experimentId").value_or(experiment.key);
    const Parameter* variations = reader.list("variations");
    const Parameter* allocation = reader.list("trafficAllocation");
    if (allocation != nullptr) {
      require_full_traffic(problems, experiment, "Lower the ends of \"trafficAllocation\" instead.");
      const auto arm_of = [&](const std::string& entity, const std::string& path) {
        const std::uint32_t arm = arm_index(experiment, variation_key(variations, entity));
        if (arm == SchemeDecision::kNoArm)
          reader.problem(path + "/entityId", "names no arm of this experiment",
                         "Give the arm's key, or list the ids in \"variations\": [{\"id\", \"key\"}].");
        return arm;
      };
      allocation_ = read_allocation(reader, *allocation, "trafficAllocation", arm_of);
    } else {
      allocation_ = arm_ends(experiment, kSteps * experiment.traffic);
    }
    if (const Parameter* group = reader.object("group")) read_group(reader, *group);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const std::string_view id = bucketing_id(unit);
    if (!group_id_.empty()) {
      const ArmShare* entry = find_entry(group_, bucket_of(id, group_id_));
      if (entry == nullptr || entry->arm == SchemeDecision::kNoArm)
        return {.outcome = SchemeDecision::Outcome::excluded, .bucket = bucket_of(id, experiment_id_)};
    }
    const std::uint32_t bucket = bucket_of(id, experiment_id_);
    const ArmShare* entry = find_entry(allocation_, bucket);
    if (entry == nullptr || entry->arm == SchemeDecision::kNoArm) return {.bucket = bucket};
    return {SchemeDecision::Outcome::assigned, entry->arm, bucket};
  }

  std::string explain(const UnitView& unit) const override {
    const std::string_view id = bucketing_id(unit);
    std::string text;
    if (!group_id_.empty()) text = "group bucket " + std::to_string(bucket_of(id, group_id_)) + " of 10000; ";
    return text + "MurmurHash3 of the id and \"" + experiment_id_ + "\": bucket " +
           std::to_string(bucket_of(id, experiment_id_)) + " of 10000";
  }

 private:
  static std::string_view bucketing_id(const UnitView& unit) noexcept {
    const AttributeValue* value = unit.find("$opt_bucketing_id");
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
    return text == nullptr ? unit.id : *text;
  }

  /// The key of the variation with that id, or the id itself when the parameters list no variations.
  static std::string variation_key(const Parameter* variations, const std::string& id) {
    if (variations == nullptr) return id;
    for (const Parameter& variation : variations->items) {
      const Parameter* own = member(variation, "id");
      const Parameter* key = member(variation, "key");
      if (own != nullptr && key != nullptr && own->text == id) return key->text;
    }
    return id;
  }

  /// Reads [{"entityId", "endOfRange"}, ..]. `arm_of` says which arm an entity is; an empty entity is
  /// nobody's.
  template <class ArmOf>
  static std::vector<ArmShare> read_allocation(ParameterReader& reader, const Parameter& list,
                                               const std::string& name, ArmOf arm_of) {
    std::vector<ArmShare> allocation;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const std::string path = name + "/" + std::to_string(i);
      const Parameter* entity =
          required_member(reader, list.items[i], {"entityId", Parameter::Kind::text}, path);
      const Parameter* end =
          required_member(reader, list.items[i], {"endOfRange", Parameter::Kind::number}, path);
      if (entity == nullptr || end == nullptr) continue;
      const bool nobody = entity->text.empty();
      allocation.push_back({nobody ? SchemeDecision::kNoArm : arm_of(entity->text, path), end->number});
    }
    return allocation;
  }

  void read_group(ParameterReader& reader, const Parameter& group) {
    const Parameter* id = required_member(reader, group, {"id", Parameter::Kind::text}, "group");
    const Parameter* policy = member(group, "policy");
    if (policy != nullptr && policy->text == "overlapping") return;  // no exclusion
    if (policy != nullptr && policy->text != "random")
      reader.problem("group/policy", "must be \"random\" or \"overlapping\"");
    const Parameter* list =
        required_member(reader, group, {"trafficAllocation", Parameter::Kind::list}, "group");
    if (id == nullptr || list == nullptr) return;
    group_id_ = id->text;
    if (group_id_.empty()) reader.problem("group/id", "must be a text that is not empty");
    // Entities of a group are experiments: 0 stands for this one, no arm for every other.
    group_ = read_allocation(reader, *list, "group/trafficAllocation",
                             [this](const std::string& entity, const auto&) {
                               return entity == experiment_id_ ? 0U : SchemeDecision::kNoArm;
                             });
  }

  std::string experiment_id_;
  std::string group_id_;
  std::vector<ArmShare> allocation_;
  std::vector<ArmShare> group_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_optimizely(const Experiment& experiment,
                                                    std::vector<Problem>& problems) {
  return compiled<Optimizely>(problems, experiment, problems);
}

}  // namespace liftmark::assign
