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

void write_report(const Scorecard& scorecard, const reports::Format& format, const std::string& path) {
  reports::RenderOptions options;
  options.colour = path.empty() && isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  const std::string text = format.render(scorecard, options);
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
