// Statsig: node-js-server-sdk at 6e700f9d4eb4, with true SHA-256 (that SDK's own deviates on some long
// texts).
#include <cctype>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"
#include "assign/schemes/unit_text.hpp"

namespace liftmark::assign {
namespace {

class Statsig final : public Bucketing {
 public:
  Statsig(const Experiment& experiment, std::vector<Problem>& problems) {
    ParameterReader reader(experiment.hashing, problems);
    gate_ = read_choice(reader, "kind", {"experiment", "gate"}) == 1;
    source_ = read_unit_source(reader, "idType", "userID");
    for (const char letter : source_.attribute)
      lower_.attribute += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    gate_ ? read_gate(reader, experiment) : read_experiment(reader, experiment, problems);
    reader.reject_unknown();
  }

  SchemeDecision decide(const UnitView& unit) const noexcept override {
    const UnitText exact(unit, source_);
    const UnitText lower(unit, lower_);
    // A missing unit id is the empty text, as in Statsig.
    const std::string_view id = exact.kind() != UnitText::Kind::missing ? exact.text() : lower.text();
    if (gate_) return decide_gate(id);
    if (!allocation_salt_.empty()) {
      const std::uint64_t slot = sha256_64({allocation_salt_, ".", id}) % 1000U;
      bool allocated = false;
      for (const BucketSpan& span : allocated_) allocated |= span.contains(static_cast<double>(slot));
      if (!allocated) return {.outcome = SchemeDecision::Outcome::excluded};
    }
    const std::uint64_t bucket = sha256_64({salt_, ".", id}) % 1000U;
    for (const ArmShare& cut : cuts_)
      if (static_cast<double>(bucket) < cut.share)
        return {SchemeDecision::Outcome::assigned, cut.arm, bucket};
    return {.bucket = bucket};
  }

  std::string explain(const UnitView& unit) const override {
    const SchemeDecision decision = decide(unit);
    if (decision.outcome == SchemeDecision::Outcome::excluded)
      return "outside the segments of \"" + allocation_salt_ + "\" allocated to this experiment";
    return "SHA-256 of \"" + salt_ + "\" and the id: bucket " + std::to_string(decision.bucket) +
           (gate_ ? " of 10000" : " of 1000");
  }

 private:
  SchemeDecision decide_gate(std::string_view id) const noexcept {
    const std::uint64_t bucket = sha256_64({salt_, ".", id}) % 10000U;
    const bool pass = pass_percentage_ == 100.0 ||
                      (pass_percentage_ != 0.0 && static_cast<double>(bucket) < pass_percentage_ * 100.0);
    if (!pass) return {.bucket = bucket};
    return {SchemeDecision::Outcome::assigned, served_, bucket};
  }

  void read_gate(ParameterReader& reader, const Experiment& experiment) {
    const std::string rule = reader.text("ruleSalt").value_or("");
    const std::string rule_id = reader.text("ruleID").value_or("");
    if (rule.empty() && rule_id.empty())
      reader.require("ruleSalt", "The rule's \"salt\", or its \"ruleID\".");
    reader.require("configSalt", "The \"salt\" of the gate's configuration.");
    salt_ = reader.text("configSalt").value_or("") + "." + (rule.empty() ? rule_id : rule);
    pass_percentage_ = read_coverage(reader, experiment, "passPercentage", 100.0);
    served_ = served_arm(reader, experiment);
  }

  void read_experiment(ParameterReader& reader, const Experiment& experiment,
                       std::vector<Problem>& problems) {
    salt_ = reader.text("groupSalt").value_or(reader.salt());
    if (salt_.empty()) reader.require("groupSalt", "The salt of the group rules' user_bucket conditions.");
    require_full_traffic(problems, experiment, "Use \"allocationSalt\" and \"allocatedSegments\".");
    cuts_ = arm_ends(experiment, 1000.0);
    if (const auto said = reader.numbers("cumulativeCuts")) {
      if (said->size() != cuts_.size()) reader.problem("cumulativeCuts", "must have one entry per arm");
      for (std::size_t i = 0; i < cuts_.size() && i < said->size(); ++i) cuts_[i].share = (*said)[i];
    }
    allocation_salt_ = reader.text("allocationSalt").value_or("");
    const Parameter* segments = reader.list("allocatedSegments");
    if (allocation_salt_.empty() == (segments != nullptr))
      reader.problem("allocatedSegments", "goes together with \"allocationSalt\"");
    if (segments == nullptr) return;
    if (segments->items.size() == 2 && segments->items[0].kind == Parameter::Kind::number)
      allocated_.push_back(read_span(reader, *segments, "allocatedSegments"));
    else
      allocated_ = read_spans(reader, *segments, "allocatedSegments");
  }

  bool gate_ = false;
  UnitSource source_;
  UnitSource lower_;
  std::string salt_;
  double pass_percentage_ = 0.0;
  std::uint32_t served_ = SchemeDecision::kNoArm;
  std::vector<ArmShare> cuts_;
  std::string allocation_salt_;
  std::vector<BucketSpan> allocated_;
};

}  // namespace

std::unique_ptr<const Bucketing> compile_statsig(const Experiment& experiment,
                                                 std::vector<Problem>& problems) {
  return compiled<Statsig>(problems, experiment, problems);
}

}  // namespace liftmark::assign
