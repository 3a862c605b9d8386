#pragma once
// Typed reading of a scheme's parameters. Every mistake becomes a Problem; nothing is coerced or skipped
// silently.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "assign/experiment.hpp"
#include "assign/problem.hpp"

namespace liftmark::assign {

/// Reads the hashing of one experiment. Each reader returns nothing when the parameter is absent or
/// null; a value of the wrong type or outside its range also adds a problem. After reading all that the
/// scheme knows, `reject_unknown` turns a misspelt name into a problem instead of a silent default.
class ParameterReader {
 public:
  ParameterReader(const Hashing& hashing, std::vector<Problem>& problems);

  std::optional<bool> boolean(std::string_view name);
  std::optional<double> number(std::string_view name);
  /// A whole number in [minimum, maximum]; both must be exactly representable as double.
  std::optional<long long> integer(std::string_view name, long long minimum, long long maximum);
  std::optional<std::string> text(std::string_view name);
  /// A list whose items the caller reads; null when absent.
  const Parameter* list(std::string_view name);
  /// An object whose items the caller reads; null when absent.
  const Parameter* object(std::string_view name);
  /// The parameter as it stands, of any kind; null when absent.
  const Parameter* any(std::string_view name);
  /// A list of numbers, e.g. weights.
  std::optional<std::vector<double>> numbers(std::string_view name);

  /// Adds a problem at "/hashing/<path>", e.g. path "ranges/0".
  void problem(std::string_view path, std::string what, std::string hint = {});
  /// Adds a problem when `name` is absent.
  void require(std::string_view name, std::string hint);
  /// The salt; empty when there is none.
  const std::string& salt();
  /// Adds a problem for every parameter, and for a salt, that no reader asked for.
  void reject_unknown();
  /// No problem was added since construction.
  bool good() const { return problems_.size() == before_; }

 private:
  void reject(std::string_view name);
  const Parameter* typed(std::string_view name, Parameter::Kind kind, std::string_view expected);

  const Hashing& hashing_;
  std::vector<Problem>& problems_;
  std::size_t before_;
  std::set<std::string, std::less<>> known_;
};

/// The member of an object parameter, or null when it is no object or has no such name.
const Parameter* member(const Parameter& object, std::string_view name);

/// The index of the arm with that key, or SchemeDecision::kNoArm.
std::uint32_t arm_index(const Experiment& experiment, std::string_view key);

}  // namespace liftmark::assign
