// `liftmark calc`: the statistics module at the command line.

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "apps/cli/commands.hpp"
#include "engine/definition/error.hpp"
#include "stats/estimate.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

constexpr std::span<const CalcMethod> (*kFamilies[])() = {
    distribution_methods, proportion_methods,       mean_methods,
    lift_methods,         adjustment_methods,       sequential_methods,
    mixture_methods,      group_sequential_methods, group_sequential_analysis_methods,
    bayes_methods,        multiplicity_methods,     plan_methods,
    power_methods,        resampling_methods,       survival_methods,
    off_policy_methods,   sample_ratio_methods};

json failure(json id, std::string_view code, std::string_view message) {
  return {{"id", std::move(id)}, {"error", {{"code", code}, {"message", message}}}};
}

/// Infinity and NaN as the strings that stand for them, wherever a method left one: JSON has no such numbers.
json written_out(json result) {
  if (result.is_number_float()) return written(result.get<double>());
  if (result.is_structured())
    for (json& part : result) part = written_out(std::move(part));
  return result;
}

/// One request line to one answer line. Never throws on what the line says.
json answer(const std::string& line) {
  const json request = json::parse(line, nullptr, false);
  if (request.is_discarded() || !request.is_object())
    return failure(nullptr, "invalid_input", "not a JSON object");
  const json id = request.value("id", json());
  if (!request.contains("method") || !request["method"].is_string())
    return failure(id, "invalid_input", "\"method\" is missing");
  const auto& name = request["method"].get_ref<const std::string&>();
  const CalcMethod* method = find_calc_method(name);
  if (method == nullptr)
    return failure(id, "unknown_method", "no method \"" + name + "\"; see liftmark calc --list");
  try {
    return {{"id", id}, {"result", written_out(method->run(request.value("inputs", json::object())))}};
  } catch (const CalcError& error) {
    return failure(id, error.code, error.what());
  } catch (const json::exception& error) {
    return failure(id, "invalid_input", error.what());
  } catch (const std::domain_error& error) {  // a number outside a distribution's domain
    return failure(id, "invalid_input", error.what());
  } catch (const std::invalid_argument& error) {
    return failure(id, "invalid_input", error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (
      const std::exception& error) {  // an evaluation that broke down: the lines after it are still answered
    return failure(id, stats::name(stats::Reason::no_convergence), error.what());
  }
}

void run() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << answer(line).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  }
  std::cout.flush();
}

void list() {
  for (const CalcMethod* method : calc_methods()) fmt::print("{:<40} {}\n", method->name, method->summary);
}

}  // namespace

std::vector<const CalcMethod*> calc_methods() {
  std::vector<const CalcMethod*> methods;
  for (const auto family : kFamilies)
    for (const CalcMethod& method : family()) methods.push_back(&method);
  return methods;
}

const CalcMethod* find_calc_method(std::string_view name) {
  static const auto* methods = [] {
    auto* map = new std::unordered_map<std::string_view, const CalcMethod*>;
    for (const CalcMethod* method : calc_methods()) map->emplace(method->name, method);
    return map;
  }();
  const auto found = methods->find(name);
  return found == methods->end() ? nullptr : found->second;
}

void add_calc(Command& program) {
  auto* command = program.add_subcommand("calc", "One statistical method on numbers: NDJSON in, NDJSON out");
  command->footer(
      "Reads lines {\"id\",\"method\",\"inputs\"} from standard input, writes {\"id\",\"result\"} or "
      "{\"id\",\"error\"}.\n\n"
      "Example:\n"
      "  echo '{\"id\":1,\"method\":\"prop_ci/wilson\",\"inputs\":{\"x\":8,\"n\":10,\"alpha\":0.05}}' | "
      "liftmark calc");
  auto listing = std::make_shared<bool>(false);
  command->add_flag("--list", *listing, "Print every method and exit");
  command->callback([listing] { *listing ? list() : run(); });
}

}  // namespace liftmark::cli
