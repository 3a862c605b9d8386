// PlanOut: the Python reference at eee764781054, with namespaces as SimpleNamespace makes them.
#include "assign/schemes/planout.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {

double planout_uniform(std::uint64_t hash, double first, double last) noexcept {
  return first + (last - first) * share_of_60_bits(hash);
}

std::int64_t planout_integer(std::uint64_t hash, std::int64_t first, std::int64_t last) noexcept {
  return first + static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(last - first + 1));
}

std::size_t planout_weighted(std::uint64_t hash, std::span<const double> ends) noexcept {
  const double stop = planout_uniform(hash, 0.0, ends.back());
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (stop <= ends[i]) return i;
  return ends.size() - 1;
}

namespace {

/// The Fisher-Yates step of both samples for position `i`: swaps it with one at or before it.
void shuffle_step(std::string_view prefix, std::string_view unit, std::vector<std::int64_t>& choices,
                  std::size_t i) {
  char decimal[24];
  const auto written = std::to_chars(decimal, decimal + sizeof decimal, i);
  const std::string_view position(decimal, static_cast<std::size_t>(written.ptr - decimal));
  const std::uint64_t hash = sha1_60({prefix, unit, ".", position});
  std::swap(choices[i], choices[hash % (i + 1)]);
}

}  // namespace

std::vector<std::int64_t> planout_sample(std::string_view prefix, std::string_view unit,
                                         std::vector<std::int64_t> choices, std::size_t draws) {
  for (std::size_t i = choices.size(); i-- > 1;) shuffle_step(prefix, unit, choices, i);
  choices.resize(std::min(draws, choices.size()));
  return choices;
}

std::vector<std::int64_t> planout_fast_sample(std::string_view prefix, std::string_view unit,
                                              std::vector<std::int64_t> choices, std::size_t draws) {
  const std::size_t stop = choices.size() - std::min(draws, choices.size());
  for (std::size_t i = choices.size(); i-- > std::max<std::size_t>(stop, 1);)
    shuffle_step(prefix, unit, choices, i);
  choices.erase(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(stop));
  return choices;
}

namespace {

constexpr std::int64_t kMostSegments = 1'000'000;

class PlanOut final : public Bucketing {
 public:
  PlanOut(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    require_full_traffic(problems, experiment, "Use a namespace, or an arm that changes nothing.");
    op_ = static_cast<Op>(read_choice(reader, "op", {"weightedChoice", "uniformChoice", "bernoulliTrial"}));
    source_ = read_unit_source(reader, "unit", "userid");
    read_salts(reader, experiment);
    if (const Parameter* space = reader.object("namespace")) read_namespace(reader, *space, experiment);
    switch (op_) {
      case Op::weighted_choice:
        read_weights(reader, experiment);
        break;
      case Op::uniform_choice:
        arms_ = std::max<std::size_t>(experiment.arms.size(), 1);
        break;
      case Op::bernoulli_trial:
        reader.require("p", "The probability of the second arm.");
        p_ = reader.number("p").value_or(0.0);
        if (experiment.arms.size() != 2)
          reader.problem("op", "chooses between 0 and 1, so the experiment needs two arms");
        break;
    }
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText text(unit, source_);
    const auto ascii = [](char letter) { return static_cast<unsigned char>(letter) < 0x80; };
    // The reference raises an error on text that is not ASCII.
    if (text.kind() == UnitText::Kind::missing || !std::all_of(text.text().begin(), text.text().end(), ascii))
      return {.outcome = SchemeDecision::Outcome::invalid_unit};
    if (!owned_.empty()) {
      const auto segment = segment_of(text.text());
      if (!owned_[segment]) return {.outcome = SchemeDecision::Outcome::excluded, .bucket = segment};
    }
    const std::uint64_t hash = planout_hash(prefix_, text.text());
    return {SchemeDecision::Outcome::assigned, choose(hash), hash};
  }

  std::string explain(const UnitView& unit) const override {
    const UnitText text(unit, source_);
    std::string explained;
    if (!owned_.empty())
      explained = "segment " + std::to_string(segment_of(text.text())) + " of " +
                  std::to_string(owned_.size()) + "; ";
    const std::uint64_t hash = planout_hash(prefix_, text.text());
    return explained + "SHA-1 of \"" + prefix_ + "\" and the unit: " + std::to_string(share_of_60_bits(hash));
  }

 private:
  enum class Op { weighted_choice, uniform_choice, bernoulli_trial };

  std::size_t segment_of(std::string_view unit) const noexcept {
    return static_cast<std::size_t>(planout_integer(planout_hash(segment_prefix_, unit), 0,
                                                    static_cast<std::int64_t>(owned_.size()) - 1));
  }

  std::uint32_t choose(std::uint64_t hash) const noexcept {
    switch (op_) {
      case Op::weighted_choice:
        return static_cast<std::uint32_t>(planout_weighted(hash, ends_));
      case Op::uniform_choice:
        return static_cast<std::uint32_t>(hash % arms_);
      case Op::bernoulli_trial:
        break;
    }
    return planout_uniform(hash, 0.0, 1.0) <= p_ ? 1 : 0;
  }

