// `liftmark report`: the scorecard of one experiment in a store.

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/provenance.hpp"
#include "apps/cli/store_analysis.hpp"

namespace liftmark::cli {

void add_report(CLI::App& program) {
  auto* command = program.add_subcommand("report", "The scorecard of an experiment in a store");
  struct Options {
    StoreQuestion question;
    std::string format = "text", output;
  };
  auto options = std::make_shared<Options>();
  command->add_option("store", options->question.store, "The store")->required();
  command->add_option("experiment", options->question.experiment, "Key of the experiment")->required();
  command->add_option("--as-of", options->question.as_of,
                      "As the store was at this moment (default: the last commit)");
  command
      ->add_option("--segment", options->question.segments,
                   "Attribute that groups the units, beside the plan's")
      ->allow_extra_args(false);
  command->add_option("--format", options->format, "text (default), json, markdown, csv or html");
  command->add_option("--output", options->output, "File to write (default: standard output)");
  command->footer("Example:\n  liftmark report shop.db checkout --format html --output report.html");
  command->callback([options, command] {
    const auto& format = report_format(options->format);
    auto card = analyse_store(options->question);
    add_provenance(*command, card);
    write_report(card, format, options->output);
  });
}

}  // namespace liftmark::cli
