// A report says who made it and how to make it again; the shell itself reads the words back.

#include "apps/cli/provenance.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/running.hpp"
#include "engine/definition/error.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The words that /bin/sh makes of a line.
std::vector<std::string> read_by_shell(const std::string& line) {
  const std::string script = "printf '%s\\n' " + line;
  FILE* pipe = popen(script.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  CHECK(pclose(pipe) == 0);
  std::vector<std::string> words;
  std::istringstream lines(text);
  for (std::string word; std::getline(lines, word);) words.push_back(word);
  return words;
}

json run(std::vector<std::string> arguments, const fs::path& output) {
  arguments.insert(arguments.end(), {"--output", output.string()});
  liftmark::tests::run(arguments);
  return json::parse(liftmark::tests::read(output));
}

}  // namespace

TEST_CASE("words for a shell come back as they were") {
  const std::vector<std::string> words{"plain-1.csv", "",        "two words", "it's", "$(rm -rf /)",
                                       "a;b|c&d",     "`x`",     "\"q\"",     "*?[",  "~",
                                       "\\",          "--x=y z", "\u00e4"};
  std::string line;
  for (const auto& word : words) line += " " + liftmark::cli::shell_word(word);
  CHECK(read_by_shell(line) == words);
  CHECK(liftmark::cli::shell_word("plain-1.csv") == "plain-1.csv");
  CHECK(liftmark::cli::shell_word("it's") == "'it'\\''s'");
}

TEST_CASE("the command in a scorecard makes the same scorecard again") {
  const auto folder = fs::temp_directory_path() / "liftmark provenance's test";
  fs::create_directories(folder);
  const auto table = folder / "table; of $arms.csv";
  std::ofstream file(table);
  file << "arm,bought\n";
  for (int i = 0; i < 200; ++i) file << (i % 2 == 0 ? "a" : "b") << ',' << (i % 3 == 0 ? 1 : 0) << '\n';
  file.close();
  const auto card = run({"analyze", table.string(), "--arm", "arm", "--control", "a", "--proportion",
                         "it's $x=bought", "--format", "json"},
                        folder / "first.json");
  CHECK(card["provenance"]["version"] == LIFTMARK_VERSION);
  auto words = read_by_shell(card["provenance"]["command"]);
  REQUIRE(words.size() > 2);
  CHECK(words.front() == "liftmark");
  CHECK(std::find(words.begin(), words.end(), "--output") == words.end());
  words.erase(words.begin());
  CHECK(run(words, folder / "second.json") == card);
  fs::remove_all(folder);
}

TEST_CASE("a command on a store gets the moment it was read at") {
  liftmark::cli::Command program;
  liftmark::cli::add_report(program);
  liftmark::cli::Command* command = program.subcommand("report");
  // There is no such store, but what was typed has been read.
  CHECK_THROWS_AS(program.run({"report", "no such.db", "checkout", "--segment", "country", "--format", "html",
                               "--output", "o.html"}),
                  liftmark::Error);
  liftmark::Scorecard card;
  card.provenance.as_of = 1'772'368'215'250'000;  // date -u -d @1772368215: 2026-03-01T12:30:15Z
  const auto line = liftmark::cli::command_line(*command, card);
  CHECK(line.find("liftmark report 'no such.db' checkout ") == 0);
  CHECK(line.find("--as-of 2026-03-01T12:30:15.25") != std::string::npos);
  CHECK(line.find("--segment country") != std::string::npos);
  CHECK(line.find("--output") == std::string::npos);
}