  void read_salts(ParameterReader& reader, const Experiment& experiment) {
    const auto full = reader.text("full_salt");
    const auto own = reader.text("experiment_salt");
    const std::string& parameter = reader.salt();
    if (full) {
      prefix_ = *full + ".";
      if (own || !parameter.empty())
        reader.problem("full_salt", "replaces \"experiment_salt\" and \"salt\"", "Keep one or the other.");
      return;
    }
    if (parameter.empty()) reader.require("salt", "The name of the PlanOut variable, or its explicit salt.");
    const Parameter* space = reader.object("namespace");
    const Parameter* name = space == nullptr ? nullptr : member(*space, "name");
    const std::string default_salt = name == nullptr ? experiment.key : name->text + "." + experiment.key;
    prefix_ = own.value_or(default_salt) + "." + parameter + ".";
  }

  void read_weights(ParameterReader& reader, const Experiment& experiment) {
    std::vector<double> weights;
    for (const Arm& arm : experiment.arms) weights.push_back(arm.weight);
    if (const auto said = reader.numbers("weights")) {
      if (said->size() != weights.size()) reader.problem("weights", "must have one entry per arm");
      weights = *said;
    }
    double sum = 0.0;
    for (const double weight : weights) ends_.push_back(sum += weight);
    if (ends_.empty()) reader.problem("weights", "must not be empty");
  }

  /// {"name", "num_segments", and "segments": [..] (a map from elsewhere) or "steps": [["add", experiment,
  /// n], ..]}.
  void read_namespace(ParameterReader& reader, const Parameter& space, const Experiment& experiment) {
    const Parameter* name = required_member(reader, space, {"name", Parameter::Kind::text}, "namespace");
    const Parameter* count =
        required_member(reader, space, {"num_segments", Parameter::Kind::number}, "namespace");
    if (name == nullptr || count == nullptr) return;
    if (!(count->number >= 1.0 && count->number <= static_cast<double>(kMostSegments))) {
      reader.problem("namespace/num_segments", "must be a whole number from 1 to 1000000");
      return;
    }
    owned_.assign(static_cast<std::size_t>(count->number), false);
    segment_prefix_ = name->text + ".segment.";
    if (const Parameter* segments = member(space, "segments")) return own_segments(reader, *segments);
    if (const Parameter* steps =
            required_member(reader, space, {"steps", Parameter::Kind::list}, "namespace"))
      run_steps(reader, *steps, name->text, experiment.key);
  }

  void own_segments(ParameterReader& reader, const Parameter& segments) {
    for (std::size_t i = 0; i < segments.items.size(); ++i) {
      const double segment = segments.items[i].number;
      if (segments.items[i].kind == Parameter::Kind::number && segment >= 0.0 &&
          segment == std::floor(segment) && segment < static_cast<double>(owned_.size()))
        owned_[static_cast<std::size_t>(segment)] = true;
      else
        reader.problem("namespace/segments/" + std::to_string(i), "must be a segment's number");
    }
  }

  /// Adds take a sample of the free segments. Removing makes the reference's order depend on its interpreter.
  void run_steps(ParameterReader& reader, const Parameter& steps, const std::string& name,
                 const std::string& key) {
    std::vector<std::int64_t> free;
    for (std::size_t i = 0; i < owned_.size(); ++i) free.push_back(static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < steps.items.size(); ++i) {
      const auto& step = steps.items[i].items;
      const std::string path = "namespace/steps/" + std::to_string(i);
      if (step.size() != 3 || step[0].text != "add" || step[2].kind != Parameter::Kind::number ||
          step[2].number < 0.0) {
        reader.problem(
            path, "must be [\"add\", experiment, segments]",
            "After a removal PlanOut's order depends on the Python it ran on: give \"segments\" instead.");
        return;
      }
      if (step[2].number > static_cast<double>(free.size())) {
        reader.problem(path, "asks for more segments than are free");
        return;
      }
      const auto taken = planout_sample(name + ".sampled_segments.", step[1].text, free,
                                        static_cast<std::size_t>(step[2].number));
      for (const std::int64_t segment : taken) {
        if (step[1].text == key) owned_[static_cast<std::size_t>(segment)] = true;
        free.erase(std::lower_bound(free.begin(), free.end(), segment));
      }
    }
  }

  Op op_ = Op::weighted_choice;
  std::string prefix_;
  UnitSource source_;
  std::vector<double> ends_;
  std::size_t arms_ = 1;
  double p_ = 0.0;
  std::string segment_prefix_;
  std::vector<bool> owned_;  ///< by segment; empty without a namespace
};

}  // namespace

std::unique_ptr<const Bucketing> compile_planout(const Experiment& experiment,
                                                 std::vector<Problem>& problems) {
  return compiled<PlanOut>(problems, experiment, problems);
}

}  // namespace liftmark::assign
