// `liftmark report`: the scorecard of one experiment in a store, or a folder of pages with an index of all.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "apps/cli/commands.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/provenance.hpp"
#include "apps/cli/watched_question.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"
#include "reports/index.hpp"

namespace liftmark::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  StoreQuestion question;
  ReportOutput output;
  bool print_sql = false;
};

/// Shows a statement that goes to the shards, on standard error, so that the report stays whole.
void print_statement(std::string_view sql) {
  fmt::print(stderr, "{};\n", sql);
}

/// A file name that any file system takes and no other page has: the key's letters, digits, dots and dashes.
std::string page_name(const std::string& key, std::set<std::string>& taken) {
  constexpr std::size_t kLongest = 80;
  std::string name;
  for (const char c : key.substr(0, kLongest)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    name += plain ? c : '-';
  }
  if (name.empty() || name == "index") name += "-experiment";
  std::string unique = name + ".html";
  for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{}-{}.html", name, i);
  return unique;
}

/// One page an experiment and index.html over them. Experiments without exposures are listed in the catalog's
/// order too.
void write_pages(const Options& options) {
  if (options.output.path.empty())
    throw Error(ErrorCode::usage, "experiment",
                "is needed, or --output with a folder for pages of all of them",
                "liftmark report shop.db checkout, or liftmark report shop.db --output pages");
  reports::RenderOptions render;
  render.language = report_language(options.output.language);
  std::vector<std::string> keys;
  {
    const auto view = open_view(options.question.store, reader_options(options.question.as_of));
    keys = experiment_keys(*view);
  }
  const fs::path folder = options.output.path;
  std::error_code failed;
  fs::create_directories(folder, failed);
  std::vector<Scorecard> cards;
  std::vector<std::string> files;
  std::set<std::string> taken;
  for (const auto& key : keys) {
    auto question = options.question;
    question.experiment = key;
    cards.push_back(ask_store(question));
    auto& made = cards.back().provenance;
    made.version = program_version();
    made.command = fmt::format("liftmark report {} {} --as-of {} --format html", shell_word(question.store),
                               shell_word(key), format_time(made.as_of));
    files.push_back(page_name(key, taken));
    write_output(reports::render_html(cards.back(), render), (folder / files.back()).string());
  }
  std::vector<reports::IndexEntry> entries;
  for (std::size_t i = 0; i < cards.size(); ++i) entries.push_back({&cards[i], files[i]});
  write_output(reports::render_index(entries, render), (folder / "index.html").string());
}

}  // namespace

void add_report(Command& program) {
  auto* command = program.add_subcommand("report", "The scorecard of an experiment in a store");
  auto options = std::make_shared<Options>();
  command
      ->add_option("store", options->question.store,
                   "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("experiment", options->question.experiment,
                      "Key of the experiment, or of a holdout with a ledger; without it, pages of all and an "
                      "index go to the folder --output");
  command->add_option("--as-of", options->question.as_of,
                      "As the store was at this moment (default: the last commit)");
  command
      ->add_option("--segment", options->question.segments,
                   "Attribute that groups the units, beside the plan's")
      ->one_value_each();
  command->add_flag("--current-plan", options->question.current_plan,
                    "Follow the catalog's plan of today, not the one in force since the first exposure");
  command->add_flag("--print-sql", options->print_sql,
                    "Of a ClickHouse store: show every statement on standard error as it is sent");
  command
      ->add_option(
          "--max-rows", options->question.server.max_rows,
          "Of a ClickHouse store: refuse to read more rows of a shard in one statement (default: any number)")
      ->not_negative();
  command
      ->add_option(
          "--rows-at-once", options->question.server.rows_at_once,
          "Of a ClickHouse store: events of a shard that are worked on at a time; fewer take less of "
          "its memory")
      ->positive()
      ->show_default();
  add_output_options(*command, options->output);
  command->footer(
      "Examples:\n"
      "  liftmark report shop.db checkout --format html --output report.html\n"
      "  liftmark report shop.db --output pages");
  command->callback([options, command] {
    if (options->print_sql) options->question.server.on_statement = print_statement;
    if (options->question.experiment.empty()) return write_pages(*options);
    report_format(options->output.format);  // mistakes in what to write come before the work
    report_language(options->output.language);
    auto card = ask_store(options->question);
    add_provenance(*command, card);
    write_report(card, options->output);
  });
}

}  // namespace liftmark::cli
