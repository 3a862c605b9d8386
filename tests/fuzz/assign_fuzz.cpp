// libFuzzer: catalog + attributes + unit bytes. Whatever compiles must answer: assign never throws (it is
// noexcept, so throwing ends the run), explain gives the same answer, assign_all equals one by one, a
// measured arm is one of the arms. Half of the inputs are catalogs as JSON text, half are definitions made of
// the bytes.

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "assign/assigner.hpp"
#include "assign/schemes/scheme.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"

using namespace liftmark;
using namespace liftmark::assign;

namespace {

void require(bool law) {
  if (!law) std::abort();
}

std::string word(FuzzedDataProvider& data) {
  return data.ConsumeRandomLengthString(12);
}

Value value(FuzzedDataProvider& data) {
  switch (data.ConsumeIntegralInRange(0, 3)) {
    case 0:
      return data.ConsumeBool();
    case 1:
      return data.ConsumeFloatingPoint<double>();
    case 2:
      return word(data);
    default:
      return {};
  }
}

Predicate predicate(FuzzedDataProvider& data, int depth) {
  Predicate result;
  result.op =
      static_cast<Predicate::Op>(data.ConsumeIntegralInRange(0, static_cast<int>(Predicate::Op::in_segment)));
  result.attribute = word(data);
  for (int i = data.ConsumeIntegralInRange(0, 2); i > 0; --i) result.values.push_back(value(data));
  if (depth > 3) return result;
  for (int i = data.ConsumeIntegralInRange(0, 2); i > 0; --i)
    result.children.push_back(predicate(data, depth + 1));
  return result;
}

Parameter parameter(FuzzedDataProvider& data, int depth) {
  Parameter result;
  result.kind = static_cast<Parameter::Kind>(data.ConsumeIntegralInRange(0, depth > 3 ? 3 : 5));
  result.boolean = data.ConsumeBool();
  result.number =
      data.ConsumeBool() ? data.ConsumeFloatingPoint<double>() : data.ConsumeIntegralInRange(-2, 10001);
  result.text = word(data);
  if (depth > 3) return result;
  for (int i = data.ConsumeIntegralInRange(0, 3); i > 0; --i) {
    result.items.push_back(parameter(data, depth + 1));
    result.names.push_back(word(data));
  }
  return result;
}

Experiment experiment(FuzzedDataProvider& data, int index) {
  Experiment result;
  result.key = data.ConsumeBool() ? "e" + std::to_string(index) : word(data);
  const auto& scheme = kSchemes[data.ConsumeIntegralInRange<std::size_t>(0, kSchemes.size() - 1)];
  result.hashing.scheme = scheme.name;
  if (data.ConsumeBool()) result.hashing.salt = std::to_string(index) + word(data);
  for (int i = data.ConsumeIntegralInRange(0, 3); i > 0; --i) {
    // Names that schemes know, so that their values are read and not only refused.
    static const std::vector<std::string> kNames{"seed",    "ranges",  "coverage", "namespace",
                                                 "filters", "op",      "flag_key", "splits",
                                                 "weights", "rollout", "group",    "percentage"};
    const auto& name = kNames[data.ConsumeIntegralInRange<std::size_t>(0, kNames.size() - 1)];
    result.hashing.parameters[data.ConsumeBool() ? name : word(data)] = parameter(data, 0);
  }
  for (int i = data.ConsumeIntegralInRange(0, 4); i >= 0; --i) {
    result.arms.push_back({"arm" + std::to_string(i),
                           data.ConsumeBool() ? 1.0 : data.ConsumeFloatingPoint<double>(),
                           data.ConsumeBool() ? Role::control : Role::variant, word(data)});
  }
  if (data.ConsumeBool()) result.traffic = data.ConsumeProbability<double>();
  if (data.ConsumeBool()) result.layer = "layer";
  if (!result.layer.empty())
    result.slots = {{data.ConsumeProbability<double>(), data.ConsumeProbability<double>()}};
  if (data.ConsumeBool()) result.audience = predicate(data, 0);
  if (data.ConsumeBool()) result.overrides[word(data)] = "arm0";
  if (data.ConsumeBool())
    result.prerequisites.push_back({"e" + std::to_string(data.ConsumeIntegralInRange(0, 4)), {}});
  result.status = static_cast<Status>(data.ConsumeIntegralInRange(0, 2));
  result.sticky = data.ConsumeBool();
  return result;
}

std::shared_ptr<const Assigner> made(FuzzedDataProvider& data) {
  Definitions definitions;
  definitions.layers = {{"layer", "layer salt"}};
  if (data.ConsumeBool()) definitions.holdouts = {{"held", data.ConsumeProbability<double>(), "h", ""}};
  for (int i = 0; i < data.ConsumeIntegralInRange(1, 4); ++i)
    definitions.experiments.push_back(experiment(data, i));
  return Assigner::compile(std::move(definitions)).assigner;
}

std::shared_ptr<const Assigner> parsed(FuzzedDataProvider& data) {
  try {
    return compile_assigner(parse_catalog(data.ConsumeRandomLengthString(20000)));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const auto assigner = data.ConsumeBool() ? parsed(data) : made(data);
  if (assigner == nullptr) return 0;

  std::vector<std::string> texts;
  for (int i = 0; i < 8; ++i) texts.push_back(data.ConsumeRandomLengthString(64));
  const std::vector<Attribute> attributes{{texts[0], std::string_view(texts[1])},
                                          {texts[2], data.ConsumeFloatingPoint<double>()},
                                          {texts[3], data.ConsumeBool()},
                                          {texts[4], std::monostate()},
                                          {"id", std::string_view(texts[1])}};
  const std::vector<std::string_view> segments{texts[5]};
  const std::vector<StickyArm> sticky{{"e0", 1, "arm1"}, {texts[6], 2, texts[7]}};
  const std::string unit = data.ConsumeRemainingBytesAsString();
  Context context{unit, attributes, segments, Consent::granted, sticky, false};

  std::vector<Assignment> all(assigner->size());
  require(assigner->assign_all(context, all) == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Experiment& asked = assigner->experiments()[i];
    const Assignment one = assigner->assign(context, asked.key);
    require(one.arm() == all[i].arm() && one.reason == all[i].reason && one.bucket == all[i].bucket);
    const Explanation told = assigner->explain(context, asked.key);
    require(told.assignment.arm() == one.arm() && told.assignment.reason == one.reason &&
            !told.steps.empty());
    bool known = false;
    for (const Arm& arm : asked.arms) known = known || arm.key == one.arm();
    require(known);
  }
  return 0;
}
