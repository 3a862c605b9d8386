#include "apps/cli/calc/inputs.hpp"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

std::string about(std::string_view key, std::string_view what) {
  return std::string("\"").append(key).append("\" ").append(what);
}

double as_number(const json& value, std::string_view key) {
  if (value.is_number()) return value.get<double>();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw CalcError("invalid_input", about(key, "must be a number"));
}

const json* find(const json& inputs, std::string_view key) {
  const auto found = inputs.find(key);
  return found == inputs.end() || found->is_null() ? nullptr : &*found;
}

const json& at(const json& inputs, std::string_view key) {
  const json* found = find(inputs, key);
  if (found == nullptr) throw CalcError("invalid_input", about(key, "is missing"));
  return *found;
}

/// Data are finite; only bounds may not be.
std::vector<double> as_numbers(const json& array, std::string_view key, bool infinite = false) {
  if (array.is_number()) return {as_number(array, key)};
  require(array.is_array(), about(key, "must be an array of numbers"));
  std::vector<double> values;
  values.reserve(array.size());
  for (const json& value : array) {
    values.push_back(as_number(value, key));
    require(infinite || std::isfinite(values.back()), about(key, "must hold finite numbers"));
  }
  return values;
}

}  // namespace

double number(const json& inputs, std::string_view key) {
  return as_number(at(inputs, key), key);
}

double number(const json& inputs, std::string_view key, double missing) {
  const json* found = find(inputs, key);
  return found == nullptr ? missing : as_number(*found, key);
}

std::int64_t whole_number(const json& inputs, std::string_view key) {
  const double value = number(inputs, key);
  require(std::floor(value) == value && std::abs(value) < 9.0e18, about(key, "must be a whole number"));
  return static_cast<std::int64_t>(value);
}

std::vector<double> numbers(const json& inputs, std::string_view key) {
  return as_numbers(at(inputs, key), key);
}

std::vector<double> bounds(const json& inputs, std::string_view key) {
  return as_numbers(at(inputs, key), key, true);
}

std::vector<std::vector<double>> number_rows(const json& inputs, std::string_view key) {
  const json& rows = at(inputs, key);
  require(rows.is_array(), about(key, "must be an array of arrays"));
  std::vector<std::vector<double>> values;
  for (const json& row : rows) values.push_back(as_numbers(row, key));
  return values;
}

std::string text(const json& inputs, std::string_view key, std::string_view missing) {
  const json* found = find(inputs, key);
  if (found == nullptr) return std::string(missing);
  require(found->is_string(), about(key, "must be a string"));
  return found->get<std::string>();
}

bool flag(const json& inputs, std::string_view key, bool missing) {
  const json* found = find(inputs, key);
  if (found == nullptr) return missing;
  if (found->is_boolean()) return found->get<bool>();
  return as_number(*found, key) != 0;
}

json written(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

json written(const std::vector<double>& values) {
  json array = json::array();
  for (const double value : values) array.push_back(written(value));
  return array;
}

json written_end(const std::optional<double>& end, bool lower_end) {
  if (end) return written(*end);
  return lower_end ? "-Infinity" : "Infinity";
}

void require(bool condition, const std::string& message) {
  if (!condition) throw CalcError("invalid_input", message);
}

void refuse(stats::Reason reason, const std::string& message) {
  throw CalcError(std::string(stats::name(reason)), message);
}

}  // namespace liftmark::cli
