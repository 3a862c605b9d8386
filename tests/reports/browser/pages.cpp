// Writes the pages that the browser test opens. Usage: report_pages DIR
#include <filesystem>
#include <fstream>
#include <iostream>

#include "reports/fixtures.hpp"
#include "reports/formats.hpp"
#include "reports/index.hpp"

namespace {

using namespace liftmark;

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: report_pages DIR\n";
    return 2;
  }
  const std::filesystem::path directory(arguments[1]);
  std::filesystem::create_directories(directory);
  const auto page = [&](const char* name, const Scorecard& card,
                        reports::Language language = reports::Language::english) {
    reports::RenderOptions options;
    options.language = language;
    write(directory / (std::string(name) + ".html"), reports::find_format("html")->render(card, options));
  };
  page("rich", fixtures::rich());
  page("sample-ratio-failed", fixtures::sample_ratio_failed());
  page("before-horizon", fixtures::before_horizon());
  page("sparse", fixtures::sparse());
  page("two-variants-de", fixtures::two_variants(), reports::Language::german);
  page("hostile",
       fixtures::hostile("<script>alert(1)</script>\"'&=cmd\u202Eabc\U0001F600" + std::string(300, 'x')));
  page("large", fixtures::large());
  const Scorecard ship = fixtures::rich(), failed = fixtures::sample_ratio_failed(),
                  early = fixtures::before_horizon();
  write(directory / "index.html",
        reports::render_index(
            {{&early, "before-horizon.html"}, {&ship, "rich.html"}, {&failed, "sample-ratio-failed.html"}},
            {}));
  return 0;
}
