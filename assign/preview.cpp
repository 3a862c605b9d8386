#include "assign/preview.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "assign/ranges.hpp"

namespace liftmark::assign {
namespace {

/// The definitions with hashing left and everything that depends on the moment of a request taken away.
Definitions hashing_only(Definitions definitions) {
  for (Experiment& experiment : definitions.experiments) {
    experiment.audience = {};
    experiment.overrides.clear();
    experiment.prerequisites.clear();
    experiment.status = Status::running;
    experiment.sticky = false;
    experiment.needs_consent = false;
  }
  return definitions;
}

/// Stopped experiments give up their slots, so they are left out before all are made to run.
std::shared_ptr<const Assigner> assigner_of(Definitions definitions, const char* which) {
  std::erase_if(definitions.experiments, [](const Experiment& e) { return e.status == Status::stopped; });
  Compilation compilation = Assigner::compile(hashing_only(std::move(definitions)));
  if (compilation.assigner == nullptr) {
    throw std::logic_error(std::string("preview needs valid definitions ") + which + " the edit: " +
                           compilation.problems.front().where + " " + compilation.problems.front().what);
  }
  return compilation.assigner;
}

void count(Movement& movement, const Assignment& before, const Assignment& after) {
  ++movement.units;
  if (before.measured()) {
    ++movement.before;
    if (!after.measured()) {
      ++movement.left;
    } else if (before.arm() != after.arm()) {
      ++movement.changed;
    }
  } else if (after.measured()) {
    ++movement.joined;
  }
}

bool same(const Parameter& a, const Parameter& b) {
  return a.kind == b.kind && a.boolean == b.boolean && a.number == b.number && a.text == b.text &&
         a.names == b.names &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same);
}

bool same_hashing(const Hashing& a, const Hashing& b) {
  const auto same_entry = [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  };
  return a.scheme == b.scheme && a.salt == b.salt &&
         std::equal(a.parameters.begin(), a.parameters.end(), b.parameters.begin(), b.parameters.end(),
                    same_entry);
}

bool same_slots(const Experiment& a, const Experiment& b) {
  const auto equal = [](const SlotRange& x, const SlotRange& y) {
    return x.first == y.first && x.last == y.last;
  };
  return a.layer == b.layer &&
         std::equal(a.slots.begin(), a.slots.end(), b.slots.begin(), b.slots.end(), equal);
}

}  // namespace

std::vector<Movement> preview(const Definitions& before, const Definitions& after,
                              std::span<const std::string_view> units) {
  const auto old_assigner = assigner_of(before, "before");
  const auto new_assigner = assigner_of(after, "after");
  std::vector<Movement> movements;
  for (std::size_t i = 0; i < old_assigner->size(); ++i) {
    const std::string& key = old_assigner->experiments()[i].key;
    const auto other = new_assigner->find(key);
    if (!other) continue;
    Movement movement;
    movement.experiment = key;
    for (const std::string_view unit : units) {
      Context context;
      context.unit = unit;
      count(movement, old_assigner->assign(context, i), new_assigner->assign(context, *other));
    }
    movements.push_back(std::move(movement));
  }
  return movements;
}

Movement preview_buckets(const Experiment& before, const Experiment& after,
                         std::span<const std::uint64_t> buckets) {
  const std::vector<BucketRange> old_ranges = effective_ranges(before);
  const std::vector<BucketRange> new_ranges = effective_ranges(after);
  const auto arm_key = [](const Experiment& experiment, const std::vector<BucketRange>& ranges,
                          std::uint64_t bucket) {
    const auto owner = std::find_if(ranges.begin(), ranges.end(), [&](const BucketRange& range) {
      return range.last == 0 || bucket < range.last;
    });
    return owner == ranges.end() ? std::string_view() : std::string_view(experiment.arms.at(owner->arm).key);
  };
  Movement movement;
  movement.experiment = before.key;
  movement.units = movement.before = buckets.size();
  const bool same_draw = same_hashing(before.hashing, after.hashing) && before.hashing.scheme == "liftmark-1";
  movement.incomplete =
      may_move(before, after) && (!same_draw || !same_slots(before, after) || after.traffic < before.traffic);
  if (!same_draw) return movement;
  for (const std::uint64_t bucket : buckets) {
    if (arm_key(before, old_ranges, bucket) != arm_key(after, new_ranges, bucket)) ++movement.changed;
  }
  return movement;
}

bool may_move(const Experiment& before, const Experiment& after) {
  if (!same_hashing(before.hashing, after.hashing) || !same_slots(before, after)) return true;
  if (after.traffic < before.traffic) return true;
  const auto same_arm = [](const Arm& a, const Arm& b) { return a.key == b.key && a.weight == b.weight; };
  if (before.hashing.scheme != "liftmark-1") {
    return before.traffic != after.traffic || !std::equal(before.arms.begin(), before.arms.end(),
                                                          after.arms.begin(), after.arms.end(), same_arm);
  }
  return moved_share(before, after) > 0.0;
}

}  // namespace liftmark::assign
