#pragma once
// Commands run as the program runs them, and their files.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::tests {

namespace fs = std::filesystem;
using nlohmann::json;

inline fs::path fresh_folder(const std::string& name) {
  const auto folder = fs::temp_directory_path() / ("liftmark_cli_test_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

inline std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

/// Runs a command as the program does. Throws what it throws.
inline void run(std::vector<std::string> arguments) {
  cli::Command program;
  for (const auto& add : cli::kCommands) add(program);
  const int code = program.run(arguments);
  REQUIRE(code == 0);
}

inline std::string failure(const std::vector<std::string>& arguments) {
  try {
    run(arguments);
  } catch (const Error& error) {
    return describe(error);
  }
  return "no error";
}

/// What a command prints on standard output.
inline std::string printed(const std::vector<std::string>& arguments, const fs::path& folder) {
  const auto path = folder / "printed";
  std::fflush(stdout);
  const int before = dup(STDOUT_FILENO);
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  dup2(file, STDOUT_FILENO);
  close(file);
  const auto restore = [&] {
    std::fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
  };
  try {
    run(arguments);
  } catch (...) {
    restore();
    throw;
  }
  restore();
  return read(path);
}

inline json card_of(std::vector<std::string> arguments, const fs::path& folder) {
  const auto output = folder / "card.json";
  for (const std::string& more :
       {std::string("--format"), std::string("json"), std::string("--output"), output.string()})
    arguments.push_back(more);
  run(arguments);
  return json::parse(read(output));
}

inline const json& metric(const json& card, const std::string& key) {
  for (const auto& row : card["metrics"])
    if (row["key"] == key) return row;
  throw std::out_of_range(key);
}

}  // namespace liftmark::tests
