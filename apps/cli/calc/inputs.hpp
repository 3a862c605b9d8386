#pragma once
// Reading a calc request's numbers and writing an answer's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "stats/estimate.hpp"

namespace liftmark::cli {

/// The number at `key`: a JSON number, or one of the strings "Infinity", "-Infinity". Throws CalcError
/// `invalid_input` when it is missing or something else.
double number(const nlohmann::json& inputs, std::string_view key);
/// The same, with a value for a missing or null key.
double number(const nlohmann::json& inputs, std::string_view key, double missing);
/// The whole number at `key`; 1003000.0 counts as whole.
std::int64_t whole_number(const nlohmann::json& inputs, std::string_view key);
/// The array of finite numbers at `key`.
std::vector<double> numbers(const nlohmann::json& inputs, std::string_view key);
/// The same of bounds, some of which may be "Infinity" or "-Infinity".
std::vector<double> bounds(const nlohmann::json& inputs, std::string_view key);
/// The array of arrays of numbers at `key`.
std::vector<std::vector<double>> number_rows(const nlohmann::json& inputs, std::string_view key);
/// The text at `key`, or `missing`.
std::string text(const nlohmann::json& inputs, std::string_view key, std::string_view missing);
/// The flag at `key` (true/false or 1/0), or `missing`.
bool flag(const nlohmann::json& inputs, std::string_view key, bool missing);

/// A number as JSON: "Infinity", "-Infinity" and "NaN" (undefined) as strings.
nlohmann::json written(double value);
nlohmann::json written(const std::vector<double>& values);
/// An interval's end; a missing one is "-Infinity" (`lower_end`) or "Infinity".
nlohmann::json written_end(const std::optional<double>& end, bool lower_end);

/// Throws CalcError `invalid_input` with this message unless `condition` holds.
void require(bool condition, const std::string& message);
/// Throws CalcError with the reason's name: the data cannot say.
[[noreturn]] void refuse(stats::Reason reason, const std::string& message);

}  // namespace liftmark::cli
