// `liftmark purge`: retention periods by event type, and the removal of what is past them.

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <vector>

#include "apps/cli/commands.hpp"
#include "apps/cli/removal_wait.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {
namespace {

struct PurgeArguments {
  std::string store;
  std::vector<std::string> keep;
  RemovalWait wait;
};

struct Rule {
  std::string type;
  int days = 0;
};

Rule read_rule(const std::string& rule) {
  const auto equals = rule.rfind('=');
  int days = 0;
  const char* end = rule.data() + rule.size();
  const auto number = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                  : std::from_chars(rule.data() + equals + 1, end, days);
  if (number.ec != std::errc() || number.ptr != end || equals == 0)
    throw Error(ErrorCode::usage, "--keep", fmt::format("\"{}\" is not of the form TYPE=DAYS", rule),
                "for example view=90");
  return {rule.substr(0, equals), days};
}

void purge_shards(const PurgeArguments& arguments, const std::vector<Rule>& rules) {
  clickhouse::Store store(clickhouse::parse_address(arguments.store));
  for (const Rule& rule : rules) clickhouse::set_retention(store, rule.type, rule.days);
  const auto removal =
      arguments.wait.on("purge", [&](const auto& patience) { return clickhouse::purge(store, patience); });
  fmt::print("{} events removed{}\n", removal.rows,
             removal.pending.empty() ? "" : "; pending: " + removal.pending + "; run it again later");
  if (const std::string pending = clickhouse::carry_out_erasures(store); !pending.empty())
    fmt::print("erasures are pending: {}; run purge again\n", pending);
}

}  // namespace

void add_purge(Command& program) {
  auto* command = program.add_subcommand("purge", "Remove events past the retention period of their type");
  auto arguments = std::make_shared<PurgeArguments>();
  command->add_option("store", arguments->store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("--keep", arguments->keep, "TYPE=DAYS, kept from now on for this type; 0: for ever");
  arguments->wait.add_to(*command);
  command->footer(
      "Events past their period are also refused when they arrive. In ClickHouse it carries pending erasures "
      "on, too.\n\nExample:\n  liftmark purge shop.db "
      "--keep view=90");
  command->callback([arguments] {
    std::vector<Rule> rules;
    for (const std::string& rule : arguments->keep) rules.push_back(read_rule(rule));
    if (clickhouse::is_address(arguments->store)) return purge_shards(*arguments, rules);
    arguments->wait.refuse_for_file();
    WritingStore open(arguments->store);
    for (const Rule& rule : rules) set_retention(open.recorder, rule.type, rule.days);
    fmt::print("{} events removed\n", purge(open.recorder));
  });
}

}  // namespace liftmark::cli
