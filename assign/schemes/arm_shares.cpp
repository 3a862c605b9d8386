#include "assign/schemes/arm_shares.hpp"

#include <algorithm>
#include <cmath>

namespace liftmark::assign {
namespace {

constexpr std::uint32_t kNoArm = SchemeDecision::kNoArm;

double total_weight(const Experiment& experiment) {
  double total = 0.0;
  for (const Arm& arm : experiment.arms) total += arm.weight;
  return total;
}

}  // namespace

std::vector<ArmShare> arm_weights(const Experiment& experiment) {
  std::vector<ArmShare> shares;
  for (std::uint32_t i = 0; i < experiment.arms.size(); ++i) shares.push_back({i, experiment.arms[i].weight});
  return shares;
}

std::vector<ArmShare> arm_weights(const Experiment& experiment, double total) {
  std::vector<ArmShare> shares = arm_weights(experiment);
  const double sum = total_weight(experiment);
  if (sum <= 0.0 || std::fabs(sum - total) <= 1e-9 * total) return shares;
  for (ArmShare& share : shares) share.share = share.share * total / sum;
  return shares;
}

std::vector<ArmShare> arm_ends(const Experiment& experiment, double total) {
  std::vector<ArmShare> shares = arm_weights(experiment);
  const double sum = total_weight(experiment);
  double running = 0.0;
  for (ArmShare& share : shares) {
    running += share.share;
    share.share = sum > 0.0 ? std::round(running * total / sum) : 0.0;
  }
  return shares;
}

const Parameter* required_member(ParameterReader& reader, const Parameter& object, const Wanted& wanted,
                                 const std::string& path) {
  const Parameter* value = member(object, wanted.name);
  if (value != nullptr && value->kind == wanted.kind) return value;
  constexpr std::string_view kKinds[] = {"null",   "true or false", "a number",
                                         "a text", "a list",        "an object"};
  reader.problem(path, "must be an object in which \"" + std::string(wanted.name) + "\" is " +
                           std::string(kKinds[static_cast<std::size_t>(wanted.kind)]));
  return nullptr;
}

std::optional<std::vector<ArmShare>> read_arm_shares(ParameterReader& reader, const Experiment& experiment,
                                                     const ShareNames& names) {
  const Parameter* list = reader.list(names.list);
  if (list == nullptr) return std::nullopt;
  std::vector<ArmShare> shares;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = std::string(names.list) + "/" + std::to_string(i);
    const bool without = names.without && member(list->items[i], names.share) == nullptr;
    const Parameter* share =
        without ? nullptr
                : required_member(reader, list->items[i], {names.share, Parameter::Kind::number}, path);
    const Parameter* key = member(list->items[i], names.arm);
    if (share == nullptr && !without) continue;
    std::uint32_t arm = kNoArm;
    if (key != nullptr && key->kind == Parameter::Kind::text) {
      arm = arm_index(experiment, key->text);
    } else if (key != nullptr && key->kind == Parameter::Kind::number && key->number >= 0 &&
               key->number == std::floor(key->number) &&
               key->number < static_cast<double>(experiment.arms.size())) {
      arm = static_cast<std::uint32_t>(key->number);
    }
    if (arm == kNoArm) {
      reader.problem(path + "/" + std::string(names.arm), "names no arm of this experiment",
                     "Give the arm's key, or its index counted from 0.");
      continue;
    }
    shares.push_back({arm, without ? *names.without : share->number});
  }
  return shares;
}

BucketSpan read_span(ParameterReader& reader, const Parameter& pair, const std::string& path) {
  const auto is_number = [](const Parameter* value) {
    return value != nullptr && value->kind == Parameter::Kind::number && std::isfinite(value->number);
  };
  const Parameter* first = member(pair, "start");
  const Parameter* last = member(pair, "end");
  if (pair.kind == Parameter::Kind::list && pair.items.size() == 2) {
    first = &pair.items[0];
    last = &pair.items[1];
  }
  if (is_number(first) && is_number(last)) return {first->number, last->number};
  reader.problem(path, "must be a pair of numbers [first, last]");
  return {};
}

std::vector<BucketSpan> read_spans(ParameterReader& reader, const Parameter& list, const std::string& path) {
  std::vector<BucketSpan> spans;
  if (list.kind != Parameter::Kind::list) reader.problem(path, "must be a list of pairs [first, last]");
  for (std::size_t i = 0; i < list.items.size() && list.kind == Parameter::Kind::list; ++i)
    spans.push_back(read_span(reader, list.items[i], path + "/" + std::to_string(i)));
  return spans;
}

std::uint32_t served_arm(ParameterReader& reader, const Experiment& experiment) {
  std::uint32_t served = kNoArm;
  int variants = 0;
  for (std::uint32_t i = 0; i < experiment.arms.size(); ++i) {
    if (experiment.arms[i].role != Role::variant) continue;
    served = i;
    ++variants;
  }
  if (variants != 1)
    reader.problem("kind", "serves one arm, so the experiment needs exactly one arm that is not the control");
  return served;
}

double read_coverage(ParameterReader& reader, const Experiment& experiment, std::string_view name,
                     double scale) {
  const std::optional<double> coverage = reader.number(name);
  if (!coverage) return experiment.traffic * scale;
  if (experiment.traffic != 1.0)
    reader.problem(name, "says again what the experiment's \"traffic\" says", "Keep one of the two.");
  return *coverage;
}

void require_full_traffic(std::vector<Problem>& problems, const Experiment& experiment, std::string hint) {
  if (experiment.traffic == 1.0) return;
  problems.push_back({"/traffic", "scheme " + experiment.hashing.scheme + " cannot take part of the traffic",
                      std::to_string(experiment.traffic), std::move(hint)});
}

std::size_t read_choice(ParameterReader& reader, std::string_view name,
                        std::vector<std::string_view> choices) {
  const std::optional<std::string> chosen = reader.text(name);
  if (!chosen) return 0;
  const auto found = std::find(choices.begin(), choices.end(), *chosen);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string known;
  for (const std::string_view choice : choices) known += (known.empty() ? "" : ", ") + std::string(choice);
  reader.problem(name, "must be one of: " + known);
  return 0;
}

}  // namespace liftmark::assign
