#include "assign/schemes/parameters.hpp"

#include <charconv>
#include <cmath>

#include "assign/schemes/scheme.hpp"

namespace liftmark::assign {
namespace {

/// As a person wrote it, short: what a message shows as the offending value.
std::string shown(const Parameter& value) {
  switch (value.kind) {
    case Parameter::Kind::null:
      return "null";
    case Parameter::Kind::boolean:
      return value.boolean ? "true" : "false";
    case Parameter::Kind::number: {
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof digits, value.number).ptr;
      return {digits, end};
    }
    case Parameter::Kind::text:
      return value.text.substr(0, 80);
    case Parameter::Kind::list:
      return "a list of " + std::to_string(value.items.size());
    case Parameter::Kind::object:
      return "an object";
  }
  return {};
}

/// The parameter that a path such as "ranges/0" leads to, or null.
const Parameter* at_path(const std::map<std::string, Parameter>& parameters, std::string_view path) {
  const auto found = parameters.find(std::string(path.substr(0, path.find('/'))));
  const Parameter* value = found == parameters.end() ? nullptr : &found->second;
  while (value != nullptr && path.find('/') != std::string_view::npos) {
    path.remove_prefix(path.find('/') + 1);
    const std::string_view step = path.substr(0, path.find('/'));
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (value->kind == Parameter::Kind::object)
      value = member(*value, step);
    else
      value = error == std::errc() && index < value->items.size() ? &value->items[index] : nullptr;
  }
  return value;
}

}  // namespace

ParameterReader::ParameterReader(const Hashing& hashing, std::vector<Problem>& problems)
    : hashing_(hashing), problems_(problems), before_(problems.size()) {}

const Parameter* ParameterReader::any(std::string_view name) {
  known_.emplace(name);
  const auto found = hashing_.parameters.find(std::string(name));
  if (found == hashing_.parameters.end() || found->second.kind == Parameter::Kind::null) return nullptr;
  return &found->second;
}

const Parameter* ParameterReader::typed(std::string_view name, Parameter::Kind kind,
                                        std::string_view expected) {
  const Parameter* value = any(name);
  if (value == nullptr || value->kind == kind) return value;
  problem(name, "must be " + std::string(expected));
  return nullptr;
}

std::optional<bool> ParameterReader::boolean(std::string_view name) {
  const Parameter* value = typed(name, Parameter::Kind::boolean, "true or false");
  if (value == nullptr) return std::nullopt;
  return value->boolean;
}

std::optional<double> ParameterReader::number(std::string_view name) {
  const Parameter* value = typed(name, Parameter::Kind::number, "a number");
  if (value == nullptr) return std::nullopt;
  if (!std::isfinite(value->number)) {
    problem(name, "must be a finite number");
    return std::nullopt;
  }
  return value->number;
}

std::optional<long long> ParameterReader::integer(std::string_view name, long long minimum,
                                                  long long maximum) {
  const std::optional<double> value = number(name);
  if (!value) return std::nullopt;
  if (*value != std::floor(*value) || *value < static_cast<double>(minimum) ||
      *value > static_cast<double>(maximum)) {
    problem(name,
            "must be a whole number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    return std::nullopt;
  }
  return static_cast<long long>(*value);
}

std::optional<std::string> ParameterReader::text(std::string_view name) {
  const Parameter* value = typed(name, Parameter::Kind::text, "a string");
  if (value == nullptr) return std::nullopt;
  return value->text;
}

const Parameter* ParameterReader::list(std::string_view name) {
  return typed(name, Parameter::Kind::list, "a list");
}

const Parameter* ParameterReader::object(std::string_view name) {
  return typed(name, Parameter::Kind::object, "an object");
}

std::optional<std::vector<double>> ParameterReader::numbers(std::string_view name) {
  const Parameter* value = list(name);
  if (value == nullptr) return std::nullopt;
  std::vector<double> result;
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const Parameter& item = value->items[i];
    if (item.kind != Parameter::Kind::number || !std::isfinite(item.number)) {
      problem(std::string(name) + "/" + std::to_string(i), "must be a number");
      return std::nullopt;
    }
    result.push_back(item.number);
  }
  return result;
}

void ParameterReader::problem(std::string_view path, std::string what, std::string hint) {
  const Parameter* value = at_path(hashing_.parameters, path);
  const std::string found = value != nullptr ? shown(*value) : path == "salt" ? hashing_.salt : "";
  if (hint.empty()) hint = "docs/bucketing-schemes.md lists the parameters of " + hashing_.scheme + ".";
  problems_.push_back({"/hashing/" + std::string(path), std::move(what), found, std::move(hint)});
}

void ParameterReader::require(std::string_view name, std::string hint) {
  if (any(name) == nullptr) problem(name, "is required by scheme " + hashing_.scheme, std::move(hint));
}

const std::string& ParameterReader::salt() {
  known_.emplace("salt");
  return hashing_.salt;
}

void ParameterReader::reject_unknown() {
  if (!hashing_.salt.empty() && !known_.contains("salt")) reject("salt");
  for (const auto& [name, value] : hashing_.parameters)
    if (!known_.contains(name)) reject(name);
}

void ParameterReader::reject(std::string_view name) {
  std::string names;
  for (const std::string& known : known_) names += (names.empty() ? "" : ", ") + known;
  problem(name, "is no parameter of scheme " + hashing_.scheme,
          names.empty() ? "This scheme takes no parameters." : "Known parameters: " + names + ".");
}

const Parameter* member(const Parameter& object, std::string_view name) {
  if (object.kind != Parameter::Kind::object) return nullptr;
  for (std::size_t i = 0; i < object.names.size() && i < object.items.size(); ++i) {
    if (object.names[i] == name) return &object.items[i];
  }
  return nullptr;
}

std::uint32_t arm_index(const Experiment& experiment, std::string_view key) {
  for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
    if (experiment.arms[i].key == key) return static_cast<std::uint32_t>(i);
  }
  return SchemeDecision::kNoArm;
}

}  // namespace liftmark::assign
