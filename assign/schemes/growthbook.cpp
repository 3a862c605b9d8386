// GrowthBook: sdk-js src/util.ts and src/core.ts at 8f1db4456915 (spec 0.8.0).
#include "assign/schemes/growthbook.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {

std::uint32_t growthbook_steps(int version) noexcept {
  return version == 1 ? 1000 : 10000;
}

std::uint32_t growthbook_bucket(int version, std::string_view seed, std::string_view unit,
                                HashUnits units) noexcept {
  if (version == 1) return fnv1a_32({unit, seed}, units) % 1000U;
  char decimal[12];
  const auto written = std::to_chars(decimal, decimal + sizeof decimal, fnv1a_32({seed, unit}, units));
  return fnv1a_32({std::string_view(decimal, static_cast<std::size_t>(written.ptr - decimal))}, units) %
         10000U;
}

std::vector<BucketSpan> growthbook_ranges(std::vector<double> weights, double coverage) {
  double sum = 0.0;
  for (const double weight : weights) sum += weight;
  if (!(sum >= 0.99 && sum <= 1.01))
    weights.assign(weights.size(), 1.0 / static_cast<double>(weights.size()));
  coverage = std::clamp(coverage, 0.0, 1.0);
  std::vector<BucketSpan> ranges;
  double start = 0.0;
  for (const double weight : weights) {
    ranges.push_back({start, start + coverage * weight});
    start += weight;
  }
  return ranges;
}

int growthbook_choice(std::span<const BucketSpan> ranges, double share) noexcept {
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (ranges[i].contains(share)) return static_cast<int>(i);
  return -1;
}

namespace {

/// A filter, or a legacy namespace (which is a filter with hash version 1 and the seed "__" + id).
struct Filter {
  std::string seed;
  std::optional<UnitSource> source;  ///< absent: the experiment's own hash attribute
  int version = 2;
  std::vector<BucketSpan> ranges;
};

class GrowthBook final : public Bucketing {
 public:
  GrowthBook(const Experiment& experiment, int version, std::vector<Problem>& problems) : version_(version) {
    ParameterReader reader(experiment.hashing, problems);
    const std::string key = reader.text("key").value_or(experiment.key);
    seed_ = reader.text("seed").value_or("");
    if (seed_.empty()) seed_ = key;
    source_ = read_unit_source(reader, "hashAttribute", "id");
    units_ = read_choice(reader, "sdk", {"js", "python"}) == 0 ? HashUnits::utf16 : HashUnits::code_points;
    if (const auto said = reader.integer("hashVersion", 1, 2); said && *said != version)
      reader.problem("hashVersion", "is not the version of scheme " + experiment.hashing.scheme);
    read_filters(reader);
    rollout_ = read_choice(reader, "kind", {"experiment", "rollout"}) == 1;
    coverage_ = read_coverage(reader, experiment, "coverage", 1.0);
    rollout_ ? read_rollout(reader, experiment) : read_ranges(reader, experiment);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText text(unit, source_);
    if (text.falsy()) return {.outcome = SchemeDecision::Outcome::invalid_unit};
    for (const Filter& filter : filters_)
      if (!passes(filter, unit)) return {.outcome = SchemeDecision::Outcome::excluded};
    const std::uint32_t bucket = growthbook_bucket(version_, seed_, text.text(), units_);
    const double share = static_cast<double>(bucket) / growthbook_steps(version_);
    const std::uint32_t arm = rollout_ ? rollout(share) : choose(share);
    if (arm == SchemeDecision::kNoArm) return {.bucket = bucket};
    return {SchemeDecision::Outcome::assigned, arm, bucket};
  }

  std::string explain(const UnitView& unit) const override {
    const SchemeDecision decision = decide(unit);
    if (decision.outcome == SchemeDecision::Outcome::invalid_unit)
      return "the hash attribute is missing or empty";
    if (decision.outcome == SchemeDecision::Outcome::excluded)
      return "a namespace or filter excludes the unit";
    std::string text = "FNV-1a v" + std::to_string(version_) + " with seed \"" + seed_ + "\": bucket " +
                       std::to_string(decision.bucket) + " of " + std::to_string(growthbook_steps(version_));
    for (const BucketSpan& range : ranges_)
      text += "; [" + std::to_string(range.first) + ", " + std::to_string(range.last) + ")";
    return text;
  }

 private:
  std::uint32_t choose(double share) const noexcept {
    const int chosen = growthbook_choice(ranges_, share);
    return chosen < 0 ? SchemeDecision::kNoArm : static_cast<std::uint32_t>(chosen);
  }

