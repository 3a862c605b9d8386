#pragma once
// What a command line accepts, in the words the subcommands need. CLI11 reads it and writes the help texts;
// arguments.cpp is the only file that sees CLI11, which costs every file that includes it five to eight
// seconds of compilation.

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class Option;
}

namespace liftmark::cli {

/// An option, a flag or a positional argument of a command. Every setter returns the option itself.
class Option {
 public:
  Option* required();
  /// Under this heading in the help text.
  Option* group(const std::string& heading);
  /// Is a usage error without the other one.
  Option* needs(const Option* other);
  /// One word may hold several values with this between them.
  Option* delimiter(char between);
  /// Takes one value each time it is given, so that a positional argument may follow.
  Option* one_value_each();
  /// The target's present value is shown in the help text as the default.
  Option* show_default();
  Option* one_of(std::initializer_list<const char*> words);
  /// Both inclusive.
  Option* between(int lowest, int highest);
  Option* between(double lowest, double highest);
  Option* positive();
  Option* not_negative();
  /// Rewrites the word before it is read; returns what is wrong with it, or nothing. `type` names it in the
  /// help text.
  Option* rewritten(std::function<std::string(std::string&)> rewrite, const std::string& type);

 private:
  friend class Command;
  explicit Option(CLI::Option* option) : option_(option) {}
  CLI::Option* option_;
};

/// A program or one of its subcommands.
class Command {
 public:
  explicit Command(const std::string& description = {});
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// `names` as "--long,-s", or a bare word for a positional argument. The target must live until `run` is
  /// over. T: bool, whole and floating-point numbers, std::string, an optional or a vector of those;
  /// arguments.cpp lists them.
  template <class T>
  Option* add_option(const std::string& names, T& target, const std::string& description);
  Option* add_flag(const std::string& names, bool& target, const std::string& description);
  /// Owned by this command.
  Command* add_subcommand(const std::string& name, const std::string& description);
  /// One that was added. Throws std::out_of_range.
  Command* subcommand(const std::string& name) const;

  void require_subcommand();
  void set_name(const std::string& name);
  void set_version(const std::string& text);
  /// Stands at the end of the help text: examples.
  void footer(const std::string& text);
  /// What the command does once everything is read.
  void callback(std::function<void()> work);

  /// Reads the words after the program's name and runs the callback of the command they name. 0, also after a
  /// help text; 2 after saying on standard error what is wrong with the words. What callbacks throw passes
  /// through.
  int run(const std::vector<std::string>& words);

  const std::string& name() const;

  /// An argument as it was typed.
  struct Typed {
    std::string name;  ///< without dashes
    bool positional = false, flag = false;
    std::vector<std::string> values;  ///< of a flag: not empty if it was given
  };
  /// All arguments of the command, in the order in which they were added.
  std::vector<Typed> typed() const;

 private:
  struct State;
  explicit Command(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace liftmark::cli
