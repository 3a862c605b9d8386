// `liftmark check`: can the numbers of an experiment be trusted? The health checks alone, for a terminal or a
// script.

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "apps/cli/watched_question.hpp"
#include "engine/analyse/analyse_store.hpp"

namespace liftmark::cli {
namespace {

nlohmann::json as_json(const Check& check) {
  nlohmann::json row{
      {"kind", check.kind}, {"status", check.status}, {"note", check.note}, {"p_value", nullptr}};
  if (check.p_value) row["p_value"] = *check.p_value;
  for (const auto& number : check.numbers)
    if (number.value) row["numbers"][number.name] = *number.value;
  return row;
}

void print(const Check& check, bool json) {
  if (json) {
    fmt::print("{}\n", as_json(check).dump());
    return;
  }
  std::string line = fmt::format("{:<14} {:<8}", check.kind, check.status);
  if (check.p_value) line += fmt::format(" p = {:.2g}", *check.p_value);
  for (const auto& number : check.numbers)
    if (number.value) line += fmt::format(" {} {:.6g}", number.name, *number.value);
  if (!check.note.empty()) line += " (" + check.note + ")";
  fmt::print("{}\n", line);
  for (const auto& place : check.places)
    fmt::print("{:<14} {} {}{}\n", "", place.dimension, place.group,
               place.p_value ? fmt::format(" p = {:.2g}", *place.p_value) : "");
}

}  // namespace

void add_check(Command& program) {
  auto* command = program.add_subcommand(
      "check", "Health: sample ratio, crossovers, late or missing data, duplicates, bots");
  struct Options {
    StoreQuestion question;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command
      ->add_option("store", options->question.store,
                   "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("experiment", options->question.experiment, "Key of the experiment")->required();
  command->add_option("--as-of", options->question.as_of,
                      "As the store was at this moment (default: the last commit)");
  command->add_flag("--json", options->json, "One JSON object a check");
  command->footer("Example:\n  liftmark check shop.db checkout");
  command->callback([options] {
    for (const auto& check : ask_store(options->question).checks) print(check, options->json);
  });
}

}  // namespace liftmark::cli