  /// A force rule: coverage includes its upper end, a range does not.
  std::uint32_t rollout(double share) const noexcept {
    const bool in = ranges_.empty() ? coverage_ != 0.0 && share <= coverage_ : ranges_[0].contains(share);
    return in ? served_ : SchemeDecision::kNoArm;
  }

  bool passes(const Filter& filter, const UnitView& unit) const noexcept {
    const UnitText text(unit, filter.source ? *filter.source : source_);
    if (text.falsy()) return false;
    const double share =
        static_cast<double>(growthbook_bucket(filter.version, filter.seed, text.text(), units_)) /
        growthbook_steps(filter.version);
    return growthbook_choice(filter.ranges, share) >= 0;
  }

  void read_rollout(ParameterReader& reader, const Experiment& experiment) {
    served_ = served_arm(reader, experiment);
    if (const Parameter* range = reader.list("range")) ranges_.push_back(read_span(reader, *range, "range"));
  }

  void read_ranges(ParameterReader& reader, const Experiment& experiment) {
    if (const Parameter* list = reader.list("ranges")) {
      ranges_ = read_spans(reader, *list, "ranges");
      if (ranges_.size() > experiment.arms.size())
        reader.problem("ranges", "has more entries than the experiment has arms");
    }
    std::vector<double> weights;
    const std::vector<ArmShare> own = arm_weights(experiment);
    double sum = 0.0;
    for (const ArmShare& share : own) sum += share.share;
    // The catalog's weights may have any scale; written as shares they are taken bit for bit.
    const bool shares = sum >= 0.99 && sum <= 1.01;
    for (const ArmShare& share : own) weights.push_back(shares || sum <= 0 ? share.share : share.share / sum);
    if (const auto said = reader.numbers("weights")) {
      if (said->size() == own.size())
        weights = *said;
      else
        weights.assign(own.size(), 0.0);  // GrowthBook takes equal weights then
    }
    // An empty list of ranges is a list: nobody is in. So is an experiment with less than two variations.
    if (reader.list("ranges") == nullptr) ranges_ = growthbook_ranges(std::move(weights), coverage_);
    if (experiment.arms.size() < 2) ranges_.clear();
  }

  void read_filters(ParameterReader& reader) {
    const Parameter* list = reader.list("filters");
    const Parameter* space = reader.list("namespace");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i)
      filters_.push_back(read_filter(reader, list->items[i], "filters/" + std::to_string(i)));
    if (list != nullptr || space == nullptr) return;  // filters replace the namespace
    const auto& items = space->items;
    if (items.size() != 3 || items[0].kind != Parameter::Kind::text ||
        items[1].kind != Parameter::Kind::number || items[2].kind != Parameter::Kind::number) {
      reader.problem("namespace", "must be a list [id, first, last]");
      return;
    }
    filters_.push_back({"__" + items[0].text, std::nullopt, 1, {{items[1].number, items[2].number}}});
  }

  static Filter read_filter(ParameterReader& reader, const Parameter& object, const std::string& path) {
    Filter filter;
    if (const Parameter* seed = required_member(reader, object, {"seed", Parameter::Kind::text}, path))
      filter.seed = seed->text;
    if (const Parameter* ranges = required_member(reader, object, {"ranges", Parameter::Kind::list}, path))
      filter.ranges = read_spans(reader, *ranges, path + "/ranges");
    filter.source.emplace();  // "id" unless it says otherwise, whatever the experiment hashes
    if (const Parameter* attribute = member(object, "attribute");
        attribute != nullptr && attribute->text != "id")
      filter.source->attribute = attribute->text;
    if (const Parameter* version = member(object, "hashVersion"); version != nullptr) {
      filter.version = static_cast<int>(version->number);
      if (version->number != 1.0 && version->number != 2.0)
        reader.problem(path + "/hashVersion", "must be 1 or 2");
    }
    return filter;
  }

  int version_;
  std::string seed_;
  UnitSource source_;
  HashUnits units_ = HashUnits::utf16;
  std::vector<Filter> filters_;
  std::vector<BucketSpan> ranges_;
  bool rollout_ = false;
  double coverage_ = 1.0;
  std::uint32_t served_ = SchemeDecision::kNoArm;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_growthbook_v1(const Experiment& experiment,
                                                       std::vector<Problem>& problems) {
  return compiled<GrowthBook>(problems, experiment, 1, problems);
}
std::unique_ptr<const Bucketing> compile_growthbook_v2(const Experiment& experiment,
                                                       std::vector<Problem>& problems) {
  return compiled<GrowthBook>(problems, experiment, 2, problems);
}

}  // namespace liftmark::assign
