#include "apps/cli/verify/replay.hpp"

#include <utility>

#include "engine/definition/error.hpp"

namespace liftmark::cli {
namespace {

constexpr std::size_t kRejectedShown = 5;

std::string only_experiment(const assign::Assigner& assigner, const std::string& asked) {
  if (!asked.empty() && !assigner.find(asked))
    throw Error(ErrorCode::usage, {"--experiment", "the catalog has no such experiment", asked, ""});
  if (!asked.empty() || assigner.size() != 1) return asked;
  return assigner.experiments().front().key;
}

void check_arm_names(const assign::Assigner& assigner, const ReplayOptions& options) {
  for (const auto& [exported, key] : options.arm_names) {
    bool known = false;
    for (const auto& experiment : assigner.experiments())
      for (const auto& arm : experiment.arms) known |= arm.key == key;
    if (!known)
      throw Error(ErrorCode::usage,
                  {"--arm-name", "no experiment has an arm with this key", exported + "=" + key, ""});
  }
}

}  // namespace

Replay::Replay(std::shared_ptr<const assign::Assigner> assigner, ReplayOptions options)
    : assigner_(std::move(assigner)), options_(std::move(options)) {
  options_.experiment = only_experiment(*assigner_, options_.experiment);
  check_arm_names(*assigner_, options_);
}

void Replay::add(const ExportedRow& row) {
  const std::string_view experiment = row.experiment.value_or(options_.experiment);
  if (experiment.empty()) return reject(row.line, "no_experiment");
  const auto renamed = options_.arm_names.find(row.arm);
  const std::string_view exported = renamed == options_.arm_names.end() ? row.arm : renamed->second;

  assign::Context context;
  context.unit = row.unit;
  context.attributes = row.attributes;
  const assign::Assignment answer = assigner_->assign(context, experiment);
  const bool takes_part = answer.measured() || answer.reason == assign::Reason::overridden;
  const std::string_view assigned = takes_part || options_.served ? answer.arm() : std::string_view();

  auto found = result_.experiments.find(experiment);
  if (found == result_.experiments.end())
    found = result_.experiments.emplace(experiment, ReplayCounts{}).first;
  const bool matches = exported == assigned && answer.reason != assign::Reason::unknown_experiment;
  for (ReplayCounts* counts : {&result_.total, &found->second}) {
    ++counts->rows;
    counts->matched += matches ? 1 : 0;
  }
  if (matches || result_.mismatches.size() >= options_.shown) return;
  result_.mismatches.push_back(
      {row.line, std::string(row.unit), std::string(experiment), std::string(exported), std::string(assigned),
       std::string(assign::name(answer.reason)), assigner_->explain(context, experiment).steps});
}

void Replay::reject(std::int64_t line, std::string_view reason) {
  const auto found = result_.rejected.find(reason);
  if (found == result_.rejected.end())
    result_.rejected.emplace(reason, 1);
  else
    ++found->second;
  if (result_.rejected_lines.size() < kRejectedShown) result_.rejected_lines.push_back(line);
}

}  // namespace liftmark::cli
