#include "apps/cli/provenance.hpp"

#include <algorithm>
#include <vector>

#include "engine/definition/time_point.hpp"

namespace liftmark::cli {
namespace {

constexpr std::string_view kAsOf = "as-of", kOutput = "output", kHelp = "help";

bool is_plain(char c) {
  constexpr std::string_view kPlain = "_@%+=:,./-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPlain.find(c) != std::string_view::npos;
}

/// An option's value that looks like an option itself must be joined to its name.
void add_option(const std::string& name, const std::string& value, std::vector<std::string>& words) {
  if (!value.empty() && value.front() == '-') {
    words.push_back(name + "=" + value);
    return;
  }
  words.push_back(name);
  words.push_back(value);
}

}  // namespace

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string command_line(const Command& command, const Scorecard& card) {
  std::vector<std::string> positional, options;
  for (const Command::Typed& argument : command.typed()) {
    if (argument.positional) {
      positional.insert(positional.end(), argument.values.begin(), argument.values.end());
      continue;
    }
    if (argument.name == kHelp || argument.name == kOutput) continue;
    const std::string name = "--" + argument.name;
    if (argument.name == kAsOf) {
      add_option(name, format_time(card.provenance.as_of), options);
    } else if (argument.flag) {
      if (!argument.values.empty()) options.push_back(name);
    } else {
      for (const auto& value : argument.values) add_option(name, value, options);
    }
  }
  const bool dashed = std::any_of(positional.begin(), positional.end(), [](const std::string& word) {
    return word.size() > 1 && word.front() == '-';
  });
  std::vector<std::string> words{"liftmark", command.name()};
  if (dashed) options.emplace_back("--");
  const auto append = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  append(dashed ? options : positional);
  append(dashed ? positional : options);
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string_view program_version() {
  return LIFTMARK_VERSION;
}

void add_provenance(const Command& command, Scorecard& card) {
  card.provenance.version = program_version();
  card.provenance.command = command_line(command, card);
}

}  // namespace liftmark::cli
