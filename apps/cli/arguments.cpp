#include "apps/cli/arguments.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>

#include <CLI/CLI.hpp>

namespace liftmark::cli {

Option* Option::required() {
  option_->required();
  return this;
}
Option* Option::group(const std::string& heading) {
  option_->group(heading);
  return this;
}
Option* Option::needs(const Option* other) {
  option_->needs(other->option_);
  return this;
}
Option* Option::delimiter(char between) {
  option_->delimiter(between);
  return this;
}
Option* Option::one_value_each() {
  option_->allow_extra_args(false);
  return this;
}
Option* Option::show_default() {
  option_->capture_default_str();
  return this;
}
Option* Option::one_of(std::initializer_list<const char*> words) {
  option_->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
  return this;
}
Option* Option::between(int lowest, int highest) {
  option_->check(CLI::Range(lowest, highest));
  return this;
}
Option* Option::between(double lowest, double highest) {
  option_->check(CLI::Range(lowest, highest));
  return this;
}
Option* Option::positive() {
  option_->check(CLI::PositiveNumber);
  return this;
}
Option* Option::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return this;
}
Option* Option::rewritten(std::function<std::string(std::string&)> rewrite, const std::string& type) {
  option_->transform(CLI::Validator(std::move(rewrite), type));
  return this;
}

struct Command::State {
  std::unique_ptr<CLI::App> owned;  ///< of a program; its subcommands are CLI11's
  CLI::App* app = nullptr;
  std::deque<Option> options;
  std::vector<std::unique_ptr<Command>> subcommands;
};

Command::Command(const std::string& description) : state_(std::make_unique<State>()) {
  state_->owned = std::make_unique<CLI::App>(description);
  state_->app = state_->owned.get();
  state_->app->failure_message(CLI::FailureMessage::help);
}
Command::Command(std::unique_ptr<State> state) : state_(std::move(state)) {}
Command::~Command() = default;

template <class T>
Option* Command::add_option(const std::string& names, T& target, const std::string& description) {
  state_->options.push_back(Option(state_->app->add_option(names, target, description)));
  return &state_->options.back();
}

#define LIFTMARK_OPTION(type) \
  template Option* Command::add_option<type>(const std::string&, type&, const std::string&);
LIFTMARK_OPTION(int)
LIFTMARK_OPTION(std::int64_t)
LIFTMARK_OPTION(std::uint64_t)
LIFTMARK_OPTION(double)
LIFTMARK_OPTION(std::uint16_t)
LIFTMARK_OPTION(std::string)
LIFTMARK_OPTION(std::filesystem::path)
LIFTMARK_OPTION(std::optional<double>)
LIFTMARK_OPTION(std::optional<std::int64_t>)
LIFTMARK_OPTION(std::optional<std::string>)
LIFTMARK_OPTION(std::vector<double>)
LIFTMARK_OPTION(std::vector<std::string>)
#undef LIFTMARK_OPTION

Option* Command::add_flag(const std::string& names, bool& target, const std::string& description) {
  state_->options.push_back(Option(state_->app->add_flag(names, target, description)));
  return &state_->options.back();
}

Command* Command::add_subcommand(const std::string& name, const std::string& description) {
  auto state = std::make_unique<State>();
  state->app = state_->app->add_subcommand(name, description);
  state_->subcommands.push_back(std::unique_ptr<Command>(new Command(std::move(state))));
  return state_->subcommands.back().get();
}

Command* Command::subcommand(const std::string& name) const {
  for (const auto& command : state_->subcommands)
    if (command->name() == name) return command.get();
  throw std::out_of_range("no subcommand " + name);
}

void Command::require_subcommand() {
  state_->app->require_subcommand(1);
}
void Command::set_name(const std::string& name) {
  state_->app->name(name);
}
void Command::set_version(const std::string& text) {
  state_->app->set_version_flag("--version", text);
}
void Command::footer(const std::string& text) {
  state_->app->footer(text);
}
void Command::callback(std::function<void()> work) {
  state_->app->callback(std::move(work));
}

int Command::run(const std::vector<std::string>& words) {
  try {
    state_->app->parse(std::vector<std::string>(words.rbegin(), words.rend()));
    return 0;
  } catch (const CLI::ParseError& error) {
    return state_->app->exit(error) == 0 ? 0 : 2;
  }
}

const std::string& Command::name() const {
  return state_->app->get_name();
}

std::vector<Command::Typed> Command::typed() const {
  std::vector<Typed> all;
  for (const CLI::Option* option : static_cast<const CLI::App*>(state_->app)->get_options()) {
    const auto& names = option->get_lnames();
    const bool positional = option->get_positional();
    if (!positional && names.empty()) continue;
    all.push_back({.name = positional ? option->get_name() : names.front(),
                   .positional = positional,
                   .flag = option->get_expected_max() == 0,
                   .values = option->results()});
  }
  return all;
}

}  // namespace liftmark::cli
