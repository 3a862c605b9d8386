// docs/methods*.md are held to the table of calc: every row has a section, and every section says what it
// answers, when not to use it, and which errors were measured.

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/cli/calc/table.hpp"
#include "paths.hpp"

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(liftmark::tests::kSourceDir) + "/docs/" + file);
  REQUIRE(in);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Section {
  std::string heading, text;
  std::vector<std::string> patterns;  ///< names of rows, `*` for anything
};

/// Quoted words of a heading; one without a family has that of the word before it.
std::vector<std::string> patterns_of(const std::string& heading) {
  std::vector<std::string> patterns;
  std::string family;
  for (auto from = heading.find('`'); from != std::string::npos;) {
    const auto to = heading.find('`', from + 1);
    std::string word = heading.substr(from + 1, to - from - 1);
    const auto slash = word.find('/');
    if (slash != std::string::npos)
      family = word.substr(0, slash + 1);
    else if (word.find('*') == std::string::npos)
      word = family + word;
    if (word.find(' ') == std::string::npos) patterns.push_back(word);
    from = heading.find('`', to + 1);
  }
  return patterns;
}

std::vector<Section> sections_of(const std::string& file) {
  std::vector<Section> sections;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) sections.push_back({line, "", patterns_of(line)});
    if (!sections.empty()) sections.back().text += line + "\n";
  }
  return sections;
}

bool matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*')
    return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  return !name.empty() && pattern[0] == name[0] && matches(pattern.substr(1), name.substr(1));
}

/// A heading's anchor: small letters, words joined by dashes, other signs left out.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading.substr(3)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) anchor += static_cast<char>(std::tolower(byte));
    if (c == ' ' || c == '-') anchor += '-';
  }
  return anchor;
}

}  // namespace

TEST_CASE("every row of calc has a section that answers, warns and links its errors") {
  std::set<std::string> anchors;
  for (const Section& section : sections_of("error-rates.md")) anchors.insert(anchor_of(section.heading));
  std::vector<Section> sections = sections_of("methods.md");
  for (Section& section : sections_of("methods-sequential.md")) sections.push_back(section);

  for (const auto* method : liftmark::cli::calc_methods()) {
    INFO(method->name);
    CHECK(std::any_of(sections.begin(), sections.end(), [&](const Section& section) {
      return std::any_of(section.patterns.begin(), section.patterns.end(), [&](const std::string& pattern) {
        return matches(pattern, std::string(method->name));
      });
    }));
  }
  for (const Section& section : sections) {
    INFO(section.heading);
    const std::string link = "(error-rates.md#";
    for (auto at = section.text.find(link); at != std::string::npos; at = section.text.find(link, at + 1)) {
      const auto from = at + link.size();
      CHECK(anchors.count(section.text.substr(from, section.text.find(')', at) - from)) == 1);
    }
    if (section.patterns.empty()) continue;
    for (const char* part : {"*Answers*", "*Do not use*", "*Errors*"})
      CHECK(section.text.find(part) != std::string::npos);
    for (const std::string& pattern : section.patterns) {  // nothing is described that is not there
      INFO(pattern);
      const auto methods = liftmark::cli::calc_methods();
      CHECK(std::any_of(methods.begin(), methods.end(),
                        [&](const auto* method) { return matches(pattern, std::string(method->name)); }));
    }
  }
}
