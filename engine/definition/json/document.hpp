#pragma once
// JSON text from a person: read with every hostility answered by a Problem, written in one canonical form.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "assign/problem.hpp"

namespace liftmark {

/// The value of `text`, or null with at least one problem added. Problems: syntax errors and invalid UTF-8
/// (with line and column), numbers out of a double's range, nesting deeper than 64, names given twice in one
/// object (with their JSON pointers). A number with a fraction that is whole becomes an integer, so that 1.0
/// and 1 are one value.
nlohmann::json read_json(std::string_view text, std::vector<Problem>& problems);

/// The canonical text: names sorted by bytes, no spaces, shortest number that reads back as the same double.
std::string canonical_json(const nlohmann::json& value);

/// `pointer` extended by one step, escaped as RFC 6901 says.
std::string json_pointer(std::string_view pointer, std::string_view name);
std::string json_pointer(std::string_view pointer, std::size_t index);

/// `value` as text for a message, at most about 60 bytes, cut at a character.
std::string shortened(const nlohmann::json& value);

/// SHA-256 of the bytes, as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// The one of `known` that was most likely meant by `written`; empty if none is near (edit distance).
std::string_view nearest(std::string_view written, const std::vector<std::string_view>& known);

}  // namespace liftmark
