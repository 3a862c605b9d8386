#include "apps/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "engine/definition/error.hpp"

namespace liftmark::cli {

const reports::Format& report_format(const std::string& name) {
  if (const auto* format = reports::find_format(name)) return *format;
  std::string known;
  for (const auto& format : reports::kFormats)
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  throw Error(ErrorCode::usage, Problem{"--format", "there is no such format", name, "one of " + known});
}

reports::Language report_language(const std::string& name) {
  if (name == "en") return reports::Language::english;
  if (name == "de") return reports::Language::german;
  throw Error(ErrorCode::usage, Problem{"--lang", "there is no such language", name, "one of en, de"});
}

void add_output_options(Command& command, ReportOutput& output, const std::string& group) {
  command.add_option("--format", output.format, "text (default), json, markdown, csv or html")->group(group);
  command.add_option("--lang", output.language, "Words and numbers of the report: en (default) or de")
      ->group(group);
  command.add_option("--output", output.path, "File to write (default: standard output)")->group(group);
}

void write_report(const Scorecard& scorecard, const ReportOutput& output) {
  reports::RenderOptions options;
  options.language = report_language(output.language);
  options.colour = output.path.empty() && isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  write_output(report_format(output.format).render(scorecard, options), output.path);
}

void write_output(const std::string& text, const std::string& path) {
  if (path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file)
    throw Error(ErrorCode::storage, path, "cannot be written", "check that the folder exists and has space");
}

}  // namespace liftmark::cli
